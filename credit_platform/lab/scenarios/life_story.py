"""The history of a model: cohorts and how well they were ranked, versions in force, actions, what cured a drift.

What was detected in a month belongs to `detections`, drawing the history to `story_svg`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Literal

from credit_platform.lab.scenarios.detections import Detection, Detector, ModelRecord

Phase = Literal["before", "during", "after"]

_Z = 1.959963984540054


@dataclass(frozen=True)
class Version:
    """A promoted version: the month it was trained as of, and its months in force, `last` None while it is."""

    name: str
    as_of: date
    first: date
    last: date | None


@dataclass(frozen=True)
class CohortOutcome:
    """How well one cohort was ranked by the version that scored it."""

    cohort: date
    known_in: date
    version: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    sample_role: str
    status: str

    @property
    def is_live(self) -> bool:
        """Whether the cohort came after the version's development sample."""
        return self.sample_role == "post"


@dataclass(frozen=True)
class MonthAction:
    """The action of one month."""

    month: date
    action: str
    actionable: bool
    reason: str


@dataclass(frozen=True)
class Auc:
    """ROC-AUC over some cohorts: their mean weighted by cases, with its interval; None without any."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_cohorts: int


@dataclass(frozen=True)
class ModelStory:
    """The history of one model; months rise in every list. `cases` is the portfolio's word for what it scores."""

    model: str
    cases: str
    versions: tuple[Version, ...]
    outcomes: tuple[CohortOutcome, ...]
    actions: tuple[MonthAction, ...]
    detections: tuple[Detection, ...]

    def first_detection(self, detector: Detector, since: date) -> Detection | None:
        """The first detection of a detector in a month from `since` on."""
        return next((one for one in self.detections if one.detector == detector and one.month >= since), None)

    def cure(self, since: date, floor: float) -> Version | None:
        """What cured a drift that began in `since`; None while nothing has.

        The first version trained in or after the month that asked for a retraining, whose own mature cohorts are ranked
        at or above `floor` on average.
        """
        asked = self.first_detection(Detector.RETRAIN, since)
        if asked is None:
            return None
        for version in self.versions:
            if version.as_of >= asked.month:
                own = mean_auc([outcome for outcome in self.outcomes if outcome.version == version.name])
                if own.value is not None and own.value >= floor:
                    return version
        return None

    def auc_by_phase(self, since: date, cure: Version | None) -> dict[Phase, Auc]:
        """Mean ROC-AUC of live cohorts from before the drift, in it, and from the cure on."""
        live = [outcome for outcome in self.outcomes if outcome.is_live]
        cured = None if cure is None else cure.first
        phases: dict[Phase, list[CohortOutcome]] = {
            "before": [o for o in live if o.cohort < since],
            "during": [o for o in live if o.cohort >= since and (cured is None or o.cohort < cured)],
            "after": [o for o in live if cured is not None and o.cohort >= cured],
        }
        return {phase: mean_auc(outcomes) for phase, outcomes in phases.items()}


def mean_auc(outcomes: Sequence[CohortOutcome]) -> Auc:
    """The mean of live cohorts weighted by their cases; cohorts are independent, so variances add up."""
    known = [
        (o.value, o.low, o.high, o.n)
        for o in outcomes
        if o.is_live and o.value is not None and o.low is not None and o.high is not None
    ]
    n = sum(count for *_, count in known)
    if not n:
        return Auc(None, None, None, 0, 0)
    mean = sum(value * count for value, *_, count in known) / n
    error = sqrt(sum(((high - low) / (2 * _Z) * count / n) ** 2 for _, low, high, count in known))
    return Auc(mean, max(0.0, mean - _Z * error), min(1.0, mean + _Z * error), n, len(known))


def build_story(record: ModelRecord, versions: Sequence[Version], detections: Sequence[Detection]) -> ModelStory:
    """The history of one model from its stored tables, its promoted versions and what was detected."""
    columns = ("cohort", "snapshot_month", "model_version", "value", "ci_low", "ci_high", "n", "sample_role", "status")
    aucs = record.performance.filter(metric="roc_auc", segment="all").sort("snapshot_month").select(columns)
    actions = record.action.sort("snapshot_month")
    return ModelStory(
        model=record.model,
        cases=record.cases,
        versions=tuple(versions),
        outcomes=tuple(CohortOutcome(*row) for row in aucs.iter_rows()),
        actions=tuple(
            MonthAction(row["snapshot_month"], row["action"], row["actionable"], str(row["reasons"]).split("\n")[0])
            for row in actions.iter_rows(named=True)
        ),
        detections=tuple(detections),
    )
