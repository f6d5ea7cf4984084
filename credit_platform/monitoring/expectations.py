"""What must be noticed of a planted drift, how soon, and what must stay silent; and whether it was so.

The drifts themselves belong to `synthetic.drift`, what raised to `signs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from credit_platform.lending.months import add_months, months_between
from credit_platform.monitoring.signs import Detector
from credit_platform.synthetic.drift import Drift, DriftKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from credit_platform.monitoring.signs import Sign

Verdict = Literal["as expected", "not noticed", "noticed late", "false alarm", "too early to say"]

# Half a change is small enough to be missed by some detectors; below this strength only silence is expected of them.
CLEAR_STRENGTH = 0.5
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
    DriftKind.SCHEMA_CHANGE: _silent(Detector.RETRAIN),
    DriftKind.SEASONAL: _silent(Detector.RETRAIN, Detector.MISSING_VALUES),
    DriftKind.VOLUME: (_raises(Detector.DELIVERY, 0), *_silent(Detector.RETRAIN, Detector.FEATURES)),
    DriftKind.LABEL_DELAY: (_raises(Detector.UNMEASURED, 0), *_silent(Detector.RETRAIN, Detector.FEATURES)),
    DriftKind.LATE_CORRECTION: _silent(Detector.RETRAIN, Detector.FEATURES),
}
UNDRIFTED = _silent(Detector.RETRAIN, Detector.OUTCOME, Detector.MISSING_VALUES, Detector.DELIVERY)


@dataclass(frozen=True)
class Noticed:
    """One detector against the truth.

    Attributes:
        detector: The detector.
        within: Months after the drift's first within which it must raise; None when it must stay silent or may do both.
        is_expected: Whether anything is expected of it.
        first: The first sign in the drift; None without one.
        months_after: Months from the drift's first to that sign.
        alarms_before: Months in which it raised before the drift began.
        verdict: How that compares; `as expected` also where nothing was expected.
    """

    detector: Detector
    within: int | None
    is_expected: bool
    first: Sign | None
    months_after: int | None
    alarms_before: int
    verdict: Verdict

    @property
    def expected(self) -> str:
        """In words, what was expected."""
        if not self.is_expected:
            return "free to raise"
        if self.within is None:
            return "silent"
        return "at once" if self.within == 0 else f"within {self.within} months"


def what_was_noticed(
    drifts: Sequence[Drift], signs: Sequence[Sign], *, first_month: date, last_month: date
) -> list[Noticed]:
    """Hold everything that raised against what was planted, one row per detector.

    Args:
        drifts: What was planted; nothing at all is a book in which everything must stay silent.
        signs: Every sign of every model and source.
        first_month: The first month that was watched.
        last_month: The last; a deadline beyond it is too early to say.
    """
    begins = min((drift.first_month for drift in drifts), default=first_month)
    wanted = _wanted(drifts)
    return [_noticed(detector, wanted, signs, begins=begins, last_month=last_month) for detector in Detector]


def failures(rows: Sequence[Noticed]) -> list[str]:
    """The expectations that do not hold, in words."""
    return [
        f"{row.detector}: expected {row.expected}, {row.verdict}"
        + (f" in {row.first.month:%Y-%m}" if row.first else "")
        for row in rows
        if row.verdict != "as expected"
    ]


def _wanted(drifts: Sequence[Drift]) -> dict[Detector, int | None]:
    """Per detector the months it has, None for silence; a drift that must raise outweighs one that asks for silence."""
    if not drifts:
        return {one.detector: one.within for one in UNDRIFTED}
    found: dict[Detector, int | None] = {}
    may_raise = set()
    for drift in drifts:
        expected = {one.detector: one.within for one in EXPECTED.get(drift.kind, ())}
        may_raise |= set(Detector) - set(expected)
        for detector, within in expected.items():
            if within is None:
                found.setdefault(detector, None)
            elif drift.strength < CLEAR_STRENGTH:
                may_raise.add(detector)
            else:
                known = found.get(detector)
                found[detector] = within if known is None else min(within, known)
    return {detector: within for detector, within in found.items() if within is not None or detector not in may_raise}


def _noticed(
    detector: Detector, wanted: Mapping[Detector, int | None], signs: Sequence[Sign], *, begins: date, last_month: date
) -> Noticed:
    own = sorted((sign for sign in signs if sign.detector == detector), key=lambda sign: sign.month)
    inside = [sign for sign in own if sign.month >= begins]
    first = inside[0] if inside else None
    after = None if first is None else months_between(begins, first.month)
    within = wanted.get(detector)
    before = len({sign.month for sign in own if sign.month < begins})
    verdict: Verdict = "as expected"
    if detector in wanted and within is None and first is not None:
        verdict = "false alarm"
    elif within is not None and (after is None or after > within):
        is_over = add_months(begins, within) <= last_month
        verdict = "too early to say" if not is_over else "not noticed" if after is None else "noticed late"
    return Noticed(detector, within, detector in wanted, first, after, before, verdict)
