"""Development samples: features of some cohorts beside the outcome of the same loans.

Which cohorts form which sample is said by `windows`; reading files belongs to the assets.
"""

from __future__ import annotations

import polars as pl

from credit_platform.errors import TrainingError
from credit_platform.scoring.transformers.standardisation import MODEL_FEATURES, missing_columns

_NEEDED = ("snapshot_month", "loan_id", "label", *MODEL_FEATURES)


def attach_labels(features: pl.LazyFrame, labels: pl.LazyFrame) -> pl.LazyFrame:
    """Features at application with the label read at maturity, one row per labelled loan, in loan order.

    A loan that left the book before maturity has no label and is not in a sample.
    """
    outcome = labels.select("loan_id", "label")
    return features.join(outcome, on="loan_id", how="inner", validate="1:1").sort("snapshot_month", "loan_id")


def checked_sample(model: str, sample: str, frame: pl.DataFrame, min_samples: int) -> pl.DataFrame:
    """The sample in its canonical order, if a model can be fitted on it.

    Raises:
        TrainingError: a column is missing, a loan has no label, there are too few loans or only one class.
    """
    missing = missing_columns(frame, _NEEDED)
    if missing:
        reason, fix = f"its {sample} sample lacks {', '.join(missing)}", "Rebuild gold/feature_store for its months."
        raise TrainingError(model=model, reason=reason, fix=fix)
    n, unlabelled = frame.height, frame["label"].null_count()
    n_bad = int(frame["label"].fill_null(0).sum())
    counts = f"its {sample} sample has {n} loans, {n_bad} of them bad"
    if unlabelled:
        fix = "Join gold/label_store, and take mature cohorts only."
        raise TrainingError(model=model, reason=f"{counts} and {unlabelled} without a label", fix=fix)
    if n < min_samples:
        fix = "Choose longer windows, or lower selection.min_samples in model_config.yaml."
        raise TrainingError(model=model, reason=f"{counts}; selection.min_samples asks for {min_samples}", fix=fix)
    if n_bad in {0, n}:
        fix = "Choose windows whose cohorts hold both goods and bads."
        raise TrainingError(model=model, reason=f"{counts}; a model needs both classes", fix=fix)
    return frame.sort("snapshot_month", "loan_id").rechunk()
