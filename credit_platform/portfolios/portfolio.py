"""What a book is: everything the platform cannot know of it by itself, as one frozen value.

Every room after this one works on any portfolio and names no source, source column or feature of any. What a book
says stands in its own folder; how it is built, trained, scored and monitored belongs to the rooms.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

import dataframely as dy
import polars as pl

from credit_platform.errors import SettingsError
from credit_platform.policy.load import Policy, PolicyTerms, load_policy
from credit_platform.policy.model_config import LabelPolicy, ModelConfig
from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.portfolios.generator import Generator
from credit_platform.schemas.cleaning.rule import CleaningRule, Strategies
from credit_platform.schemas.cleaning.table_cleaning import Cleaned, source_columns
from credit_platform.schemas.personal_data import has_personal_data
from credit_platform.schemas.source_cells import SourceCells

Clean = Callable[[pl.LazyFrame, ModelConfig, Strategies], Cleaned]


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
        must_be_required: whether nothing can be built without it.
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

    @property
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


@dataclass(frozen=True)
class Cases:
    """The silver table in which every case is first seen.

    Attributes:
        table: asset key of the silver table.
        key: column that identifies a case everywhere.
        customer: column that identifies its customer.
        noun: what one case is called, singular.
        is_new: over its rows, whether the case is to be scored in the row's month.
        months_on_book: over its rows, whole months since the case began.
    """

    table: str
    key: str
    customer: str
    noun: str
    is_new: pl.Expr
    months_on_book: pl.Expr


class BuildLabels(Protocol):
    """Rows of the cases table of some months to the labels that become known in them."""

    def __call__(self, cases: pl.LazyFrame, label: LabelPolicy) -> pl.LazyFrame:
        """The rows of gold/label_store."""
        ...


class ReadEarlyOutcomes(Protocol):
    """How cases begin to pay before their label is known."""

    def __call__(self, cases: pl.LazyFrame, days: Mapping[str, tuple[int, int]], label: LabelPolicy) -> pl.LazyFrame:
        """One row per case and read that was reached.

        Args:
            cases: rows of the cases table of any months.
            days: read to its month on book and the days past due from which it is bad.
            label: the label it comes before.

        Returns:
            `cohort, read, mob`, the case key, `is_bad`, and `is_label_bad`, null while the label is not known.
        """
        ...


@dataclass(frozen=True)
class Outcome:
    """How a case turns out.

    Attributes:
        schema: of gold/label_store.
        build: labels of the cases that mature in some months.
        early: how cases begin, where that can be read before the label.
    """

    schema: type[dy.Schema]
    build: BuildLabels
    early: ReadEarlyOutcomes | None = None


@dataclass(frozen=True)
class PortfolioTable:
    """A gold table of the book's own, made by SQL over the view of the cases table as of a month.

    Attributes:
        name: `gold/<name>`.
        schema: its columns and rules.
        sql: the query; it reads a view under the name of the cases table and the table `as_of(snapshot_month)`.
        remedy: what to do when its asset is red.
    """

    name: str
    schema: type[dy.Schema]
    sql: str
    remedy: str


@dataclass(frozen=True)
class MonthResult:
    """What a check found in one month; numbers in the metadata are plotted over the months."""

    passed: bool
    description: str
    metadata: Mapping[str, int | float | str]


@dataclass(frozen=True)
class BookCheck:
    """A check of the book's own over one of its tables, with one result per month.

    Attributes:
        name: a sentence that is true when all is well.
        table: asset key of the table whose rows are looked at.
        description: what it means, and what to do when it is yellow.
        evaluate: rows of some months, the months and the label policy to a result per month.
    """

    name: str
    table: str
    description: Callable[[LabelPolicy], str]
    evaluate: Callable[[pl.LazyFrame, Sequence[date], LabelPolicy], Mapping[date, MonthResult]]


@dataclass(frozen=True)
class ProtectedGroups:
    """Where the characteristic lies by which groups of customers are compared, and never scored."""

    table: str
    column: str


@dataclass(frozen=True)
class Words:
    """What event, case and book are called on pages."""

    case: str
    cases: str
    event: str
    book: str


@dataclass(frozen=True, eq=False)
class Portfolio:
    """One kind of book.

    Attributes:
        name: of its folder; `CREDIT_PORTFOLIO` names it.
        sources: in the order in which silver is built.
        cases: what is scored.
        features: what is known of a case.
        outcome: how it turns out.
        tables: the book's own gold tables.
        words: what things are called.
        policy_dir: folder of the policy files shipped for it.
        config: the model configuration with the book's own sections.
        protected: by which characteristic groups are compared; None where none is delivered.
        checks: the book's own.
        generator: of such books with a known process; None where there is none.
        synonyms: what other lenders call a source column, by the column; `map` looks for these names.
    """

    name: str
    sources: tuple[Source, ...]
    cases: Cases
    features: FeatureSet
    outcome: Outcome
    words: Words
    policy_dir: Path
    config: type[ModelConfig]
    tables: tuple[PortfolioTable, ...] = ()
    protected: ProtectedGroups | None = None
    checks: tuple[BookCheck, ...] = ()
    generator: Generator | None = None
    synonyms: Callable[[], Mapping[str, tuple[str, ...]]] = dict

    @property
    def required_generator(self) -> Generator:
        """The generator, for what cannot be done without one.

        Raises:
            SettingsError: the book has none.
        """
        if self.generator is None:
            reason = f"the portfolio {self.name} has no generator of books"
            raise SettingsError(name="CREDIT_PORTFOLIO", reason=reason, fix="Name one that has.")
        return self.generator

    @property
    def terms(self) -> PolicyTerms:
        """What a policy of this book may name."""
        return PolicyTerms(
            folder=self.policy_dir,
            config=self.config,
            sources={source.name: source.must_be_required for source in self.sources},
            columns={
                source.name: {column: column in source.needed_columns for column in source.columns}
                for source in self.sources
            },
            explained=self.features.explained,
        )

    def load_policy(self, folder: Path | None = None) -> Policy:
        """Read the policy of a folder, or the shipped one. Raises as `policy.load.load_policy` does."""
        return load_policy(folder, terms=self.terms)

    @property
    def case_source(self) -> Source:
        """The source of the cases table, whose months are the book's."""
        return next(source for source in self.sources if f"silver/{source.table}" == self.cases.table)

    def source(self, name: str) -> Source:
        """The source of a name.

        Raises:
            KeyError: there is none.
        """
        return next(source for source in self.sources if source.name == name)
