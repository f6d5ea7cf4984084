"""A whole backfill of the small book: every month that can exist is there, in balance and rightly labelled."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

import dagster as dg
import duckdb
import polars as pl
import pytest

from credit_platform.checks.tables import model_table
from credit_platform.cli.instance import open_instance
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.months import add_months, month_key, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import OF_THE_SERVICE, tables_of
from credit_platform_tests.small_book import (
    FIRST,
    FIRST_OUTCOME,
    FIRST_SCORING,
    FIRST_TRAINING,
    LAST,
    MODELS,
    SPEC,
    BookFolders,
    check_results,
)

TRAININGS = [FIRST_TRAINING, add_months(FIRST_TRAINING, 3), add_months(FIRST_TRAINING, 6)]
BEGINS = {
    **dict.fromkeys(tables_of(LOANS).shared, FIRST),
    "decision/batch": FIRST_SCORING,
    **dict.fromkeys(OF_THE_SERVICE, FIRST_SCORING),
    "monitoring/history": FIRST_OUTCOME,
    "monitoring/champion_challenger": FIRST_OUTCOME,
    "monitoring/overrides": FIRST_OUTCOME,
    **{
        model_table(model, part): FIRST_SCORING
        if part in {"prediction", "stability", "estimate", "early_reads"}
        else FIRST_OUTCOME
        for model in MODELS
        for part in tables_of(LOANS).of_models
    },
}


def read(book: BookFolders, table: str, first: date = FIRST, last: date = LAST) -> pl.DataFrame:
    return book.lake.scan(table, month_range(first, last)).collect()


@pytest.mark.parametrize("table", BEGINS)
def test_every_month_a_table_can_have_is_there(finished_book: BookFolders, table: str) -> None:
    assert finished_book.lake.months(table) == month_range(BEGINS[table], LAST)


def test_every_silver_table_has_its_quarantine_for_every_month(finished_book: BookFolders) -> None:
    for table in (name for name in tables_of(LOANS).shared if name.startswith("silver/")):
        assert finished_book.lake.months(f"quarantine/{table.removeprefix('silver/')}") == month_range(FIRST, LAST)


def test_history_records_every_month_and_a_green_check_for_it(finished_book: BookFolders) -> None:
    with open_instance(finished_book.settings()) as instance:
        for table, begins in BEGINS.items():
            expected = {month_key(month) for month in month_range(begins, LAST)}
            assert instance.get_materialized_partitions(dg.AssetKey(table.split("/"))) == expected, table
            results = {month: result for month, result in check_results(instance, table).items() if month}
            assert results == dict.fromkeys(expected, ("SUCCEEDED", True)), table
        for model in MODELS:
            assert instance.get_materialized_partitions(dg.AssetKey(["model", model])) == set(map(month_key, TRAININGS))
        assert instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])) == 0


def test_bronze_to_gold_of_the_whole_book_is_one_run(finished_book: BookFolders) -> None:
    with open_instance(finished_book.settings()) as instance:
        assert instance.get_runs_count(dg.RunsFilter(job_name="build_month")) == 1


def test_no_row_is_lost_and_none_appears(finished_book: BookFolders) -> None:
    balance = read(finished_book, "monitoring/row_balance")
    assert balance.height == 4 * SPEC.n_months
    kept = pl.col("rows_out") + pl.col("quarantined") + pl.col("duplicates_dropped")
    assert balance.filter(pl.col("rows_in") != kept).is_empty()
    for name, source in (("loan_snapshots", "lms_loan_daily"), ("customer_financials", "features_financials")):
        ours = balance.filter(pl.col("table") == name)
        assert ours["rows_in"].sum() == read(finished_book, f"bronze/{source}").height
        assert ours["rows_out"].sum() == read(finished_book, f"silver/{name}").height
    repaired = balance.filter(pl.col("table") == "customer_financials")["rows_repaired"]
    assert repaired.sum() > 0


def test_bronze_holds_the_raw_file_cell_by_cell(finished_book: BookFolders) -> None:
    for source in ("lms_loan_daily", "features_attributes", "features_financials", "feature_clickstream"):
        raw = pl.read_csv(finished_book.raw_dir / f"{source}.csv", infer_schema=False)
        stored = read(finished_book, f"bronze/{source}").sort("source_line")
        assert stored.select(raw.columns).equals(raw)
        assert stored["source_line"].to_list() == list(range(2, raw.height + 2))


def test_labels_mature_six_months_after_the_cohort_and_not_before(finished_book: BookFolders) -> None:
    labels = read(finished_book, "gold/label_store")
    assert labels["snapshot_month"].min() == add_months(FIRST, 6)
    assert labels.filter(pl.col("cohort").dt.offset_by("6mo") != pl.col("snapshot_month")).is_empty()
    loans = read(finished_book, "gold/feature_store").filter(pl.col("snapshot_month") <= add_months(LAST, -6))
    assert set(labels["loan_id"]) == set(loans["loan_id"])
    assert 0.05 < labels["label"].cast(pl.Float64).mean() < 0.6  # pyrefly: ignore[unsupported-operation]


@pytest.mark.parametrize("model", MODELS)
def test_months_to_the_first_training_are_backfilled_and_later_ones_live(
    finished_book: BookFolders, model: str
) -> None:
    scored = read(finished_book, f"prediction/{model}", FIRST_SCORING)
    features = read(finished_book, "gold/feature_store", FIRST_SCORING)
    assert set(scored["loan_id"]) == set(features["loan_id"])
    is_live = pl.col("snapshot_month") > FIRST_TRAINING
    assert set(scored.filter(is_live)["provenance"]) == {"live"}
    assert set(scored.filter(~is_live)["provenance"]) == {"backfill"}
    # The first version saw cohorts 2023-01..04, 05, 06 and 07.
    roles: dict[date, str] = dict(scored.filter(~is_live).select("snapshot_month", "sample_role").unique().iter_rows())
    assert roles.pop(date(2023, 6, 1)) == "test"
    assert roles.pop(date(2023, 7, 1)) == "oot"
    assert set(roles.values()) == {"post"}


@pytest.mark.parametrize("model", MODELS)
def test_each_month_is_scored_by_the_version_in_force_in_it(finished_book: BookFolders, model: str) -> None:
    records = PromotionLog(finished_book.layout).records()
    scored = read(finished_book, f"prediction/{model}", FIRST_SCORING)
    used: dict[date, str] = dict(scored.select("snapshot_month", "model_version").unique().iter_rows())
    for month in month_range(FIRST_SCORING, LAST):
        assert used[month] == version_in_force(records, model, month)[0]


@pytest.mark.parametrize("model", MODELS)
def test_every_training_is_stored_recorded_and_takes_effect_one_month_later(
    finished_book: BookFolders, model: str
) -> None:
    records = [record for record in PromotionLog(finished_book.layout).records() if record.model == model]
    assert [record.as_of for record in records] == TRAININGS
    assert all(record.effective_month == add_months(record.as_of, 1) for record in records)
    assert records[0].promoted
    assert all(record.reasons for record in records)
    store = ModelStore(finished_book.layout)
    assert store.versions(model) == sorted(record.model_version for record in records)
    for record in records:
        metadata = json.loads(store.load(model, record.model_version)["metadata.json"])
        assert metadata["windows"]["kind"] == "relative"
        assert metadata["windows"]["oot"] == [month_key(add_months(record.as_of, -6))]
        assert len(metadata["windows"]["train"]) == 4


@pytest.mark.parametrize("model", MODELS)
def test_an_action_is_actionable_only_for_a_cohort_the_version_never_saw(
    finished_book: BookFolders, model: str
) -> None:
    actions = read(finished_book, f"monitoring/{model}/action", FIRST_OUTCOME).sort("snapshot_month")
    performance = read(finished_book, f"monitoring/{model}/performance", FIRST_OUTCOME)
    seen = performance.filter(pl.col("sample_role") != "post")["snapshot_month"].unique()
    assert sorted(seen) == [FIRST_OUTCOME, add_months(FIRST_OUTCOME, 1)]
    backtests = actions.filter(pl.col("snapshot_month").is_in(seen.to_list()), pl.col("action") == "retrain")
    assert not backtests["actionable"].any()
    assert actions["cohort"].to_list() == month_range(add_months(FIRST_OUTCOME, -6), add_months(LAST, -6))


def test_every_action_has_its_reports_and_there_is_one_page(finished_book: BookFolders) -> None:
    for alias in ("model_1", "model_2"):
        for month in month_range(FIRST_OUTCOME, LAST):
            stem = finished_book.layout.report(f"actions/{alias}_action_{month:%Y_%m_%d}")
            assert json.loads(stem.with_suffix(".json").read_text())
            assert stem.with_suffix(".txt").read_text()
    page = finished_book.layout.report("monitoring_dashboard.html").read_text()
    assert "2024-08" in page


def test_the_datamart_answers_with_every_table(finished_book: BookFolders) -> None:
    with duckdb.connect(str(finished_book.layout.datamart), read_only=True) as connection:
        ((count,),) = connection.sql("select count(*) from prediction.gradient_boosting").fetchall()
        ((views,),) = connection.sql("select count(*) from information_schema.tables").fetchall()
    assert count == read(finished_book, "prediction/gradient_boosting", FIRST_SCORING).height
    assert views >= len(BEGINS) + 4


def test_nothing_half_written_is_left_behind(finished_book: BookFolders) -> None:
    assert list(finished_book.data_dir.rglob("*.part")) == []


def test_a_stored_version_scores_in_a_fresh_process_as_it_did(finished_book: BookFolders) -> None:
    program = """
import sys, polars as pl
from datetime import date
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS
lake, month, config = Lake.at(sys.argv[1], portfolio=LOANS), [date(2024, 2, 1)], LOANS.load_policy().model
for model in ("scorecard", "gradient_boosting"):
    scored = lake.scan(f"prediction/{model}", month).collect()
    features = scored.select("loan_id").join(lake.scan("gold/feature_store", month).collect(), on="loan_id")
    again = lake.versions.read(model, scored["model_version"][0]).fitted(config).predict(features)
    assert pl.Series(again).equals(scored["default_probability"].rename("")), model
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(finished_book.data_dir)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
