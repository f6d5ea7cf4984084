"""Which delivered months of a book are finished, and which lack something they can have.

A step that fails leaves its month without a table or without a version, a check that fails leaves its result in the
history of runs, and only they tell later that the month is to be run again. What a month can have follows from the
book's axis and from the versions that people or policy put in force; running a month belongs to `continuous`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import dagster as dg

from credit_platform.assets.models.training import is_triggered
from credit_platform.checks.tables import model_table
from credit_platform.cli.book import Book, newest_delivered
from credit_platform.cli.instance import INSTANCE_FILE, open_instance
from credit_platform.cli.run.backfill import waits_for_a_person
from credit_platform.cli.versions.version_status import trained_as_of
from credit_platform.instance.dagster_internals import AssetCheckExecutionRecordStatus
from credit_platform.instance.shared_history import table_of
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord, model_periods
from credit_platform.months import month_range, parse_month
from credit_platform.portfolios.tables import DECISIONS, OF_THE_SERVICE, Begins, Tables, begins_with
from credit_platform.scoring.training.windows import is_training_due
from credit_platform.settings import dagster_home

_FAILED = AssetCheckExecutionRecordStatus.FAILED
_ALL = 1_000_000


@dataclass(frozen=True)
class Delivered:
    """The delivered months of a book, in order."""

    finished: tuple[date, ...]
    unfinished: tuple[date, ...]

    @property
    def newest_finished(self) -> date | None:
        """None where no month is finished."""
        return max(self.finished, default=None)

    @property
    def gaps(self) -> list[date]:
        """The unfinished months that lie before a finished one."""
        return [month for month in self.unfinished if self.newest_finished and month < self.newest_finished]

    @property
    def ahead(self) -> list[date]:
        """The months after the newest finished one."""
        return [month for month in self.unfinished if month not in self.gaps]


def delivered_months(book: Book) -> Delivered:
    """Every month from the book's first to the newest of the loan file, by whether it is finished.

    Raises:
        SourceError: there is no usable loan file.
        AuditError: the audit log was tampered with.
    """
    months = month_range(book.axis.first_snapshot, newest_delivered(book))
    refused = frozenset((begins_with(table), month) for table, month in refused_by_checks(book))
    progress = _Progress(book, PromotionLog(book.lake.layout).records(), refused)
    is_finished = {month: progress.is_finished(month) for month in months}
    return Delivered(
        tuple(month for month in months if is_finished[month]),
        tuple(month for month in months if not is_finished[month]),
    )


def refused_by_checks(book: Book) -> frozenset[tuple[str, date]]:
    """Months that a blocking check stopped over the rows that stand there, by the table.

    Empty where the history of runs is not there.
    """
    if not (dagster_home(book.settings) / INSTANCE_FILE).is_file():
        return frozenset()
    graph = book.repository().asset_graph
    keys = [key for key in graph.asset_check_keys if graph.get_check_spec(key).blocking]
    with open_instance(book.settings) as instance:
        failed: dict[dg.AssetCheckKey, set[str]] = {}
        for info in instance.event_log_storage.get_asset_check_partition_info(keys):
            if info.partition_key and info.is_current and info.latest_execution_status == _FAILED:
                failed.setdefault(info.check_key, set()).add(info.partition_key)
        return frozenset(
            (table_of(book.settings.portfolio, key.asset_key), parse_month(month))
            for key, months in failed.items()
            for month in months & _stopped_by(instance, key)
        )


def _stopped_by(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> set[str]:
    """The months whose newest failure of a check was more than a warning."""
    severity: dict[str, dg.AssetCheckSeverity] = {}
    for record in instance.event_log_storage.get_asset_check_execution_history(key, limit=_ALL, status={_FAILED}):
        if record.partition and record.evaluation:
            severity.setdefault(record.partition, record.evaluation.severity)
    return {month for month, found in severity.items() if found == dg.AssetCheckSeverity.ERROR}


def models_in_force(book: Book, records: Sequence[PromotionRecord]) -> list[str]:
    """The models of which a version can score; none while policy waits for people to decide."""
    if waits_for_a_person(book):
        return []
    return [model for model in book.settings.policy.model.models if model_periods(records, model)]


def is_trained_since(records: Sequence[PromotionRecord], model: str, month: date) -> bool:
    """Whether a version of the model was decided about that was trained as of the month or a later one."""
    return any(r.model == model and trained_as_of(r.model_version) >= month for r in records)


@dataclass
class _Progress:
    book: Book
    records: Sequence[PromotionRecord]
    refused: frozenset[tuple[Begins, date]]
    _months: dict[str, frozenset[date]] = field(default_factory=dict)

    @property
    def _tables(self) -> Tables:
        return self.book.lake.layout.tables

    def is_finished(self, month: date) -> bool:
        first = self.book.axis.first_training
        if ("snapshot", month) in self.refused or not self._has_all(self._tables.shared, "snapshot", month):
            return False
        if month < first:
            # Its scores and outcomes are made when the month of the first training is run.
            return True
        scored = month_range(self.book.axis.first_scoring, first) if month == first else [month]
        return all(self._is_used(each) for each in scored) and not self._lacks_a_version(month)

    def _is_used(self, month: date) -> bool:
        """Whether a month is scored and its outcome read, as far as that is possible."""
        if not self.refused.isdisjoint({("scoring", month), ("outcome", month)}):
            return False
        if not self._has("gold/feature_store", month):
            return True
        models = self._models_in_force
        begun = [name for name, begins in self._begins().items() if month >= begins]
        own = [model_table(model, part) for model in models for part in self._tables.of_models]
        # What holds the models against each other needs them all, the decision the champion alone.
        config = self.book.settings.policy.model
        common = [
            table
            for table in self._tables.shared
            if table not in {DECISIONS, *OF_THE_SERVICE} and len(models) == len(config.models)
        ]
        if config.champion_in(month) in models:
            common.append(DECISIONS)
        wanted = [table for table in (*own, *common) if begins_with(table) in begun]
        return all(self._has(table, month) for table in wanted)

    def _begins(self) -> dict[str, date]:
        return {"scoring": self.book.axis.first_scoring, "outcome": self.book.axis.first_outcome}

    @cached_property
    def _models_in_force(self) -> list[str]:
        return models_in_force(self.book, self.records)

    def _lacks_a_version(self, month: date) -> bool:
        """Whether a model was to be trained in the month, and neither was nor has been since.

        Without any version nothing of a month from the first training on can be done.
        """
        config = self.book.settings.policy.model
        if not set(config.models) <= {record.model for record in self.records}:
            return True
        is_due = is_training_due(month, self.book.axis.first_training, config)
        return any(
            not is_trained_since(self.records, model, month) and (is_due or is_triggered(self.book.lake, model, month))
            for model in config.models
        )

    def _has_all(self, tables: Iterable[str], begins: str, month: date) -> bool:
        return all(self._has(table, month) for table in tables if begins_with(table) == begins)

    def _has(self, table: str, month: date) -> bool:
        if table not in self._months:
            self._months[table] = frozenset(self.book.lake.months(table))
        return month in self._months[table]
