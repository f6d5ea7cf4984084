"""Features: building them, judging them, and giving them out.

What a feature is made of is written in the book's folder; drift of scores stands in `monitoring`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO

import dataframely as dy
import polars as pl

from credit_platform.automation.jobs import BUILD_MONTH
from credit_platform.checks.contracts import MonthVerdict
from credit_platform.checks.judgements_features import null_shares
from credit_platform.cli.book import Book, models_named
from credit_platform.facades.ingestion import DatabaseUtils, DataQualityChecker
from credit_platform.facades.monitoring import DriftDetector
from credit_platform.facades.runs import run_months
from credit_platform.portfolios.application_rows import Applications, applications_of
from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.statistics.correlation import rank_correlations

STORE = "gold/feature_store"


@dataclass(frozen=True)
class FeatureEngineer:
    """From cleaned rows to what is known of a case."""

    book: Book

    def create(self, first: date, last: date) -> pl.DataFrame:
        """Build the features of a range of months from what is loaded; their rows.

        Raises:
            SettingsError: the range does not lie in the book.
            TableError: a step or a check failed; says which and why.
        """
        months = run_months(self.book, BUILD_MONTH, first, last, [STORE])
        return self.book.lake.scan(STORE, months).collect()

    def from_rows(self, silver: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
        """Features of rows at hand, by silver table; nothing is read or written."""
        config = self.book.settings.policy.model
        lazy = {table: rows.lazy() for table, rows in silver.items()}
        return self.book.settings.portfolio.features.build(lazy, config).collect()


@dataclass(frozen=True)
class FeatureValidator:
    """Whether features meet their contract, say something, say it twice, and how far they are from development."""

    book: Book

    def validate(self, months: Sequence[date]) -> dict[date, MonthVerdict]:
        """Months of `gold/feature_store` against their contract. Raises as `DataQualityChecker.check`."""
        return DataQualityChecker(self.book).check(STORE, months)

    def validate_rows(self, text: pl.DataFrame) -> Applications:
        """Rows handed in as text, with `source_line`, against the same contract; each fault names its line and case."""
        return applications_of(text, self.book.settings.portfolio)

    def missing(self, months: Sequence[date]) -> pl.DataFrame:
        """Share of empty cells: `snapshot_month, feature, missing`, 0 to 1. Raises MissingMonthsError."""
        columns = self._features.columns
        shares = null_shares(self.book.lake, columns, months)
        found = [(month, name, row[name]) for month, row in sorted(shares.items()) for name in columns]
        schema = {"snapshot_month": pl.Date, "feature": pl.String, "missing": pl.Float64}
        return pl.DataFrame(found, schema, orient="row")

    def importance(self, model: str, version: str) -> pl.DataFrame:
        """How much a version rests on each feature: `feature, importance` (share of the whole), `rank`.

        Raises:
            ModelStoreError: the version is unknown or was changed.
        """
        stored = self.book.lake.versions.read(models_named(self.book, model)[0], version)
        return pl.read_parquet(BytesIO(stored.files["feature_importance.parquet"]))

    def correlations(self, months: Sequence[date]) -> pl.DataFrame:
        """Spearman's rank correlation of every two numeric features over some months together.

        Returns:
            One row per feature: `feature`, then a column per feature; null where a feature does not vary among the
            cases that have both.

        Raises:
            MissingMonthsError: a month was never built.
        """
        names = list(self._features.numeric)
        values = self.book.lake.scan(STORE, months).select(pl.col(names).cast(pl.Float64)).collect()
        found = pl.DataFrame(rank_correlations(values.to_numpy()), schema=names, orient="row").fill_nan(None)
        return found.insert_column(0, pl.Series("feature", names))

    def correlated(self, months: Sequence[date], limit: float = 0.9) -> pl.DataFrame:
        """The pairs that say nearly the same: `feature, other, correlation`, beyond a limit, the closest first.

        Raises as `correlations`.
        """
        matrix = self.correlations(months)
        pairs = matrix.unpivot(index="feature", variable_name="other", value_name="correlation")
        place = {name: n for n, name in enumerate(matrix["feature"])}
        is_once = pl.col("feature").replace_strict(place) < pl.col("other").replace_strict(place)
        close = pairs.filter(is_once, pl.col("correlation").abs() >= limit)
        return close.sort(pl.col("correlation").abs(), "feature", "other", descending=[True, False, False])

    def drift(self, model: str, month: date) -> pl.DataFrame:
        """CSI and missingness of every feature in a month. Raises MissingMonthsError."""
        rows = DriftDetector(self.book).measure(model, month)
        return rows.filter(pl.col("segment") != "all")

    @property
    def _features(self) -> FeatureSet:
        return self.book.settings.portfolio.features


@dataclass(frozen=True)
class FeatureStoreManager:
    """The feature store: its months, and the samples that versions learned from and were measured on."""

    book: Book

    def months(self) -> list[date]:
        """The months there are."""
        return self.book.lake.months(STORE)

    def read(self, months: Sequence[date]) -> pl.DataFrame:
        """The features of some months. Raises MissingMonthsError and TableError."""
        return self.book.lake.scan(STORE, months).collect()

    def dataset(self, model: str, version: str, sample: str | None = None) -> pl.DataFrame:
        """The labelled rows of a version: `sample` (train, validation, test, oot), features and `label`.

        Raises:
            MissingMonthsError: nothing is built yet.
        """
        name = models_named(self.book, model)[0]
        quoted = (value.replace("'", "''") for value in (name, version))
        rows = DatabaseUtils(self.book).query(
            "select * from samples.of_version('{}', '{}')".format(*quoted)  # noqa: S608 - quoted
        )
        return rows if sample is None else rows.filter(pl.col("sample") == sample)

    def refresh(self) -> None:
        """Make the views over the store anew."""
        DatabaseUtils(self.book).refresh()


@dataclass(frozen=True)
class FeatureStoreUtils:
    """What the columns of the feature store are, and what they are made of."""

    book: Book

    @property
    def schema(self) -> type[dy.Schema]:
        """The contract."""
        return self.book.settings.portfolio.features.schema

    def lineage(self, feature: str) -> list[tuple[str, str]]:
        """The columns a feature is made of, as silver table and column.

        Raises:
            KeyError: there is no such feature.
        """
        return list(self.book.settings.portfolio.features.lineage()[STORE][feature])
