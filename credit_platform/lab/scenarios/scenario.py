"""A scenario of the drift lab: its drifts, what was detected of them, what cured them; as facts and as JSON.

Reading a book belongs to `cli`, the pages to `page`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from credit_platform.lab.scenarios.detection_requirements import MAY_STOP_MONTHS, Noticed, failures, what_was_noticed
from credit_platform.lab.scenarios.detections import Detection, Detector
from credit_platform.lab.scenarios.life_story import Auc, ModelStory, Phase, Version
from credit_platform.months import month_key, months_between
from credit_platform.portfolios.drift import Drift
from credit_platform.portfolios.generator import GeneratedBook
from credit_platform.portfolios.portfolio import Portfolio

WATCHED = "active_monitoring"
LEAK = "leak of the outcome into a source"


@dataclass(frozen=True)
class ModelOutcome:
    """How one model fared.

    Attributes:
        story: Its history, with what was detected in deliveries.
        floors: Thresholds of its ROC-AUC, the milder first.
        asked: The first month of the drift that asked for a retraining; None when none did.
        cure: The version that cured the drift; None when none did, or there was no drift.
        aucs: ROC-AUC before the drift, in it, and from the cure on.
    """

    story: ModelStory
    floors: tuple[float, ...]
    asked: date | None
    cure: Version | None
    aucs: Mapping[Phase, Auc]


@dataclass(frozen=True)
class Scenario:
    """One scenario after all its months have run.

    Attributes:
        name: Its name, and that of its folder.
        portfolio: What kind of book it is.
        drifts: The ground truth; empty for a book in which nothing changes.
        has_leak: Whether a source of the book was made from the outcomes.
        first_month, last_month: The book's months.
        cases_per_month: New cases a month.
        seed: Seed of the book.
        noticed: One row per detector against the ground truth.
        models: How every model fared.
        unbuilt: Months that could not be built, each with the reason.
        mishaps: What failed in running the scenario itself, so that silence proves nothing.
    """

    name: str
    portfolio: Portfolio
    drifts: tuple[Drift, ...]
    first_month: date
    last_month: date
    cases_per_month: int
    seed: int
    noticed: tuple[Noticed, ...]
    models: tuple[ModelOutcome, ...]
    unbuilt: Mapping[date, str]
    mishaps: tuple[str, ...] = ()
    has_leak: bool = False

    @property
    def leaks(self) -> tuple[str, ...]:
        """The leak in words; empty without one."""
        return (LEAK,) if self.has_leak else ()

    @property
    def failures(self) -> list[str]:
        """The requirements that are not met, and what kept them from being judged, in words."""
        return [*self.mishaps, *self._unjudged(), *self._watched_without_drift(), *failures(self.noticed)]

    def _watched_without_drift(self) -> list[str]:
        """Without a drift a model may be watched more closely in one month, by chance."""
        if self.drifts or self.has_leak:
            return []
        watched = {
            outcome.story.model: sum(one.actionable and one.action == WATCHED for one in outcome.story.actions)
            for outcome in self.models
        }
        return [f"{model}: {n} months of {WATCHED}, and nothing had changed" for model, n in watched.items() if n > 1]

    def _unjudged(self) -> list[str]:
        reasons = [] if self.models else ["no model was trained, so nothing could be noticed of it"]
        stopped_from = min((d.first_month for d in self.drifts if d.kind in MAY_STOP_MONTHS), default=None)
        for month, why in sorted(self.unbuilt.items()):
            if stopped_from is None or month < stopped_from:
                return [*reasons, f"{len(self.unbuilt)} months were not built, the first is {month:%Y-%m}: {why}"]
        return reasons

    @property
    def begins(self) -> date | None:
        """The first month any drift shows in."""
        return min((drift.first_month for drift in self.drifts), default=None)

    @property
    def first_detection(self) -> Detection | None:
        """What was detected first in the drift; of several in one month that which can be known first."""
        found = [row.first for row in self.noticed if row.first is not None]
        return min(found, key=lambda detection: detection.month, default=None)

    def to_dict(self) -> dict[str, object]:
        """Everything but the single months, for programs."""
        begins = self.begins
        return {
            "name": self.name,
            "drifts": [drift.to_dict() for drift in self.drifts],
            "leak": self.has_leak,
            "first_month": month_key(self.first_month),
            "last_month": month_key(self.last_month),
            f"{self.portfolio.words.cases}_per_month": self.cases_per_month,
            "seed": self.seed,
            "expectations_hold": not self.failures,
            "failures": self.failures,
            "unbuilt": {month_key(month): reason for month, reason in sorted(self.unbuilt.items())},
            "noticed": [_noticed(row) for row in self.noticed],
            "models": [_model(outcome, begins) for outcome in self.models],
        }


def build_scenario(
    *,
    name: str,
    book: GeneratedBook,
    portfolio: Portfolio,
    lag_months: int,
    watched_from: date,
    stories: Sequence[ModelStory],
    deliveries: Sequence[Detection],
    floors: Mapping[str, tuple[float, ...]],
    unbuilt: Mapping[date, str],
    mishaps: Sequence[str] = (),
) -> Scenario:
    """Compare what was detected in a finished book with its ground truth.

    Args:
        name: Name of the scenario.
        book: What was generated.
        portfolio: What kind of book it is.
        lag_months: Months until a label is known.
        watched_from: The first month that was scored when it came, not in a backtest.
        stories: The history of every model.
        deliveries: What was detected in deliveries.
        floors: Thresholds of the ROC-AUC by model, the milder first.
        unbuilt: Months that could not be built, with the reason.
        mishaps: What failed in running the scenario itself.
    """
    detections = [*deliveries, *(found for story in stories for found in story.detections)]
    begins = min((drift.first_month for drift in book.drifts), default=None)
    outcomes = []
    for story in stories:
        own = floors[story.model]
        asked = None if begins is None else story.first_detection(Detector.RETRAIN, begins)
        cure = None if begins is None else story.cure(begins, own[-1])
        aucs = story.auc_by_phase(begins, cure) if begins is not None else {}
        outcomes.append(ModelOutcome(story, own, asked.month if asked else None, cure, aucs))
    noticed = what_was_noticed(
        book.drifts,
        detections,
        portfolio=portfolio,
        lag_months=lag_months,
        watched=(watched_from, book.months[-1]),
        models=[story.model for story in stories],
        has_leak=book.has_leak,
    )
    return Scenario(
        name=name,
        portfolio=portfolio,
        drifts=tuple(book.drifts),
        first_month=book.months[0],
        last_month=book.months[-1],
        cases_per_month=book.cases_per_month,
        seed=book.seed,
        noticed=tuple(noticed),
        models=tuple(outcomes),
        unbuilt=dict(unbuilt),
        mishaps=tuple(mishaps),
        has_leak=book.has_leak,
    )


def _noticed(row: Noticed) -> dict[str, object]:
    return {
        "detector": str(row.detector),
        "expected": row.expected,
        "first_seen": month_key(row.first.month) if row.first else None,
        "months_after": row.months_after,
        "model": row.first.model if row.first else None,
        "detail": row.first.detail if row.first else None,
        "alarms_before": row.alarms_before,
        "verdict": row.verdict,
        "missed_by": list(row.missed_by),
    }


def _model(outcome: ModelOutcome, begins: date | None) -> dict[str, object]:
    cure = outcome.cure
    return {
        "model": outcome.story.model,
        "retraining_asked_in": month_key(outcome.asked) if outcome.asked else None,
        "cured_by": cure.name if cure else None,
        "cured_from": month_key(cure.first) if cure else None,
        "months_to_cure": months_between(begins, cure.first) if cure and begins else None,
        "roc_auc": {phase: asdict(auc) for phase, auc in outcome.aucs.items()},
        "versions": [
            {
                "version": version.name,
                "trained_as_of": month_key(version.as_of),
                "in_force_from": month_key(version.first),
                "in_force_until": month_key(version.last) if version.last else None,
            }
            for version in outcome.story.versions
        ],
    }
