"""The ground truth of a generated book is known as long as its raw files are the ones that were generated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from credit_platform.lake.raw.ground_truth import read_ground_truth, write_ground_truth
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS

PLAIN = BookSpec(first_month=date(2023, 1, 1), n_months=2, cases_per_month=5, history_months=2, seed=3)
SPEC = replace(PLAIN, drifts=(Drift(DriftKind.VOLUME, date(2023, 2, 1), 0.5),))
LOAN_FILE = "lms_loan_daily.csv"


@pytest.mark.parametrize("spec", [PLAIN, SPEC, BookSpec(n_months=9, has_leak=True)])
def test_a_book_is_read_back_from_its_facts(spec: BookSpec) -> None:
    assert BookSpec.from_dict(spec.to_dict()) == spec


@pytest.fixture
def generated(lake: Lake) -> Lake:
    assert read_ground_truth(lake.layout) is None
    write_book(lake.layout, SPEC, on_month=lambda: None)
    write_ground_truth(lake.layout, SPEC)
    return lake


def test_the_ground_truth_is_read_back(generated: Lake) -> None:
    read = read_ground_truth(generated.layout)
    assert read is not None
    assert read == SPEC
    (generated.layout.raw_dir / "README.md").touch()
    assert read_ground_truth(generated.layout) is not None


CHANGES: dict[str, Callable[[Path], object]] = {
    "a file changed": lambda raw: (raw / LOAN_FILE).write_text("mine"),
    "a file gone": lambda raw: (raw / LOAN_FILE).unlink(),
    "a file more": lambda raw: (raw / "lms_loan_daily_2023_03.csv").write_text("mine"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_of_files_that_are_not_the_generated_ones_nothing_is_known(generated: Lake, name: str) -> None:
    CHANGES[name](generated.layout.raw_dir)
    assert read_ground_truth(generated.layout) is None


WRITTEN = """ "first_month": "2023-01-01",
 "months": 2,
 "loans_per_month": 5,
 "clickstream_months": 2,
 "seed": 3,
 "drifts": [
  {
   "kind": "volume",
   "first_month": "2023-02-01",
   "strength": 0.5
  }
 ]
}
"""


def test_the_file_is_written_as_it_always_was_and_nothing_is_read_for_a_book_without_generator(generated: Lake) -> None:
    assert generated.layout.ground_truth().name == ".planted.json"
    assert generated.layout.ground_truth().read_text().endswith(WRITTEN)
    assert read_ground_truth(replace(generated.layout, portfolio=replace(LOANS, generator=None))) is None
