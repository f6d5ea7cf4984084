"""The curves of one sample as points: receiver operating characteristic, precision against recall, reliability, gains.

Reliability and gains count bins of about equally many loans by probability, the one division that charts and tests of
calibration share; deciles run from the riskiest, the usual order of the trade. Bands with a business meaning are risk
grades and belong to policy. Drawing belongs to reports, the numbers under curves to discrimination.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.statistics.discrimination import midranks
from credit_platform.statistics.intervals import jeffreys_interval

FloatArray = NDArray[np.float64]
LabelArray = NDArray[np.integer]

ROC_SCHEMA = {"false_positive_rate": pl.Float64, "true_positive_rate": pl.Float64}
PRECISION_RECALL_SCHEMA = {"recall": pl.Float64, "precision": pl.Float64}
RELIABILITY_SCHEMA = {
    "bin": pl.Int64,
    "n": pl.Int64,
    "n_bad": pl.Int64,
    "mean_probability": pl.Float64,
    "bad_rate": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
}

GAINS_SCHEMA = {
    "decile": pl.Int64,
    "n": pl.Int64,
    "n_bad": pl.Int64,
    "bad_rate": pl.Float64,
    "lift": pl.Float64,
    "cumulative_share": pl.Float64,
    "capture_rate": pl.Float64,
    "min_probability": pl.Float64,
}

MAX_POINTS = 201
N_BINS = 10


def roc_points(label: LabelArray, probability: FloatArray, max_points: int = MAX_POINTS) -> pl.DataFrame:
    """Points of the ROC curve from (0, 0) to (1, 1), as `ROC_SCHEMA`; no row when a class is missing.

    A longer curve is thinned to points of its own, evenly spaced along it.
    """
    declined = _declined(label, probability)
    if declined is None:
        return pl.DataFrame(schema=ROC_SCHEMA)
    bads, goods = (np.append(0, counts) for counts in declined)
    false_positive_rate, true_positive_rate = goods / goods[-1], bads / bads[-1]
    kept = _thinned(false_positive_rate + true_positive_rate, max_points)
    return pl.DataFrame(
        {"false_positive_rate": false_positive_rate[kept], "true_positive_rate": true_positive_rate[kept]},
        schema=ROC_SCHEMA,
    )


def precision_recall_points(label: LabelArray, probability: FloatArray, max_points: int = MAX_POINTS) -> pl.DataFrame:
    """Points of precision against recall, as `PRECISION_RECALL_SCHEMA`; no row when a class is missing.

    From the highest probability alone to all loans, where the precision is the bad rate. Before the first loan the
    precision is undefined, and no point is invented for it. Thinned as the ROC curve is.
    """
    declined = _declined(label, probability)
    if declined is None:
        return pl.DataFrame(schema=PRECISION_RECALL_SCHEMA)
    bads, goods = declined
    kept = _thinned(bads / bads[-1] + goods / goods[-1], max_points)
    return pl.DataFrame(
        {"recall": (bads / bads[-1])[kept], "precision": (bads / (bads + goods))[kept]}, schema=PRECISION_RECALL_SCHEMA
    )


def reliability_bins(label: LabelArray, probability: FloatArray, confidence: float = 0.95) -> pl.DataFrame:
    """Mean probability beside bad rate in ten bins of risk, as `RELIABILITY_SCHEMA`; bins without loans are left out.

    `ci_low` and `ci_high` are the Jeffreys interval of the bad rate.
    """
    bins = probability_bins(probability)
    n = np.bincount(bins)
    bads = np.bincount(bins, weights=label).astype(np.int64)
    total = np.bincount(bins, weights=probability)
    rows = []
    for place in np.flatnonzero(n).tolist():
        of_bin, bad = int(n[place]), int(bads[place])
        low, high = jeffreys_interval(bad, of_bin, confidence) or (None, None)
        rows.append((place, of_bin, bad, float(total[place]) / of_bin, bad / of_bin, low, high))
    return pl.DataFrame(rows, schema=RELIABILITY_SCHEMA, orient="row")


def _declined(label: LabelArray, probability: FloatArray) -> tuple[FloatArray, FloatArray] | None:
    """Bads and goods at or above each distinct probability, highest first; None when a class is missing."""
    if not 0 < label.sum() < len(label):
        return None
    _, place, n = np.unique(-probability, return_inverse=True, return_counts=True)
    bads = np.cumsum(np.bincount(place, weights=label)).astype(np.float64)
    return bads, np.cumsum(n).astype(np.float64) - bads


def _thinned(progress: FloatArray, max_points: int) -> NDArray[np.int64]:
    """Places of at most `max_points` points, evenly spaced over a rising progress, both ends among them."""
    if len(progress) <= max_points:
        return np.arange(len(progress))
    wanted = np.linspace(progress[0], progress[-1], max_points)
    places = np.searchsorted(progress, wanted, side="left")
    places[-1] = len(progress) - 1  # rounding must not lose the end
    return np.unique(places)


def probability_bins(probability: FloatArray, n_bins: int = N_BINS) -> NDArray[np.int64]:
    """Bin of each loan, 1 (lowest probabilities) to `n_bins`.

    Loans of one probability share a bin, whatever their order, so bins may differ in size and one may stay empty. They
    depend on the ranking alone: a strictly rising map of the probability changes none.

    >>> probability_bins(np.array([0.1, 0.4, 0.2, 0.9]), n_bins=2).tolist()
    [1, 2, 1, 2]
    """
    place = (midranks(probability) - 0.5) / max(1, len(probability))
    return np.minimum(n_bins, (place * n_bins).astype(np.int64) + 1)


def gains_table(label: NDArray[np.integer], probability: NDArray[np.float64]) -> pl.DataFrame:
    """One row per decile with loans, 1 the riskiest, as `GAINS_SCHEMA`.

    `lift` is the decile's bad rate over the sample's; `cumulative_share` the share of all loans up to this decile,
    `capture_rate` the share of all bads. Both and the lift are null without a bad. Loans of one probability are never
    parted, so deciles may be uneven, and `cumulative_share` says by how much.
    """
    counted = (
        pl.DataFrame({"decile": N_BINS + 1 - probability_bins(probability), "label": label, "probability": probability})
        .group_by("decile")
        .agg(
            n=pl.len().cast(pl.Int64), n_bad=pl.col("label").cast(pl.Int64).sum(), min_probability=pl.min("probability")
        )
        .sort("decile")
    )
    n_bad = pl.col("n_bad").sum()
    of_bads = pl.when(n_bad > 0)
    return counted.with_columns(
        bad_rate=pl.col("n_bad") / pl.col("n"),
        lift=of_bads.then(pl.col("n_bad") / pl.col("n") / (n_bad / pl.col("n").sum())),
        cumulative_share=pl.col("n").cum_sum() / pl.col("n").sum(),
        capture_rate=of_bads.then(pl.col("n_bad").cum_sum() / n_bad),
    ).select(pl.col(name).cast(dtype) for name, dtype in GAINS_SCHEMA.items())
