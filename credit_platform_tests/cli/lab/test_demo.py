from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml

from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import run_command


def test_the_demo_makes_a_book_builds_it_and_leaves_delivered_files_alone_the_next_time(tmp_path: Path) -> None:
    own = {"CREDIT_DATA_DIR": str(tmp_path), "COLUMNS": "250"}
    made = run_command("demo", "--months", "7", "--loans", "20", "--seed", "3", **own)
    assert made.returncode == 0, made
    assert "Generated 7 months with about 20 loans each (seed 3)" in made.stdout
    assert "first training is possible in 2022-12" in made.stdout
    assert str(tmp_path / "reports" / "monitoring_dashboard.html") in made.stdout
    assert yaml.safe_load((tmp_path / "platform.yaml").read_text()) == {
        "portfolio": "loans",
        "first_month": "2021-01-01",
        "last_month": "2021-07-01",
        "automation": "running",
    }
    assert Lake.at(tmp_path, portfolio=LOANS).months("gold/label_store") == month_range(
        date(2021, 1, 1), date(2021, 7, 1)
    )
    raw = {file.name: file.read_bytes() for file in (tmp_path / "raw").glob("*.csv")}
    assert len(raw) == 4
    again = run_command("demo", "--months", "9", **own)
    assert again.returncode == 0, again
    assert f"Using the files in {tmp_path / 'raw'}." in again.stdout
    assert {file.name: file.read_bytes() for file in (tmp_path / "raw").glob("*.csv")} == raw
