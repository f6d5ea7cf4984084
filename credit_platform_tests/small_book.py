"""A small synthetic book with short windows, and its folders: enough for every phase of a book's life in seconds.

The fixtures that make and copy it are in conftest; what a test expects of it stands in the test.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Literal
from unittest.mock import patch
from warnings import catch_warnings

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from credit_platform.cli.main import main
from credit_platform.cli.run.runs import Runner
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key
from credit_platform.partitions import MonthlyAxis
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.generator.default_process import DefaultProcess
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.settings import Settings
from credit_platform_tests.field_faults.planted import plant

FIRST, LAST = date(2023, 1, 1), date(2024, 8, 1)
# With these windows: scoring from 2023-06, outcomes from 2023-12, training in 2024-01, live scores from 2024-02.
FIRST_SCORING, FIRST_OUTCOME, FIRST_TRAINING = date(2023, 6, 1), date(2023, 12, 1), date(2024, 1, 1)
MODELS = ("scorecard", "gradient_boosting")
MODEL_CONFIG = """
windows:
  relative: {train: 4, validation: 1, test: 1, oot: 1}
  triggered: {train: 2, validation: 1, test: 1, oot: 1}
scoring: {backfill_months: 7}
features: {clickstream_months: 6}
selection: {min_samples: 50}
"""
# Loading Evidently, or the renderer of PNG charts, takes longer than scoring the whole book; their own tests draw.
WITHOUT_PICTURES = "evidently: {pages: none}\ncharts: {png: none}\n"
# Almost only the clickstream tells who defaults, and tells it in a few months: a hundred loans a month show it clearly.
CLEAR = DefaultProcess(
    strain_intercept=-1.2,
    strain_slope=0.68,
    default_intercept=-3.6,
    index_slope=0.38,
    strain_effect=6.2,
    monthly_noise_sd=30.0,
)
SPEC = BookSpec(
    first_month=FIRST,
    n_months=20,
    cases_per_month=120,
    history_months=6,
    seed=5,
    process=CLEAR,
)

# Dagster warns of its preview features wherever a job is cut down to some assets, and of its own use of what it
# deprecates; the platform uses the former on purpose.
PREVIEW_ALLOWED = [
    pytest.mark.filterwarnings("ignore::dagster.PreviewWarning"),
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
    pytest.mark.filterwarnings("ignore:InitResourceContext.dagster_run is deprecated:DeprecationWarning"),
]


@dataclass(frozen=True)
class BookFolders:
    """Where one book lies, of which kind it is and which months it has.

    What was delivered, what the platform wrote, and the policy it runs under.
    """

    data_dir: Path
    raw_dir: Path
    policy_dir: Path
    kind: Portfolio = LOANS
    first: date = FIRST
    last: date = LAST

    @property
    def lake(self) -> Lake:
        return Lake.at(self.data_dir, self.raw_dir, portfolio=self.kind)

    @property
    def layout(self) -> Layout:
        return self.lake.layout

    def settings(self, last: date | Literal["own"] | None = "own") -> Settings:
        """The settings up to the book's own last month or another one; None leaves its end open."""
        return Settings(
            data_dir=self.data_dir,
            raw_dir=self.raw_dir,
            first_month=self.first,
            last_month=self.last if last == "own" else last,
            is_book_known=True,
            policy_dir=self.policy_dir,
            automation="stopped",
            policy=self.kind.load_policy(self.policy_dir),
            portfolio_name=self.kind.name,
        )

    def axis(self) -> MonthlyAxis:
        return self.settings().axis()

    def runner(self, instance: dg.DagsterInstance) -> Runner:
        """Runs jobs of this book in this process."""
        from credit_platform.code_location import build_definitions

        repository = build_definitions(self.kind, self.settings()).get_repository_def()
        return Runner(repository, self.kind, instance, Console(file=StringIO()), "test")

    def copy_to(self, root: Path) -> BookFolders:
        """A copy of the written tables with no run history, over the same raw files."""
        shutil.copytree(self.data_dir, root / "data", ignore=shutil.ignore_patterns(".dagster"))
        return replace(self, data_dir=root / "data")

    def forget_decisions(self) -> None:
        """Take the book back to before anything was decided: versions lie in the store and nobody knows of them."""
        shutil.rmtree(self.layout.audit_log().parent)

    def copy_raw_to(self, root: Path) -> BookFolders:
        """A copy of the raw files with nothing written from them yet."""
        shutil.copytree(self.raw_dir, root / "raw")
        return replace(self, data_dir=root / "data", raw_dir=root / "raw")

    def command(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command line on this book as a program."""
        return run_command(*arguments, **(self._variables() | variables))

    def program(self, program: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line of another environment on this book."""
        return run_program(program, *arguments, **self._variables())

    def verb(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the command line on this book inside this process, without the seconds a program takes to load."""
        return run_verb(*arguments, **(self._variables() | variables))

    def _variables(self) -> dict[str, str]:
        return {
            "CREDIT_DATA_DIR": str(self.data_dir),
            "CREDIT_RAW_DIR": str(self.raw_dir),
            "CREDIT_POLICY_DIR": str(self.policy_dir),
            "CREDIT_PORTFOLIO": self.kind.name,
            "COLUMNS": "250",
        }


def run_command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `credit-platform` as a program, with no other settings than those given."""
    return run_program(Path(sys.executable).with_name("credit-platform"), *arguments, **variables)


def run_program(program: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program with no other settings than those given."""
    return subprocess.run(
        [str(program), *arguments],
        env=_inherited() | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def run_verb(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the entry point of `credit-platform` inside this process, with no other settings than those given.

    Warnings are shown to nobody, as the program shows them to nobody. Use `run_command` where the start of the program,
    its signals or a second process matter.
    """
    said, complained = StringIO(), StringIO()
    with (
        patch.dict(os.environ, _inherited() | variables, clear=True),
        patch.object(sys, "argv", ["credit-platform", *arguments]),
        redirect_stdout(said),
        redirect_stderr(complained),
        catch_warnings(action="ignore"),
    ):
        try:
            main()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return subprocess.CompletedProcess(["credit-platform", *arguments], code, said.getvalue(), complained.getvalue())


def _inherited() -> dict[str, str]:
    own = {"DAGSTER_HOME", "RETRAIN_THRESHOLD"}
    return {name: value for name, value in os.environ.items() if not name.startswith("CREDIT_") and name not in own}


def make_book(root: Path) -> BookFolders:
    """Write the policy and the raw files of the small book below `root`."""
    folders = BookFolders(root / "data", root / "raw", root / "policy")
    folders.policy_dir.mkdir(parents=True)
    (folders.policy_dir / "model_config.yaml").write_text(MODEL_CONFIG)
    (folders.policy_dir / "monitoring_thresholds.yaml").write_text(WITHOUT_PICTURES)
    write_book(folders.layout, SPEC, on_month=lambda: None)
    # Tests look for this person in everything that is written from the book.
    plant(folders.raw_dir / "features_attributes.csv")
    return folders


def table_bytes(folders: BookFolders, table: str, month: date) -> bytes:
    """The file of one month of a table."""
    return (folders.data_dir / table / f"{month_key(month)}.parquet").read_bytes()


def without_month(file: Path, month: date) -> None:
    """Take the rows of one month out of a raw CSV file."""
    rows = pl.read_csv(file, infer_schema=False)
    kept = rows.filter(~pl.col("snapshot_date").str.starts_with(f"{month:%Y-%m}"))
    assert 0 < kept.height < rows.height
    kept.write_csv(file)


def check_results(
    instance: dg.DagsterInstance, table: str, check: str = "rows_meet_the_contract"
) -> dict[str | None, tuple[str, bool]]:
    """Per month, as the UI's Partitions tab reads it: the latest status, and whether it is of the latest rows."""
    key = dg.AssetCheckKey(dg.AssetKey(table.split("/")), check)
    infos = instance.event_log_storage.get_asset_check_partition_info([key])
    return {info.partition_key: (info.latest_execution_status.value, info.is_current) for info in infos}
