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
from credit_platform.policy.load import WINDOW_KEY, Policy, PolicyTerms, load_policy
from credit_platform.policy.model_config import LabelPolicy, ModelConfig
from credit_platform.policy.policy_section import AS_WRITTEN, PolicyOverrides
from credit_platform.portfolios.cases import Cases
from credit_platform.portfolios.feature_set import COMBINATIONS, FeatureSet
from credit_platform.portfolios.generator import Generator
from credit_platform.portfolios.source import Source


class BuildLabels(Protocol):
    """Rows of the cases table to the labels that become known in their months."""

    def __call__(self, cases: pl.LazyFrame, label: LabelPolicy) -> pl.LazyFrame:
        """The rows of gold/label_store.

        Args:
            cases: rows of the wanted months and of those before them, from the begin of their cohorts on. Labels that
                become known in other months than the wanted ones are dropped afterwards.
            label: the definition.
        """
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
        reason_without_label: over the last row of a case that left before its label, why it has none.
        is_awaited: over rows of the cases table, whether the source will tell the outcome later; such a case should
            not have a label yet. None where none is.
    """

    schema: type[dy.Schema]
    build: BuildLabels
    early: ReadEarlyOutcomes | None = None
    reason_without_label: pl.Expr = field(default_factory=lambda: pl.lit("left"))
    is_awaited: pl.Expr | None = None


@dataclass(frozen=True)
class PortfolioTable:
    """A gold table of the book's own, made by SQL over the view of the cases table as of a month.

    Attributes:
        name: `gold/<name>`.
        schema: its columns and rules.
        sql: the query, or that under a label policy; it reads a view under the name of the cases table and the table
            `as_of(snapshot_month)`.
        remedy: what to do when its asset is red.
    """

    name: str
    schema: type[dy.Schema]
    sql: str | Callable[[LabelPolicy], str]
    remedy: str


@dataclass(frozen=True)
class MonthResult:
    """What a check found in one month; numbers in its metadata are plotted. A failure that `is_warning` stops none."""

    passed: bool
    description: str
    metadata: Mapping[str, int | float | str]
    is_warning: bool = False


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
    """Where the characteristic lies by which groups of customers are compared, and never scored.

    Attributes:
        table: asset key of the silver table.
        age: over its rows, the customer's age in years.
    """

    table: str
    age: pl.Expr


@dataclass(frozen=True)
class AssignedMonths:
    """That the data have no calendar: cases are given months, and whatever belongs to a case has its month.

    Months that are given say nothing about time, so no drift and no trend over them decides anything.

    Attributes:
        label: column of the cases' source that holds the label, empty where it is not known.
        date: column of the cases' source with the day of the case, for lenders that deliver one after all.
    """

    label: str
    date: str


@dataclass(frozen=True)
class Words:
    """What event, case and book are called on pages.

    Attributes:
        case: one case; `cases` are several.
        event: what the models foretell, a noun; `fail` is the verb of it.
        book: all cases together.
        written: what is done to begin a case, as a participle: a case is `written` in its month, or `originated`.
        lent: what a bad costs when it is approved.
        booked: what a case is that was approved.
        bads: those that the event comes to; `goods` are the others.
        declined: what is done to a case at or above the cut-off; `approved` what is below it.
        missed: what is lost where a good is declined.
    """

    case: str
    cases: str
    event: str
    book: str
    fail: str = "turn out bad"
    written: str = "made"
    originated: str = "made"
    lent: str = "amount"
    booked: str = "approved"
    bads: str = "bads"
    goods: str = "goods"
    declined: str = "declined"
    approved: str = "approved"
    missed: str = "the customer"

    @property
    def heading(self) -> str:
        """Several cases as a heading, or at the begin of a sentence."""
        return self.cases.capitalize()

    @property
    def one(self) -> str:
        """One case with its article, as `a loan`."""
        return f"{'an' if self.case[0] in 'aeiou' else 'a'} {self.case}"

    @property
    def one_begins(self) -> str:
        """The same at the begin of a sentence."""
        return self.one.capitalize()

    def fill(self, text: str) -> str:
        """A text in which `{words.case}` and the like stand for these words."""
        return text.format(words=self) if "{words." in text else text


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
        policy_base: folder of the files of another book, whose sections hold where its own have none of the name.
        config: the model configuration with the book's own sections.
        protected: by which characteristic groups are compared; None where none is delivered.
        checks: the book's own.
        generator: of such books with a known process; None where there is none.
        synonyms: what other lenders call a source column, by the column; `map` looks for these names.
        assigned_months: how months are given to cases where the data have no calendar; None where they have one.
        views: SQL over the views of tables, as `gold.feature_store`, by the name under which people query it.
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
    assigned_months: AssignedMonths | None = None
    policy_base: Path | None = None
    views: Mapping[str, str] = field(default_factory=dict)

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
            levels=self.features.categorical,
            evidence=tuple(group.feature for group in self.features.evidence),
            combinations=tuple(COMBINATIONS),
            reasons=self.features.reasons,
            base=self.policy_base,
        )

    @property
    def has_label_window(self) -> bool:
        """Whether the label is about a window of days, `label.window_days` of policy."""
        label = self.config.model_fields["label"].annotation
        return isinstance(label, type) and issubclass(label, LabelPolicy) and WINDOW_KEY in label.model_fields

    def load_policy(self, folder: Path | None = None, overrides: PolicyOverrides = AS_WRITTEN) -> Policy:
        """Read the policy of a folder, or the shipped one; all else as `policy.load.load_policy` has it."""
        return load_policy(folder, terms=self.terms, overrides=overrides)

    @property
    def case_source(self) -> Source:
        """The source of the cases, whose months are the book's."""
        if self.cases.made is not None:
            return self.source(self.cases.made.source)
        return next(source for source in self.sources if f"silver/{source.table}" == self.cases.table)

    def source(self, name: str) -> Source:
        """The source of a name.

        Raises:
            KeyError: there is none.
        """
        return next(source for source in self.sources if source.name == name)
