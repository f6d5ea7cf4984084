"""How often intervals contain the truth, in samples of known populations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import log, sqrt
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.monitoring.early_warning.estimate import measure_estimate
from credit_platform.monitoring.fair_lending import measure_fair_lending
from credit_platform.scoring.estimators.estimator import fit_platt
from credit_platform.scoring.evaluation.metrics import sample_metrics
from credit_platform.statistics.calibration import probability_of
from credit_platform.statistics.discrimination import confusion, delong_interval, roc_auc
from credit_platform.statistics.intervals import difference_interval
from credit_platform.statistics.ranked_sample import RankedSample
from credit_platform_tests.monitoring_rows import subject, thresholds

CUT_OFF = 0.5
Sample = tuple[NDArray[np.int64], NDArray[np.float64]]


def labelled(random: np.random.Generator, n: int, auc: float, rate: float = 0.28, shift: float = 0.0) -> Sample:
    """Labels and probabilities of loans whose scores are normal in either class, the log-odds wrong by `shift`."""
    distance = sqrt(2) * NormalDist().inv_cdf(auc)
    label = (random.random(n) < rate).astype(np.int64)
    score = random.normal(size=n) + distance * label
    odds = log(rate / (1 - rate)) + distance * score - distance**2 / 2
    return label, probability_of(odds + shift)


def of_metrics(auc: float, rate: float, samples: int) -> Mapping[str, float]:
    """Coverage of the intervals of metrics, of 500 loans."""
    random = np.random.default_rng(20)
    everybody = RankedSample.of(*labelled(random, 1_000_000, auc, rate))
    truth = {
        "roc_auc": auc,
        "ks": float(everybody.ks(everybody.itself)[0]),
        "brier": float(everybody.brier(everybody.itself)[0]),
        "f1_score": float(everybody.f1_score(everybody.itself, CUT_OFF)[0]),
        "average_precision": float(everybody.average_precision(everybody.itself)[0]),
        "calibration_slope": 1.0,
        "calibration_in_the_large": 0.0,
    }
    held: Counter[str] = Counter()
    for _ in range(samples):
        label, probability = labelled(random, 500, auc, rate)
        for metric, _value, low, high in sample_metrics(label, probability, cut_off=CUT_OFF):
            if metric in truth and low is not None and high is not None:
                held[metric] += low <= truth[metric] <= high
        gap = calibration_gap(label, probability)
        held["calibration_gap"] += gap["ci_low"] <= 0 <= gap["ci_high"]
    words = {
        "roc_auc": "ROC-AUC",
        "ks": "KS",
        "brier": "Brier score",
        "f1_score": "F1 score",
        "average_precision": "average precision",
        "calibration_slope": "calibration slope",
        "calibration_in_the_large": "calibration in the large",
        "calibration_gap": "calibration gap",
    }
    return {f"coverage, {word}": held[metric] / samples for metric, word in words.items()}


def calibration_gap(label: NDArray[np.int64], probability: NDArray[np.float64]) -> dict[str, float]:
    """The measure of fair lending, of one group."""
    scored = pl.DataFrame({"default_probability": probability, "label": label}).with_columns(
        decision=pl.lit("approve"), score=pl.lit(500), group=pl.lit("all")
    )
    table = measure_fair_lending(scored, subject=subject(), thresholds=thresholds())
    return table.row(by_predicate=pl.col("metric") == "calibration_gap", named=True)


def coverage_of_difference(auc: float, rate: float, n: int, samples: int) -> Mapping[str, float]:
    """Coverage of the interval of a gap between two samples."""
    random, held = np.random.default_rng(21), 0
    for _ in range(samples):
        (first, second) = (labelled(random, n, auc, rate) for _ in range(2))
        around, values = (
            [delong_interval(*each) for each in (first, second)],
            [roc_auc(*each) for each in (first, second)],
        )
        if around[0] is not None and around[1] is not None and values[0] is not None and values[1] is not None:
            low, high = difference_interval(values[0], around[0], values[1], around[1])
            held += low <= 0 <= high
    return {"coverage, difference of ROC-AUC": held / samples}


def coverage_of_estimate(scale: float, samples: int) -> Mapping[str, float]:
    """Coverage of estimates by the realised metric, of a population whose risks are `scale` as far apart as before."""
    random = np.random.default_rng(22)
    held: Counter[str] = Counter()
    defined: Counter[str] = Counter()
    for _ in range(samples):
        label, risk = _risks(random, 1500, 1.0)
        calibrator = fit_platt(label.astype(np.int8), risk)
        validation = calibrator.calibrate(risk)
        label, risk = _risks(random, 500, scale)
        probability = calibrator.calibrate(risk)
        scored = pl.DataFrame({"raw_probability": risk, "default_probability": probability}).with_columns(
            decision=pl.when(pl.col("default_probability") >= CUT_OFF)
            .then(pl.lit("decline"))
            .otherwise(pl.lit("approve")),
            sources_present=pl.lit("financials"),
        )
        table = measure_estimate(scored, validation=validation, subject=subject(lag=0), thresholds=thresholds())
        outcome = confusion(label, probability >= CUT_OFF)
        realised = {"roc_auc": roc_auc(label, risk), "bad_rate": float(label.mean())}
        realised |= {name: getattr(outcome, name) for name in ("accuracy", "precision", "recall", "f1_score")}
        for metric, low, high in table.filter(segment="all").select("metric", "ci_low", "ci_high").iter_rows():
            # Without a declined loan there is no precision, neither estimated nor realised.
            truth = realised.get(metric)
            if truth is not None and low is not None:
                defined[metric] += 1
                held[metric] += low <= truth <= high
    return {f"coverage, estimated {word}": held[metric] / defined[metric] for metric, word in ESTIMATED.items()}


ESTIMATED = {
    "roc_auc": "ROC-AUC",
    "bad_rate": "bad rate",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1_score": "F1 score",
}


def _risks(random: np.random.Generator, n: int, scale: float) -> Sample:
    risk = probability_of(4.6 * scale * random.normal(size=n) - 2.2)
    return (random.random(n) < risk).astype(np.int64), risk
