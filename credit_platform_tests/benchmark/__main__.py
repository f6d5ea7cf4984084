"""`make bench`: measure the main paths and print them beside their bars.

Works on the book CREDIT_TEST_BOOK names, or on a generated one. The exit code says whether the measuring worked, never
whether a bar was met.
"""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from credit_platform.cli.book import Book
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import load_settings
from credit_platform_tests.benchmark.discrimination import absolute_cohorts, discrimination_lines
from credit_platform_tests.benchmark.measuring import Cost, cheapest, cost_of_command, cost_of_script, costs_of_imports
from credit_platform_tests.benchmark.serving import serving_lines
from credit_platform_tests.benchmark.ten_years import look_lines

N_MONTHS, LOANS_PER_MONTH = 24, 500
# The builds are measured in turns, and the cheapest of each counts: other work on the machine only ever adds.
N_ROUNDS = 2
BUILD = ("backfill", "--job", "build_month")


@dataclass
class Benchmark:
    """A book, the folders of the competing builds, and the lines measured so far."""

    root: Path
    raw_dir: Path
    is_given: bool
    lines: list[tuple[str, str, str]] = field(default_factory=list)

    def note(self, what: str, value: str, bar: str = "") -> None:
        self.lines.append((what, value, bar))

    def settings(self, name: str) -> dict[str, str]:
        return {"CREDIT_DATA_DIR": str(self.root / name), "CREDIT_RAW_DIR": str(self.raw_dir)}

    def prepare(self) -> Book:
        """Write down the book's months in every folder, so that no build has to find them out."""
        for build in range(N_ROUNDS):
            for name in ("dagster", "no_checks"):
                cost_of_command(self.settings(f"{name}{build}"), "init")
        os.environ.update(self.settings("dagster0"))
        return Book.of(load_settings())


def seconds(cost: Cost) -> str:
    return f"{cost.cpu:.1f} CPU s, {cost.wall:.1f} s"


def measure_builds(benchmark: Benchmark, book: Book) -> None:
    first = book.axis.first_snapshot
    last = min(add_months(first, N_MONTHS - 1), book.axis.last or add_months(first, N_MONTHS - 1))
    n_months = len(month_range(first, last))
    span = (f"{first:%Y-%m}", f"{last:%Y-%m}")
    rounds = [
        (
            cost_of_command(benchmark.settings(f"dagster{n}"), *BUILD, "--from", span[0], "--to", span[1]),
            cost_of_script("build_without_checks", benchmark.settings(f"no_checks{n}"), *span),
            cost_of_script("bare_polars", {}, str(benchmark.root / f"bare{n}"), str(benchmark.raw_dir), *span),
        )
        for n in range(N_ROUNDS)
    ]
    dagster, unchecked, bare = (cheapest(costs) for costs in zip(*rounds, strict=True))
    benchmark.note(f"build {n_months} months, one run", seconds(dagster), "20 CPU s")
    benchmark.note("the same tables, bare Polars and DuckDB", seconds(bare))
    benchmark.note("ratio", f"{dagster.cpu / bare.cpu:.2f} x CPU, {dagster.wall / bare.wall:.2f} x time")
    benchmark.note("build without its checks", seconds(unchecked))
    benchmark.note("checking on top of it", f"{dagster.cpu / unchecked.cpu - 1:.0%}", "30%")
    again = cost_of_command(benchmark.settings("dagster0"), *BUILD, "--from", span[1], "--to", span[1])
    benchmark.note("build the last month again", seconds(again))


def measure_imports(benchmark: Benchmark) -> None:
    ours, theirs = costs_of_imports(
        "import credit_platform.definitions", "import dagster, polars", settings=benchmark.settings("dagster0")
    )
    benchmark.note("import credit_platform.definitions", seconds(ours))
    benchmark.note("import dagster, polars", seconds(theirs))
    benchmark.note("ratio", f"{ours.cpu / theirs.cpu:.2f} x CPU", "2.00 x")


def measure_a_month_of_models(benchmark: Benchmark, book: Book) -> None:
    axis, settings = book.axis, benchmark.settings("dagster0")
    if axis.last is not None and axis.last < axis.first_training:
        benchmark.note("train, score, monitor", f"the book ends before {axis.first_training:%Y-%m}")
        return
    month, first_scoring = f"{axis.first_training:%Y-%m}", f"{axis.first_scoring:%Y-%m}"

    def job(name: str, first: str = month) -> Cost:
        return cost_of_command(settings, "backfill", "--job", name, "--from", first, "--to", month)

    benchmark.note("train both models as of one month", seconds(job("train_models")), "60 CPU s")
    job("score_month", first_scoring)
    benchmark.note("score one month", seconds(job("score_month")))
    benchmark.note("monitor one month", seconds(job("monitor_month")))


def measure_discrimination(benchmark: Benchmark, book: Book) -> None:
    """What the models reach on the absolute split of the months that `measure_builds` left."""
    lake = Lake.at(benchmark.root / "dagster0", benchmark.raw_dir, portfolio=LOANS)
    config, first, last = LOANS.load_policy().model, book.axis.first_snapshot, book.axis.last
    needed = add_months(absolute_cohorts(first, config)["oot"][-1], config.label.lag_months)
    if last is not None and last < needed:
        benchmark.note("AUC on the absolute split", f"the book ends before {needed:%Y-%m}")
        return
    for line in discrimination_lines(lake, first, config, has_bars=benchmark.is_given):
        benchmark.note(*line)


def measure_generator(benchmark: Benchmark, raw_dir: Path) -> None:
    cost = cost_of_script("generate", {}, str(raw_dir), str(N_MONTHS), str(LOANS_PER_MONTH))
    size = sum(file.stat().st_size for file in raw_dir.glob("*.csv")) / 1e6
    what = f"generate {N_MONTHS} months of {LOANS_PER_MONTH} loans"
    benchmark.note(what, f"{seconds(cost)}, {size:.0f} MB, {size / cost.wall:.0f} MB/s")


def main() -> None:
    """Measure and print."""
    console = Console(width=140)
    with tempfile.TemporaryDirectory(prefix="credit-benchmark-") as folder:
        root = Path(folder)
        given = os.environ.get("CREDIT_TEST_BOOK", "")
        benchmark = Benchmark(root, Path(given).resolve() if given else root / "raw", is_given=bool(given))
        with console.status("measuring, about seven minutes ..."):
            measure_generator(benchmark, root / "raw")
            book = benchmark.prepare()
            measure_imports(benchmark)
            measure_builds(benchmark, book)
            measure_a_month_of_models(benchmark, book)
            measure_discrimination(benchmark, book)
            for line in serving_lines(root / "dagster0"):
                benchmark.note(*line)
            for line in look_lines(root / "dagster0", root / "ten_years"):
                benchmark.note(*line)
    table = Table(title=f"{'Book in ' + given if given else 'Generated book'}, Python {sys.version.split()[0]}")
    for column in ("what", "measured", "bar"):
        table.add_column(column, no_wrap=True)
    for line in benchmark.lines:
        table.add_row(*line)
    console.print(table)


if __name__ == "__main__":
    main()
