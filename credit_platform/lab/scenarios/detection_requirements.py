"""What must be detected of a simulated drift, how soon, and what must stay silent; and whether it was so.

The drifts themselves belong to the portfolio's generator, what was detected to `detections`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, get_args

from credit_platform.lab.scenarios.detections import Detection, Detector
from credit_platform.months import add_months, months_between
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.portfolio import Portfolio

Verdict = Literal[
    "as expected",
    "detected before too",
    "not watched yet",
    "too early to say",
    "noticed late",
    "not noticed",
    "false alarm",
]

_SEVERITY: tuple[Verdict, ...] = get_args(Verdict)
# A drift of half the strength may be missed by some detectors; below it, all that is required of them is silence.
CLEAR_STRENGTH = 0.5
# Detectors that may ask for a closer look and never for a retraining. Some of them are wrong by chance, in at most this
# share of the months without a drift. In a drift that must not move features their detector may be wrong as often,
# since it tests some fifty features every month.
HINTS = frozenset({Detector.FEATURES, Detector.SCORES, Detector.ESTIMATE, Detector.EARLY_READS})
CHANCE_SHARE = 0.1
# Deliveries are checked without any model.
_WITHOUT_MODEL = frozenset({Detector.DELIVERY})
# Drifts under which a delivery may be refused, and its month not be built.
MAY_STOP_MONTHS = frozenset({DriftKind.SCHEMA_CHANGE, DriftKind.VOLUME})


@dataclass(frozen=True)
class DetectionRequirement:
    """A detector that must detect a drift at most `within` months after it begins; None when it must stay silent.

    Only a detection that names `source` counts, where one is given.
    """

    detector: Detector
    within: int | None
    source: str = ""


def _silent(*detectors: Detector) -> tuple[DetectionRequirement, ...]:
    return tuple(DetectionRequirement(detector, None) for detector in detectors)


UNDRIFTED = _silent(*Detector)


def requirements_by_kind(lag_months: int) -> Mapping[DriftKind, tuple[DetectionRequirement, ...]]:
    """What is required of every kind of drift, where labels are known `lag_months` after a case began.

    A detector that is not named with a kind may detect it or not. Early performance is known two months before the
    first label; a retraining needs several months of evidence.
    """
    early, outcome = max(0, lag_months - 2), lag_months + 2
    return {
        DriftKind.COVARIATE: (DetectionRequirement(Detector.FEATURES, 0), *_silent(Detector.OUTCOME, Detector.RETRAIN)),
        DriftKind.LABEL: (
            DetectionRequirement(Detector.EARLY_READS, early),
            *_silent(Detector.FEATURES, Detector.MISSING_VALUES),
        ),
        DriftKind.CONCEPT: (
            DetectionRequirement(Detector.EARLY_READS, early),
            DetectionRequirement(Detector.OUTCOME, outcome),
            DetectionRequirement(Detector.RETRAIN, outcome),
            *_silent(Detector.ESTIMATE, Detector.MISSING_VALUES),
        ),
        DriftKind.MISSINGNESS: (DetectionRequirement(Detector.MISSING_VALUES, 0),),
        DriftKind.SOURCE_DARK: (DetectionRequirement(Detector.DELIVERY, 0),),
        DriftKind.SCHEMA_CHANGE: (DetectionRequirement(Detector.DELIVERY, 0), *_silent(Detector.RETRAIN)),
        DriftKind.SEASONAL: _silent(Detector.RETRAIN, Detector.MISSING_VALUES),
        DriftKind.VOLUME: (DetectionRequirement(Detector.DELIVERY, 0), *_silent(Detector.RETRAIN, Detector.FEATURES)),
        DriftKind.LABEL_DELAY: (
            DetectionRequirement(Detector.UNMEASURED, 0),
            *_silent(Detector.RETRAIN, Detector.FEATURES),
        ),
        DriftKind.LATE_CORRECTION: _silent(Detector.RETRAIN, Detector.FEATURES),
    }


def requirements_of(drift: Drift, portfolio: Portfolio, lag_months: int) -> tuple[DetectionRequirement, ...]:
    """What is required of one drift: early performance only where it is read, the name of a source gone dark."""
    generator = portfolio.required_generator
    if generator.is_harmless(drift):
        return UNDRIFTED
    required = requirements_by_kind(lag_months)[drift.kind]
    if drift.kind == DriftKind.SOURCE_DARK:
        required = tuple(replace(one, source=generator.dark_source) for one in required)
    has_early = portfolio.outcome.early is not None
    return tuple(one for one in required if has_early or one.detector != Detector.EARLY_READS)


def _is_clear(drift: Drift) -> bool:
    return drift.strength >= CLEAR_STRENGTH or drift.kind == DriftKind.SCHEMA_CHANGE


@dataclass(frozen=True)
class Noticed:
    """One detector against the ground truth.

    Attributes:
        detector: The detector.
        within: Months after the drift's first within which it must detect it; None when nothing or silence is required.
        is_expected: Whether anything is required of it.
        first: The first detection in the drift, of any model; None without one.
        months_after: Months from the first of the drift that it must detect, or of all drifts, to that detection.
        alarms_before: Months with a detection before any drift began, from the first watched on.
        verdict: How that compares; `as expected` also where nothing is required.
        missed_by: The models whose detector was late or silent.
    """

    detector: Detector
    within: int | None
    is_expected: bool
    first: Detection | None
    months_after: int | None
    alarms_before: int
    verdict: Verdict
    missed_by: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """In words, what is required."""
        if not self.is_expected:
            return "no requirement"
        if self.within is None:
            return "silent"
        return "at once" if self.within == 0 else f"within {self.within} months"


@dataclass(frozen=True)
class _Demand:
    """To detect a drift that began in `begins` at most `within` months later, by naming `source`."""

    begins: date
    within: int
    source: str

    def is_met_by(self, detection: Detection) -> bool:
        """Whether the detection is of this drift, however late."""
        return detection.month >= self.begins and self.source in detection.detail


@dataclass(frozen=True)
class _Watch:
    """What was watched: from when on the models, from when on the drifts, until when, and which models."""

    first: date
    begins: date
    last: date
    models: tuple[str, ...]
    is_drifted: bool

    def met(self, demand: _Demand, detector: Detector, detections: Sequence[Detection]) -> Verdict:
        """Whether the detections about one model meet a demand."""
        found = next((one.month for one in detections if demand.is_met_by(one)), None)
        if found is not None and months_between(demand.begins, found) <= demand.within:
            return "as expected"
        if add_months(demand.begins, demand.within) > self.last:
            return "too early to say"
        if demand.begins < self.first and detector not in _WITHOUT_MODEL:
            return "not watched yet"
        return "not noticed" if found is None else "noticed late"

    def chance(self, detector: Detector, first: date, last: date) -> int:
        """Months from `first` to before `last` in which a detector may be wrong by chance."""
        return int(CHANCE_SHARE * max(months_between(first, last), 0) + 1) if detector in HINTS else 0


def what_was_noticed(
    drifts: Sequence[Drift],
    detections: Sequence[Detection],
    *,
    portfolio: Portfolio,
    lag_months: int,
    watched: tuple[date, date],
    models: Sequence[str] = (),
    has_leak: bool = False,
) -> list[Noticed]:
    """Compare everything that was detected with what is required, one row per detector.

    Args:
        drifts: The ground truth; without any, every detector must stay silent, but for chance.
        detections: Every detection about every model and source.
        portfolio: What kind of book it is.
        lag_months: Months until a label is known.
        watched: The first and the last month that were watched; a deadline beyond the last is too early to say.
        models: Each of them must detect; a detection of no model counts for all.
        has_leak: Whether a source was made from the outcomes. Its newest cohorts lack that source, so nothing need stay
            silent, and no detector of change tells why.
    """
    begins = min((drift.first_month for drift in drifts), default=watched[0])
    watch = _Watch(watched[0], begins, watched[1], tuple(models), bool(drifts))
    demands, silent = _wanted([(drift, requirements_of(drift, portfolio, lag_months)) for drift in drifts])
    silent = set() if has_leak else silent
    return [_noticed(detector, demands.get(detector, []), silent, detections, watch) for detector in Detector]


def failures(rows: Sequence[Noticed]) -> list[str]:
    """The requirements that are not met, in words."""
    return [_failure(row) for row in rows if row.verdict != "as expected"]


def _failure(row: Noticed) -> str:
    if row.verdict == "detected before too":
        return f"{row.detector}: detected something in {row.alarms_before} months before anything had changed"
    by = f" by {', '.join(row.missed_by)}" if row.missed_by else ""
    seen = f" in {row.first.month:%Y-%m}" if row.first else ""
    return f"{row.detector}: expected {row.expected}, {row.verdict}{by or seen}"


def _wanted(
    drifts: Sequence[tuple[Drift, tuple[DetectionRequirement, ...]]],
) -> tuple[dict[Detector, list[_Demand]], set[Detector]]:
    """What must detect and what must stay silent; of two drifts, one that must be detected outweighs silence."""
    if not drifts:
        return {}, {one.detector for one in UNDRIFTED}
    demands: dict[Detector, list[_Demand]] = {}
    silent: set[Detector] = set()
    may_detect: set[Detector] = set()
    for drift, requirements in drifts:
        may_detect |= set(Detector) - {one.detector for one in requirements}
        for required in requirements:
            if required.within is None:
                silent.add(required.detector)
            elif _is_clear(drift):
                demands.setdefault(required.detector, []).append(
                    _Demand(drift.first_month, required.within, required.source)
                )
            else:
                may_detect.add(required.detector)
    return demands, silent - may_detect - set(demands)


def _noticed(
    detector: Detector,
    demands: Sequence[_Demand],
    silent: set[Detector],
    detections: Sequence[Detection],
    watch: _Watch,
) -> Noticed:
    own = sorted((one for one in detections if one.detector == detector), key=lambda one: one.month)
    begins = min((demand.begins for demand in demands), default=watch.begins)
    first = next((one for one in own if one.month >= begins), None)
    before = {one.month for one in own if watch.first <= one.month < watch.begins}
    inside = {one.month for one in own if one.month >= watch.begins}
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
        verdict = "detected before too"
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
