"""The gate of decisions: one per case that was scored, by the model that policy makes champion of the month.

What a row of a decision must look like is its contract and in `contracts`; who is champion, in the policy.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.checks.monthly import monthly_check
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import MonthResult, Portfolio
from credit_platform.portfolios.tables import DECISIONS
from credit_platform.texts import description_of

ONE_DECISION_CHECK = "every_scored_case_has_one_decision"


def one_decision_check(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy
) -> dg.AssetChecksDefinition:
    """Fails where a case of a month has no decision, two, or one that is not the champion's."""

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        return {month: _result(lake, month, config.champion_in(month), portfolio) for month in months}

    return monthly_check(
        DECISIONS,
        ONE_DECISION_CHECK,
        evaluate,
        axis=axis.scoring_months,
        is_blocking=True,
        policy=policy,
        description=description_of(__file__, ONE_DECISION_CHECK, cases=portfolio.words.cases),
    )


def _result(lake: Lake, month: date, champion: str, portfolio: Portfolio) -> MonthResult:
    key, table = portfolio.cases.key, f"prediction/{champion}"
    by = [key, "model", "model_version"]
    decided = lake.scan(DECISIONS, [month]).select(by).collect()
    scored = lake.scan(table, [month]).select(by).collect() if lake.has(table, month) else decided.clear()
    faults = {
        "without a decision": scored.join(decided, on=key, how="anti").height,
        "with more than one": decided.group_by(key).len().filter(pl.col("len") > 1).height,
        f"not decided by {champion} as it scored the month": decided.join(scored, on=by, how="anti")[key].n_unique(),
    }
    found = {fault: n for fault, n in faults.items() if n}
    said = ", ".join(f"{n:,} {fault}" for fault, n in found.items())
    good = f"each of {scored.height:,} {portfolio.words.cases} has one decision, by {champion}"
    return MonthResult(
        passed=not found,
        description=f"{month:%Y-%m}: {f'of {scored.height:,} {portfolio.words.cases} {said}' if found else good}.",
        metadata={"champion": champion, "n_scored": scored.height, "n_decided": decided.height, **faults},
    )
