"""The history of a model made up by hand: a year without trouble, a drift, a cure."""

from __future__ import annotations

from datetime import date

from credit_platform.lab.scenarios.detections import Detection, Detector
from credit_platform.lab.scenarios.life_story import CohortOutcome, ModelStory, MonthAction, Version
from credit_platform.lab.scenarios.scenario import Scenario, build_scenario
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS

FIRST, DRIFT, CURED, LAST = date(2022, 1, 1), date(2023, 1, 1), date(2023, 9, 1), date(2024, 6, 1)
OLD = Version("2021-12-01-old", date(2021, 12, 1), FIRST, add_months(CURED, -1))
NEW = Version("2023-08-01-new", date(2023, 8, 1), CURED, None)
FLOORS = (0.80, 0.75)


def outcome(cohort: date, value: float | None, version: str, *, role: str = "post", n: int = 300) -> CohortOutcome:
    ends = (None, None) if value is None else (value - 0.04, value + 0.04)
    return CohortOutcome(cohort, add_months(cohort, 6), version, value, *ends, n, role, "ok")


def drifted_story(*, cured_auc: float = 0.88) -> ModelStory:
    """Early reads detect the drift after two months, the outcome and the retraining after six."""
    outcomes = [
        outcome(
            month,
            0.9 if month < DRIFT else cured_auc if month >= CURED else 0.55,
            NEW.name if month >= CURED else OLD.name,
            role="oot" if month < date(2022, 3, 1) else "post",
        )
        for month in month_range(FIRST, add_months(LAST, -6))
    ]
    asked = month_range(add_months(DRIFT, 6), add_months(CURED, 5))
    detections = [
        Detection(Detector.EARLY_READS, add_months(DRIFT, 2), "first_payment_missed <worse>", "gradient_boosting"),
        *(Detection(Detector.OUTCOME, month, "ROC-AUC 0.550", "gradient_boosting") for month in asked),
        *(Detection(Detector.RETRAIN, month, "below_business_threshold", "gradient_boosting") for month in asked),
    ]
    actions = [
        MonthAction(month, "retrain" if month in asked else "monitor", month > FIRST, "a reason & more")
        for month in month_range(FIRST, LAST)
    ]
    return ModelStory("gradient_boosting", "loans", (OLD, NEW), tuple(outcomes), tuple(actions), tuple(detections))


def drifted_scenario(story: ModelStory | None = None, *, strength: float = 0.7) -> Scenario:
    drifts = (Drift(DriftKind.CONCEPT, DRIFT, strength),)
    return build_scenario(
        name="concept-2023-01",
        book=BookSpec(first_month=FIRST, n_months=30, cases_per_month=300, seed=7, drifts=drifts),
        portfolio=LOANS,
        lag_months=6,
        watched_from=FIRST,
        stories=[story or drifted_story()],
        deliveries=[],
        floors={"gradient_boosting": FLOORS},
        unbuilt={},
    )
