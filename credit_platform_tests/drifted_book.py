"""A small book whose applicants begin to default for other reasons half way, and what its life then was.

Made once a session by the fixture `drifted_book`; which signs a drift must give is the campaigns' matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from credit_platform.lake.governance.promotions import PromotionLog, promotions_kept
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform_tests.small_book import CLEAR, MODELS, BookFolders

DRIFT = Drift(DriftKind.CONCEPT, date(2024, 1, 1), 1.0)
# Turned all the way, so that three drifted cohorts of a training sample are enough for its successor.
SPEC = BookSpec(
    first_month=date(2023, 1, 1),
    n_months=24,
    cases_per_month=300,
    history_months=3,
    seed=7,
    process=replace(CLEAR, monthly_noise_sd=100.0, furthest_turn=1.0),
    drifts=(DRIFT,),
)
MODEL_CONFIG = """
windows:
  relative: {train: 4, validation: 1, test: 1, oot: 1}
  triggered: {train: 2, validation: 1, test: 1, oot: 1}
scoring: {backfill_months: 7}
features: {clickstream_months: 3}
selection: {min_samples: 50}
"""
_UNFIT = ("retrain_required", "retraining")


@dataclass(frozen=True)
class Replacement:
    """When a model was first declared unfit and why, and the version that took its place."""

    model: str
    unfit_since: date
    reasons: tuple[str, ...]
    model_version: str
    trained_as_of: date
    out_of_time_auc: float


def make_drifted_book(root: Path) -> BookFolders:
    """Write the policy and the raw files below `root`; nothing is built."""
    folders = BookFolders(root / "data", root / "raw", root / "policy")
    folders.policy_dir.mkdir(parents=True)
    (folders.policy_dir / "model_config.yaml").write_text(MODEL_CONFIG)
    (folders.policy_dir / "monitoring_thresholds.yaml").write_text("evidently: {pages: none}\n")
    write_book(folders.layout, SPEC, on_month=lambda: None)
    return folders


def replacement_in(book: BookFolders) -> Replacement:
    """The first model that was declared unfit and then replaced, as the stored tables have it."""
    records = PromotionLog(book.layout).records()
    for model in MODELS:
        table = f"monitoring/{model}/action"
        actions = book.lake.scan(table, book.lake.months(table)).sort("snapshot_month").collect()
        unfit = actions.filter(pl.col("state").is_in(_UNFIT))
        if unfit.is_empty():
            continue
        first = unfit.row(0, named=True)
        later = [each for each in promotions_kept(records, model) if each.as_of >= first["snapshot_month"]]
        if later:
            auc = book.lake.versions.read(model, later[0].model_version).metadata.roc_auc("oot")
            assert auc is not None
            assert auc.value is not None
            return Replacement(
                model=model,
                unfit_since=first["snapshot_month"],
                reasons=tuple(first["reasons"].split("\n")),
                model_version=later[0].model_version,
                trained_as_of=later[0].as_of,
                out_of_time_auc=auc.value,
            )
    message = "no model of the drifted book was declared unfit and replaced"
    raise AssertionError(message)
