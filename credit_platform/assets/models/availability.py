"""The availability gate over a book's tables: every source but that of the cases, as of some months.

How it judges is written in `monitoring.data_quality.availability`; what follows from it, nowhere here.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.availability import (
    Availability,
    SourceHistory,
    history_of,
    judge_availability,
)
from credit_platform.scoring.training.windows import Windows


def availability_of(lake: Lake, windows: Mapping[date, Sequence[date]]) -> dict[date, dict[str, Availability]]:
    """By month and source, what the gate says by what was known then; of months that are not built as far as they are.

    Args:
        lake: the book's tables.
        windows: by month, the cohorts that a version trained as of it is made of.

    Raises:
        TableError: a file that is read is not whole.
    """
    portfolio, until = lake.layout.portfolio, max(windows)
    cases = _cases(lake, until)
    histories: dict[str, SourceHistory | None] = {}
    for source in portfolio.sources:
        if (table := f"silver/{source.table}") != portfolio.cases.table:
            rows = _columns(lake, table, until, customer=portfolio.cases.customer)
            is_known = not (cases.is_empty() or rows.is_empty())
            histories[source.name] = history_of(cases, rows) if is_known else None
    nothing = Availability("unknown", "It has no row.")
    return {
        month: {
            source: nothing if history is None else judge_availability(history, window, month, portfolio.words)
            for source, history in histories.items()
        }
        for month, window in windows.items()
    }


def availability_at(lake: Lake, as_of: date, windows: Windows) -> dict[str, dict[str, str]]:
    """What the gate says of each source for one version, as its metadata stores it. Raises as `availability_of`."""
    judged = availability_of(lake, {as_of: windows.development})[as_of]
    return {source: {"status": found.status, "reason": found.reason} for source, found in judged.items()}


def _cases(lake: Lake, until: date) -> pl.DataFrame:
    """`customer, cohort, label` of every case, null where no label is known by the month."""
    cases, key = lake.layout.portfolio.cases, lake.layout.portfolio.cases.key
    begun = _columns(lake, cases.table, until, only=cases.is_new, customer=cases.customer, case=key)
    labels = _columns(lake, "gold/label_store", until, case=key, cohort="cohort", label="label").drop("month")
    labelled = begun.rename({"month": "cohort"}).join(labels, on=["case", "cohort"], how="left", maintain_order="left")
    return labelled.select("customer", "cohort", "label")


def _columns(lake: Lake, table: str, until: date, *, only: pl.Expr | None = None, **columns: str) -> pl.DataFrame:
    """Some columns under other names and the month of a table's rows up to a month; no rows where it has none."""
    known = [month for month in lake.months(table) if month <= until]
    rows = lake.scan(table, known) if known else lake.layout.tables[table].create_empty(lazy=True)
    named = {name: pl.col(column) for name, column in columns.items()}
    return rows.filter(pl.lit(value=True) if only is None else only).select(month="snapshot_month", **named).collect()
