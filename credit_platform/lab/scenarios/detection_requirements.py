"""What must be noticed of a planted drift, how soon, and what must stay silent; and whether it was so.

The drifts themselves belong to `portfolios.loans.generator.drift`, what raised to `signs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from credit_platform.lab.scenarios.detections import Detector
from credit_platform.months import add_months, months_between
from credit_platform.portfolios.loans.generator.delivery import ORDER_ONLY
from credit_platform.portfolios.loans.generator.drift import Drift, DriftKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from credit_platform.lab.scenarios.detections import Sign

Verdict = Literal[
    "as expected",
    "raised before too",
    "not watched yet",
    "too early to say",
    "noticed late",
    "not noticed",
    "false alarm",
]

_SEVERITY: tuple[Verdict, ...] = get_args(Verdict)
# Half a change is small enough to be missed by some detectors; below this strength only silence is expected of them.
CLEAR_STRENGTH = 0.5
# Detectors that may ask for a look and never for a retraining. Over years some raise by chance, in this share of the
# months without a drift at most. In a drift that must leave them alone only that of features may, which looks at some
# fifty of them every month.
HINTS = frozenset({Detector.FEATURES, Detector.SCORES, Detector.ESTIMATE, Detector.EARLY_READS})
CHANCE_SHARE = 0.1
# What files are is known without any model.
_WITHOUT_MODEL = frozenset({Detector.DELIVERY})
# Drifts under which a delivery may be refused, and its month not be built.
MAY_STOP_MONTHS = frozenset({DriftKind.SCHEMA_CHANGE, DriftKind.VOLUME})
_OUTCOME_MONTHS = 6


@dataclass(frozen=True)
class Expectation:
    """A detector that must raise at most `within` months after the drift begins; None when it must stay silent."""

    detector: Detector
    within: int | None


def _raises(detector: Detector, within: int) -> Expectation:
    return Expectation(detector, within)


def _silent(*detectors: Detector) -> tuple[Expectation, ...]:
    return tuple(Expectation(detector, None) for detector in detectors)


# A drift that is not named here, or a detector not named with it, may raise or not.
EXPECTED: Mapping[DriftKind, tuple[Expectation, ...]] = {
    DriftKind.COVARIATE: (_raises(Detector.FEATURES, 0), *_silent(Detector.OUTCOME, Detector.RETRAIN)),
    DriftKind.LABEL: (_raises(Detector.EARLY_READS, 4), *_silent(Detector.FEATURES, Detector.MISSING_VALUES)),
    # Two months before the first outcome, which is known in the sixth; a retraining needs evidence that persists.
    DriftKind.CONCEPT: (
        _raises(Detector.EARLY_READS, _OUTCOME_MONTHS - 2),
        _raises(Detector.OUTCOME, _OUTCOME_MONTHS + 2),
        _raises(Detector.RETRAIN, _OUTCOME_MONTHS + 2),
        *_silent(Detector.ESTIMATE, Detector.MISSING_VALUES),
    ),
    DriftKind.MISSINGNESS: (_raises(Detector.MISSING_VALUES, 0),),
    DriftKind.SOURCE_DARK: (_raises(Detector.DELIVERY, 0),),
    DriftKind.SCHEMA_CHANGE: (_raises(Detector.DELIVERY, 0), *_silent(Detector.RETRAIN)),
    DriftKind.SEASONAL: _silent(Detector.RETRAIN, Detector.MISSING_VALUES),
    DriftKind.VOLUME: (_raises(Detector.DELIVERY, 0), *_silent(Detector.RETRAIN, Detector.FEATURES)),
    DriftKind.LABEL_DELAY: (_raises(Detector.UNMEASURED, 0), *_silent(Detector.RETRAIN, Detector.FEATURES)),
    DriftKind.LATE_CORRECTION: _silent(Detector.RETRAIN, Detector.FEATURES),
}
UNDRIFTED = _silent(*Detector)


def expected_of(drift: Drift) -> tuple[Expectation, ...]:
    """What is expected of one drift; columns in another order are no change at all."""
    if drift.kind == DriftKind.SCHEMA_CHANGE and drift.strength <= ORDER_ONLY:
        return UNDRIFTED
    return EXPECTED[drift.kind]


def _is_clear(drift: Drift) -> bool:
    return drift.strength >= CLEAR_STRENGTH or drift.kind == DriftKind.SCHEMA_CHANGE


@dataclass(frozen=True)
class Noticed:
    """One detector against the truth.

    Attributes:
        detector: The detector.
        within: Months after the drift's first within which it must raise; None when it must stay silent or may do both.
        is_expected: Whether anything is expected of it.
        first: The first sign in the drift, of any model; None without one.
        months_after: Months from the first of the drift that it must notice, or of all drifts, to that sign.
        alarms_before: Months in which it raised before any drift began, from the first watched on.
        verdict: How that compares; `as expected` also where nothing was expected.
        missed_by: The models whose detector did not raise in time.
    """

    detector: Detector
    within: int | None
    is_expected: bool
    first: Sign | None
    months_after: int | None
    alarms_before: int
    verdict: Verdict
    missed_by: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """In words, what was expected."""
        if not self.is_expected:
            return "free to raise"
        if self.within is None:
            return "silent"
        return "at once" if self.within == 0 else f"within {self.within} months"


@dataclass(frozen=True)
class _Demand:
    """To raise at most `within` months after a drift began in `begins`."""

    begins: date
    within: int


@dataclass(frozen=True)
class _Watch:
    """What was watched: from when on the models, from when on the drifts, until when, and which models."""

    first: date
    begins: date
    last: date
    models: tuple[str, ...]
    is_drifted: bool

    def met(self, demand: _Demand, detector: Detector, signs: Sequence[Sign]) -> Verdict:
        """Whether one model's signs meet a demand."""
        found = next((sign.month for sign in signs if sign.month >= demand.begins), None)
        if found is not None and months_between(demand.begins, found) <= demand.within:
            return "as expected"
        if add_months(demand.begins, demand.within) > self.last:
            return "too early to say"
        if demand.begins < self.first and detector not in _WITHOUT_MODEL:
            return "not watched yet"
        return "not noticed" if found is None else "noticed late"

    def chance(self, detector: Detector, first: date, last: date) -> int:
        """Months from `first` to before `last` in which a detector may raise by chance."""
        return int(CHANCE_SHARE * max(months_between(first, last), 0) + 1) if detector in HINTS else 0


