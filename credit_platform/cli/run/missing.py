"""What should be there and is not: the months of every table of a book, by what became of them.

A table should have the months from the first of its kind on the book's axis to the newest that should be there. It has
a month when its file is there and the month did not fail. A month of which a required source has no row, or whose build
a blocking check stopped, is missing in every table; one whose scores or outcomes were stopped, in those of the model.
Building what is missing belongs to `fill`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from credit_platform.assets.models.training import is_triggered
from credit_platform.automation.jobs import BUILD_MONTH, MONITOR_MONTH, SCORE_MONTH, TRAIN_MODELS
from credit_platform.checks.tables import model_table
from credit_platform.cli.book import Book, months_in_loan_file
from credit_platform.cli.instance import moved_from
from credit_platform.cli.run.unfinished import is_trained_since, models_in_force, refused_by_checks
from credit_platform.cli.versions.version_status import trained_as_of
from credit_platform.errors import CreditPlatformError, SourceError
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.lake.raw.delivery_log import read_receipts
from credit_platform.lake.tables.row_counts import row_counts
from credit_platform.months import month_range
from credit_platform.portfolios.tables import DECISIONS, OF_THE_SERVICE, Begins, begins_with
from credit_platform.scoring.training.windows import is_training_due
from credit_platform.settings import dagster_home

_MODEL = "model/"
_JOBS: Mapping[Begins, str] = {"snapshot": BUILD_MONTH, "scoring": SCORE_MONTH, "outcome": MONITOR_MONTH}
# A step of a month: what its tables begin with, and the model they are of; empty where they are of none.
Step = tuple[Begins, str]


@dataclass(frozen=True)
class TableCoverage:
    """The months of one table, each list in order.

    Attributes:
        table: its asset key; `model/<model>` has the months as of which versions were trained.
        present: months it has.
        empty: months of an optional source that delivered no row of it; neither present nor missing.
        missing: months it should have and has not.
        outside: months that are stored and that the book does not have.
    """

    table: str
    present: tuple[date, ...] = ()
    empty: tuple[date, ...] = ()
    missing: tuple[date, ...] = ()
    outside: tuple[date, ...] = ()

    @property
    def job(self) -> str:
        """The job that makes its months."""
        return TRAIN_MODELS if self.table.startswith(_MODEL) else _JOBS[begins_with(self.table)]


def sorted_out(
    table: str,
    stored: Iterable[date],
    due: Iterable[date],
    *,
    outside: Iterable[date] = (),
    failed: Iterable[date] = (),
    empty: Iterable[date] = (),
) -> TableCoverage:
    """Every due month of a table as exactly one of present, empty and missing, and every other stored one.

    A month that failed and is not due is left out: it was asked for before anything was delivered.
    """
    stored, due, refused = set(stored), set(due), set(failed)
    beyond = stored & set(outside)
    there = stored - beyond - refused
    rowless = there & set(empty)
    lists = (there - rowless, rowless, due - beyond - there, beyond)
    return TableCoverage(table, *(tuple(sorted(months)) for months in lists))


def table_months(book: Book) -> list[TableCoverage]:
    """The months of every table and model of a book, in the order of their layers.

    Raises:
        AuditError: the audit log was tampered with.
    """
    found = _Stock(book)
    return [*map(found.table, _names(book)), *map(found.model, book.settings.policy.model.models)]


def _names(book: Book) -> list[str]:
    """The tables of a book: those of every build, those that compare the models, those every model has."""
    tables = book.lake.layout.tables
    built = [table for table in tables.shared if begins_with(table) == "snapshot"]
    common = [table for table in tables.shared if table not in built]
    models = book.settings.policy.model.models
    return [
        *built,
        *tables.quarantines,
        *common,
        *(model_table(model, part) for model in models for part in tables.of_models),
    ]


def months_outside(book: Book) -> dict[str, list[date]]:
    """The stored months of every table and model that the book does not have; those without any are left out.

    Raises:
        AuditError: the audit log was tampered with.
    """
    axis, records = book.axis, PromotionLog(book.lake.layout).records()
    found = {name: axis.outside(axis.begins(begins_with(name)), book.lake.months(name)) for name in _names(book)}
    for model in book.settings.policy.model.models:
        found[f"{_MODEL}{model}"] = axis.outside(axis.first_training, _trained(records, model))
    return {name: months for name, months in found.items() if months}


def _trained(records: Sequence[PromotionRecord], model: str) -> list[date]:
    """The months as of which versions of a model were trained."""
    return sorted({trained_as_of(record.model_version) for record in records if record.model == model})


def owner_of(table: str, models: Iterable[str]) -> str:
    """The model a table is of; empty where it is of none."""
    return next((model for model in models if model in table.split("/")[1:]), "")


def _refused(book: Book) -> frozenset[tuple[str, date]]:
    """The months that checks stopped, by table; none of a history that cannot be read: the doctor says why."""
    if moved_from(dagster_home(book.settings)) is not None:
        return frozenset()
    try:
        return refused_by_checks(book)
    except (CreditPlatformError, SQLAlchemyError, dg.DagsterError, OSError):
        return frozenset()


@dataclass
class _Stock:
    """What is stored of a book and what is known of its months; each is looked up once."""

    book: Book

    def table(self, name: str) -> TableCoverage:
        kind, owner = begins_with(name), owner_of(name, self._models)
        first, stored = self.book.axis.begins(kind), self.book.lake.months(name)
        return sorted_out(
            name,
            stored,
            month_range(first, self._last) if self._last and self._can_have(name, kind, owner) else (),
            outside=self.book.axis.outside(first, stored),
            # Nothing of a month is whole whose build is not.
            failed=self._failed.get((kind, owner), set()) | self._failed["snapshot", ""],
            empty=self._empty.get(name, ()),
        )

    def model(self, name: str) -> TableCoverage:
        """A training is missing that the calendar or an action asks for, and that no later one has caught up with."""
        axis, config = self.book.axis, self.book.settings.policy.model
        trained = _trained(self._records, name)
        due = [
            month
            for month in (month_range(axis.first_training, self._last) if self._last else ())
            if not is_trained_since(self._records, name, month)
            and (is_training_due(month, axis.first_training, config) or is_triggered(self.book.lake, name, month))
        ]
        return sorted_out(f"{_MODEL}{name}", trained, due, outside=axis.outside(axis.first_training, trained))

    @property
    def _models(self) -> list[str]:
        return list(self.book.settings.policy.model.models)

    @cached_property
    def _records(self) -> Sequence[PromotionRecord]:
        return PromotionLog(self.book.lake.layout).records()

    @cached_property
    def _rows(self) -> dict[str, dict[date, int]]:
        """Rows of every month as delivered, by source."""
        layout = self.book.lake.layout
        return {source.name: row_counts(layout, f"bronze/{source.name}") for source in layout.portfolio.sources}

    @cached_property
    def _last(self) -> date | None:
        """The newest month that should be there."""
        if self.book.axis.last is not None:
            return self.book.axis.last
        known = [month for rows in self._rows.values() for month, n in rows.items() if n]
        # Without a usable loan file the tables alone say how far the book goes.
        with suppress(SourceError):
            known += months_in_loan_file(self.book)
        return self.book.axis.due_until(known)

    @cached_property
    def _scoreable(self) -> set[str]:
        """The models whose scores can be there: a version is in force, or would be had the first training been run."""
        in_force = models_in_force(self.book, self._records)
        untrained = set(self._models) - {record.model for record in self._records}
        return {*in_force, *(untrained if self.book.settings.policy.model.promotion.auto_promote else ())}

    def _can_have(self, name: str, kind: Begins, owner: str) -> bool:
        """Whether a table can have months by now: no version scores before the first training, or a person's decision.

        What compares the models needs them all, the decision a champion, and a table of the service that it ever ran.
        """
        if kind == "snapshot":
            return True
        is_begun = self._last is not None and self._last >= self.book.axis.first_training
        if name in OF_THE_SERVICE:
            # What a month without service lacks is an empty table.
            return is_begun and self.book.lake.layout.online_decisions().is_dir()
        if name == DECISIONS:
            return is_begun and not self._scoreable.isdisjoint(self.book.settings.policy.model.champions)
        return is_begun and ({owner} if owner else set(self._models)) <= self._scoreable

    @cached_property
    def _empty(self) -> dict[str, list[date]]:
        """The months of which a source has no row, by bronze and silver table."""
        return {
            table: [month for month, n in self._rows[source.name].items() if not n]
            for source in self.book.lake.layout.portfolio.sources
            for table in (f"bronze/{source.name}", f"silver/{source.table}")
        }

    @cached_property
    def _failed(self) -> dict[Step, set[date]]:
        failed: dict[Step, set[date]] = {("snapshot", ""): set(self._lacking)}
        for table, month in _refused(self.book):
            if not table.startswith(_MODEL) and not self._is_kept(table, month):
                failed.setdefault((begins_with(table), owner_of(table, self._models)), set()).add(month)
        return failed

    @property
    def _lacking(self) -> Iterator[date]:
        """The months for which a required source is not built: it has no row, or nothing was made of it at all."""
        months = month_range(self.book.axis.first_snapshot, self._last) if self._last else []
        for source in self.book.lake.layout.portfolio.sources:
            if self.book.settings.policy.model.sources[source.name].required:
                rows, cleaned = self._rows[source.name], self.book.lake.months(f"silver/{source.table}")
                yield from (month for month in months if not rows.get(month, month in cleaned))

    def _is_kept(self, table: str, month: date) -> bool:
        """Whether other rows were delivered for a month and not taken: it is as it was built before."""
        layer, _, source = table.partition("/")
        receipt = read_receipts(self.book.lake.layout, source, [month]).get(month) if layer == "bronze" else None
        return receipt is not None and not receipt.is_taken
