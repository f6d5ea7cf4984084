"""One raw source and the silver table that is made of it, as a book says it.

How it is read, cleaned and judged belongs to the rooms; what a book is as a whole, to `portfolio`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import dataframely as dy
import polars as pl

from credit_platform.policy.model_config import ModelConfig
from credit_platform.schemas.cleaning.rule import CleaningRule, Strategies
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import Cleaned, clean_table, source_columns
from credit_platform.schemas.personal_data import has_personal_data
from credit_platform.schemas.source_cells import SNAPSHOT_DATE, SourceCells

Clean = Callable[[pl.LazyFrame, ModelConfig, Strategies], Cleaned]
CleanAfter = Callable[[pl.LazyFrame, ModelConfig, Strategies, pl.LazyFrame], Cleaned]


@dataclass(frozen=True)
class LookBack:
    """What the cleaning of a source reads of the months before.

    Attributes:
        columns: of its silver table.
        clean: as `Source.clean`, with the silver rows of the months before that are known.
    """

    columns: tuple[str, ...]
    clean: CleanAfter


@dataclass(frozen=True)
class DueRows:
    """How the completeness and the volume of a source are counted, as SQL over the views of `data_quality.score`.

    Attributes:
        due: query of `snapshot_month, n_due, n_covered`: rows that should be there, and those that are.
        amount: aggregate over the silver rows of a month that says how much came.
        unit: what the amount counts.
    """

    due: str
    amount: str = "count(*)"
    unit: str = "rows"


@dataclass(frozen=True)
class CaseLink:
    """By which column a row belongs to a case, where months are given to cases and not told by dates.

    Attributes:
        column: of the source; it holds the case's key, or that of another source.
        through: the source whose key it holds, and which has a link of its own; None for the case's.
    """

    column: str
    through: str | None = None


@dataclass(frozen=True)
class Source:
    """One raw source and the silver table that is made of it.

    Attributes:
        name: stem of its files and of its bronze table.
        bronze: the source's own columns, with month, file and line.
        table: name of the silver table.
        silver: schema of the silver table.
        clean: bronze rows of any months to silver and quarantined rows, under a policy.
        rules: every cleaning rule of the table.
        cells: which columns are numbers, dates and keys.
        due: how completeness and volume are counted.
        volume: the same amount as an expression over silver rows.
        flag: column of the feature store that says whether the source knows the case's customer; None without one.
        must_be_required: whether nothing can be built without it.
        look_back: how it is cleaned where a row depends on earlier months; None where none does.
        cleaning: how every cell becomes a silver column, from which the lineage is read; None without one.
        stems: what the names of its files begin with; empty for the source's own name.
        optional_columns: columns that a file may lack; they are empty then.
        link: how a row finds its case in a book without a calendar; None where its date tells its month.
        date: column with the day of a row; None for standing facts, whose rows have the month of their file's name, or
            the book's first where it names none, and hold until later ones are delivered.
    """

    name: str
    bronze: type[dy.Schema]
    table: str
    silver: type[dy.Schema]
    clean: Clean
    rules: tuple[CleaningRule, ...]
    cells: SourceCells
    due: DueRows
    volume: pl.Expr = field(default_factory=pl.len)
    must_be_required: bool = False
    flag: str | None = None
    look_back: LookBack | None = None
    cleaning: TableCleaning | None = None
    stems: tuple[str, ...] = ()
    optional_columns: tuple[str, ...] = ()
    link: CaseLink | None = None
    date: str | None = SNAPSHOT_DATE

    @classmethod
    def cleaned_by(
        cls,
        cleaning: TableCleaning,
        *,
        name: str,
        bronze: type[dy.Schema],
        table: str,
        silver: type[dy.Schema],
        due: DueRows,
        flag: str | None = None,
    ) -> Self:
        """A source that is cleaned row by row, by rules that also say its key and which columns are numbers."""

        def clean(rows: pl.LazyFrame, _config: ModelConfig, strategies: Strategies) -> Cleaned:
            return clean_table(rows, cleaning, strategies=strategies)

        rules = (*cleaning.repairs, *cleaning.rejections)
        named = {rule.name for rule in rules}
        cells = SourceCells(
            key=tuple(rule.column for rule in rules if rule.name == "key_is_unique"),
            numbers=tuple(name for name in cleaning.source_columns if f"{name}_underscore_stripped" in named),
        )
        return cls(name, bronze, table, silver, clean, rules, cells, due, flag=flag, cleaning=cleaning)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns a raw file must hold, in their order."""
        return source_columns(self.bronze)

    @property
    def needed_columns(self) -> tuple[str, ...]:
        """The columns without which every row is set aside: keys, and what a rule wants to be readable."""
        readable = {rule.column for rule in self.rules if rule.name == f"{rule.column}_is_readable"}
        return tuple(column for column in self.columns if column in readable | {*self.cells.key})

    @property
    def personal_columns(self) -> tuple[str, ...]:
        """The columns that hold personal data."""
        return tuple(name for name, column in self.bronze.columns().items() if has_personal_data(column))
