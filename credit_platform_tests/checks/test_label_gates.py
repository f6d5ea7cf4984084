"""The gate of labels is red for immature or missing labels, and no immature cohort gets past windows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.assets.models.training import read_cohorts
from credit_platform.checks.label_gates import label_maturity_check
from credit_platform.errors import MissingMonthsError, WindowError
from credit_platform.months import add_months, month_range
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.windows import windows_for
from credit_platform_tests.checks.evaluating import AXIS, FIRST, evaluated, lake_with, number, reds
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
MOB, N = 6, 40
MONTHS = month_range(FIRST, date(2023, 9, 1))
CONFIG = LOANS.load_policy().model


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


def book() -> dict[str, pl.DataFrame]:
    """Forty loans a month, each seen for its whole life, and their labels."""
    seen = [
        (month, f"{cohort:%Y-%m}-{number}", (month.year - cohort.year) * 12 + month.month - cohort.month, cohort)
        for month in MONTHS
        for cohort in month_range(FIRST, month)
        for number in range(N)
    ]
    schema = {"snapshot_month": pl.Date, "loan_id": pl.String, "mob": pl.Int32, "cohort": pl.Date}
    loans = pl.DataFrame(seen, schema=schema, orient="row")
    return {"silver/loan_snapshots": loans.drop("cohort"), "gold/label_store": loans.filter(mob=MOB).drop("mob")}


def gate(
    tables: dict[str, pl.DataFrame], folder: Path, instance: dg.DagsterInstance, policy: CheckPolicy | None = None
) -> dict[date, AssetCheckEvaluation]:
    check = label_maturity_check(LOANS, AXIS, CONFIG.label, policy or CheckPolicy())
    return evaluated(check, lake_with(folder, tables, MONTHS), MONTHS, instance)


def test_mature_labels_of_the_whole_cohort_pass(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    results = gate(book(), tmp_path, instance)
    assert reds(results) == []
    assert all(result.blocking for result in results.values())
    assert results[MONTHS[7]].description == "2023-08: 40 labels of cohort 2023-02 are mature, 100.0% of its loans."
    assert results[MONTHS[0]].description == "2023-01: cohort 2022-07 lies before the book; 0 labels."
    assert number(results[MONTHS[7]], "attrition") == 0


@pytest.mark.parametrize(("n_left", "is_red"), [(40, False), (38, False), (37, True), (0, True)])
def test_a_month_is_red_when_fewer_than_95_percent_of_the_cohort_are_labelled(
    tmp_path: Path, instance: dg.DagsterInstance, n_left: int, *, is_red: bool
) -> None:
    tables, month = book(), MONTHS[7]
    kept = (pl.col("snapshot_month") != month) | (pl.int_range(pl.len()).over("snapshot_month") < n_left)
    tables["gold/label_store"] = tables["gold/label_store"].filter(kept)
    results = gate(tables, tmp_path, instance)
    assert reds(results) == ([month] if is_red else [])
    assert number(results[month], "attrition") == pytest.approx(1 - n_left / N)


@pytest.mark.parametrize(
    "wrong",
    [
        pl.col("cohort").dt.offset_by("1mo"),
        pl.lit("2023-03-0").alias("loan_id"),
        pl.lit("nobody").alias("loan_id"),
    ],
    ids=["another cohort", "a loan of another month on book", "a loan that is not in the book"],
)
def test_one_label_that_is_not_mature_makes_its_month_red(
    tmp_path: Path, instance: dg.DagsterInstance, wrong: pl.Expr
) -> None:
    tables, month = book(), MONTHS[7]
    labels = tables["gold/label_store"]
    stray = labels.filter(snapshot_month=month).head(1).with_columns(wrong)
    tables["gold/label_store"] = pl.concat([labels, stray])
    results = gate(tables, tmp_path, instance)
    assert reds(results) == [month]
    assert number(results[month], "n_immature") == 1
    assert "were not read at the month on book" in (results[month].description or "")


def test_the_share_that_must_be_labelled_is_policy(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    tables, month = book(), MONTHS[7]
    half = (pl.col("snapshot_month") != month) | (pl.int_range(pl.len()).over("snapshot_month") < N // 2)
    tables["gold/label_store"] = tables["gold/label_store"].filter(half)
    assert reds(gate(tables, tmp_path, instance, CheckPolicy.model_validate({"maturity": {"min_labelled": 0.5}}))) == []


def test_a_cohort_whose_month_is_not_built_leaves_attrition_unknown(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lake = lake_with(tmp_path, book(), MONTHS)
    lake.layout.month_file("silver/loan_snapshots", MONTHS[1]).unlink()
    results = evaluated(label_maturity_check(LOANS, AXIS, CONFIG.label, CheckPolicy()), lake, [MONTHS[7]], instance)
    assert "2023-02 is not built, so attrition is not known" in (results[MONTHS[7]].description or "")
    assert "attrition" not in results[MONTHS[7]].metadata


def test_a_red_month_of_labels_stops_the_calendar_that_is_built_on_it(
    book_copy: BookFolders, instance: dg.DagsterInstance
) -> None:
    month = date(2024, 8, 1)
    loans = book_copy.lake.scan("silver/loan_snapshots", [month]).collect()
    left = loans.filter((pl.col("mob") != MOB) | (pl.int_range(pl.len()) % 2 == 0))
    book_copy.lake.write("silver/loan_snapshots", left, [month])
    assets = ["gold/label_store", "gold/cohort_calendar"]
    outcome = book_copy.runner(instance).run("build_month", month, month, assets=assets)
    assert not outcome.success
    assert any("loans written in 2024-02 have a label" in problem for problem in outcome.problems)
    assert not instance.get_materialized_partitions(dg.AssetKey(["gold", "cohort_calendar"]))


@given(st.dates(date(2024, 1, 1), date(2040, 12, 1)), st.booleans())
def test_no_cohort_of_a_window_is_younger_than_its_label(day: date, triggered: bool) -> None:  # noqa: FBT001
    month = day.replace(day=1)
    windows = windows_for(month, CONFIG, triggered=triggered)
    assert max(windows.development) == add_months(month, -CONFIG.label.lag_months)
    for later in month_range(add_months(month, 1 - CONFIG.label.lag_months), add_months(month, 3)):
        assert windows.role_of(later) == "post"


def test_absolute_windows_with_an_immature_cohort_are_refused() -> None:
    spans = {
        "train": ("2023-01", "2023-12"),
        "validation": ("2024-01", "2024-03"),
        "test": ("2024-04", "2024-05"),
        "oot": ("2024-06", "2024-06"),
    }
    absolute = {name: {"first": f"{first}-01", "last": f"{last}-01"} for name, (first, last) in spans.items()}
    content = CONFIG.model_dump()
    content["windows"] |= {"mode": "absolute", "absolute": absolute}
    config = LOANS.config.model_validate(content)
    with pytest.raises(WindowError, match="the labels of the last cohort, 2024-06, mature in 2024-12"):
        windows_for(date(2024, 11, 1), config)
    assert windows_for(date(2024, 12, 1), config).oot == (date(2024, 6, 1),)


@pytest.mark.parametrize(
    ("table", "missing"), [("gold/feature_store", date(2023, 9, 1)), ("gold/label_store", date(2024, 3, 1))]
)
def test_a_window_that_lacks_a_month_fails_and_names_it(book_copy: BookFolders, table: str, missing: date) -> None:
    book_copy.layout.month_file(table, missing).unlink()
    cohorts = month_range(date(2023, 8, 1), date(2023, 10, 1))
    with pytest.raises(MissingMonthsError, match=f"{table} has no file for {missing:%Y-%m}"):
        read_cohorts(book_copy.lake, cohorts, CONFIG.label)
