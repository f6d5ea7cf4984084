"""`make bench-scale`: sources to feature store at the size of the full Home Credit set, beside plain DuckDB SQL.

`scale [APPLICATIONS_A_MONTH]`: of 14 months the first 12 have labels, so 25,626 a month are the 307,511 labelled
applications of the original and its new ones. Both are processes of their own, in turns; the cheapest of each counts.
That they compute the same is made sure of on a small book before anything is measured. The exit code says whether the
measuring worked, never whether a bar was met.

SCALE_BOOK names a folder where the book's files are kept and found again; without it they are generated for this once.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import date
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal
from rich.console import Console
from rich.table import Table

from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.portfolios.home_credit.portfolio import HOME_CREDIT
from credit_platform_tests.benchmark.measuring import Cost, cheapest, cost_of_command, cost_of_script

FIRST, N_MONTHS = date(2020, 1, 1), 14
FULL, SMALL = 25_626, 100
N_ROUNDS = 2
MOST_MEMORY, MOST_CPU = "4.00 GB", "1.50 x"
_GIGABYTE = 2**30


def generate(raw_dir: Path, cases_per_month: int) -> None:
    """Write the files of a book, unless they are there."""
    if raw_dir.is_dir():
        return
    make = HOME_CREDIT.required_generator.make
    book = make(first_month=FIRST, n_months=N_MONTHS, cases_per_month=cases_per_month, seed=5)
    try:
        write_book(Layout.of(raw_dir.parent, raw_dir, HOME_CREDIT), book, on_month=lambda: None)
    except BaseException:
        shutil.rmtree(raw_dir, ignore_errors=True)
        raise


def _settings(data_dir: Path, raw_dir: Path) -> dict[str, str]:
    return {"CREDIT_PORTFOLIO": HOME_CREDIT.name, "CREDIT_DATA_DIR": str(data_dir), "CREDIT_RAW_DIR": str(raw_dir)}


def build(data_dir: Path, raw_dir: Path) -> Cost:
    """Sources to feature store and everything else the job builds, with the checks of every month."""
    return cost_of_command(_settings(data_dir, raw_dir), "backfill", "--job", "build_month")


def build_without_checks(data_dir: Path, raw_dir: Path) -> Cost:
    """The same assets and no check."""
    settings = _settings(data_dir, raw_dir)
    cost_of_command(settings, "init")
    return cost_of_script("build_without_checks", settings, "2020-01", "2021-02")


def same_by_sql(file: Path, raw_dir: Path) -> Cost:
    """The same features by plain SQL."""
    return cost_of_script("scale_duckdb", {}, str(raw_dir), str(file))


def require_equal(data_dir: Path, file: Path) -> int:
    """Compare every feature of every application; how many features there are.

    Raises:
        AssertionError: one differs.
    """
    stored = pl.read_parquet(data_dir / "gold" / "feature_store" / "*.parquet").drop("snapshot_month", "customer_id")
    by_sql = pl.read_parquet(file).select(pl.col(name).cast(dtype) for name, dtype in stored.schema.items())
    assert_frame_equal(stored.sort("application_id"), by_sql.sort("application_id"), rel_tol=1e-9, abs_tol=1e-9)
    return stored.width - 1


def said(cost: Cost) -> str:
    """One line on a process."""
    return f"{cost.cpu:.1f} CPU s, {cost.wall:.1f} s, {cost.peak / _GIGABYTE:.2f} GB"


def measure(root: Path, raw_dir: Path) -> list[tuple[str, str, str]]:
    """The lines of the table; every folder that was built is removed again."""
    small = root / "small"
    generate(small / "raw", SMALL)
    build(small / "data", small / "raw")
    same_by_sql(small / "features.parquet", small / "raw")
    n_features = require_equal(small / "data", small / "features.parquet")
    ours: list[Cost] = []
    theirs: list[Cost] = []
    for _ in range(N_ROUNDS):
        ours.append(build(root / "data", raw_dir))
        theirs.append(same_by_sql(root / "features.parquet", raw_dir))
        require_equal(root / "data", root / "features.parquet")
        shutil.rmtree(root / "data")
    unchecked = build_without_checks(root / "data", raw_dir)
    platform, sql = cheapest(ours), cheapest(theirs)
    peak = max(cost.peak for cost in ours) / _GIGABYTE
    return [
        ("columns that are equal, cell by cell", f"{n_features}", ""),
        ("sources to feature store, with all checks", said(platform), ""),
        ("the same features, plain DuckDB SQL", said(sql), ""),
        ("ratio of CPU seconds", f"{platform.cpu / sql.cpu:.2f} x", MOST_CPU),
        ("largest resident memory", f"{peak:.2f} GB", MOST_MEMORY),
        ("without checks", said(unchecked), ""),
        ("ratio of CPU seconds without checks", f"{unchecked.cpu / sql.cpu:.2f} x", ""),
    ]


def main() -> None:
    """Measure and print."""
    cases_per_month = int(sys.argv[1]) if len(sys.argv) > 1 else FULL
    console = Console(width=140)
    with tempfile.TemporaryDirectory(prefix="credit-scale-") as folder:
        raw_dir = Path(os.environ.get("SCALE_BOOK") or Path(folder) / "raw").resolve()
        generate(raw_dir, cases_per_month)
        size = sum(file.stat().st_size for file in raw_dir.glob("*.csv")) / 1e9
        with console.status("measuring ..."):
            lines = measure(Path(folder), raw_dir)
    table = Table(title=f"{cases_per_month * N_MONTHS:,} applications, {size:.2f} GB of CSV, {os.cpu_count()} cores")
    for column in ("what", "measured", "bar"):
        table.add_column(column, no_wrap=True)
    for line in lines:
        table.add_row(*line)
    console.print(table)


if __name__ == "__main__":
    main()
