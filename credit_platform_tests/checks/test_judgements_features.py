"""Empty cells of features against earlier months and training; sources that go dark and come back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.checks.judgements_features import (
    lost_source_check,
    null_share_check,
)
from credit_platform.months import month_range
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM_MEANS
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.checks.evaluating import AXIS, FIRST, evaluated, lake_with, number, reds
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
MONTHS = month_range(FIRST, date(2023, 10, 1))
N = 100


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


def features(empty: dict[date, int], *, covered: dict[date, int] | None = None) -> pl.DataFrame:
    """A feature store of 100 loans a month: in some months `n_loans` is empty, or clickstream covers only some."""
    parts = []
    for month in MONTHS:
        n_covered = (covered or {}).get(month, N)
        parts.append(
            pl.DataFrame({"number": range(N)}).select(
                pl.lit(month).alias("snapshot_month"),
                pl.format("CUS_{}", "number").alias("customer_id"),
                pl.when(pl.col("number") >= empty.get(month, 10)).then(1.0).alias("n_loans"),
                *(pl.lit(1.0).alias(name) for name in LOANS.features.numeric if name != "n_loans"),
                *(pl.lit("x").alias(name) for name in LOANS.features.categorical),
                *(pl.when(pl.col("number") < n_covered).then(1.0).alias(name) for name in CLICKSTREAM_MEANS),
                pl.lit(value=True).alias("has_attributes"),
                (pl.col("number") < n_covered).alias("has_clickstream"),
                pl.lit(value=True).alias("has_financials"),
            )
        )
    return pl.concat(parts)


def test_more_empty_cells_than_in_earlier_months_are_named_in_the_month_they_come(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    bad = MONTHS[6]
    lake = lake_with(tmp_path, {"gold/feature_store": features({bad: 40})}, MONTHS)
    results = evaluated(null_share_check(LOANS, AXIS, [], CheckPolicy()), lake, MONTHS, instance)
    assert reds(results) == [bad]
    assert "n_loans 40.0% (usual 10.0%)" in (results[bad].description or "")
    assert number(results[bad], "empty: n_loans") == pytest.approx(0.4)
    assert number(results[bad], "largest_excess") == pytest.approx(0.3)
    assert number(results[MONTHS[5]], "features_with_more_empty_cells") == 0
    assert results[bad].severity == dg.AssetCheckSeverity.WARN
    assert not results[bad].blocking


def test_a_rise_that_chance_explains_does_not_warn(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    lake = lake_with(tmp_path, {"gold/feature_store": features({MONTHS[6]: 21})}, MONTHS)
    assert reds(evaluated(null_share_check(LOANS, AXIS, [], CheckPolicy()), lake, MONTHS, instance)) == []


def test_after_a_training_the_share_in_training_is_what_counts(
    finished_book: BookFolders, instance: dg.DagsterInstance
) -> None:
    months = month_range(date(2024, 5, 1), date(2024, 6, 1))
    models = list(finished_book.settings().policy.model.models)
    strict = CheckPolicy.model_validate({"null_share": {"max_excess": 0.0, "standard_errors": 0.001}})
    cases: list[tuple[CheckPolicy, list[date]]] = [(CheckPolicy(), []), (strict, months)]
    for policy, expected in cases:
        results = evaluated(null_share_check(LOANS, AXIS, models, policy), finished_book.lake, months, instance)
        assert reds(results) == expected
        assert all("training" in (result.description or "") for result in results.values())


def test_a_source_goes_dark_in_its_month_and_stays_so_until_it_is_back(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    dark = MONTHS[2:9]
    lake = lake_with(tmp_path, {"gold/feature_store": features({}, covered=dict.fromkeys(dark, 0))}, MONTHS)
    results = evaluated(
        lost_source_check(LOANS, AXIS, LOANS.load_policy().model, CheckPolicy()), lake, MONTHS, instance
    )
    # Dark for longer than it was not, and still not taken for normal.
    assert reds(results) == dark
    assert number(results[dark[-1]], "covered by clickstream") == 0.0
    assert number(results[MONTHS[9]], "covered by clickstream") == 1.0
    assert results[dark[0]].description == "2023-03: clickstream covers 0.0% of 100 new loans, usually 100.0%."
    assert str(results[dark[0]].metadata["dark_sources"].value) == "clickstream"


def test_a_month_alone_is_judged_as_in_a_range(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    lake = lake_with(tmp_path, {"gold/feature_store": features({}, covered={MONTHS[5]: 70})}, MONTHS)
    for month in MONTHS[4:7]:
        results = evaluated(
            lost_source_check(LOANS, AXIS, LOANS.load_policy().model, CheckPolicy()), lake, [month], instance
        )
        assert reds(results) == ([month] if month == MONTHS[5] else [])


def test_a_month_without_new_loans_has_nothing_to_judge(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    rows = features({}).filter(pl.col("snapshot_month") != MONTHS[5])
    lake = lake_with(tmp_path, {"gold/feature_store": rows}, MONTHS)
    for check in (
        null_share_check(LOANS, AXIS, [], CheckPolicy()),
        lost_source_check(LOANS, AXIS, LOANS.load_policy().model, CheckPolicy()),
    ):
        results = evaluated(check, lake, MONTHS, instance)
        assert reds(results) == []
        assert number(results[MONTHS[5]], "n_loans") == 0
