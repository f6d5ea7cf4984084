"""The lineage of columns is the truth: other cells in one column change what it names, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.features.lineage import Lineage
from credit_platform.portfolios.loans.generator.book import BookSpec, generate_month
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.portfolios.tables import tables_of
from credit_platform.schemas.cleaning.table_cleaning import Cleaned
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials

MONTH = date(2023, 2, 1)
SPEC = BookSpec(first_month=date(2023, 1, 1), n_months=2, cases_per_month=60, history_months=2, seed=3)
CLEANERS: dict[str, tuple[str, Callable[[pl.LazyFrame], Cleaned]]] = {
    "silver/loan_snapshots": ("lms_loan_daily", clean_loan_snapshots),
    "silver/customer_attributes": ("features_attributes", clean_attributes),
    "silver/customer_financials": ("features_financials", clean_financials),
    "silver/customer_clickstream": ("feature_clickstream", clean_clickstream),
}
# The loans of the book lend one amount, and what else says when a loan began cannot change alone.
ALIKE = {"repairs", "loan_start_date", "mob", "tenure", "installment_num", "loan_amount"}
# Where a row belongs, which other cells may not change.
KEYS = {"snapshot_month", "snapshot_date", "customer_id", "loan_id"}
SOURCE_KEYS = {"Customer_ID", "loan_id", "snapshot_date", "snapshot_month"}
LINEAGE = LOANS.features.lineage()


def bronze(source: str) -> pl.DataFrame:
    rows: pl.DataFrame = generate_month(SPEC, MONTH)[source]
    return rows.cast(pl.String).select(
        pl.lit(MONTH).alias("snapshot_month"),
        pl.lit("file.csv").alias("source_file"),
        pl.int_range(1, pl.len() + 1).alias("source_line"),
        *LOANS.source(source).columns,
    )


def other_cells(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The rows with the cells of one column handed on to the next row."""
    return frame.with_columns(pl.col(column).gather((pl.int_range(pl.len()) + 1) % pl.len()))


def changed(before: pl.DataFrame, after: pl.DataFrame) -> set[str]:
    return {name for name in before.columns if not before[name].equals(after[name], null_equal=True)}


def made_of(lineage: Lineage, column: str) -> set[str]:
    return {name for name, columns in lineage.items() if any(of == column for _, of in columns)}


def test_every_column_of_the_tables_has_its_lineage() -> None:
    for table, lineage in LINEAGE.items():
        assert list(lineage) == tables_of(LOANS).shared[table].column_names()
        for columns in lineage.values():
            assert all(name in tables_of(LOANS).shared[of].column_names() for of, name in columns)


@pytest.mark.parametrize("table", CLEANERS)
def test_other_cells_of_a_source_change_only_what_is_made_of_them(table: str) -> None:
    source, clean = CLEANERS[table]
    rows = bronze(source)
    before = clean(rows.lazy()).rows.collect()
    seen = set[str]()
    for column in set(LOANS.source(source).columns) - SOURCE_KEYS:
        after = clean(other_cells(rows, column).lazy()).rows.collect()
        if after.height != before.height:  # a row that no rule can save is no cell that changed
            continue
        found = changed(before, after)
        assert found <= made_of(LINEAGE[table], column), column
        seen |= found
    expected = set(before.columns) - KEYS - ALIKE
    assert expected <= seen


def test_other_cells_of_a_silver_table_change_exactly_the_features_made_of_them() -> None:
    silver = {
        table.removeprefix("silver/"): clean(bronze(source).lazy()).rows.collect()
        for table, (source, clean) in CLEANERS.items()
    }

    def built(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
        loans, attributes, financials, clickstream = (frame.lazy() for frame in tables.values())
        return build_feature_store(loans, attributes, financials, clickstream, clickstream_months=2).collect()

    before = built(silver)
    seen = set[str]()
    for name in ("customer_attributes", "customer_financials", "customer_clickstream"):
        for column in set(silver[name].columns) - KEYS - {"repairs"}:
            found = changed(before, built(silver | {name: other_cells(silver[name], column)}))
            own = made_of(LINEAGE["gold/feature_store"], column)
            assert found == own, (name, column)
            seen |= found
    assert set(FeatureStore.column_names()) - seen <= KEYS | {
        "n_clickstream_months",
        "has_attributes",
        "has_financials",
        "has_clickstream",
        "sources_present",
    }
