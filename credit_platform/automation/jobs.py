"""Jobs: one per step of the month, each over one axis.

Assets of different axes cannot share a job; what starts a job is said in `schedules` and `sensors`.
"""

from collections.abc import Sequence

import dagster as dg
from dagster import AssetSelection

from credit_platform.instance.dagster_internals import UnresolvedAssetJobDefinition
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import tables_of

BUILD_MONTH = "build_month"
SCORE_MONTH = "score_month"
MONITOR_MONTH = "monitor_month"
TRAIN_MODELS = "train_models"


def _model_table(models: Sequence[str], part: str) -> list[str]:
    return [f"monitoring/{model}/{part}" for model in models]


def job_assets(portfolio: Portfolio, models: Sequence[str]) -> dict[str, list[str] | AssetSelection]:
    """The assets of every job, by job name."""
    known_at_scoring, known_at_outcome = (
        [table for part in tables_of(portfolio).parts(parts) for table in _model_table(models, part)]
        for parts in (
            ("stability", "estimate", "early_reads"),
            ("performance", "estimate_backtest", "action", "fair_lending"),
        )
    )
    return {
        BUILD_MONTH: AssetSelection.groups("bronze", "silver", "quarantine", "gold", "monitoring/sources"),
        SCORE_MONTH: [*(f"prediction/{model}" for model in models), *known_at_scoring, "monitoring/drift_page"],
        MONITOR_MONTH: [
            *known_at_outcome,
            "monitoring/history",
            "monitoring/dashboard",
            "monitoring/champion_challenger",
            "monitoring/overrides",
        ],
        TRAIN_MODELS: [f"model/{model}" for model in models],
    }


_DESCRIPTIONS = {
    BUILD_MONTH: "The bronze, silver and gold month from the four source files. When it is red, read the error, "
    "which names the source, month and row; mend the source and run the month again.",
    SCORE_MONTH: "Scores the new loans of a month with the version in force, compares the population with training, "
    "estimates the outcome and reads how earlier cohorts began to pay. When it is red, build the month the error names "
    "with build_month, or put a version in force, and run the month again.",
    MONITOR_MONTH: "Reads the outcome of the cohort that matured, measures each model, decides its action "
    "and holds the models against each other. When it is red, run score_month for the cohort and build_month for the "
    "month the error names, and then this again.",
    TRAIN_MODELS: "Trains each model as of a month and promotes the version if the rules say so. When it is red, the "
    "error names the cohorts it lacks: build their months, or run a later month. The version in force goes on scoring.",
}


def monthly_jobs(portfolio: Portfolio, models: Sequence[str]) -> dict[str, UnresolvedAssetJobDefinition]:
    """The four jobs by name; each has the months that its assets share."""
    return {
        name: dg.define_asset_job(name, selection=selection, description=_DESCRIPTIONS[name])
        for name, selection in job_assets(portfolio, models).items()
    }
