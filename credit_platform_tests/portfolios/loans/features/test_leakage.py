"""Nothing of the future reaches a feature or a label, whatever happens to the source rows of later months.

Books are drawn as source text, so that reading, cleaning and joining are all held to it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.sources import RawSource, read_source
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.config import LoanLabelPolicy
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.gold import FeatureStore, LabelStore
from credit_platform.portfolios.loans.outcome.labels import label_loans
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.portfolios.loans.sources.silver import (
    CustomerAttributes,
    CustomerClickstream,
    CustomerFinancials,
    LoanSnapshots,
)
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials
from credit_platform_tests.source_rows import SOUND_CELLS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import dataframely as dy

    from credit_platform.schemas.cleaning.table_cleaning import Cleaned

FIRST = date(2023, 1, 1)
MONTHS = month_range(FIRST, add_months(FIRST, 3))
LABEL_MOB = 1
CUSTOMERS = ("A0x", "B0x", "C0x")
CLEANERS: Mapping[str, Callable[[pl.LazyFrame], Cleaned]] = {
    "lms_loan_daily": clean_loan_snapshots,
    "features_attributes": clean_attributes,
    "features_financials": clean_financials,
    "feature_clickstream": clean_clickstream,
}
SILVER: Mapping[str, type[dy.Schema]] = {
    "lms_loan_daily": LoanSnapshots,
    "features_attributes": CustomerAttributes,
    "features_financials": CustomerFinancials,
    "feature_clickstream": CustomerClickstream,
}
# What a loan may be told by; nothing else of the loan book may reach a feature.
READ_OF_LOANS = ["snapshot_month", "snapshot_date", "loan_id", "customer_id", "mob"]

Book = dict[str, pl.DataFrame]

# Cells that are read, repaired, nulled or quarantined; a future row may hold any of them.
CHANGED_CELLS: Mapping[str, tuple[str, list[str | None]]] = {
    "lms_loan_daily": ("overdue_amt", ["0.0", "1000.0", "2000.0", "x", None]),
    "features_attributes": ("Occupation", ["Lawyer", "Writer", "____", None]),
    "features_financials": ("Annual_Income", ["36000", "9000000_", "x", None]),
    "feature_clickstream": ("fe_1", ["-5", "7", "9_", "x", None]),
}


def bronze(source: str, rows: list[dict[str, str | None]]) -> pl.DataFrame:
    """Source rows as bronze holds them."""
    columns = LOANS.source(source).columns
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String()))
    return frame.with_columns(
        snapshot_month=pl.col("snapshot_date").str.to_date("%Y-%m-%d").dt.truncate("1mo"),
        source_file=pl.lit(f"{source}.csv"),
        source_line=pl.int_range(2, pl.len() + 2, dtype=pl.Int64),
    )


def loan_cells(customer: str, start: date, month: date) -> dict[str, str | None]:
    mob = month.month - start.month
    return {
        "loan_id": f"{customer}_{start}",
        "loan_start_date": start.isoformat(),
        "installment_num": str(mob),
        "due_amt": "1000.0" if mob else "0.0",
    }


@st.composite
def sources(draw: st.DrawFn) -> Book:
    """Up to three customers, each with a loan from some month on and rows of the other sources in any month."""
    starts = {customer: draw(st.sampled_from(MONTHS)) for customer in CUSTOMERS}
    rows: dict[str, list[dict[str, str | None]]] = {source: [] for source in CLEANERS}
    for customer, start in starts.items():
        for month in MONTHS:
            for source, (column, values) in CHANGED_CELLS.items():
                is_loan = source == "lms_loan_daily"
                if month < start if is_loan else draw(st.booleans()):
                    continue
                own = loan_cells(customer, start, month) if is_loan else {}
                cells = {"Customer_ID": customer, "snapshot_date": month.isoformat(), **own}
                rows[source].append({**SOUND_CELLS[source], **cells, column: draw(st.sampled_from(values))})
    return {source: bronze(source, listed) for source, listed in rows.items()}


def clean(book: Book) -> Book:
    return {source: CLEANERS[source](rows.lazy()).rows.collect() for source, rows in book.items()}


def features(silver: Book) -> pl.DataFrame:
    loans, *others = (silver[source].lazy() for source in CLEANERS)
    return FeatureStore.validate(build_feature_store(loans, *others, clickstream_months=24).collect())


def labels(silver: Book) -> pl.DataFrame:
    labelled = label_loans(silver["lms_loan_daily"].lazy(), LoanLabelPolicy(dpd_threshold=30, mob=LABEL_MOB))
    return LabelStore.validate(labelled.collect())


def of_months(book: Book, is_wanted: Callable[[pl.Expr], pl.Expr]) -> Book:
    return {source: rows.filter(is_wanted(pl.col("snapshot_month"))) for source, rows in book.items()}


def spliced(past: Book, future: Book, cut: date) -> Book:
    """The one book up to a month, the other after it."""
    early, late = of_months(past, pl.lit(cut).ge), of_months(future, pl.lit(cut).lt)
    return {source: pl.concat([early[source], late[source]]) for source in past}


def until(frame: pl.DataFrame, cut: date) -> pl.DataFrame:
    return frame.filter(pl.col("snapshot_month") <= cut)


@settings(max_examples=30, deadline=None)
@given(book=sources(), other=sources(), cut=st.sampled_from(MONTHS))
def test_features_stay_when_later_source_rows_are_changed_added_or_deleted(book: Book, other: Book, cut: date) -> None:
    known = features(clean(of_months(book, pl.lit(cut).ge)))
    assert until(features(clean(book)), cut).equals(known)
    assert until(features(clean(spliced(book, other, cut))), cut).equals(known)


@settings(max_examples=25, deadline=None)
@given(book=sources(), other=sources())
def test_labels_stay_when_rows_after_maturity_are_changed_added_or_deleted(book: Book, other: Book) -> None:
    loans, others = ({"lms_loan_daily": drawn["lms_loan_daily"]} for drawn in (book, other))
    whole = labels(clean(loans))
    for cut in MONTHS[LABEL_MOB:]:
        known = labels(clean(of_months(loans, pl.lit(cut).ge)))
        assert until(whole, cut).equals(known)
        assert until(labels(clean(spliced(loans, others, cut))), cut).equals(known)


@settings(max_examples=20, deadline=None)
@given(book=sources())
def test_month_by_month_equals_the_whole_range_from_source_to_gold(book: Book) -> None:
    whole = clean(book)
    monthly = [clean(of_months(book, pl.lit(month).eq)) for month in MONTHS]
    assert all(pl.concat([month[source] for month in monthly]).equals(whole[source]) for source in book)
    by_month = [
        features({**of_months(whole, pl.lit(month).ge), "lms_loan_daily": part["lms_loan_daily"]})
        for month, part in zip(MONTHS, monthly, strict=True)
    ]
    assert pl.concat(by_month).equals(features(whole))
    labelled = [labels(of_months(whole, pl.lit(month).ge)).filter(snapshot_month=month) for month in MONTHS]
    assert pl.concat(labelled).equals(labels(whole))


def written_and_read(folder: Path, book: Book, *, seed: int | None) -> Book:
    """The book by way of CSV files, their rows and columns shuffled when there is a seed."""
    folder.mkdir()
    layout = Layout.of(folder / "data", folder, LOANS)
    read: Book = {source: bronze(source, []) for source in CLEANERS}
    for source, rows in book.items():
        columns = LOANS.source(source).columns
        if rows.height:
            order = columns if seed is None else pl.Series(columns).shuffle(seed).to_list()
            shuffled = rows.select(order).sample(fraction=1.0, shuffle=seed is not None, seed=seed)
            shuffled.write_csv(folder / f"{source}.csv")
            read[source] = read_source(
                layout, RawSource(source, columns, LOANS.source(source).cells, required=False), MONTHS
            )
    return read


@settings(max_examples=10, deadline=None)
@given(book=sources(), seed=st.integers(0, 1000))
def test_the_order_of_rows_and_columns_in_the_source_files_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, book: Book, seed: int
) -> None:
    folder = tmp_path_factory.mktemp("files")
    straight = clean(written_and_read(folder / "straight", book, seed=None))
    shuffled = clean(written_and_read(folder / "shuffled", book, seed=seed))
    assert all(straight[source].equals(shuffled[source]) for source in CLEANERS)
    assert features(straight).equals(features(shuffled))
    assert labels(straight).equals(labels(shuffled))


@settings(max_examples=15, deadline=None)
@given(book=sources())
def test_no_feature_needs_more_of_the_loan_book_than_who_applied_and_when(book: Book) -> None:
    silver = clean(book)
    loans = silver["lms_loan_daily"]
    known = features(silver)
    without = loans.filter(pl.col("mob") == 0).select(READ_OF_LOANS)
    assert features({**silver, "lms_loan_daily": without}).equals(known)


@settings(max_examples=15, deadline=None)
@given(book=sources())
def test_no_feature_changes_when_every_other_cell_of_the_loan_book_is_poisoned(book: Book) -> None:
    silver = clean(book)
    poison = {"Int32": 99, "Float64": float("nan"), "Date": date(1999, 9, 9), "String": "poison"}
    poisoned = silver["lms_loan_daily"].with_columns(
        pl.lit(poison[str(dtype)]).cast(dtype).alias(name)
        for name, dtype in silver["lms_loan_daily"].schema.items()
        if name not in READ_OF_LOANS and dtype != pl.List(pl.String)
    )
    later = poisoned.with_columns(
        pl.when(pl.col("mob") > 0).then(pl.lit("poison")).otherwise(pl.col(name)).alias(name)
        for name in ("loan_id", "customer_id")
    )
    assert features({**silver, "lms_loan_daily": later}).equals(features(silver))


def test_the_plan_of_the_features_reads_no_other_column_of_the_loan_book(tmp_path: Path) -> None:
    """What Polars would read of the file, from the optimized plan: the columns, and rows at MOB 0 alone."""
    scans = {}
    for source, schema in SILVER.items():
        schema.create_empty().write_parquet(tmp_path / f"{source}.parquet")
        scans[source] = pl.scan_parquet(tmp_path / f"{source}.parquet")
    plan = build_feature_store(*scans.values(), clickstream_months=24).explain()
    loan_scans = [part for part in plan.split("Parquet SCAN")[1:] if "lms_loan_daily" in part.split("]")[0]]
    assert loan_scans
    for scan in loan_scans:
        assert f"PROJECT {len(READ_OF_LOANS)}/{len(LoanSnapshots.column_names())} COLUMNS" in scan
        assert '(col("mob")) == (0)' in scan or 'col("mob") == 0' in scan


def test_no_feature_bears_the_name_of_a_loan_book_column() -> None:
    shared = set(FeatureStore.column_names()) & set(LoanSnapshots.column_names())
    assert shared == {"snapshot_month", "loan_id", "customer_id"}
