"""A tiny book whose whole life runs in seconds, and the command line started on it as a process of its own.

What a campaign does to such processes stands in the campaign.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.churn.portfolio import CHURN
from credit_platform.portfolios.generator import GeneratedBook
from credit_platform.portfolios.home_credit.portfolio import HOME_CREDIT
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform_tests import churn_book
from credit_platform_tests.home_credit_book import FIRST, MODEL_CONFIG

SPEC = BookSpec(first_month=date(2021, 1, 1), n_months=15, cases_per_month=120, history_months=12, seed=11)

FIRST_TRAINING = date(2022, 1, 1)
# Short windows: 13 months until the first training, so that 15 months hold every phase, a second training included.
_POLICY = """
windows:
  relative: {train: 4, validation: 1, test: 1, oot: 1}
  triggered: {train: 3, validation: 1, test: 1, oot: 1}
features: {clickstream_months: 12}
scoring: {backfill_months: 7}
retraining: {every_months: 2}
"""


@dataclass(frozen=True)
class AttackedBook:
    """Raw files and a policy that several data folders share, and how often a campaign kills."""

    root: Path
    kind: Portfolio = LOANS
    n_kills: int = 10

    @property
    def raw_dir(self) -> Path:
        return self.root / "raw"

    @property
    def policy_dir(self) -> Path:
        return self.root / "policy"

    def lake(self, name: str) -> Lake:
        return Lake.at(self.root / name, self.raw_dir, portfolio=self.kind)

    def start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        """Start `credit-platform` on the data folder `name`, in a process group of its own."""
        environment = {
            variable: value
            for variable, value in os.environ.items()
            if not variable.startswith(("CREDIT_", "DAGSTER_", "PYTEST_"))
        }
        environment |= {
            "CREDIT_DATA_DIR": str(self.root / name),
            "CREDIT_RAW_DIR": str(self.raw_dir),
            "CREDIT_POLICY_DIR": str(self.policy_dir),
            "CREDIT_PORTFOLIO": self.kind.name,
            "COLUMNS": "250",
        }
        program = Path(sys.executable).with_name("credit-platform")
        return subprocess.Popen(
            [str(program), *arguments],
            env=environment,
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, name: str, *arguments: str) -> str:
        """Run `credit-platform` to its end, which must be a good one; returns what it printed."""
        process = self.start(name, *arguments)
        output, _ = process.communicate(timeout=600)
        assert process.returncode == 0, output
        return output


def make_attacked_book(root: Path) -> AttackedBook:
    """Write raw files and policy of a loan book below `root`."""
    return _made(AttackedBook(root), _POLICY, SPEC)


def make_attacked_home_credit(root: Path) -> AttackedBook:
    """Write raw files and policy of a book without a calendar below `root`, to be killed less often."""
    book = HOME_CREDIT.required_generator.make(first_month=FIRST, n_months=5, cases_per_month=120, seed=11)
    return _made(AttackedBook(root, HOME_CREDIT, n_kills=2), MODEL_CONFIG, book)


def make_attacked_churn(root: Path) -> AttackedBook:
    """Write raw files and policy of a book whose cases are made of sales below `root`, to be killed less often."""
    make = CHURN.required_generator.make
    book = make(first_month=churn_book.FIRST, n_months=10, cases_per_month=120, seed=11)
    return _made(AttackedBook(root, CHURN, n_kills=2), churn_book.MODEL_CONFIG, book)


def _made(book: AttackedBook, policy: str, generated: GeneratedBook) -> AttackedBook:
    book.policy_dir.mkdir(parents=True)
    (book.policy_dir / "model_config.yaml").write_text(policy)
    (book.policy_dir / "monitoring_thresholds.yaml").write_text("evidently: {pages: none}\ncharts: {png: none}\n")
    write_book(Layout.of(book.root / "unused", book.raw_dir, book.kind), generated, on_month=lambda: None)
    return book
