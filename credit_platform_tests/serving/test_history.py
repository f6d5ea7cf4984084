"""An index finds the rows that a scan finds, but for what was repaired, and none beyond what features look back on."""

from __future__ import annotations

import pytest
from polars.testing import assert_frame_equal

from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months
from credit_platform.serving.history import IndexedRows, ScannedRows, asked_of_the_lake, known_rows
from credit_platform_tests.small_book import BookFolders


@pytest.fixture
def lake(any_finished_book: BookFolders) -> Lake:
    return Lake.at(any_finished_book.data_dir, portfolio=any_finished_book.kind)


def owners(lake: Lake, n: int = 25) -> dict[str, object]:
    of = lake.layout.portfolio.cases
    month = lake.months("gold/feature_store")[-1]
    asking = lake.scan("gold/feature_store", [month]).select("snapshot_month", of.key, of.customer).head(n).collect()
    return {source.name: asking for source in asked_of_the_lake(lake.layout.portfolio).values()}


def test_an_index_finds_what_a_scan_finds(lake: Lake, any_finished_book: BookFolders) -> None:
    portfolio, config = lake.layout.portfolio, any_finished_book.settings().policy.model
    asking = owners(lake)
    found = known_rows(portfolio, config, IndexedRows(lake), asking)  # type: ignore[arg-type]
    expected = known_rows(portfolio, config, ScannedRows(lake), asking)  # type: ignore[arg-type]
    assert set(found) == set(expected) == set(asked_of_the_lake(portfolio))
    assert sum(rows.height for rows in found.values()) > 0
    for table, rows in found.items():
        assert_frame_equal(rows.drop("repairs"), expected[table].drop("repairs"), check_row_order=False)


def test_no_row_is_later_than_the_case_nor_older_than_features_look_back(finished_book: BookFolders) -> None:
    lake = Lake.at(finished_book.data_dir, portfolio=finished_book.kind)
    config, table = finished_book.settings().policy.model, "silver/customer_clickstream"
    asking = owners(lake)["feature_clickstream"]
    month = asking["snapshot_month"][0]  # type: ignore[index]
    earlier = asking.with_columns(snapshot_month=add_months(month, -3))  # type: ignore[attr-defined]
    rows = known_rows(lake.layout.portfolio, config, IndexedRows(lake), {"feature_clickstream": earlier})[table]
    n = config.features.history_months("clickstream")
    assert rows["snapshot_month"].max() == add_months(month, -3)
    assert rows["snapshot_month"].min() >= add_months(month, -3 + 1 - n)  # type: ignore[operator]
