"""What the platform measures and checks, from Python: small objects over a book.

Each is a thin front over what the assets and checks run; no rule and no number is made here. The phases themselves
belong to `orchestrator`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.checks.contracts import MonthVerdict, contract_verdicts
from credit_platform.cli.alerts import dispatcher_of
from credit_platform.cli.book import Book, models_named
from credit_platform.cli.versions.version_status import ModelVersions
from credit_platform.errors import MissingMonthsError
from credit_platform.lake.governance.alert_log import AlertRecord
from credit_platform.portfolios.application_rows import Applications, applications_of
from credit_platform.statistics.discrimination import delong_paired_p_value, roc_auc
from credit_platform.statistics.stability_index import stability_index


@dataclass(frozen=True)
class DataQualityChecker:
    """Whether stored tables meet their contracts, and how good each source is."""

    book: Book

    def check(self, table: str, months: Sequence[date]) -> dict[date, MonthVerdict]:
        """Every month of a table against its schema class, by asset key such as `gold/label_store`.

        Raises:
            MissingMonthsError: a month was never built, or there is no such table.
            TableError: a month was written by a release with other columns.
        """
        schema = self.book.lake.layout.tables.schema(table)
        if schema is None:
            raise MissingMonthsError(table=table, months=list(months))
        return contract_verdicts(self.book.lake.scan(table, months), schema, months)

    def scores(self, months: Sequence[date]) -> pl.DataFrame:
        """Rows of `monitoring/data_quality`: six dimensions per source and month. Raises as `check`."""
        return self.book.lake.scan("monitoring/data_quality", months).collect()


@dataclass(frozen=True)
class FeatureValidator:
    """Whether features meet their contract, and how far they lie from development."""

    book: Book

    def validate(self, months: Sequence[date]) -> dict[date, MonthVerdict]:
        """Months of `gold/feature_store` against their contract. Raises as `DataQualityChecker.check`."""
        return DataQualityChecker(self.book).check("gold/feature_store", months)

    def validate_rows(self, text: pl.DataFrame) -> Applications:
        """Rows handed in as text, with `source_line`, against the same contract; each fault names its line and loan."""
        return applications_of(text, self.book.settings.portfolio)

    def drift(self, model: str, month: date) -> pl.DataFrame:
        """CSI and missingness of every feature in a month. Raises MissingMonthsError."""
        rows = DriftDetector(self.book).measure(model, month)
        return rows.filter(pl.col("segment") != "all")


@dataclass(frozen=True)
class LabelQualityChecker:
    """Whether labels meet their contract, and how many are bad."""

    book: Book

    def check(self, months: Sequence[date]) -> dict[date, MonthVerdict]:
        """Months of `gold/label_store` against their contract. Raises as `DataQualityChecker.check`."""
        return DataQualityChecker(self.book).check("gold/label_store", months)

    def bad_rates(self, months: Sequence[date]) -> pl.DataFrame:
        """One row per month with labels: `snapshot_month, n, n_bad, bad_rate`. Raises MissingMonthsError."""
        labels = self.book.lake.scan("gold/label_store", months)
        by_month = labels.group_by("snapshot_month").agg(n=pl.len(), n_bad=pl.col("label").cast(pl.Int64).sum())
        return by_month.with_columns(bad_rate=pl.col("n_bad") / pl.col("n")).sort("snapshot_month").collect()


@dataclass(frozen=True)
class ModelValidator:
    """Whether a version may go into production."""

    book: Book

    def failed_gates(self, model: str, version: str) -> dict[str, str]:
        """The gates of today's policy that a version fails, each with a sentence; empty when it may.

        Raises:
            ModelStoreError: the version is unknown or was changed.
        """
        return ModelVersions(self.book, models_named(self.book, model)[0]).failed_gates(version)


@dataclass(frozen=True)
class Comparison:
    """Two rankings of the same loans, and the chance that they differ so by luck; None where a class is missing."""

    n: int
    n_bad: int
    roc_auc_a: float | None
    roc_auc_b: float | None
    p_value: float | None


@dataclass(frozen=True)
class ModelComparator:
    """Which of two models ranks better, and what the platform decided about them."""

    book: Book

    @staticmethod
    def compare(label: ArrayLike, probability_a: ArrayLike, probability_b: ArrayLike) -> Comparison:
        """Compare two predictions of the same loans by DeLong's paired test (DeLong et al. 1988)."""
        outcome = np.asarray(label)
        return Comparison(
            n=int(outcome.size),
            n_bad=int(outcome.sum()),
            roc_auc_a=roc_auc(label, probability_a),
            roc_auc_b=roc_auc(label, probability_b),
            p_value=delong_paired_p_value(label, probability_a, probability_b),
        )

    def decisions(self, months: Sequence[date]) -> pl.DataFrame:
        """Rows of `monitoring/champion_challenger`. Raises MissingMonthsError."""
        return self.book.lake.scan("monitoring/champion_challenger", months).collect()


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
    """Alerts: those that are open, and telling what nobody has heard of yet."""

    book: Book

    @property
    def dispatcher(self) -> AlertDispatcher:
        """Where alerts are noted and sent from; a dry run until CREDIT_ALERT_DRY_RUN says otherwise."""
        return dispatcher_of(self.book)

    def open_alerts(self) -> list[AlertRecord]:
        """The newest record of every alert that is not resolved."""
        return self.dispatcher.log.open_alerts()

    def notify(self) -> list[AlertRecord]:
        """Tell what is due, as the sensor does where a daemon runs; what was told."""
        return self.dispatcher.catch_up()
