"""Whether a version goes into production, and why: gates of its own, then a comparison with the one in force.

The comparison is on cohorts that neither was developed on; of a version in breach on the newest of them alone, as what
broke it is not in the older ones. Nothing is read or written here: collecting the samples belongs to the assets,
writing the decision down to the promotion log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from credit_platform.policy.model_config import ModelConfig, ModelGatePolicy, PromotionPolicy
from credit_platform.scoring.governance.head_to_head import HeadToHead
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.statistics.intervals import Interval, difference_interval

Recommendation = Literal["promote", "interim"]

_GAPS = {
    "max_oot_test_gap": "loss of ROC-AUC from test to out-of-time",
    "max_train_validation_gap": "loss of ROC-AUC from training to validation",
}
# Of figures on loans that have lost what the newest cohorts lack.
AS_NEWEST = "as the newest cohorts have sources"
# What an interim version must pass as well: it has to rank well enough to decide, and its files have to give it back.
FLOORS = frozenset({"min_oot_roc_auc", "artifacts_load_back"})
_FLOOR = "min_oot_"  # and the metric, of the floors that policy sets besides that of the ROC-AUC


@dataclass(frozen=True)
class CandidateResult:
    """What is known of a new version: ROC-AUC by sample (None where undefined), missing cells, readable files.

    `intervals` are of the ROC-AUC by sample; a sample without one is taken at its value. `scarcer_sources` are those
    that the newest cohorts have less of than the samples, whose cases have lost them for the ROC-AUC.
    """

    roc_auc: Mapping[SampleRole, float | None]
    null_rate: float | None
    artifacts_load_back: bool
    intervals: Mapping[SampleRole, Interval] = field(default_factory=dict)
    scarcer_sources: tuple[str, ...] = ()
    out_of_time: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Situation:
    """What the version in force is when another may take its place.

    It may be in breach, or itself in force for the interim; `age` is how many months ago it was trained.
    """

    is_in_breach: bool = False
    is_interim: bool = False
    age: int = 0


@dataclass(frozen=True)
class PromotionDecision:
    """The decision, its reasons as sentences, and the names of the gates that failed.

    `is_interim` is of a promotion in spite of failed gates, until a version passes them all. `recommended` is what a
    person is advised to do where policy leaves the promotion to people.
    """

    promote: bool
    reasons: tuple[str, ...]
    failed_gates: tuple[str, ...]
    is_interim: bool = False
    recommended: Recommendation | None = None

    def left_to_a_person(self, reason: str) -> PromotionDecision:
        """The same without the promotion, and why."""
        return replace(self, promote=False, is_interim=False, recommended=None, reasons=(*self.reasons, reason))


@dataclass(frozen=True)
class GateResult:
    """One gate: what was measured (None where its sample does not define it) against the bar, and what it says.

    `interval` is of a difference between two samples that is judged by it.
    """

    name: str
    value: float | None
    bar: float
    passed: bool
    sentence: str
    interval: Interval | None = None


def decide_promotion(
    candidate: CandidateResult, against: HeadToHead | None, *, config: ModelConfig, situation: Situation | None = None
) -> PromotionDecision:
    """Decide about a new version.

    Args:
        candidate: The new version's results.
        against: Both versions on cohorts that neither was developed on; None when no version is in force yet.
        config: Gates and promotion policy.
        situation: What the version in force is; by default neither in breach nor interim.

    Without a version in force the candidate goes in, failed gates and all, as long as its files can be read: some
    version must score. Otherwise no gate may fail, and it must be better by the paired test: a gain of 2 % of AUC on a
    single cohort is reached by chance in 5 to 19 of 100 trainings. In place of an interim version it is enough not to
    be worse by that test, and in place of one as old as `promotion.refresh` says, to be surely not worse by more than
    its margin. Where gates failed and the version in force is in breach, a candidate that is better by the paired test
    and passes every gate that `is_floor` goes in as interim.
    With `auto_promote` off nothing is promoted here, and what would have been is recommended.
    """
    failed, policy, now = failed_gates(candidate, config.gates), config.promotion, situation or Situation()
    reasons = list(failed.values()) or ["No gate failed."]
    if against is None:
        wins, is_interim = candidate.artifacts_load_back, False
        reasons.append("No version is in force yet, so there is none to beat.")
    else:
        beats, reason = _beats(against, policy, now)
        reasons.append(reason)
        may_fail = policy.interim and now.is_in_breach and not any(map(is_floor, failed))
        is_interim = bool(failed) and may_fail and against.is_better(policy.significance)
        wins = (beats and not failed) or is_interim
    if is_interim:
        reasons.append(
            "The version in force is in breach and this one is better by the paired test, so it may go in as interim: "
            "until a version passes all gates."
        )
    recommended: Recommendation | None = None
    if wins and not policy.auto_promote:
        recommended = "interim" if is_interim else "promote"
        reasons.append("promotion.auto_promote is off, so a person decides whether it goes into production.")
        wins = is_interim = False
    return PromotionDecision(wins, tuple(reasons), tuple(failed), is_interim, recommended)


def is_floor(gate: str) -> bool:
    """Whether an interim version must pass a gate as well."""
    return gate in FLOORS or gate.startswith(_FLOOR)


def failed_gates(candidate: CandidateResult, gates: ModelGatePolicy) -> dict[str, str]:
    """Name of each failed gate and a sentence why."""
    return {
        gate.name: f"Gate {gate.name}: {gate.sentence}" for gate in gate_results(candidate, gates) if not gate.passed
    }


def gate_results(candidate: CandidateResult, gates: ModelGatePolicy) -> list[GateResult]:
    """Every gate of a version. What cannot be measured fails.

    The two gaps are losses: of training against validation and of test against out-of-time. A later sample that does
    better than an earlier one is no failure. Nor is, with `gaps_judged_by: interval`, a loss whose interval reaches the
    limit: samples of a few hundred loans differ by as much by chance.
    """
    newest = f" {AS_NEWEST}" if candidate.scarcer_sources else ""
    auc = f"out-of-time ROC-AUC{newest}"
    floors = [
        _gate(
            f"{_FLOOR}{metric}", f"out-of-time {metric}{newest}", candidate.out_of_time.get(metric), bar, is_least=True
        )
        for metric, bar in gates.min_oot.items()
    ]
    return [
        _gate("min_oot_roc_auc", auc, candidate.roc_auc.get("oot"), gates.min_oot_roc_auc, is_least=True),
        *floors,
        _gap_gate(candidate, "max_oot_test_gap", ("test", "oot"), gates),
        _gap_gate(candidate, "max_train_validation_gap", ("train", "validation"), gates),
        _gate("max_null_rate", "share of missing feature cells", candidate.null_rate, gates.max_null_rate),
        GateResult(
            name="artifacts_load_back",
            value=float(candidate.artifacts_load_back),
            bar=1.0,
            passed=candidate.artifacts_load_back,
            sentence=f"the stored files {'give' if candidate.artifacts_load_back else 'do not give'} the version back.",
        ),
    ]


def _gate(name: str, what: str, value: float | None, bar: float, *, is_least: bool = False) -> GateResult:
    if value is None:
        return GateResult(name, None, bar, passed=False, sentence=f"{what} cannot be measured on its sample.")
    passed = value >= bar if is_least else value <= bar
    return GateResult(name, value, bar, passed, f"{what} is {value:.4f}, the gate is {bar:.4f}.")


def uplift_target(incumbent_auc: float, min_uplift: float) -> float:
    """ROC-AUC a candidate must reach: the incumbent's and `min_uplift` of it, at most half the distance to 1 more.

    >>> uplift_target(0.80, 0.02)
    0.8160000000000001
    >>> uplift_target(0.99, 0.02)
    0.995
    """
    return min(incumbent_auc * (1 + min_uplift), incumbent_auc + (1 - incumbent_auc) / 2)


def _gap_gate(
    candidate: CandidateResult,
    name: Literal["max_oot_test_gap", "max_train_validation_gap"],
    samples: tuple[SampleRole, SampleRole],
    gates: ModelGatePolicy,
) -> GateResult:
    what, bar = _GAPS[name], float(getattr(gates, name))
    earlier, later = (candidate.roc_auc.get(sample) for sample in samples)
    lost = None if earlier is None or later is None else earlier - later
    result = _gate(name, what, lost, bar)
    first, second = (candidate.intervals.get(sample) for sample in samples)
    if earlier is None or later is None or lost is None or first is None or second is None:
        return result
    interval = difference_interval(earlier, first, later, second)
    passed = result.passed or (gates.gaps_judged_by == "interval" and interval.low <= bar)
    within = f" ({interval.low:.4f} to {interval.high:.4f})"
    sentence = f"{what} is {lost:.4f}{within}, the gate is {bar:.4f}."
    return replace(result, passed=passed, sentence=sentence, interval=interval)


def _beats(against: HeadToHead, policy: PromotionPolicy, now: Situation) -> tuple[bool, str]:
    new, old, p_value, refresh = against.candidate_value, against.incumbent_value, against.p_value, policy.refresh
    what = "ROC-AUC" if against.by.metric == "roc_auc" else against.by.metric
    incumbent = f"version {against.incumbent_version}, in force{' as interim' if now.is_interim else ''},"
    if new is None or old is None:
        why = f"It cannot be compared with {incumbent} because no {against.cases} of both classes are new to both."
        return False, why
    significance = "not testable" if p_value is None else f"p = {p_value:.4f}"
    facts = (
        f"{what} is {new:.4f} against {old:.4f} of {incumbent} on the same {against.n} {against.cases}, which "
        f"neither was developed on{f', {AS_NEWEST}' if against.is_as_newest else ''} ({against.test} {significance})"
    )
    if against.is_better(policy.significance):
        return True, f"{facts}: better at the significance level of {policy.significance:g}."
    if now.is_interim and p_value is not None and not against.is_worse(policy.significance):
        return True, f"{facts}: not worse, which is enough in place of an interim version."
    if now.age >= refresh.after_months and against.is_not_worse(refresh.margin, policy.significance):
        return True, (
            f"{facts}: surely not worse by more than {refresh.margin:g}, which is enough in place of a version that "
            f"was trained {now.age} months ago."
        )
    return False, f"{facts}: no better at the significance level of {policy.significance:g}."
