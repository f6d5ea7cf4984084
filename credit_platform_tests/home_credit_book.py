"""A small generated Home Credit book with short windows, and its folders, as `small_book` has of the loans.

The fixtures that make and copy it are in conftest.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from credit_platform.lake.raw.raw_book import write_book
from credit_platform.months import add_months
from credit_platform.portfolios.home_credit.portfolio import HOME_CREDIT
from credit_platform_tests.small_book import WITHOUT_PICTURES, BookFolders

FIRST = date(2020, 1, 1)
# Training as of 2020-06, live scores from 2020-07; the last month has no labels.
FIRST_TRAINING, LAST_LABELLED, LAST = (add_months(FIRST, n) for n in (5, 7, 8))
CHUNKS, CASES_PER_CHUNK = 6, 200
MODEL_CONFIG = """
cohorts: {labelled: 8, unlabelled: 1}
windows:
  relative: {train: 3, validation: 1, test: 1, oot: 1}
  triggered: {train: 3, validation: 1, test: 1, oot: 1}
scoring: {backfill_months: 2}
selection: {min_samples: 50}
gates: {min_oot_roc_auc: 0.5, max_oot_test_gap: 0.5, max_train_validation_gap: 0.5}
"""


def make_home_credit_book(root: Path) -> BookFolders:
    """Write the policy and the raw files of the small book below `root`."""
    folders = BookFolders(root / "data", root / "raw", root / "policy", HOME_CREDIT, FIRST, LAST)
    folders.policy_dir.mkdir(parents=True)
    (folders.policy_dir / "model_config.yaml").write_text(MODEL_CONFIG)
    (folders.policy_dir / "monitoring_thresholds.yaml").write_text(WITHOUT_PICTURES)
    make = HOME_CREDIT.required_generator.make
    book = make(first_month=FIRST, n_months=CHUNKS, cases_per_month=CASES_PER_CHUNK, seed=5)
    write_book(folders.layout, book, on_month=lambda: None)
    return folders
