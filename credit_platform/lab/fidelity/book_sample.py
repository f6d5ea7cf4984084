"""A whole loan book read the way the platform reads it: cleaned rows, features at application, labels.

Comparing two books belongs to `agreement`, reading files to `lake`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.portfolios.loans.config import loan_label
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.generator.book import BookSpec, MonthOfSources, generate_month, months_of
from credit_platform.portfolios.loans.outcome.labels import label_loans
from credit_platform.portfolios.loans.sources.attributes import clean_attributes
from credit_platform.portfolios.loans.sources.clickstream import clean_clickstream
from credit_platform.portfolios.loans.sources.financials import clean_financials
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from credit_platform.policy.model_config import ModelConfig


@dataclass(frozen=True, eq=False)
class BookSample:
    """One book.

    Attributes:
        raw: Bronze rows by source, text.
        attributes: Rows of silver/customer_attributes.
        financials: Rows of silver/customer_financials.
        snapshots: Rows of silver/loan_snapshots.
        clickstream: Rows of silver/customer_clickstream.
        features: Rows of gold/feature_store, all cohorts.
        labels: Rows of gold/label_store, all cohorts that are mature.
    """

    raw: Mapping[str, pl.DataFrame]
    attributes: pl.DataFrame
    financials: pl.DataFrame
    snapshots: pl.DataFrame
    clickstream: pl.DataFrame
    features: pl.DataFrame
    labels: pl.DataFrame

    @property
    def months(self) -> list[date]:
        """Snapshot months of the loan file, rising."""
        return self.snapshots.get_column("snapshot_month").unique().sort().to_list()

    @property
    def loans_per_month(self) -> int:
        """New loans a month on average, whole."""
        return max(1, round(self.features.height / max(1, len(self.months))))

    def labelled(self) -> pl.DataFrame:
        """Features of every mature loan with its `label`, sorted by month of application and loan."""
        return self.features.join(self.labels.select("loan_id", "label"), on="loan_id").sort(
            "snapshot_month", "loan_id"
        )


def sample_of(raw: Mapping[str, pl.DataFrame], config: ModelConfig) -> BookSample:
    """Clean a book's bronze rows, all months at once, and make its features and labels by policy."""
    loans = clean_loan_snapshots(raw["lms_loan_daily"].lazy(), day_count=loan_label(config.label).day_count)
    cleaned = (
        loans,
        clean_attributes(raw["features_attributes"].lazy()),
        clean_financials(raw["features_financials"].lazy()),
        clean_clickstream(raw["feature_clickstream"].lazy()),
    )
    snapshots, attributes, financials, clickstream = pl.collect_all([one.rows for one in cleaned])
    features = build_feature_store(
        snapshots.lazy(),
        attributes.lazy(),
        financials.lazy(),
        clickstream.lazy(),
        clickstream_months=config.features.history_months("clickstream"),
    )
    label = loan_label(config.label)
    labels = label_loans(snapshots.lazy(), dpd_threshold=label.dpd_threshold, mob=label.mob, label_def=label.label_def)
    made_features, made_labels = pl.collect_all([features, labels])
    return BookSample(raw, attributes, financials, snapshots, clickstream, made_features, made_labels)


def generated_rows(spec: BookSpec) -> dict[str, pl.DataFrame]:
    """The bronze rows of a whole generated book by source, as if each source had come in one file."""
    months = [(month, generate_month(spec, month)) for month in months_of(spec)]
    rows: dict[str, pl.DataFrame] = {}
    for source in (field.name for field in fields(MonthOfSources)):
        parts = [getattr(made, source).with_columns(snapshot_month=pl.lit(month)) for month, made in months]
        rows[source] = pl.concat(parts).with_columns(
            source_file=pl.lit(f"{source}.csv"),
            source_line=pl.int_range(2, pl.len() + 2, dtype=pl.Int64),
        )
    return rows
