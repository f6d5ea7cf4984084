"""Versions in use: scoring with them, what they reach, how far today is from development, and who hears of it.

What is measured is written in the room `monitoring`; training another version belongs to `training`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.jobs import MONITOR_MONTH, SCORE_MONTH
from credit_platform.cli.alerts import dispatcher_of
from credit_platform.cli.book import Book, models_named
from credit_platform.cli.versions.promotion import Person, promote
from credit_platform.cli.versions.versions import version_rows
from credit_platform.errors import LifeCycleError
from credit_platform.facades.runs import quiet_console, run_months, said_on
from credit_platform.lake.governance.alert_log import AlertRecord
from credit_platform.statistics.stability_index import stability_index


@dataclass(frozen=True)
class ModelMonitor:
    """A month of versions in use: scores, and what is measured of them."""

    book: Book

    def run_inference(self, first: date, last: date) -> dict[str, pl.DataFrame]:
        """Score a range of months with the versions in force; the predictions by model.

        Raises:
            SettingsError: the range does not lie in the book.
            TableError: a step or a check failed, such as no version being in force; says which and why.
        """
        run_months(self.book, SCORE_MONTH, first, last)
        return {model: self.predictions(model, [first, last]) for model in self.book.settings.policy.model.models}

    def check_performance(self, first: date, last: date) -> pl.DataFrame:
        """Measure what became known in a range of months; the actions that follow, as `actions`.

        Raises as `run_inference`.
        """
        run_months(self.book, MONITOR_MONTH, first, last)
        return self.actions(first, last)

    def predictions(self, model: str, span: Sequence[date]) -> pl.DataFrame:
        """Rows of `prediction/<model>` from the first to the last of some months. Raises MissingMonthsError."""
        return self._rows(f"prediction/{models_named(self.book, model)[0]}", min(span), max(span))

    def actions(self, first: date, last: date) -> pl.DataFrame:
        """Rows of `monitoring/<model>/action` of every model: monitor, active_monitoring or retrain, and why.

        Raises:
            MissingMonthsError: no month of the range was measured.
        """
        models = self.book.settings.policy.model.models
        return pl.concat(self._rows(f"monitoring/{model}/action", first, last) for model in models)

    def versions(self, model: str | None = None) -> pl.DataFrame:
        """Every stored version with its role, when it came into force and what it reached. Raises AuditError."""
        return pl.DataFrame(version_rows(self.book, models_named(self.book, model)), infer_schema_length=None)

    def update_production(
        self, model: str, version: str, *, approver: str, reason: str, effective_month: date | None = None
    ) -> None:
        """Put a version in force because a person says so; open cohorts are scored again.

        Raises:
            LifeCycleError: it fails a gate, is in force already, cannot be by then, or scoring again failed.
            ModelStoreError: the version is unknown or damaged.
            SettingsError: no person or no reason is named.
        """
        console, name = quiet_console(), models_named(self.book, model)[0]
        code = promote(
            self.book,
            console,
            model=name,
            version=version,
            to="in force",
            person=Person.named(approver, reason),
            effective_month=effective_month,
            despite_failed_gates=False,
        )
        if code:
            raise LifeCycleError(model=name, version=version, reason=said_on(console), fix="Mend the cause.")

    def _rows(self, table: str, first: date, last: date) -> pl.DataFrame:
        months = [month for month in self.book.lake.months(table) if first <= month <= last]
        return self.book.lake.scan(table, months or [first]).collect()


@dataclass(frozen=True)
class PerformanceTracker:
    """What models reached on cohorts whose outcome is known."""

    book: Book

    def track(self, model: str, months: Sequence[date] | None = None) -> pl.DataFrame:
        """Rows of `monitoring/<model>/performance`, of all months without any named. Raises MissingMonthsError."""
        table = f"monitoring/{models_named(self.book, model)[0]}/performance"
        return self.book.lake.scan(table, months or self.book.lake.months(table)).collect()


@dataclass(frozen=True)
class DriftDetector:
    """How far a month's scores and features lie from development."""

    book: Book

    @staticmethod
    def index(expected: Sequence[float], actual: Sequence[float]) -> float | None:
        """Population stability index of two samples' counts over the same bins; None where one has no rows."""
        return stability_index(expected, actual)

    def measure(self, model: str, month: date) -> pl.DataFrame:
        """Rows of `monitoring/<model>/stability` of a month. Raises MissingMonthsError."""
        return self.book.lake.scan(f"monitoring/{models_named(self.book, model)[0]}/stability", [month]).collect()

    def detect(self, model: str, month: date) -> pl.DataFrame:
        """Those whose status is `warn` or `breach`, the farthest first. Raises MissingMonthsError."""
        found = self.measure(model, month).filter(pl.col("status").is_in(["warn", "breach"]))
        return found.sort("value", descending=True)


@dataclass(frozen=True)
class AlertManager:
    """Alerts: those that are open, and sending those that are pending."""

    book: Book

    @property
    def dispatcher(self) -> AlertDispatcher:
        """Where alerts are noted and sent from; a dry run until CREDIT_ALERT_DRY_RUN says otherwise."""
        return dispatcher_of(self.book)

    def open_alerts(self) -> list[AlertRecord]:
        """The newest record of every alert that is not resolved."""
        return self.dispatcher.log.open_alerts()

    def notify(self) -> list[AlertRecord]:
        """Send what is due, as the sensor does where a daemon runs; what was sent."""
        return self.dispatcher.catch_up()