def what_was_noticed(
    drifts: Sequence[Drift], signs: Sequence[Sign], *, first_month: date, last_month: date, models: Sequence[str] = ()
) -> list[Noticed]:
    """Hold everything that raised against what was planted, one row per detector.

    Args:
        drifts: What was planted; nothing at all is a book in which everything must stay silent, but for chance.
        signs: Every sign of every model and source.
        first_month: The first month that was watched.
        last_month: The last; a deadline beyond it is too early to say.
        models: Each of them must notice; a sign of no model counts for all.
    """
    begins = min((drift.first_month for drift in drifts), default=first_month)
    watch = _Watch(first_month, begins, last_month, tuple(models), bool(drifts))
    demands, silent = _wanted(drifts)
    return [_noticed(detector, demands.get(detector, []), silent, signs, watch) for detector in Detector]


def failures(rows: Sequence[Noticed]) -> list[str]:
    """The expectations that do not hold, in words."""
    return [_failure(row) for row in rows if row.verdict != "as expected"]


def _failure(row: Noticed) -> str:
    if row.verdict == "raised before too":
        return f"{row.detector}: raised in {row.alarms_before} months before anything had changed"
    by = f" by {', '.join(row.missed_by)}" if row.missed_by else ""
    seen = f" in {row.first.month:%Y-%m}" if row.first else ""
    return f"{row.detector}: expected {row.expected}, {row.verdict}{by or seen}"


def _wanted(drifts: Sequence[Drift]) -> tuple[dict[Detector, list[_Demand]], set[Detector]]:
    """What must raise, and what must stay silent; a drift that must raise outweighs one that asks for silence."""
    if not drifts:
        return {}, {one.detector for one in UNDRIFTED}
    demands: dict[Detector, list[_Demand]] = {}
    silent: set[Detector] = set()
    may_raise: set[Detector] = set()
    for drift in drifts:
        expected = {one.detector: one.within for one in expected_of(drift)}
        may_raise |= set(Detector) - set(expected)
        for detector, within in expected.items():
            if within is None:
                silent.add(detector)
            elif _is_clear(drift):
                demands.setdefault(detector, []).append(_Demand(drift.first_month, within))
            else:
                may_raise.add(detector)
    return demands, silent - may_raise - set(demands)


def _noticed(
    detector: Detector, demands: Sequence[_Demand], silent: set[Detector], signs: Sequence[Sign], watch: _Watch
) -> Noticed:
    own = sorted((sign for sign in signs if sign.detector == detector), key=lambda sign: sign.month)
    begins = min((demand.begins for demand in demands), default=watch.begins)
    first = next((sign for sign in own if sign.month >= begins), None)
    before = {sign.month for sign in own if watch.first <= sign.month < watch.begins}
    inside = {sign.month for sign in own if sign.month >= watch.begins}
    verdict: Verdict = "as expected"
    missed: tuple[str, ...] = ()
    if demands:
        found = {
            model: max(
                (watch.met(demand, detector, [s for s in own if s.model in {None, model}]) for demand in demands),
                key=_SEVERITY.index,
            )
            for model in watch.models or (None,)
        }
        verdict = max(found.values(), key=_SEVERITY.index)
        missed = tuple(model for model, one in found.items() if model is not None and one != "as expected")
        missed = missed if len(missed) < len(found) else ()
    elif detector in silent:
        may_err = not watch.is_drifted or detector == Detector.FEATURES
        by_chance = watch.chance(detector, watch.begins, watch.last) if may_err else 0
        verdict = "false alarm" if len(inside) > by_chance else verdict
    if verdict == "as expected" and len(before) > watch.chance(detector, watch.first, watch.begins):
        verdict = "raised before too"
    return Noticed(
        detector=detector,
        within=min((demand.within for demand in demands), default=None),
        is_expected=bool(demands) or detector in silent,
        first=first,
        months_after=None if first is None else months_between(begins, first.month),
        alarms_before=len(before),
        verdict=verdict,
        missed_by=missed,
    )
