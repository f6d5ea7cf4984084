"""Spoilt deliveries through the command line: exit code 1, the message where people look, never a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS as LOAN_BOOK
from credit_platform_tests.bad_inputs.delivery import ATTRIBUTES, FINANCIALS, LOANS, MONTHS, BadInput, deliver
from credit_platform_tests.bad_inputs.files import FILES
from credit_platform_tests.small_book import run_verb

BY_NAME = {entry.name: entry for entry in FILES}
FOR_INIT = (
    "no file at all",
    "an empty file",
    "a file cut in a row",
    "semicolons",
    "NUL bytes in a cell",
    "UTF-16",
    "gzip in disguise",
    "an injection-like header",
    "a duplicate column",
    "a link that leads to itself",
    "mixed date formats",
    "a Parquet file cut off",
)


def folders(root: Path) -> dict[str, str]:
    return {"CREDIT_DATA_DIR": str(root / "data"), "CREDIT_RAW_DIR": str(root / "raw"), "COLUMNS": "400"}


@pytest.mark.parametrize("name", FOR_INIT)
def test_a_loan_file_that_cannot_be_read_ends_init_with_one_sentence(tmp_path: Path, name: str) -> None:
    entry: BadInput = BY_NAME[name]
    entry.spoil(deliver(tmp_path / "raw", LOANS))
    ended = run_verb("init", **folders(tmp_path))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"error: source {LOANS}: ")
    assert "Traceback" not in ended.stderr
    message = " ".join(ended.stderr.split())
    for part in entry.says:
        assert part in message
    assert not (tmp_path / "data" / "platform.yaml").exists()


def test_a_month_that_is_held_back_and_a_file_that_is_refused_stop_what_they_must(tmp_path: Path) -> None:
    for source in (LOANS, ATTRIBUTES, FINANCIALS, "feature_clickstream"):
        deliver(tmp_path / "raw", source)
    BY_NAME["one of the monthly files spoilt"].spoil(tmp_path / "raw" / f"{LOANS}.csv")
    lake = Lake.at(tmp_path / "data", tmp_path / "raw", portfolio=LOAN_BOOK)
    build = ("backfill", "--from", "2023-01", "--to", "2023-04", "--job", "build_month")

    ended = run_verb(*build, **folders(tmp_path))
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    (line,) = [line for line in ended.stdout.partition("Missing")[2].splitlines() if "build_month" in line]
    assert "2023-02" in line
    assert "lms_loan_daily_2023-02.csv" in line
    assert "gzip" in line
    sound = [month for month in MONTHS if month.month != 2]
    assert lake.months("gold/label_store") == sound
    assert lake.months("silver/customer_attributes") == list(MONTHS)

    (tmp_path / "raw" / f"{ATTRIBUTES}.csv").write_bytes(b"\xff\xfe rubbish")
    ended = run_verb(*build, **folders(tmp_path))
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    missing = ended.stdout.partition("Missing")[2]
    assert "2023-01..2023-04" in missing
    assert "features_attributes.csv: not a readable CSV file (it is UTF-16 text)" in missing
    assert ended.stdout.count("build_month 2023-0") == 1
