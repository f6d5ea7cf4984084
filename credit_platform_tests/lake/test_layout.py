from __future__ import annotations

from datetime import date
from pathlib import Path

from credit_platform.lake.layout import LAYERS, MONTH_FILE, Layout
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import tables_of

LAYOUT = Layout.of(Path("/d"), Path("/r"), LOANS)


def test_paths_others_rely_on_stay_where_they_are() -> None:
    month = date(2024, 12, 1)
    assert LAYOUT.month_file("gold/label_store", month) == Path("/d/gold/label_store/2024-12-01.parquet")
    assert LAYOUT.month_file("monitoring/gradient_boosting/action", month) == Path(
        "/d/monitoring/gradient_boosting/action/2024-12-01.parquet"
    )
    assert LAYOUT.model_version("gradient_boosting", "2024-12-01-ab") == Path(
        "/d/models/gradient_boosting/2024-12-01-ab"
    )
    assert LAYOUT.audit_log() == Path("/d/audit/audit.jsonl")
    assert LAYOUT.report("page.html") == Path("/d/reports/page.html")
    assert LAYOUT.known_files("lms_loan_daily") == Path("/d/sources/lms_loan_daily.parquet")
    assert LAYOUT.datamart == Path("/d/datamart.duckdb")


def test_the_glob_of_a_table_matches_finished_months_alone(tmp_path: Path) -> None:
    layout = Layout.of(tmp_path, tmp_path, LOANS)
    folder = layout.table("gold/x")
    folder.mkdir(parents=True)
    for name in ("2023-01-01.parquet", ".2023-02-01.parquet.0.part", "2023-02-02.parquet", "x.parquet"):
        (folder / name).touch()
    assert [file.name for file in folder.glob(MONTH_FILE)] == ["2023-01-01.parquet"]


def test_every_declared_table_lies_in_a_known_layer() -> None:
    assert {table.split("/")[0] for table in tables_of(LOANS).shared} <= set(LAYERS)
