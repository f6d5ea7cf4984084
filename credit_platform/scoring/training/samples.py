"""Development samples: features of some cohorts beside the outcome of the same loans.

Which cohorts form which sample is decided in `windows`; reading files belongs to the assets.
"""

import polars as pl

from credit_platform.errors import TrainingError
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.scoring.transformers.feature_order import missing_columns, model_columns


def attach_labels(features: pl.LazyFrame, labels: pl.LazyFrame, *, case_key: str) -> pl.LazyFrame:
    """Features at application with the label read at maturity, one row per labelled loan, in the order of `case_key`.

    A loan that left the book before maturity has no label and is not in a sample.
    """
    outcome = labels.select(case_key, "label")
    return features.join(outcome, on=case_key, how="inner", validate="1:1").sort("snapshot_month", case_key)


def checked_sample(
    model: str, sample: str, frame: pl.DataFrame, min_samples: int, portfolio: Portfolio
) -> pl.DataFrame:
    """The sample in its canonical order, if a model can be fitted on it.

    Raises:
        TrainingError: a column is missing, a loan has no label, there are too few loans or only one class.
    """
    keys = ("snapshot_month", portfolio.cases.key)
    missing = missing_columns(frame, (*keys, "label", *model_columns(portfolio.features)))
    if missing:
        reason, fix = f"its {sample} sample lacks {', '.join(missing)}", "Rebuild gold/feature_store for its months."
        raise TrainingError(model=model, reason=reason, fix=fix)
    n, unlabelled = frame.height, frame["label"].null_count()
    n_bad = int(frame["label"].fill_null(0).sum())
    counts = f"its {sample} sample has {n} {portfolio.words.cases}, {n_bad} of them bad"
    if unlabelled:
        fix = "Join gold/label_store, and take mature cohorts only."
        raise TrainingError(model=model, reason=f"{counts} and {unlabelled} without a label", fix=fix)
    if n < min_samples:
        fix = "Choose longer windows, or lower selection.min_samples in model_config.yaml."
        raise TrainingError(model=model, reason=f"{counts}; selection.min_samples asks for {min_samples}", fix=fix)
    if n_bad in {0, n}:
        fix = "Choose windows whose cohorts have both goods and bads."
        raise TrainingError(model=model, reason=f"{counts}; a model needs both classes", fix=fix)
    return frame.sort(keys).rechunk()
