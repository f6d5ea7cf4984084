from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl

from credit_platform.lake.layout import Layout
from credit_platform.lake.tables.row_counts import newest_with_cases, row_counts
from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS

TABLE, MONTH = f"bronze/{LOANS.case_source.name}", date(2024, 1, 1)


def stored(folder: Path, *rows: int | None) -> Layout:
    """A lake whose bronze table of the cases has so many rows a month from MONTH on; None is a torn file."""
    layout = Layout.of(folder, folder / "raw", LOANS)
    for n, count in enumerate(rows):
        file = layout.month_file(TABLE, add_months(MONTH, n))
        file.parent.mkdir(parents=True, exist_ok=True)
        if count is None:
            file.write_bytes(b"PAR1")
        else:
            pl.DataFrame({"a": range(count)}, schema={"a": pl.Int64}).write_parquet(file)
    return layout


def test_rows_are_counted_by_month_and_a_torn_file_has_none(tmp_path: Path) -> None:
    counts = row_counts(stored(tmp_path, 3, 0, None), TABLE)
    assert counts == {MONTH: 3, add_months(MONTH, 1): 0, add_months(MONTH, 2): 0}
    assert row_counts(Layout.of(tmp_path, tmp_path, LOANS), "gold/label_store") == {}


def test_the_newest_month_with_cases_is_one_with_a_row(tmp_path: Path) -> None:
    assert newest_with_cases(stored(tmp_path)) is None
    assert newest_with_cases(stored(tmp_path, 3, 2, 0, None)) == add_months(MONTH, 1)
