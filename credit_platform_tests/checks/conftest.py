"""One month of every table of the finished book, to be broken by the tests."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.monitoring.service_month import AnsweredRequests, measure_service
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import BookFolders

# A month with a cohort scored live, outcomes, labels and an action.
MONTH = date(2024, 8, 1)
REJECTED = '{"loan_id": null}'


@pytest.fixture(scope="session")
def month_of_tables(finished_book: BookFolders) -> dict[str, pl.DataFrame]:
    """The rows of one month of every table that a contract covers, quarantine included."""
    lake = finished_book.lake
    folders = sorted({file.parent for file in finished_book.data_dir.rglob(f"{MONTH}.parquet")})
    tables = [folder.relative_to(finished_book.data_dir).as_posix() for folder in folders]
    rows = {table: lake.scan(table, [MONTH]).collect() for table in tables}
    # A clean month sets nothing aside; a row as cleaning would write it stands in.
    set_aside = {
        "snapshot_month": [MONTH, MONTH],
        "source_file": ["lms_loan_daily.csv"] * 2,
        "source_line": [2, 3],
        "rule": ["key_is_read"] * 2,
        "reason": ["loan_id: empty"] * 2,
        "raw_text": [REJECTED] * 2,
    }
    rows["quarantine/loan_snapshots"] = pl.DataFrame(set_aside)
    # Nor does it serve.
    own = {"decision_id": pl.lit("1"), "n_decisions": pl.lit(1, pl.Int64), "provenance": pl.lit("api")}
    decided = rows["decision/batch"].with_columns(**own)
    rows["decision/online"] = decided.select(rows["decision/online"].columns)
    rows["monitoring/service"] = measure_service(
        [AnsweredRequests(path, "single", {"2xx": 5}, {"0.01": 5}, 5) for path in ("/predict", "/v1/predict")],
        MONTH,
        thresholds=LOANS.load_policy().monitoring.service,
        confidence=0.95,
    )
    # Nor does a loan of this book leave without a label.
    loans = rows["gold/label_store"].head(2).with_columns(reason=pl.lit("left_with_balance"))
    rows["gold/unlabelled"] = loans.select(rows["gold/unlabelled"].columns)
    return rows
