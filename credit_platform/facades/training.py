"""Versions: training them, whether they may be used, and which of two ranks better.

How a version is fitted is written in `scoring`, what a training does in `assets.models`; following a version in use
belongs to `monitoring`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from credit_platform.cli.book import Book, models_named
from credit_platform.cli.run.training import Trained, is_untrained, newest_built, train_by_hand, train_first, trained_in
from credit_platform.cli.versions.version_status import ModelVersions
from credit_platform.errors import TrainingError
from credit_platform.facades.runs import quiet_console, said_on
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.governance.promotions import PromotionLog, incumbent
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.months import add_months, month_range, months_between, parse_month
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.statistics.discrimination import delong_paired_p_value, roc_auc


@dataclass(frozen=True)
class ModelTrainer:
    """Trains models; which algorithm a model is, and on which months it learns, is policy."""

    book: Book

    def train(self, model: str | None = None, as_of: date | None = None) -> list[Trained]:
        """Train one model or all, the first time with all they need, later as of a month (the newest built).

        Returns:
            Each version made, and what was decided about it; empty where the same version was stored already.

        Raises:
            TrainingError: a training failed, and the versions in force stay in force; says why.
            WindowError: no training window fits before the month.
            SettingsError: there is no such model, or the month does not lie in the book.
        """
        book, console = self.book, quiet_console()
        models, log = models_named(book, model), AuditLog(book.lake.layout)
        before = len(log.records())
        if as_of is None and is_untrained(book):
            code = train_first(book, console)
        else:
            code = train_by_hand(book, console, models, as_of or newest_built(book) or book.axis.first_training)
        if code:
            raise TrainingError(
                model=", ".join(models), reason=said_on(console), fix="Mend the cause and call this again"
            )
        return trained_in(log.records()[before:])

    def evaluate(self, model: str, version: str) -> pl.DataFrame:
        """What a version reached: `model, model_version, sample_role, metric, value`.

        Raises:
            ModelStoreError: the version is unknown or was changed.
        """
        name = models_named(self.book, model)[0]
        metrics = self.book.lake.versions.read(name, version).metadata.metrics
        schema = {"sample_role": pl.String, "metric": pl.String, "value": pl.Float64}
        rows = pl.DataFrame([(row.sample_role, row.metric, row.value) for row in metrics], schema, orient="row")
        return rows.select(pl.lit(name).alias("model"), pl.lit(version).alias("model_version"), pl.all())


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
    """Two rankings of the same cases, and the chance that they differ so by luck; None where a class is missing."""

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
        """Compare two predictions of the same cases by DeLong's paired test (DeLong et al. 1988)."""
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
class ModelUtils:
    """The stored versions of a book's models."""

    book: Book

    def versions(self, model: str) -> list[str]:
        """The versions of a model, oldest first. Raises SettingsError."""
        return ModelStore(self.book.lake.layout).versions(models_named(self.book, model)[0])

    def load(self, model: str, version: str) -> FittedVersion:
        """A version as it was fitted; its `predict` gives calibrated probabilities of feature store rows.

        Raises:
            ModelStoreError: the version is unknown or was changed.
        """
        return ModelVersions(self.book, models_named(self.book, model)[0]).load(version)

    def in_force(self, model: str, month: date) -> str | None:
        """The version in force in a month; None where there is none. Raises AuditError."""
        records = PromotionLog(self.book.lake.layout).records()
        return incumbent(records, models_named(self.book, model)[0], month)


class DateUtils:
    """Months, which are the first day of the month throughout."""

    parse = staticmethod(parse_month)
    add = staticmethod(add_months)
    between = staticmethod(months_between)
    range = staticmethod(month_range)
