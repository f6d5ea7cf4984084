"""The check whether every ratio of two known amounts is a number.

How ratios are computed is written in `feature_columns`, how a check becomes one of Dagster's in `checks.judgements`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.loans.features.feature_columns import RATIOS
from credit_platform.portfolios.portfolio import BookCheck, MonthResult


def _evaluate(loans: pl.LazyFrame, months: Sequence[date], _label: LabelPolicy) -> dict[date, MonthResult]:
    lost = {
        name: pl.col(name).is_null() & pl.col(part).is_not_null() & (pl.col(whole) > 0).fill_null(value=False)
        for name, (part, whole) in RATIOS.items()
    }
    counted = loans.group_by("snapshot_month").agg(is_lost.sum().alias(name) for name, is_lost in lost.items())
    found = {row.pop("snapshot_month"): row for row in counted.collect().iter_rows(named=True)}
    return {month: _result(month, found.get(month, {})) for month in months}


def _result(month: date, found: Mapping[str, int]) -> MonthResult:
    lost = {name: n for name, n in found.items() if n}
    said = ", ".join(f"{name} of {n:,} loans is no ratio of amounts and left empty" for name, n in lost.items())
    return MonthResult(
        passed=not lost,
        description=f"{month:%Y-%m}: {said or 'every ratio of two known amounts is a number'}.",
        metadata={f"{name}_left_empty": found.get(name, 0) for name in RATIOS},
    )


RATIOS_CHECK = BookCheck(
    name="every_ratio_of_known_amounts_is_a_number",
    table="gold/feature_store",
    description=lambda _: (
        "A salary of a fraction of a cent makes ratios that nobody has. Such a ratio is empty, and unknown to the "
        "models. When it is yellow, correct the salary in the source."
    ),
    evaluate=_evaluate,
)
