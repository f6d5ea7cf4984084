"""What a challenger's figures against the champion amount to, and why: promote, keep, extend_observation, reject.

Pure: the figures come in, the decision and its sentences go out. Measuring is `comparison`; whether a new version of
the same model goes into production is `promotion`. A decision here changes nothing by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from credit_platform.policy.champion_challenger import ChampionChallengerPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.champion_challenger.comparison import ComparedFigure, ModelComparison
from credit_platform.scoring.governance.promotion import uplift_target
from credit_platform.statistics.calibration import WaldEstimate

ChallengerVerdict = Literal["promote", "keep", "extend_observation", "reject"]
VERDICTS: tuple[ChallengerVerdict, ...] = ("promote", "keep", "extend_observation", "reject")


@dataclass(frozen=True)
class ChallengerDecision:
    """The decision and its reasons as sentences, the deciding one first."""

    verdict: ChallengerVerdict
    reasons: tuple[str, ...]


def decide_challenger(
    comparison: ModelComparison, *, config: ModelConfig, cases: str, challenger_state: str | None = None
) -> ChallengerDecision:
    """Decide about a challenger; the last reason says what was compared: which versions, on which sources.

    - `extend_observation`: too few cohorts, bads or goods; or neither a gain worth the change nor its absence is shown
      and the months looked back on are not full yet.
    - `reject`: surely ranks worse, or its probabilities are surely worse and it ranks no better.
    - `promote`: the ROC-AUC reaches the champion's plus `promotion.min_uplift` (capped at half the distance to 1), the
      paired interval lies above 0, and no gate fails.
    - `keep`: anything else, with the reason.

    It is decided every month, on intervals of the difference that allow for it: an equal challenger is rejected or
    promoted at any of the looks by chance at most as often as `promotion.significance` says.

    Args:
        comparison: The figures.
        config: Its `champion_challenger` and `promotion`.
        cases: What the book calls several of its cases.
        challenger_state: State of the challenger in monitoring in the same month, None where there is no action or it
            is a backtest; a challenger that must be retrained fails a gate. Stability is not a gate of its own, because
            the state depends on it.
    """
    decision = _decide(comparison, config, cases, challenger_state)
    taken = "" if comparison.taken is None else f"; {comparison.taken.sentence(cases)}"
    compared = (
        f"Compared: {_named(comparison.challenger, comparison.challenger_version)} with "
        f"{_named(comparison.champion, comparison.champion_version)}, as in force in the month{taken}."
    )
    return ChallengerDecision(decision.verdict, (*decision.reasons, compared))


def _named(model: str, version: str | None) -> str:
    return f"no version of {model}" if version is None else f"version {version} of {model}"


def _decide(
    comparison: ModelComparison, config: ModelConfig, cases: str, challenger_state: str | None
) -> ChallengerDecision:
    policy = config.champion_challenger
    missing = tuple(_missing(comparison, policy, cases))
    if missing:
        return ChallengerDecision("extend_observation", missing)
    champion, change = comparison.pooled.champion["roc_auc"].value, comparison.pooled.difference["roc_auc"]
    if champion is None or change.value is None or change.interval is None:
        nothing = f"The ROC-AUC of both models is not defined on these {cases}."
        return ChallengerDecision("extend_observation", (nothing,))
    needed = uplift_target(champion, config.promotion.min_uplift) - champion
    facts = f"{_facts(comparison, cases)}; a change needs {needed:+.4f}"
    against = _rejection(comparison, facts)
    if against:
        return ChallengerDecision("reject", against)
    if change.value >= needed and change.interval.low > 0:
        won = f"The challenger ranks better, beyond chance and by enough: {facts}."
        failed = tuple(_failed_gates(comparison, policy, challenger_state))
        return ChallengerDecision(
            "keep" if failed else "promote", (*failed, won) if failed else (won, _passed(comparison))
        )
    if change.interval.high >= needed and len(comparison.by_cohort) < policy.months:
        return ChallengerDecision("extend_observation", (f"More cohorts may tell: {facts}.",))
    why = (
        "No gain worth a change, beyond chance"
        if change.interval.high < needed
        else f"All {policy.months} months looked back on do not show a gain worth a change"
    )
    return ChallengerDecision("keep", (f"{why}: {facts}.",))


def _rejection(comparison: ModelComparison, facts: str) -> tuple[str, ...]:
    change, probabilities = comparison.pooled.difference["roc_auc"], comparison.pooled.difference["brier"]
    if change.interval is not None and change.interval.high < 0:
        return (f"The challenger ranks worse, beyond chance: {facts}.",)
    if _is_surely_positive(probabilities) and change.value is not None and change.value <= 0:
        return (_worse_probabilities(comparison), f"It ranks no better: {facts}.")
    return ()


def _missing(comparison: ModelComparison, policy: ChampionChallengerPolicy, cases: str) -> Iterator[str]:
    n_cohorts, pooled = len(comparison.by_cohort), comparison.pooled
    if n_cohorts < policy.min_cohorts:
        yield (
            f"Cohorts that have an outcome and are new to both models: {n_cohorts}; "
            f"nothing is decided on fewer than {policy.min_cohorts}."
        )
    if pooled.n_of_smaller_class < policy.min_bads:
        smaller = "Bads" if pooled.n_bad <= pooled.n - pooled.n_bad else "Goods"
        yield (
            f"{smaller} among the {cases} of these cohorts: {pooled.n_of_smaller_class}; "
            f"nothing is decided on fewer than {policy.min_bads}."
        )


def _failed_gates(comparison: ModelComparison, policy: ChampionChallengerPolicy, state: str | None) -> Iterator[str]:
    line, band = comparison.challenger_line, policy.calibration_slope
    if line is None:
        yield "Its calibration slope cannot be measured, so its probabilities are not shown to be honest."
    elif line.slope.high < band.low or line.slope.low > band.high:
        yield (
            f"Its probabilities are not honest: the calibration slope {_ends(line.slope)} lies outside "
            f"{band.low:g} to {band.high:g}."
        )
    if _is_surely_positive(comparison.pooled.difference["brier"]):
        yield _worse_probabilities(comparison)
    if state == "retrain_required":
        yield "Monitoring asks for its retraining in this month, so it is not fit to replace another model."


def _facts(comparison: ModelComparison, cases: str) -> str:
    pooled = comparison.pooled
    return (
        f"ROC-AUC {pooled.challenger['roc_auc'].value:.4f} against {pooled.champion['roc_auc'].value:.4f} of the "
        f"champion, {_change(pooled.difference['roc_auc'], comparison)}, on the same {pooled.n:,} {cases} of "
        f"{len(comparison.by_cohort)} cohorts ({pooled.n_bad:,} bad)"
    )


def _change(change: ComparedFigure, comparison: ModelComparison) -> str:
    if change.value is None or change.interval is None:
        return "difference not defined"
    low, high = change.interval
    looks = f"{comparison.confidence * 100:g} % interval over {comparison.looks} looks"
    return f"difference {change.value:+.4f} ({looks} {low:+.4f} to {high:+.4f})"


def _worse_probabilities(comparison: ModelComparison) -> str:
    change = _change(comparison.pooled.difference["brier"], comparison)
    return f"Its probabilities are further from the outcomes, beyond chance: Brier score {change}; less is better."


def _passed(comparison: ModelComparison) -> str:
    line = comparison.challenger_line
    slope = "" if line is None else f"calibration slope {_ends(line.slope)}, "
    return f"No gate fails: {slope}probabilities no worse than the champion's, no retraining asked for by monitoring."


def _ends(slope: WaldEstimate) -> str:
    return f"{slope.value:.3f} ({slope.low:.3f} to {slope.high:.3f})"


def _is_surely_positive(figure: ComparedFigure) -> bool:
    return figure.interval is not None and figure.interval.low > 0
