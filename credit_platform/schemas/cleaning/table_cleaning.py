"""What cleaning a table means: repaired rows, quarantined rows, dropped duplicates, each by a named rule.

Steps that two others read are cached: Polars would carry them out once for each.

The rules of one table do not belong here; they stand with the table's meaning in lending and features. How a single
cell of text is read is in cells.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import dataframely as dy
import polars as pl

from credit_platform.schemas.cleaning.cells import N_SAME_KEY
from credit_platform.schemas.cleaning.keys import SOURCE
from credit_platform.schemas.cleaning.rule import CleaningRule, Strategies
from credit_platform.schemas.cleaning.strategies import NO_CHANGES, under_strategies
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.quarantine import Quarantine

_PROVENANCE = ("source_file", "source_line")
_PLACE = "place_in_bronze"
_REJECTED_BY = "rejected_by"
_CELL_REJECTED_BY = "cell_rejected_by"
_NO_REPAIRS = pl.lit([], dtype=pl.List(pl.String))


class Cleaned(NamedTuple):
    """The two outcomes of cleaning: silver rows and quarantined rows.

    Both frames share one plan, so collect them together with `pl.collect_all`. Month by month, rows in = rows +
    quarantined + dropped exact duplicates.
    """

    rows: pl.LazyFrame
    quarantined: pl.LazyFrame


def source_columns(bronze: type[dy.Schema]) -> tuple[str, ...]:
    """The columns the source itself wrote: a bronze table's columns without month and provenance."""
    return tuple(name for name in bronze.column_names() if name not in {"snapshot_month", *_PROVENANCE})


def clean_table(
    bronze: pl.LazyFrame,
    table: TableCleaning,
    *,
    strategies: Strategies = NO_CHANGES,
    known: pl.LazyFrame | None = None,
) -> Cleaned:
    """Read, repair, deduplicate and split the rows of any number of months, by the rules' own strategies or others.

    `known` is what the table's `start` says of the months before.
    """
    table = under_strategies(table, strategies)
    sources = (pl.col(column).alias(SOURCE + column) for column in table.source_columns)
    cells = bronze.select("snapshot_month", *_PROVENANCE, *sources)
    valued = _attach_values(cells.with_row_index(_PLACE) if table.keeps_order else cells, table)
    if table.start is not None:
        valued = table.start.resolve(valued, known)
    judged = _attach_rejection(_without_exact_duplicates(valued, table), table).cache()
    is_sound = pl.col(_REJECTED_BY).is_null()
    sound = judged.filter(is_sound)
    if table.keeps_order:
        rows = sound.select(*table.columns, _PLACE).sort(_PLACE).select(table.columns)
    else:
        rows = sound.select(table.columns).sort("snapshot_month", *table.key)
    return Cleaned(rows=rows, quarantined=_quarantine(judged.filter(~is_sound), table))


def clean_few(bronze: pl.DataFrame, table: TableCleaning) -> pl.DataFrame | None:
    """The silver rows of a few rows where all of them are sound and no two share their key; None where not all are.

    Step by step and without a plan, which for a few rows takes longer than carrying it out. What was repaired is not
    noted: `repairs` is empty.

    Args:
        bronze: rows of any months.
        table: its cleaning under a policy, of a table whose rows do not depend on earlier ones.
    """
    cells = bronze.select(
        "snapshot_month", *_PROVENANCE, *(pl.col(column).alias(SOURCE + column) for column in table.source_columns)
    )
    read = cells.with_columns(table.prepared)
    read = read.with_columns(table.cells) if table.cells else read
    first = {_CELL_REJECTED_BY: _first_name(table.cell_rejections)} if table.cell_rejections else {}
    read = read.with_columns(**first, **table.values, repairs=_NO_REPAIRS)
    for step in table.derived:
        read = read.with_columns(**step)
    if table.key and read.select("snapshot_month", *table.key).is_duplicated().any():
        return None
    judged = read.with_columns(pl.lit(1, pl.UInt32).alias(N_SAME_KEY))
    is_rejected = judged.select(pl.any_horizontal(rule.applies for rule in table.rejections).any()).item()
    if is_rejected or (first and judged[_CELL_REJECTED_BY].is_not_null().any()):
        return None
    rows = judged.select(table.columns)
    return rows if table.keeps_order else rows.sort("snapshot_month", *table.key)


def count_repairs(rows: pl.DataFrame) -> dict[date, dict[str, int]]:
    """Repaired cells of silver rows by month and rule; a month or rule without any is left out."""
    repaired = rows.lazy().select("snapshot_month", "repairs").filter(pl.col("repairs").list.len() > 0)
    return _count_by_rule(repaired.explode("repairs").rename({"repairs": "rule"}))


