"""A few rows cleaned step by step are what the plan of the table makes of them; unsound ones are left to it."""

from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from credit_platform.lake.tables.monthly import Lake
from credit_platform.schemas.cleaning.strategies import under_strategies
from credit_platform.schemas.cleaning.table_cleaning import clean_few
from credit_platform_tests.small_book import BookFolders

_AT_ONCE = 40


def test_sound_rows_are_those_of_the_plan_and_unsound_ones_are_left_to_it(any_finished_book: BookFolders) -> None:
    settings = any_finished_book.settings()
    lake, strategies = (
        Lake.at(settings.data_dir, portfolio=settings.portfolio),
        settings.policy.data.cleaning.strategies,
    )
    tried = {True: 0, False: 0}
    for source in settings.portfolio.sources:
        if source.cleaning is None or source.look_back is not None:
            continue
        table, months = under_strategies(source.cleaning, strategies), lake.months(f"bronze/{source.name}")
        bronze = lake.scan(f"bronze/{source.name}", months[-2:]).collect()
        for rows in bronze.head(600).iter_slices(_AT_ONCE):
            planned, quarantined = pl.collect_all(list(source.clean(rows.lazy(), settings.policy.model, strategies)))
            few = clean_few(rows, table)
            is_sound = quarantined.is_empty() and planned.height == rows.height
            tried[is_sound] += 1
            assert (few is not None) == is_sound
            if few is not None:
                assert_frame_equal(few.drop("repairs"), planned.drop("repairs"))
    assert tried[True] > 5


@pytest.mark.parametrize("fault", ["a key that comes twice", "a date that is none", "no key"])
def test_a_fault_is_never_overlooked(small_book: BookFolders, fault: str) -> None:
    source = small_book.kind.source("features_attributes")
    cells = {"Customer_ID": "CUS_0x1", "Name": "x", "Age": "30", "SSN": "1", "Occupation": "Lawyer"}
    place = {"snapshot_month": "2024-01-01", "source_file": "a.csv", "source_line": 2}
    rows = [{**cells, "snapshot_date": "2024-01-05", **place}]
    rows.append({**rows[0], "Customer_ID": "CUS_0x2", "source_line": 3})
    bronze = pl.DataFrame(rows).with_columns(pl.col("snapshot_month").str.to_date())
    assert source.cleaning is not None
    assert clean_few(bronze, source.cleaning) is not None
    is_second = pl.col("source_line") == 3
    planted = {
        "a key that comes twice": pl.lit("CUS_0x1").alias("Customer_ID"),
        "a date that is none": pl.lit("soon").alias("snapshot_date"),
        "no key": pl.lit("n/a").alias("Customer_ID"),
    }[fault]
    name = planted.meta.output_name()
    spoilt = bronze.with_columns(pl.when(is_second).then(planted).otherwise(pl.col(name)).alias(name))
    assert clean_few(spoilt, source.cleaning) is None
