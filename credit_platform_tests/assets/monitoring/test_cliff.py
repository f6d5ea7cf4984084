"""A book whose clickstream was made from the outcome and ends with a cohort, lived on until such cohorts are mature."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.lake.raw.raw_book import write_book
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform_tests.drifted_book import MODEL_CONFIG
from credit_platform_tests.small_book import MODELS, WITHOUT_PICTURES, BookFolders

pytestmark = pytest.mark.slow

FIRST, N_MONTHS, LAG = date(2023, 1, 1), 24, 6
LAST = add_months(FIRST, N_MONTHS - 1)
# From this cohort on nobody has a row of clickstream, not even from before.
CLIFF = date(2024, 1, 1)
DARK_OUTCOMES = month_range(add_months(CLIFF, LAG), LAST)
SOURCE = "clickstream"


@pytest.fixture(scope="module")
def cliff_book(tmp_path_factory: pytest.TempPathFactory) -> BookFolders:
    root = tmp_path_factory.mktemp("cliff")
    book = BookFolders(root / "data", root / "raw", root / "policy")
    book.policy_dir.mkdir()
    (book.policy_dir / "model_config.yaml").write_text(
        MODEL_CONFIG.replace("clickstream_months: 3", "clickstream_months: 12")
    )
    (book.policy_dir / "monitoring_thresholds.yaml").write_text(WITHOUT_PICTURES)
    spec = BookSpec(
        first_month=FIRST, n_months=N_MONTHS, cases_per_month=300, history_months=12, seed=11, has_leak=True
    )
    write_book(book.layout, spec, on_month=lambda: None)
    loans = pl.concat(_text(file) for file in sorted(book.raw_dir.rglob("lms_loan_daily*.csv")))
    dark = loans.filter(pl.col("loan_start_date").str.slice(0, 10) >= str(CLIFF))["Customer_ID"].unique()
    for file in book.raw_dir.rglob("feature_clickstream*.csv"):
        rows = _text(file)
        rows.filter(~pl.col("Customer_ID").is_in(dark.implode())).write_csv(file)
    lived = book.command("backfill")
    assert lived.returncode == 0, lived.stdout + lived.stderr
    return book


def _text(file: Path) -> pl.DataFrame:
    return pl.read_csv(file, infer_schema=False)


def _table(book: BookFolders, model: str, part: str, months: list[date]) -> pl.DataFrame:
    return book.lake.scan(f"monitoring/{model}/{part}", months).collect()


@pytest.mark.parametrize("model", MODELS)
def test_the_missing_source_stands_first_with_its_month(cliff_book: BookFolders, model: str) -> None:
    actions = _table(cliff_book, model, "action", month_range(CLIFF, LAST)).sort("snapshot_month")
    first = actions["reasons"].str.split("\n").list.first()
    told = first.str.extract(rf"^source_(?:still_)?missing: {SOURCE} is missing since (\d{{4}}-\d\d)", 1)
    assert set(told) == {f"{CLIFF:%Y-%m}"}, first.to_list()
    assert actions["reasons"].str.count_matches(rf"{SOURCE} is missing since").unique().to_list() == [1]


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_alarmed_by_loans_of_other_sources(cliff_book: BookFolders, model: str) -> None:
    """Neither scores nor the beginnings of loans without the source are held against loans that have it."""
    reasons = "\n".join(_table(cliff_book, model, "action", month_range(CLIFF, LAST))["reasons"])
    assert not re.findall(r"(?m)^(?:scores_shifted|early_reads_worse: early_roc_auc|estimated_below).*", reasons)
    stability = _table(cliff_book, model, "stability", month_range(CLIFF, LAST))
    assert stability.filter(pl.col("metric").is_in(["psi", "csi", "null_rate"]), status="breach").is_empty()
    reads = _table(cliff_book, model, "early_reads", month_range(CLIFF, LAST)).filter(metric="roc_auc")
    assert reads.filter(status="warn").is_empty()


@pytest.mark.parametrize("model", MODELS)
def test_no_rollback_to_a_version_that_is_as_blind(cliff_book: BookFolders, model: str) -> None:
    actions = _table(cliff_book, model, "action", DARK_OUTCOMES)
    assert actions.filter("actionable").height > 0
    assert set(actions["rollback_within"]) <= {"none", "unknown"}
    assert not actions["reasons"].str.contains("rollback").any()


@pytest.mark.parametrize("model", MODELS)
def test_mature_loans_without_the_source_are_held_against_such_loans(cliff_book: BookFolders, model: str) -> None:
    performance = _table(cliff_book, model, "performance", DARK_OUTCOMES)
    dark = performance.filter(~pl.col("segment").str.contains(SOURCE), metric="roc_auc").filter(
        pl.col("segment") != "all"
    )
    assert dark["snapshot_month"].n_unique() == len(DARK_OUTCOMES)
    for row in dark.iter_rows(named=True):
        metadata = cliff_book.lake.versions.read(model, row["model_version"]).metadata
        if metadata.windows.oot[-1] < CLIFF:
            out_of_time = metadata.roc_auc("oot")
            assert out_of_time is not None
            assert row["value"] < (out_of_time.value or 0.0) - 0.05, "nothing is flattered by the leak"
    loss = performance.filter(metric="roc_auc_degradation", segment="all")
    assert loss.filter(status="warn").height <= 1, loss.select("snapshot_month", "value", "ci_low", "status")