def count_rejections(quarantined: pl.DataFrame) -> dict[date, dict[str, int]]:
    """Quarantined rows by month and rule; a month or rule without any is left out."""
    return _count_by_rule(quarantined.lazy())


def _count_by_rule(noted: pl.LazyFrame) -> dict[date, dict[str, int]]:
    counted = noted.group_by("snapshot_month", "rule").len().sort("snapshot_month", "rule").collect()
    counts: dict[date, dict[str, int]] = {}
    for month, rule, n in counted.iter_rows():
        counts.setdefault(month, {})[rule] = n
    return counts


def _attach_values(frame: pl.LazyFrame, table: TableCleaning) -> pl.LazyFrame:
    kept = ("snapshot_month", *_PROVENANCE, *(SOURCE + column for column in table.source_columns))
    rejected = (_CELL_REJECTED_BY,) if table.cell_rejections else ()
    wanted = (*((_PLACE,) if table.keeps_order else ()), *kept, *table.values, "repairs", *rejected)
    if table.plain_values is None:
        return _read_cell_by_cell(frame, table).select(wanted)
    cast = frame.with_columns(**table.plain_values).cache()
    is_plain = pl.all_horizontal(_is_plain(name, value, table) for name, value in table.plain_values.items())
    nothing = pl.lit(None, dtype=pl.String)
    plain = cast.filter(is_plain).with_columns(*(nothing.alias(name) for name in rejected), repairs=_NO_REPAIRS)
    others = _read_cell_by_cell(cast.filter(~is_plain), table)
    return pl.concat([plain.select(wanted), others.select(wanted)])


def _is_plain(name: str, value: pl.Expr, table: TableCleaning) -> pl.Expr:
    """Whether a direct cast says what reading the cell would: it succeeded, or null is what the cell means."""
    texts = table.plain_nulls.get(name, ())
    cells = [pl.col(cell) for cell in sorted({*value.meta.root_names()})]
    means_null = [cell.is_null() | cell.is_in(texts) if texts else cell.is_null() for cell in cells]
    return pl.col(name).is_not_null() | pl.all_horizontal(means_null)


def _read_cell_by_cell(frame: pl.LazyFrame, table: TableCleaning) -> pl.LazyFrame:
    in_name_order = sorted(table.repairs, key=lambda rule: rule.name)
    rejected = [_first_name(table.cell_rejections).alias(_CELL_REJECTED_BY)] if table.cell_rejections else []
    return (
        frame.with_columns(table.prepared)
        .with_columns(table.cells)
        .with_columns(*rejected, repairs=pl.concat_list(_names(in_name_order)).list.drop_nulls(), **table.values)
    )


def _names(rules: Sequence[CleaningRule]) -> list[pl.Expr]:
    return [pl.when(rule.applies).then(pl.lit(rule.name)) for rule in rules]


def _first_name(rules: Sequence[CleaningRule]) -> pl.Expr:
    return pl.coalesce(_names(rules))


def _attach_rejection(frame: pl.LazyFrame, table: TableCleaning) -> pl.LazyFrame:
    for step in table.derived:
        frame = frame.with_columns(**step)
    rejected_by = _first_name(table.rejections)
    if table.cell_rejections:
        rejected_by = pl.coalesce(rejected_by, _CELL_REJECTED_BY)
    return frame.with_columns(rejected_by.alias(_REJECTED_BY))


def _without_exact_duplicates(frame: pl.LazyFrame, table: TableCleaning) -> pl.LazyFrame:
    """Keep the first of rows equal in every source cell; count the rows that share a key with a different one."""
    if not table.key:
        return frame
    n_same_key = pl.len().over("snapshot_month", *table.key).alias(N_SAME_KEY)
    counted = frame.with_columns(n_same_key).cache()
    # Comparing every cell of every row is slow, and equal rows always share their key.
    shared = (
        counted.filter(pl.col(N_SAME_KEY) > 1)
        .sort("snapshot_month", *_PROVENANCE)
        .unique(["snapshot_month", *(SOURCE + c for c in table.source_columns)], keep="first", maintain_order=True)
        .with_columns(n_same_key)
    )
    return pl.concat([counted.filter(pl.col(N_SAME_KEY) == 1), shared])


def _quarantine(frame: pl.LazyFrame, table: TableCleaning) -> pl.LazyFrame:
    rules = (*table.rejections, *table.cell_rejections)
    reasons = {rule.name: f"{rule.column}: {rule.condition}" for rule in rules}
    raw_cells = pl.struct(pl.col(SOURCE + column).alias(column) for column in table.source_columns)
    return (
        frame.with_columns(rule=pl.col(_REJECTED_BY))
        .with_columns(
            reason=pl.col("rule").replace_strict(reasons, return_dtype=pl.String),
            raw_text=raw_cells.struct.json_encode(),
        )
        .select(Quarantine.column_names())
        .sort("snapshot_month", *_PROVENANCE)
    )
