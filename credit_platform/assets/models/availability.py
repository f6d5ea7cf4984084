"""The availability gate over a book's tables: every source but that of the cases, as of some months.

How it judges is written in `monitoring.data_quality.availability`; what follows from it, nowhere here.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.availability import (
    Availability,
    history_of,
    judge_availability,
)
from credit_platform.months import add_months
from credit_platform.scoring.training.windows import Windows

# Rows further back before the first cohort that is trained on are not looked at.
_MONTHS_BEFORE = 24


def availability_of(lake: Lake, windows: Mapping[date, Sequence[date]]) -> dict[date, dict[str, Availability]]:
    """By month and source, what the gate says by what was known then; of months that are not built as far as they are.

    Args:
        lake: the book's tables.
        windows: by month, the cohorts that a version trained as of it is made of.

    Raises:
        TableError: a file that is read is not whole.
    """
    portfolio = lake.layout.portfolio
    span = (add_months(min(window[0] for window in windows.values()), -_MONTHS_BEFORE), max(windows))
    cases = _cases(lake, span)
    judged: dict[date, dict[str, Availability]] = {month: {} for month in windows}
    for source in portfolio.sources:
        if (table := f"silver/{source.table}") == portfolio.cases.table:
            continue
        rows = _columns(lake, table, span, customer=portfolio.cases.customer)
        history = None if cases.is_empty() or rows.is_empty() else history_of(cases, rows)
        for month, window in windows.items():
            judged[month][source.name] = (
                Availability("unknown", "It has no row.")
                if history is None
                else judge_availability(history, window, month, portfolio.words)
            )
    return judged


def availability_at(lake: Lake, as_of: date, windows: Windows) -> dict[str, dict[str, str]]:
    """What the gate says of each source for one version, as its metadata stores it. Raises as `availability_of`."""
    judged = availability_of(lake, {as_of: windows.development})[as_of]
    return {source: {"status": found.status, "reason": found.reason} for source, found in judged.items()}


def _cases(lake: Lake, span: tuple[date, date]) -> pl.DataFrame:
    """`customer, cohort, label` of every case, null where no label is known by the end of the span."""
    cases, key = lake.layout.portfolio.cases, lake.layout.portfolio.cases.key
    begun = _columns(lake, cases.table, span, only=cases.is_new, customer=cases.customer, case=key)
    labels = _columns(lake, "gold/label_store", span, case=key, cohort="cohort", label="label").drop("month")
    labelled = begun.rename({"month": "cohort"}).join(labels, on=["case", "cohort"], how="left", maintain_order="left")
    return labelled.select("customer", "cohort", "label")


def _columns(
    lake: Lake, table: str, span: tuple[date, date], *, only: pl.Expr | None = None, **columns: str
) -> pl.DataFrame:
    """Some columns under other names and the month of a table's rows in a span; no rows where it has none."""
    known = [month for month in lake.months(table) if span[0] <= month <= span[1]]
    rows = lake.scan(table, known) if known else lake.layout.tables[table].create_empty(lazy=True)
    named = {name: pl.col(column) for name, column in columns.items()}
    return rows.filter(pl.lit(value=True) if only is None else only).select(month="snapshot_month", **named).collect()
