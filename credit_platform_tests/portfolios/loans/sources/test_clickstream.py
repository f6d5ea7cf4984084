from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.portfolios.loans.features.catalogue import CHANNELS
from credit_platform.portfolios.loans.sources.clickstream import sum_clickstream
from credit_platform_tests.cleaners import clean_clickstream
from credit_platform_tests.source_rows import bronze_rows


@pytest.mark.parametrize(
    ("text", "value", "repairs"),
    [
        ("-108", -108, []),
        ("0", 0, []),
        ("12.0", 12, []),
        ("12_", 12, ["fe_7_underscore_stripped"]),
        (" 12", 12, ["fe_7_whitespace_stripped"]),
        ("12.5", None, ["unreadable_number_nulled_fe_7"]),
        ("inf", None, ["unreadable_number_nulled_fe_7"]),
        ("many", None, ["unreadable_number_nulled_fe_7"]),
        ("_", None, ["fe_7_placeholder_nulled"]),
        (None, None, []),
        ("", None, []),
    ],
)
def test_a_channel_is_kept_repaired_or_nulled(text: str | None, value: int | None, repairs: list[str]) -> None:
    bronze = bronze_rows("feature_clickstream", {"fe_7": text}, {"Customer_ID": "CUS_0x2"})
    rows = clean_clickstream(bronze).rows.collect()
    assert (rows["fe_7"][0], rows["repairs"].to_list()) == (value, [repairs, []])
    assert rows["fe_6"].to_list() == [60, 60]


def clicks(*seen: tuple[date, int | None]) -> pl.LazyFrame:
    return pl.DataFrame(
        [{"customer_id": "A", "snapshot_month": month, **dict.fromkeys(CHANNELS, value)} for month, value in seen],
        schema={"customer_id": pl.String, "snapshot_month": pl.Date, **dict.fromkeys(CHANNELS, pl.Int64())},
    ).lazy()


def test_sums_cover_the_window_that_ends_with_the_application() -> None:
    applications = pl.LazyFrame({"snapshot_month": [date(2023, 3, 1)], "loan_id": ["A1"], "customer_id": ["A"]})
    seen = clicks(*((date(2023, month, 1), 10**month) for month in (1, 2, 3, 4)))
    row = sum_clickstream(applications, seen, n_months=2).collect().row(0, named=True)
    assert (row["n_clickstream_months"], row["fe_1_sum"], row["fe_20_mean"]) == (2, 1100.0, 550.0)


def test_unreadable_months_count_as_seen_but_not_into_the_mean() -> None:
    applications = pl.LazyFrame({"snapshot_month": [date(2023, 3, 1)], "loan_id": ["A1"], "customer_id": ["A"]})
    row = sum_clickstream(applications, clicks((date(2023, 2, 1), 8), (date(2023, 3, 1), None)), n_months=24)
    assert row.collect().select("n_clickstream_months", "fe_1_sum", "fe_1_mean").row(0) == (2, 8.0, 8.0)
    dark = sum_clickstream(applications, clicks((date(2023, 3, 1), None)), n_months=24).collect()
    assert dark.select("fe_1_sum", "fe_1_mean").row(0) == (0.0, None)
