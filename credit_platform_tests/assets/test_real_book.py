"""The whole graph on a real book, under absolute windows: labels, source text, discrimination."""

from __future__ import annotations

import csv
import subprocess
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.months import add_months, month_range
from credit_platform_tests.done_once import run_once
from credit_platform_tests.small_book import MODELS, WITHOUT_PICTURES, BookFolders

FIRST, LAST, FIRST_TRAINING = date(2023, 1, 1), date(2024, 12, 1), date(2024, 11, 1)
MONTHS = month_range(FIRST, LAST)
SOURCES = ("lms_loan_daily", "features_attributes", "features_financials", "feature_clickstream")


@pytest.fixture(scope="session")
def finished(real_book: Path, shared_root: Path) -> BookFolders:
    """The real book after one whole backfill under the shipped absolute windows, made once a session."""
    root = shared_root / "real_book"
    book = BookFolders(root / "data", real_book, root / "policy")

    def live() -> subprocess.CompletedProcess[str]:
        book.policy_dir.mkdir(parents=True)
        (book.policy_dir / "model_config.yaml").write_text("windows: {mode: absolute}")
        (book.policy_dir / "monitoring_thresholds.yaml").write_text(WITHOUT_PICTURES)
        return book.command("backfill", "--from", "2023-01", "--to", "2024-12")

    run_once(shared_root, "real_book", live)
    return book


def test_labels_equal_the_expected_ones_loan_by_loan(finished: BookFolders, real_book: Path) -> None:
    file = real_book.parent / "loans-expected" / "labels.csv"
    if not file.is_file():
        pytest.skip("there are no expected labels beside the book")
    labels = finished.lake.scan("gold/label_store", MONTHS).collect()
    expected = pl.read_csv(file, try_parse_dates=True)
    shared = [column for column in expected.columns if column in labels.columns]
    assert {"loan_id", "label"} <= set(shared)
    ours = labels.select(pl.col(column).cast(expected.schema[column]) for column in shared).sort("loan_id")
    assert ours.equals(expected.select(shared).sort("loan_id"))


@pytest.mark.parametrize("source", SOURCES)
def test_bronze_equals_the_source_text_cell_by_cell(finished: BookFolders, real_book: Path, source: str) -> None:
    stored = finished.lake.scan(f"bronze/{source}", finished.lake.months(f"bronze/{source}")).collect()
    with (real_book / f"{source}.csv").open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream)
    expected = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
    cells = stored.sort("source_line").select(pl.col(header).fill_null(""))
    assert cells.equals(expected)


def test_every_row_of_every_source_is_accounted_for(finished: BookFolders) -> None:
    balance = finished.lake.scan("monitoring/row_balance", MONTHS).collect()
    assert balance.height == 4 * len(MONTHS)
    kept = pl.col("rows_out") + pl.col("quarantined") + pl.col("duplicates_dropped")
    assert balance.filter(pl.col("rows_in") != kept).is_empty()


@pytest.mark.parametrize("model", MODELS)
def test_both_models_clear_the_bar_out_of_time(finished: BookFolders, model: str) -> None:
    records = [record for record in PromotionLog(finished.layout).records() if record.model == model]
    assert [(record.as_of, record.promoted) for record in records] == [(FIRST_TRAINING, True)]
    auc = finished.lake.versions.read(model, records[0].model_version).metadata.roc_auc("oot")
    assert auc is not None
    assert auc.value is not None
    assert auc.value >= 0.90


@pytest.mark.parametrize("model", MODELS)
def test_scoring_begins_eight_months_before_the_first_training(finished: BookFolders, model: str) -> None:
    assert finished.lake.months(f"prediction/{model}") == month_range(add_months(FIRST_TRAINING, -8), LAST)
    assert finished.lake.months(f"monitoring/{model}/action") == month_range(date(2024, 9, 1), LAST)


def test_cohorts_that_lost_the_clickstream_are_scored_and_say_so(finished: BookFolders) -> None:
    scored = finished.lake.scan("prediction/gradient_boosting", month_range(date(2024, 3, 1), LAST)).collect()
    is_dark = pl.col("snapshot_month") >= date(2024, 8, 1)
    assert set(scored.filter(is_dark)["sources_present"]) == {"attributes+financials"}
    assert "attributes+clickstream+financials" in set(scored.filter(~is_dark)["sources_present"])


@pytest.mark.parametrize("model", MODELS)
def test_cohorts_that_lost_the_clickstream_raise_no_early_alarm(finished: BookFolders, model: str) -> None:
    reads = finished.lake.scan(f"monitoring/{model}/early_reads", [LAST]).collect().filter(metric="roc_auc")
    assert reads.filter(status="warn").is_empty()
    without = reads.filter(pl.col("segment").str.ends_with(" with attributes+financials"))
    assert without.height >= 3
    assert without["expected"].null_count() == without.height
    estimate = finished.lake.scan(f"monitoring/{model}/estimate", [LAST]).collect()
    assert set(estimate["segment"]) == {"all", "attributes+financials"}
