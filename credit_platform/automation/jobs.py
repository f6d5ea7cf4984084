"""Jobs: one per step of the month, each over one axis, and the tags that say why a run of one exists.

Assets of different axes cannot share a job. Every run that a schedule, a sensor or the command line asks for says who
started it, for what reason, and which run led to it; one launched in the UI does not. What starts a job is said in
`schedules`, `arriving`, `continuing` and `retraining`.
"""

from collections.abc import Sequence

import dagster as dg
from dagster import AssetSelection

from credit_platform.instance.dagster_internals import MAX_RETRIES_TAG, UnresolvedAssetJobDefinition
from credit_platform.instance.shared_history import asset_key, group_name, run_tags
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import DECISIONS, ONLINE_DECISIONS, SERVICE, tables_of
from credit_platform.texts import description_of

STARTED_BY = "credit_platform/started_by"
WHY = "credit_platform/why"
AFTER_RUN = "credit_platform/after_run"
# A run whose starter carries its month on by itself, as commands that walk months do: automation leaves it alone.
CHAINS_ITSELF = "credit_platform/chains_itself"
# A run whose process dies without a word is started again, twice; one that fails with an error is for a person.
RETRIED = {MAX_RETRIES_TAG: "2"}
BUILD_MONTH = "build_month"
SCORE_MONTH = "score_month"
MONITOR_MONTH = "monitor_month"
TRAIN_MODELS = "train_models"
_IN_WORDS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}


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
        BUILD_MONTH: AssetSelection.groups(
            *(
                group_name(portfolio, group)
                for group in ("bronze", "silver", "quarantine", "gold", "monitoring/sources")
            )
        ),
        SCORE_MONTH: [
            *(f"prediction/{model}" for model in models),
            DECISIONS,
            ONLINE_DECISIONS,
            SERVICE,
            *known_at_scoring,
            "monitoring/drift_page",
        ],
        MONITOR_MONTH: [
            *known_at_outcome,
            "monitoring/history",
            "monitoring/dashboard",
            "monitoring/champion_challenger",
            "monitoring/overrides",
        ],
        TRAIN_MODELS: [f"model/{model}" for model in models],
    }


def monthly_jobs(portfolio: Portfolio, models: Sequence[str]) -> dict[str, UnresolvedAssetJobDefinition]:
    """The four jobs by name; each has the months that its assets share."""
    n = len(portfolio.sources)
    said = {"words": portfolio.words, "n_sources": _IN_WORDS.get(n, str(n))}
    return {
        name: dg.define_asset_job(
            name,
            selection=selection
            if isinstance(selection, AssetSelection)
            else [asset_key(portfolio, table) for table in selection],
            description=description_of(__file__, name, **said),
            tags=run_tags(portfolio),
        )
        for name, selection in job_assets(portfolio, models).items()
    }


def run_reason(started_by: str, why: str, *, after_run: str | None = None) -> dict[str, str]:
    """The tags: what began the chain of runs, one clause of why this one, and the run that led to it."""
    tags = {STARTED_BY: started_by, WHY: why}
    return tags if after_run is None else tags | {AFTER_RUN: after_run}


def chains_itself(run: dg.DagsterRun) -> bool:
    """Whether whoever started a run carries its month on; a person who re-executes it does not, but copies its tags."""
    return CHAINS_ITSELF in run.tags and run.parent_run_id is None
