"""A whole book read the way the platform reads it: cleaned rows, features of every case, labels.

Comparing two books belongs to `fidelity`, reading files to `lake`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.generator import GeneratedBook
from credit_platform.portfolios.portfolio import Portfolio


@dataclass(frozen=True, eq=False)
class BookSample:
    """One book.

    Attributes:
        portfolio: What kind of book it is.
        raw: Bronze rows by source, text.
        silver: Cleaned rows by the asset key of their table.
        features: Rows of gold/feature_store, all cohorts.
        labels: Rows of gold/label_store, all cohorts that are mature.
    """

    portfolio: Portfolio
    raw: Mapping[str, pl.DataFrame]
    silver: Mapping[str, pl.DataFrame]
    features: pl.DataFrame
    labels: pl.DataFrame

    @property
    def cases(self) -> pl.DataFrame:
        """Rows of the cases table, with `months_on_book`."""
        cases = self.portfolio.cases
        return self.silver[cases.table].with_columns(months_on_book=cases.months_on_book)

    @property
    def months(self) -> list[date]:
        """Snapshot months of the cases table, rising."""
        return self.cases.get_column("snapshot_month").unique().sort().to_list()

    @property
    def cases_per_month(self) -> int:
        """New cases a month on average, whole."""
        return max(1, round(self.features.height / max(1, len(self.months))))

    def labelled(self) -> pl.DataFrame:
        """Features of every mature case with its `label`, sorted by month and case."""
        key = self.portfolio.cases.key
        labels = self.labels.select(key, "label", snapshot_month="cohort")
        return self.features.join(labels, on=["snapshot_month", key]).sort("snapshot_month", key)


def sample_of(raw: Mapping[str, pl.DataFrame], portfolio: Portfolio, config: ModelConfig) -> BookSample:
    """Clean a book's bronze rows, all months at once, and make its features and labels by policy."""
    cleaned = {f"silver/{one.table}": one.clean(raw[one.name].lazy(), config, {}) for one in portfolio.sources}
    silver = dict(zip(cleaned, pl.collect_all([table.rows for table in cleaned.values()]), strict=True))
    inputs = {table: rows.lazy() for table, rows in silver.items()}
    if (made := portfolio.cases.made) is not None:
        months = sorted(silver[f"silver/{portfolio.case_source.table}"]["snapshot_month"].unique())
        silver[portfolio.cases.table] = made.build(inputs, months, config).collect()
        inputs[portfolio.cases.table] = silver[portfolio.cases.table].lazy()
    features = portfolio.features.build(inputs, config)
    labels = portfolio.outcome.build(inputs[portfolio.cases.table], config.label)
    return BookSample(portfolio, raw, silver, *pl.collect_all([features, labels]))


def generated_rows(book: GeneratedBook) -> dict[str, pl.DataFrame]:
    """The bronze rows of a whole generated book by source, as if each source had come in one file."""
    parts: dict[str, list[pl.DataFrame]] = {}
    for month in book.months:
        for source, rows in book.rows(month).items():
            parts.setdefault(source, []).append(rows.with_columns(snapshot_month=pl.lit(month)))
    return {
        source: pl.concat(frames).with_columns(
            source_file=pl.lit(f"{source}.csv"), source_line=pl.int_range(2, pl.len() + 2, dtype=pl.Int64)
        )
        for source, frames in parts.items()
    }
