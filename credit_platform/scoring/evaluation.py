"""A version's metrics on each of its samples, as one long table.

The month-by-month judgement of a version in use, with thresholds and segments, belongs to monitoring; what the metrics
mean for promotion to promotion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.scoring.discrimination import brier, confusion, delong_interval, ks, roc_auc
from credit_platform.scoring.training import FittedVersion
from credit_platform.scoring.windows import SampleRole

FloatArray = NDArray[np.float64]

CONFIDENCE = 0.95

EVALUATION_SCHEMA = {
    "sample_role": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n": pl.Int64,
    "n_bad": pl.Int64,
}

Measured = tuple[str, float | None, float | None, float | None]


def evaluate(
    version: FittedVersion,
    samples: Mapping[SampleRole, pl.DataFrame],
    *,
    cut_off: float,
    confidence: float = CONFIDENCE,
) -> pl.DataFrame:
    """One row per sample and metric: `sample_role, metric, value, ci_low, ci_high, n, n_bad`.

    Args:
        version: The final version; nothing is fitted here.
        samples: Feature store rows with `label`, by role.
        cut_off: Default probability from which a loan counts as declined.
        confidence: Level of the intervals, DeLong's for `roc_auc` and `gini`; other metrics carry none.

    A metric its sample does not define has a null value. `roc_auc`, `gini`, `ks` and `brier` are of the calibrated
    probability.

    Raises:
        ModelStoreError: a sample lacks a column the version was trained on.
    """
    rows = []
    for role, sample in samples.items():
        label = sample["label"].cast(pl.Int8).to_numpy()
        measured = _measure(label, version.predict(sample), cut_off=cut_off, confidence=confidence)
        n, n_bad = len(label), int(label.sum())
        rows.extend((role, *one, n, n_bad) for one in measured)
    return pl.DataFrame(rows, schema=EVALUATION_SCHEMA, orient="row")


def auc_by_sample(metrics: pl.DataFrame) -> dict[SampleRole, float | None]:
    """ROC-AUC of each sample, out of a table that `evaluate` made."""
    return dict(metrics.filter(pl.col("metric") == "roc_auc").select("sample_role", "value").iter_rows())


def null_rate(features: pl.DataFrame, columns: Sequence[str]) -> float | None:
    """Share of missing cells among all cells of the columns; None for a frame without rows."""
    cells = features.height * len(columns)
    missing = sum(features[column].null_count() for column in columns)
    return missing / cells if cells else None


def _measure(label: NDArray[np.int8], probability: FloatArray, *, cut_off: float, confidence: float) -> list[Measured]:
    auc = roc_auc(label, probability)
    low, high = delong_interval(label, probability, confidence) or (None, None)
    table = confusion(label, probability >= cut_off)
    plain: Mapping[str, float | None] = {
        "ks": ks(label, probability),
        "brier": brier(label, probability),
        "accuracy": table.accuracy,
        "precision": table.precision,
        "recall": table.recall,
        "f1_score": table.f1_score,
        "bad_rate": float(label.mean()) if len(label) else None,
        "mean_default_probability": float(probability.mean()) if len(label) else None,
    }
    return [
        ("roc_auc", auc, low, high),
        ("gini", _as_gini(auc), _as_gini(low), _as_gini(high)),
        *((name, value, None, None) for name, value in plain.items()),
    ]


def _as_gini(auc: float | None) -> float | None:
    return None if auc is None else 2 * auc - 1
