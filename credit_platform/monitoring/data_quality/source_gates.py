"""The gates of a source: what a delivered month measures, and whether anything may be built on it.

Reading files belongs to lake; whole files that cannot be read never come this far.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

import polars as pl

from credit_platform.months import source_date
from credit_platform.policy.data_quality import SourceGatePolicy
from credit_platform.schemas.source_cells import SourceCells

Gate = Literal["file", "month", "rows", "cells", "keys", "lengths", "unchanged"]

_NEVER = pl.lit(value=False)


@dataclass(frozen=True)
class DeliveryFacts:
    """What one delivered month of a source measures.

    Attributes:
        rows: rows delivered.
        worst_column: the column with the largest share of cells that cannot be read, and that share.
        conflicting_key_share: share of rows whose key another, different row has too.
        longest_cell: characters of the longest cell, with its column and line.
    """

    rows: int = 0
    worst_column: tuple[str, float] = ("", 0.0)
    conflicting_key_share: float = 0.0
    longest_cell: tuple[str, int] = ("", 0)

    def with_names(self, names: Mapping[str, str]) -> "DeliveryFacts":
        """The same with the names that a lender's own file gives the columns."""
        (worst, share), (longest, length) = self.worst_column, self.longest_cell
        return replace(
            self, worst_column=(names.get(worst, worst), share), longest_cell=(names.get(longest, longest), length)
        )


