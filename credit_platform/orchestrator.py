"""The platform from Python: its phases as methods of one object, and what it measures as small objects.

The names are those of the churn pipeline this platform replaces, so that notebooks written for it read on. Each is a
thin front over what the command line and the assets run; no rule and no number is made here.
"""

import json
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import ArrayLike
from rich.console import Console

from credit_platform.automation.alert_delivery import AlertDesk
from credit_platform.checks.contract_verdicts import MonthVerdict, contract_verdicts
from credit_platform.cli import main
from credit_platform.cli.alerts import desk_of
from credit_platform.cli.book import Book, initialise, models_named
from credit_platform.cli.continuous import WalkedMonth, months_to_walk, walk
from credit_platform.cli.standing import Standing
from credit_platform.cli.training import is_untrained, train_first
from credit_platform.errors import MissingMonthsError, TrainingError, WindowError
from credit_platform.features.application_rows import Applications, applications_of
from credit_platform.lake.alert_ledger import AlertRecord
from credit_platform.lake.promotions import PromotionLog, incumbent
from credit_platform.lake.schema_version import schema_class
from credit_platform.lending.months import add_months
from credit_platform.monitoring.stability import stability_index
from credit_platform.scoring.discrimination import delong_paired_p_value, roc_auc
from credit_platform.settings import Settings, load_settings


@dataclass
class MLPipelineOrchestrator:
    """The life of one book, phase by phase; what its runs print goes to `console`, or into the error of a failure."""

    settings: Settings = field(default_factory=load_settings)
    console: Console = field(default_factory=lambda: Console(file=StringIO(), width=200))

    @property
    def book(self) -> Book:
        """The book as its settings have it now."""
        return Book.of(self.settings)

    def run_initialization(self) -> Book:
        """Write the book's months to platform.yaml, as `credit-platform init`; deletes nothing.

        Raises:
            SourceError: there is no usable loan file.
        """
        self.settings = initialise(self.settings)
        return self.book

    def run_initial_training(self, num_months: int | None = None) -> tuple[dict[str, str], pl.DataFrame]:
        """Build the book up to its first training, train every model and score the months before.

        Args:
            num_months: How many months of the book are to be used at most; the windows of policy say how many are
                needed, and all they need are used.

        Returns:
            The version in force by model, and what they reached: `model, model_version, sample_role, metric, value`.

        Raises:
            WindowError: the windows need more than `num_months`, or more than is delivered.
            SourceError: there is no usable loan file.
            TrainingError: a step failed; the message tells what is missing.
        """
        book = self.book
        axis = book.axis
        if num_months is not None and add_months(axis.first_snapshot, num_months - 1) < axis.first_training:
            raise WindowError(
                as_of=add_months(axis.first_snapshot, num_months - 1),
                reason=f"{num_months} months hold no training window",
                fix=f"The first training is possible in {axis.first_training:%Y-%m}; see credit-platform timeline",
            )
        if is_untrained(book) and train_first(book, self.console) != 0:
            raise TrainingError(model="all", reason=self._said(), fix="Mend the cause and call this again")
        return self._versions_in_force(add_months(axis.first_training, 1))

    def run_continuous_learning(self, max_iterations: int | None = None) -> list[WalkedMonth]:
        """Walk on month by month from what is finished, as `credit-platform continuous`.

        Months that failed before are tried again, whatever `max_iterations` says of those after the newest finished.

        Returns:
            What each model did in each month, and what failed there.

        Raises:
            SourceError: there is no usable loan file.
            AuditError: the audit log was tampered with.
        """
        book = self.book
        return walk(book, self.console, months_to_walk(book, max_iterations))

    def run_drift_simulation(
        self, drift: str = "concept", first_month: str = "2023-03", strength: float = 0.7, out: Path = Path("lab")
    ) -> dict[str, object]:
        """Plant a drift in a generated book and run its whole life apart, as `credit-platform simulate`.

        Policy is what the environment says; this book and its history are not touched.

        Args:
            drift: The kind, as simulate knows it.
            first_month: From which month on, YYYY-MM.
            strength: Above 0 up to 1.
            out: The folder of the lab, which must be its own (SettingsError otherwise).

        Returns:
            What was noticed when, against the truth, and what failed.
        """
        planted = ["--drift", drift, "--from", first_month, "--strength", f"{strength:g}", "--out", str(out), "--json"]
        printed = StringIO()
        with redirect_stdout(printed):
            main.app(["simulate", *planted], exit_on_error=False, result_action="return_value")
        found: dict[str, object] = json.loads(printed.getvalue())
        return found

    def _versions_in_force(self, month: date) -> tuple[dict[str, str], pl.DataFrame]:
        book, parts = self.book, list[pl.DataFrame]()
        versions: dict[str, str] = {}
        for model in book.settings.policy.model.models:
            version = incumbent(PromotionLog(book.lake.layout).records(), model, month)
            if version is None:
                continue
            versions[model] = version
            metrics = Standing(book, model).load(version).metadata["metrics"]
            listed = metrics if isinstance(metrics, list) else []
            rows = pl.DataFrame(listed, infer_schema_length=None).select("sample_role", "metric", "value")
            parts.append(rows.select(pl.lit(model).alias("model"), pl.lit(version).alias("model_version"), pl.all()))
        return versions, pl.concat(parts) if parts else pl.DataFrame()

    def _said(self) -> str:
        stream = self.console.file
        return stream.getvalue().strip() if isinstance(stream, StringIO) else "a step failed, see above"


@dataclass(frozen=True)
class DataQualityChecker:
    """Whether stored tables meet their contracts, and how good each source is."""

    book: Book

    def check(self, table: str, months: Sequence[date]) -> dict[date, MonthVerdict]:
        """Every month of a table against its schema class, by asset key such as `silver/loan_snapshots`.

        Raises:
            MissingMonthsError: a month was never built, or there is no such table.
            TableError: a month was written by a release with other columns.
        """
        schema = schema_class(table)
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

    @staticmethod
    def validate_rows(text: pl.DataFrame) -> Applications:
        """Rows handed in as text, with `source_line`, against the same contract; each fault names its line and loan."""
        return applications_of(text)

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
        return Standing(self.book, models_named(self.book, model)[0]).failed_gates(version)


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
    def desk(self) -> AlertDesk:
        """Where alerts are noted and sent from; a dry run until CREDIT_ALERT_DRY_RUN says otherwise."""
        return desk_of(self.book)

    def open_alerts(self) -> list[AlertRecord]:
        """The newest record of every alert that is not resolved."""
        return self.desk.ledger.open_alerts()

    def notify(self) -> list[AlertRecord]:
        """Tell what is due, as the sensor does where a daemon runs; what was told."""
        return self.desk.catch_up()
