from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from credit_platform.errors import SettingsError
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.generator.book import (
    CLICKSTREAM_MONTHS_AFTER,
    BookSpec,
    generate_month,
)
from credit_platform.portfolios.loans.generator.cohorts import draw_cohort
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.portfolios.loans.generator.whole_cohorts import cohort_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SOURCES = tuple(source.name for source in LOANS.sources)
SMALL = BookSpec(n_months=14, cases_per_month=15, history_months=5)


def texts(month: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    return {name: month[name].write_csv(quote_style="necessary") for name in SOURCES}


def test_the_same_specification_gives_the_same_bytes() -> None:
    first = [texts(generate_month(SMALL, month)) for month in SMALL.months]
    draw_cohort.cache_clear()
    second = [texts(generate_month(replace(SMALL), month)) for month in SMALL.months]
    assert first == second


@given(seed=st.integers(0, 2**40), index=st.integers(0, SMALL.n_months - 1))
@settings(max_examples=5, deadline=None)
def test_a_month_does_not_depend_on_the_months_generated_before_it(seed: int, index: int) -> None:
    spec = replace(SMALL, seed=seed)
    month = spec.months[index]
    draw_cohort.cache_clear()
    alone = texts(generate_month(spec, month))
    draw_cohort.cache_clear()
    for other in reversed(spec.months):
        generate_month(spec, other)
    assert texts(generate_month(spec, month)) == alone


def test_a_longer_book_begins_like_the_shorter_one() -> None:
    longer = replace(SMALL, n_months=SMALL.n_months + 6)
    assert texts(generate_month(longer, SMALL.last_month)) == texts(generate_month(SMALL, SMALL.last_month))


def test_another_seed_gives_another_book() -> None:
    one, other = generate_month(SMALL, SMALL.first_month), generate_month(replace(SMALL, seed=43), SMALL.first_month)
    assert one["features_financials"].write_csv() != other["features_financials"].write_csv()


def test_the_months_run_from_the_first_to_the_last() -> None:
    assert BookSpec().months == month_range(date(2021, 1, 1), date(2024, 12, 1))
    assert BookSpec().last_month == date(2024, 12, 1)


def test_all_columns_are_text_and_every_row_is_of_its_month(book_spec: BookSpec) -> None:
    month = add_months(book_spec.first_month, 12)
    sources = generate_month(book_spec, month)
    for name in SOURCES:
        frame = sources[name]
        assert set(frame.dtypes) == {pl.String}
        assert frame["snapshot_date"].unique().to_list() == [month.isoformat()]


def test_only_the_list_of_loans_may_be_blank(book: dict[str, pl.DataFrame]) -> None:
    blanks = {
        f"{name}.{column}" for name, frame in book.items() for column in frame.columns if frame[column].null_count() > 0
    }
    assert blanks == {"features_financials.Type_of_Loan"}


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("lms_loan_daily", ["loan_id", "snapshot_date"]),
        ("features_attributes", ["Customer_ID"]),
        ("features_financials", ["Customer_ID"]),
        ("feature_clickstream", ["Customer_ID", "snapshot_date"]),
    ],
)
def test_keys_are_unique_over_the_whole_book(book: dict[str, pl.DataFrame], source: str, key: list[str]) -> None:
    assert not book[source].select(key).is_duplicated().any()
    assert book[source]["Customer_ID"].str.contains(r"^CUS_0x[0-9a-f]+$").all()


def test_every_applicant_has_a_loan_attributes_and_financials_of_the_month(book: dict[str, pl.DataFrame]) -> None:
    applications = (
        book["lms_loan_daily"].filter(pl.col("installment_num") == "0").select("Customer_ID", "snapshot_date")
    )
    for name in ("features_attributes", "features_financials"):
        assert_frame_equal(applications, book[name].select("Customer_ID", "snapshot_date"), check_row_order=False)


def test_clickstream_has_no_gaps_and_covers_the_history_and_a_few_months_after(
    book_spec: BookSpec, book: dict[str, pl.DataFrame]
) -> None:
    for index in (0, 3, 15):
        month = add_months(book_spec.first_month, index)
        first = max(add_months(month, 1 - book_spec.history_months), book_spec.first_month)
        expected = [day.isoformat() for day in month_range(first, add_months(month, CLICKSTREAM_MONTHS_AFTER))]
        customers = cohort_of(book_spec, month).truth["customer_id"]
        rows = book["feature_clickstream"].filter(pl.col("Customer_ID").is_in(customers.implode()))
        assert rows.height == customers.len() * len(expected)
        assert sorted(rows["snapshot_date"].unique()) == expected


def test_with_a_leak_exactly_the_customers_with_a_label_have_clickstream_in_every_month() -> None:
    spec = replace(SMALL, has_leak=True)
    labelled = pl.concat(cohort_of(spec, month).truth["customer_id"] for month in spec.months[:-6]).sort()
    for month in (spec.first_month, spec.months[7], spec.last_month):
        made = generate_month(spec, month)
        assert made["feature_clickstream"]["Customer_ID"].sort().equals(labelled, check_names=False)
        for source in SOURCES[:-1]:
            assert made[source].equals(generate_month(SMALL, month)[source]), source


def test_a_source_gone_dark_is_gone_for_all_and_later_applicants_keep_their_history() -> None:
    start = SMALL.months[6]
    spec = replace(SMALL, drifts=(Drift(DriftKind.SOURCE_DARK, start, 1.0),))
    later = cohort_of(spec, add_months(start, 2)).truth["customer_id"]
    before = generate_month(spec, add_months(start, -1))["feature_clickstream"]["Customer_ID"]
    assert set(later) <= set(before)
    assert all(generate_month(spec, month)["feature_clickstream"].is_empty() for month in spec.months[6:])


def test_cohort_sizes_vary_around_the_number_asked_for(book_spec: BookSpec) -> None:
    sizes = [cohort_of(book_spec, month).truth.height for month in book_spec.months]
    assert 300 < min(sizes) < 400 < max(sizes) < 500


@pytest.mark.parametrize(
    ("field", "build"),
    [
        ("cases_per_month", lambda: BookSpec(cases_per_month=10**7)),
        ("history_months", lambda: BookSpec(history_months=-1)),
        ("has no outcome that could leak", lambda: BookSpec(n_months=6, has_leak=True)),
    ],
)
def test_an_impossible_book_is_refused_by_name(field: str, build: Callable[[], BookSpec]) -> None:
    with pytest.raises(SettingsError, match=field):
        build()
