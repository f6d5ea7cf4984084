"""Everything that turns one bronze table into its silver one, as data.

Carrying it out belongs to `table_cleaning`, the rules of a table to its book.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from credit_platform.schemas.cleaning.case_start import CaseStart
from credit_platform.schemas.cleaning.keys import KEY, key_text, text
from credit_platform.schemas.cleaning.rule import CleaningRule


@dataclass(frozen=True)
class TableCleaning:
    """Everything that turns a bronze table into a silver one.

    Attributes:
        source_columns: the source's own columns, compared cell by cell to find exact duplicates.
        columns: the silver columns in file order.
        key: the silver columns that, with snapshot_month, must be unique; empty where rows may repeat, and then none is
            dropped as a duplicate.
        cells: the prepared cells `number.X`, computed from `text.X`.
        values: silver column -> expression over prepared cells.
        repairs: rules that mend or null a cell; their names go into `repairs`.
        rejections: rules that quarantine a row; the first that applies is recorded.
        cell_rejections: rules over prepared cells that policy made rejections; they come after the others.
        derived: silver column -> expression over `values`, in steps.
        plain_values: for tables that are clean as a rule, silver column -> direct cast of `source.X`. Only rows with
            a cast that fails on a cell that is there are read cell by cell, which is some twenty times slower.
        plain_nulls: silver column -> texts of its source cell that mean null by declaration, so that no row is read
            cell by cell for one of them.
        keeps_order: whether rows stay in the order in which bronze has them, for tables that are large and read whole;
            others are sorted by month and key.
        start: what tells one case of an id from another, for the table in which cases are first seen.
    """

    source_columns: tuple[str, ...]
    columns: tuple[str, ...]
    key: tuple[str, ...]
    cells: tuple[pl.Expr, ...]
    values: Mapping[str, pl.Expr]
    repairs: tuple[CleaningRule, ...]
    rejections: tuple[CleaningRule, ...]
    cell_rejections: tuple[CleaningRule, ...] = ()
    derived: tuple[Mapping[str, pl.Expr], ...] = ()
    plain_values: Mapping[str, pl.Expr] | None = None
    plain_nulls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keeps_order: bool = False
    start: CaseStart | None = None

    @cached_property
    def prepared(self) -> tuple[pl.Expr, ...]:
        """`text.X` of every source column, and `key.X` of those that hold an identifier."""
        roots = {root for value in self.values.values() for root in value.meta.root_names()}
        keys = (column for column in self.source_columns if KEY + column in roots)
        return (*(text(column) for column in self.source_columns), *(key_text(column) for column in keys))