@dataclass(frozen=True)
class GateVerdict:
    """Failures by gate, each a sentence that says what to do; none when the month may be built on."""

    failures: dict[Gate, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether no gate failed."""
        return not self.failures


def measure_months(
    rows: pl.DataFrame, columns: Sequence[str], cells: SourceCells, distinct_rows: Mapping[date, int]
) -> dict[date, DeliveryFacts]:
    """Measure every month of a source's rows in one pass.

    Args:
        rows: source columns as text, with `snapshot_month`.
        columns: the source's own columns.
        cells: which of them are numbers, dates and keys.
        distinct_rows: rows per month when exact duplicates count once.
    """
    doubtful = _doubtful_numbers(rows, cells.numbers)
    unreadable = {
        **{column: _is_unreadable_number(column) if column in doubtful else _NEVER for column in cells.numbers},
        **{column: _is_filled(column) & source_date(column).is_null() for column in cells.dates},
        **{column: ~_is_filled(column).fill_null(value=False) for column in cells.key},
    }
    measured = rows.group_by("snapshot_month").agg(
        pl.len().alias("rows"),
        pl.struct((pl.col(column).str.len_bytes().max().fill_null(0).alias(column)) for column in columns).alias(
            "lengths"
        ),
        pl.struct((expression.sum().alias(column)) for column, expression in unreadable.items()).alias("unreadable"),
    )
    keys = _n_keys(rows, cells.key)
    return {
        row["snapshot_month"]: _facts(row, distinct_rows, keys.get(row["snapshot_month"]))
        for row in measured.iter_rows(named=True)
    }


def _n_keys(rows: pl.DataFrame, key: Sequence[str]) -> dict[date, int]:
    """Different keys of every month. Where no two rows have the same hash no two have the same key, which is quick."""
    if not key:
        return {}
    hashed = rows.select("snapshot_month", hash=rows.select(key).hash_rows())
    n = hashed.group_by("snapshot_month").agg(pl.len(), pl.col("hash").n_unique().alias("n"))
    if n.filter(pl.col("n") < pl.col("len")).height:
        n = rows.group_by("snapshot_month").agg(pl.len(), pl.struct(key).n_unique().alias("n"))
    return dict(n.select("snapshot_month", "n").iter_rows())


def _is_filled(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars() != ""


def _is_plain_number(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.Float64, strict=False).is_finite().fill_null(value=False)


def _doubtful_numbers(rows: pl.DataFrame, numbers: Sequence[str]) -> set[str]:
    """The columns with a cell that is there and, as it stands, no number."""
    found = rows.select((~_is_plain_number(name) & pl.col(name).is_not_null()).any().alias(name) for name in numbers)
    return {name for name in numbers if found[name].item()}


def _is_unreadable_number(column: str) -> pl.Expr:
    """Neither blank nor a finite number, with or without underscores behind it."""
    cell = pl.col(column)
    mended = cell.str.strip_chars(" \t_").cast(pl.Float64, strict=False).is_finite().fill_null(value=False)
    is_sound = _is_plain_number(column) | cell.is_null()
    return pl.when(is_sound).then(statement=False).otherwise(~mended & _is_filled(column))


def _facts(row: Mapping[str, object], distinct_rows: Mapping[date, int], keys: int | None) -> DeliveryFacts:
    month, n_rows = row["snapshot_month"], row["rows"]
    unreadable, lengths = row["unreadable"], row["lengths"]
    if (
        not isinstance(month, date)
        or not isinstance(n_rows, int)
        or not isinstance(unreadable, dict)
        or not isinstance(lengths, dict)
    ):
        raise TypeError(row)
    worst = max(unreadable, key=unreadable.__getitem__)
    longest = max(lengths, key=lengths.__getitem__)
    distinct = distinct_rows[month]
    return DeliveryFacts(
        rows=n_rows,
        worst_column=(worst, unreadable[worst] / n_rows) if unreadable[worst] else ("", 0.0),
        conflicting_key_share=(distinct - keys) / distinct if keys is not None else 0.0,
        longest_cell=(longest, lengths[longest]),
    )


def judge_month(
    month: date,
    facts: DeliveryFacts,
    earlier: Mapping[date, int],
    policy: SourceGatePolicy,
    *,
    is_required: bool,
    file_error: str | None,
) -> GateVerdict:
    """Hold one month against the limits.

    Args:
        month: the month.
        facts: what it measures; all zero when nothing was delivered.
        earlier: rows of other months of the source, by month.
        policy: the limits.
        is_required: whether the source may leave a month out.
        file_error: why the month's own file could not be read.
    """
    name = f"{month:%Y-%m}"
    if file_error is not None:
        return GateVerdict({"file": f"{name}: {file_error}"})
    if not facts.rows:
        said = (
            f"{name}: no row has a snapshot date in this month. Add the month's file to the raw folder and build the "
            "month again."
        )
        return GateVerdict({"month": said} if is_required else {})
    failures: dict[Gate, str] = {}
    median = median_before(month, earlier, policy)
    too_many = median is not None and facts.rows > policy.max_rows_of_median * median
    if median is not None and (facts.rows < policy.min_rows_of_median * median or too_many):
        failures["rows"] = (
            f"{name}: {facts.rows:,} rows against a median of {median:,.0f} in the months before. Deliver the whole "
            f"month once, or, if it is right, widen gates.{'max' if too_many else 'min'}_rows_of_median in "
            "data_quality.yaml."
        )
    column, share = facts.worst_column
    if share > policy.max_unparseable_share:
        failures["cells"] = (
            f"{name}: {share:.0%} of the cells of {column} cannot be read. Correct how the column is exported "
            "(decimal point, no thousands separators, dates as YYYY-MM-DD, no empty keys), or say in model_config.yaml "
            "how it is written (decimal, thousands, units, date_format of the source)."
        )
    if facts.conflicting_key_share > policy.max_conflicting_key_share:
        failures["keys"] = (
            f"{name}: {facts.conflicting_key_share:.0%} of the rows share their key with another, different row. "
            "Deliver one row per key and month."
        )
    column, length = facts.longest_cell
    if length > policy.max_cell_length:
        failures["lengths"] = (
            f"{name}: a cell of {column} holds {length:,} characters. Look for a quote that is not closed, and deliver "
            "the month again."
        )
    return GateVerdict(failures)


def median_before(month: date, rows: Mapping[date, int], policy: SourceGatePolicy) -> float | None:
    """The median of the rows of the months before; None when there are too few to judge by."""
    counts = [count for earlier, count in sorted(rows.items()) if earlier < month and count]
    if len(counts) < policy.min_months:
        return None
    return statistics.median(counts[-policy.median_months :])
