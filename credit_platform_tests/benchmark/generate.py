"""Write the synthetic book of the benchmark: `generate RAW_DIR MONTHS LOANS_PER_MONTH [FIRST_MONTH]`."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.months import parse_month
from credit_platform.portfolios.generator import USUAL_FIRST_MONTH
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS


def generate(raw_dir: Path, n_months: int, loans_per_month: int, first_month: date) -> None:
    """Make the four raw files of a book."""
    spec = BookSpec(first_month=first_month, n_months=n_months, cases_per_month=loans_per_month)
    write_book(Layout.of(raw_dir.parent, raw_dir, LOANS), spec, on_month=lambda: None)


if __name__ == "__main__":
    first = parse_month(sys.argv[4]) if len(sys.argv) > 4 else USUAL_FIRST_MONTH
    generate(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), first)
