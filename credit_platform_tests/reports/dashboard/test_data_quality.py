from __future__ import annotations

from datetime import date

import polars as pl

from credit_platform.reports.dashboard.data_quality import BANDS, data_quality_page
from credit_platform.schemas.evidence import DIMENSIONS, TOTAL, DataQuality
from credit_platform_tests.reports.shown_loans import SHOWN_LOANS

MONTHS = [date(2023, month, 1) for month in (1, 2, 3)]
SCHEMA = {name: column.dtype for name, column in DataQuality.columns().items()}
SOURCES = ("feature_clickstream", "lms_loan_daily")


def quality(values: dict[tuple[date, str, str], float | None]) -> pl.DataFrame:
    rows = [
        (month, source, dimension, values.get((month, source, dimension), 1.0), 10, f"{dimension} of <{source}>")
        for month in MONTHS
        for source in SOURCES
        for dimension in (*DIMENSIONS, TOTAL)
    ]
    return DataQuality.validate(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def test_the_page_shows_every_source_and_month_and_loads_nothing() -> None:
    page = data_quality_page(quality({}), book=SHOWN_LOANS)
    for text in (*SOURCES, "2023-01", "2023-03", *(name.capitalize() for name in DIMENSIONS)):
        assert text in page
    assert page.count("title=") == (len(DIMENSIONS) + 1) * len(SOURCES) * len(MONTHS)
    for outside in ("http:", "https:", "<script", "src=", "@import"):
        assert outside not in page
    assert "In 2023-03 every score of every source is 0.95 or more." in page


def test_a_low_score_of_the_newest_month_is_named_first_with_its_reason_escaped() -> None:
    page = data_quality_page(quality({(MONTHS[2], SOURCES[0], "completeness"): 0.0}), book=SHOWN_LOANS)
    said = "<b>feature_clickstream</b>: completeness 0.00 (completeness of &lt;feature_clickstream&gt;)"
    assert said in page
    assert "<feature_clickstream>" not in page


def test_a_low_score_of_an_earlier_month_is_in_the_map_and_not_in_the_opening() -> None:
    page = data_quality_page(quality({(MONTHS[0], SOURCES[0], TOTAL): 0.4}), book=SHOWN_LOANS)
    assert "every score of every source" in page
    assert page.count(">0.40<") == 1
    assert page.count(f"background:{BANDS[-1][1]}") == 2  # the cell, and the legend


def test_a_score_is_rounded_down_and_what_cannot_be_counted_is_a_dash() -> None:
    page = data_quality_page(
        quality({(MONTHS[1], SOURCES[1], TOTAL): 0.999, (MONTHS[0], SOURCES[1], "volume"): None}), book=SHOWN_LOANS
    )
    assert page.count(">0.99<") == 1
    assert ">–</td>" in page


def test_the_same_scores_give_the_same_page() -> None:
    rows = quality({})
    assert data_quality_page(rows, book=SHOWN_LOANS) == data_quality_page(
        rows.sample(fraction=1, shuffle=True, seed=3), book=SHOWN_LOANS
    )
