"""What two editions of one month of a table say differently: rows that came, went or changed, and where.

Which editions there are and whether one can be made again belongs to the lake and to replay.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

_PLACE = "place among rows of the same key"
_FORMER, _LATER = "in former", "in later"
_NOW = " (later)"
_EXAMPLES_PER_COLUMN = 20


@dataclass(frozen=True)
class RowNames:
    """How the rows of a table are named, and what of them is not shown.

    Attributes:
        key: columns that name a row.
        subjects: columns that say who a row is about, each with what that is; the first that a table has counts.
        hidden: columns whose values are not shown, as their source has personal columns.
    """

    key: Sequence[str]
    subjects: Mapping[str, str] = field(default_factory=dict)
    hidden: Collection[str] = ()


@dataclass(frozen=True)
class CellChange:
    """A cell that differs: the key of its row, the column, both values; no values where they are personal data."""

    key: Mapping[str, object]
    column: str
    former: object
    later: object
    is_hidden: bool = False


@dataclass(frozen=True)
class Difference:
    """How a later edition departs from a former one.

    Attributes:
        rows_former: rows of the former edition.
        rows_later: rows of the later one.
        added: rows whose key only the later one has.
        removed: rows whose key only the former one has.
        changed: rows both have, with a cell that differs.
        columns: rows with another cell, by column; columns without any are left out.
        subject: the column that says who a row is about; None where no column does.
        noun: what the subject is.
        subjects: who the rows that came, went or changed are about, in order, each once.
        examples: the first cells that differ, in the order of their keys.
    """

    rows_former: int
    rows_later: int
    added: int = 0
    removed: int = 0
    changed: int = 0
    columns: Mapping[str, int] = field(default_factory=dict)
    subject: str | None = None
    noun: str = ""
    subjects: tuple[str, ...] = ()
    examples: tuple[CellChange, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether both hold the same rows, in whatever order."""
        return not (self.added or self.removed or self.changed)


def difference(former: pl.DataFrame, later: pl.DataFrame, names: RowNames, *, examples: int = 5) -> Difference:
    """Compare two editions row by row.

    Args:
        former: The earlier edition.
        later: The later one; its columns may be others.
        names: How rows are named. Rows of one key are told apart by their order, so a key need not be unique.
        examples: How many cells to name.

    Two missing values are equal, and so are two that are not a number; a number and a missing value are not.
    """
    key = names.key
    renamed = later.rename({column: column + _NOW for column in later.columns if column not in key})
    joined = _numbered(former, key, _FORMER).join(
        _numbered(renamed, key, _LATER), on=[*key, _PLACE], how="full", nulls_equal=True, coalesce=True
    )
    joined = joined.sort([*key, _PLACE], nulls_last=True)
    is_both = pl.col(_FORMER).is_not_null() & pl.col(_LATER).is_not_null()
    both = joined.filter(is_both)
    cells = {column: _differs(both, former, later, column) for column in _columns(former, later, key)}
    counts = {column: int(differs.sum()) for column, differs in cells.items() if differs.any()}
    is_changed = pl.Series("changed", [False] * both.height, dtype=pl.Boolean)
    for column in counts:
        is_changed |= cells[column]
    moved = joined.filter(~is_both)
    subject = next((name for name in names.subjects if name in former.columns and name in later.columns), None)
    return Difference(
        rows_former=former.height,
        rows_later=later.height,
        added=moved[_FORMER].null_count(),
        removed=moved[_LATER].null_count(),
        changed=int(is_changed.sum()),
        columns=counts,
        subject=subject,
        noun=names.subjects[subject] if subject is not None else "",
        subjects=_subjects(pl.concat([both.filter(is_changed), moved]), subject, key),
        examples=tuple(_examples(both, {column: cells[column] for column in counts}, names))[:examples],
    )


def _numbered(frame: pl.DataFrame, key: Sequence[str], mark: str) -> pl.DataFrame:
    place = pl.int_range(pl.len()).over(list(key)) if frame.height else pl.lit(None, dtype=pl.Int64)
    return frame.with_columns(place.alias(_PLACE), pl.lit(value=True).alias(mark))


def _columns(former: pl.DataFrame, later: pl.DataFrame, key: Sequence[str]) -> list[str]:
    named = dict.fromkeys([*former.columns, *later.columns])
    return [column for column in named if column not in key]


def _differs(both: pl.DataFrame, former: pl.DataFrame, later: pl.DataFrame, column: str) -> pl.Series:
    """Of every row both editions have, whether its cell of a column is another; a column of one edition differs."""
    if column not in former.columns or column not in later.columns:
        return pl.Series(column, [True] * both.height, dtype=pl.Boolean)
    before, after = both[column], both[column + _NOW]
    if before.dtype != after.dtype:
        before, after = before.cast(pl.String), after.cast(pl.String)
    return before.ne_missing(after)


def _subjects(rows: pl.DataFrame, subject: str | None, key: Sequence[str]) -> tuple[str, ...]:
    if subject is None:
        return ()
    names = pl.col(subject) if subject in key else pl.coalesce(subject, subject + _NOW)
    return tuple(rows.select(names.cast(pl.String).alias("subject")).drop_nulls().unique().sort("subject")["subject"])


def _examples(both: pl.DataFrame, cells: Mapping[str, pl.Series], names: RowNames) -> list[CellChange]:
    changes = [
        (row, column) for column, differs in cells.items() for row in differs.arg_true().head(_EXAMPLES_PER_COLUMN)
    ]
    return [_change(both, row, column, names) for row, column in sorted(changes, key=lambda change: change[0])]


def _change(both: pl.DataFrame, row: int, column: str, names: RowNames) -> CellChange:
    cells = both.row(row, named=True)
    key = {name: cells[name] for name in names.key}
    if column in names.hidden:
        return CellChange(key, column, None, None, is_hidden=True)
    return CellChange(key, column, cells.get(column), cells.get(column + _NOW))
