"""Two models on the same loans: what each reaches, by how much they differ, and how sure that is.

Champion and challenger are models here, each represented by its version in force. What follows from the figures is
decided in `decision`; two versions of one model are compared in `governance.promotion`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.champion_challenger.newest_sources import TakenSources
from credit_platform.scoring.champion_challenger.swap_sets import (
    n_approved_at_cut_off,
    n_approved_at_rate,
    swap_sensitivity,
    swap_set,
)
from credit_platform.scoring.evaluation.labelled_sample import ks_of_draws
from credit_platform.statistics.calibration import CalibrationLine, calibration_line
from credit_platform.statistics.discrimination import (
    brier,
    brier_interval,
    delong_interval,
    delong_paired_interval,
    ks,
    paired_brier_interval,
    roc_auc,
)
from credit_platform.statistics.intervals import Interval, drawn_counts, interval_of_draws
from credit_platform.statistics.many_looks import boundary_of_looks
from credit_platform.statistics.ranked_sample import RankedSample

FloatArray = NDArray[np.float64]
_Metric = Callable[[NDArray[np.int8], FloatArray], float | None]
_OfOne = Callable[[NDArray[np.int8], FloatArray, float], tuple[float, float] | None]
_OfDifference = Callable[[NDArray[np.int8], FloatArray, FloatArray, float], tuple[float, float] | None]

METRICS = ("roc_auc", "ks", "brier")
SUBJECTS = ("champion", "challenger", "difference")
DRAWS = 500
_CELLS_AT_ONCE = 4_000_000  # loans times draws held in memory at a time, 32 MB

PAIRED_SCHEMA = {
    "cohort": pl.Date,
    "case_id": pl.String,
    "label": pl.Int8,
    "champion_probability": pl.Float64,
    "challenger_probability": pl.Float64,
}


class ComparedFigure(NamedTuple):
    """A number with its interval; None where the loans do not define it."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True)
class PairedComparison:
    """Both models on one set of loans: figures by metric, for either model and for challenger minus champion."""

    n: int
    n_bad: int
    champion: Mapping[str, ComparedFigure]
    challenger: Mapping[str, ComparedFigure]
    difference: Mapping[str, ComparedFigure]

    @property
    def n_of_smaller_class(self) -> int:
        """Bads or goods, whichever are fewer."""
        return min(self.n_bad, self.n - self.n_bad)


@dataclass(frozen=True, eq=False)
class ModelComparison:
    """Everything measured of a challenger against the champion on their common cohorts.

    `confidence` is the level of all intervals but those of the pooled difference, which keep it over all monthly
    `looks` together and are wider. `taken` is None where the loans were compared with the sources they have.
    """

    champion: str
    challenger: str
    confidence: float
    looks: int
    pooled: PairedComparison
    by_cohort: Mapping[date, PairedComparison]
    champion_line: CalibrationLine | None
    challenger_line: CalibrationLine | None
    n_approved: int
    swaps: pl.DataFrame
    sensitivity: pl.DataFrame
    champion_version: str | None
    challenger_version: str | None
    taken: TakenSources | None = None


def common_loans(
    champion: pl.DataFrame, challenger: pl.DataFrame, labels: pl.DataFrame, *, as_of: date, mob: int, case_key: str
) -> pl.DataFrame:
    """Loans both models are judged on: mature by `as_of`, and of a cohort neither version was developed on.

    Args:
        champion: The champion's predictions: `snapshot_month`, the case key, `default_probability`, `sample_role`.
        challenger: The challenger's, with the same columns.
        labels: The case key, `cohort`, `label`, `snapshot_month`, as in gold/label_store.
        as_of: Labels read later are left out.
        mob: Months from a loan's application to its label.
        case_key: Column that identifies a loan.

    Returns:
        `PAIRED_SCHEMA`, by cohort and loan.
    """
    is_new = pl.col("sample_role") == "post"
    is_mature = pl.col("snapshot_month").dt.offset_by(f"{mob}mo") <= as_of
    first, second = (
        scored.filter(is_new, is_mature).select(
            cohort="snapshot_month", case_id=case_key, **{f"{subject}_probability": "default_probability"}
        )
        for subject, scored in (("champion", champion), ("challenger", challenger))
    )
    known = labels.filter(pl.col("snapshot_month") <= as_of).select("cohort", "label", case_id=case_key)
    return (
        first.join(second, on=["cohort", "case_id"], how="inner", validate="1:1")
        .join(known, on=["cohort", "case_id"], how="inner", validate="1:1")
        .select(pl.col(name).cast(dtype) for name, dtype in PAIRED_SCHEMA.items())
        .sort("cohort", "case_id")
    )


def compare_models(
    loans: pl.DataFrame,
    *,
    champion: str,
    challenger: str,
    config: ModelConfig,
    versions: tuple[str | None, str | None],
    cut_off: float | None,
    taken: TakenSources | None = None,
) -> ModelComparison:
    """Compare two models on their common loans; without a loan every figure is None.

    ROC-AUC differs by DeLong's paired interval, the Brier score by the normal one of a mean, KS by a paired bootstrap
    of 500 draws that begins at `random_seed`. Pooled figures rank loans of all cohorts together, by calibrated
    probabilities.

    The pooled difference is looked at every month, so its intervals keep their level over the looks of
    `champion_challenger.months` (repeated confidence intervals, Jennison and Turnbull 1989).

    Args:
        loans: Rows of `common_loans`, of any number of cohorts.
        champion: Name of the champion.
        challenger: Name of the challenger.
        config: Its `champion_challenger`, `promotion.significance` (level of all intervals).
        versions: The versions compared, the champion's first; None where a model has none in force.
        cut_off: Default probability from which the champion's version declines; None where there is no version.
        taken: The sources taken from the loans before they were scored.
    """
    significance, seed, looks = config.promotion.significance, config.random_seed, config.champion_challenger.months
    confidence = 1 - significance
    of_all_looks = 2 * NormalDist().cdf(boundary_of_looks(looks, significance)) - 1
    label, old, new = _arrays(loans)
    by_cohort = {
        cohort: compare(*_arrays(rows), confidence=confidence, seed=seed)
        for (cohort,), rows in loans.partition_by("cohort", as_dict=True, maintain_order=True).items()
        if isinstance(cohort, date)
    }
    rate = config.champion_challenger.approval_rate
    n_approved = loans.height if rate is None else n_approved_at_rate(loans, rate)
    if rate is None and cut_off is not None:
        n_approved = n_approved_at_cut_off(loans, cut_off)
    return ModelComparison(
        champion=champion,
        challenger=challenger,
        confidence=confidence,
        looks=looks,
        pooled=compare(label, old, new, confidence=confidence, seed=seed, of_difference=of_all_looks),
        by_cohort=by_cohort,
        champion_line=calibration_line(label, old, confidence),
        challenger_line=calibration_line(label, new, confidence),
        n_approved=n_approved,
        swaps=swap_set(loans, n_approved=n_approved, confidence=confidence),
        sensitivity=swap_sensitivity(loans, confidence=confidence),
        champion_version=versions[0],
        challenger_version=versions[1],
        taken=taken,
    )


def compare(
    label: NDArray[np.int8],
    champion: FloatArray,
    challenger: FloatArray,
    *,
    confidence: float,
    seed: int,
    of_difference: float | None = None,
) -> PairedComparison:
    """Both models' default probabilities of the same loans, in the same order, against the outcome (1 bad, 0 good).

    `of_difference` is the level of the difference's intervals, by default that of the others.
    """
    probabilities, levels = (champion, challenger), (confidence, of_difference or confidence)
    figures = {
        "roc_auc": _figures(roc_auc, (delong_interval, delong_paired_interval), label, probabilities, levels),
        "ks": _figures(ks, (_ks_interval, partial(_ks_difference, seed=seed)), label, probabilities, levels),
        "brier": _figures(brier, (brier_interval, paired_brier_interval), label, probabilities, levels),
    }
    by_subject = [{metric: found[place] for metric, found in figures.items()} for place in range(len(SUBJECTS))]
    return PairedComparison(len(label), int(label.sum()), *by_subject)


def _arrays(loans: pl.DataFrame) -> tuple[NDArray[np.int8], FloatArray, FloatArray]:
    return (
        loans["label"].to_numpy(),
        loans["champion_probability"].to_numpy(),
        loans["challenger_probability"].to_numpy(),
    )


def _figures(
    metric: _Metric,
    ends_of: tuple[_OfOne, _OfDifference],
    label: NDArray[np.int8],
    probabilities: tuple[FloatArray, FloatArray],
    levels: tuple[float, float],
) -> list[ComparedFigure]:
    """A metric of champion and challenger, and challenger minus champion."""
    (champion, challenger), (of_one, of_difference) = probabilities, ends_of
    old, new = metric(label, champion), metric(label, challenger)
    ends = [
        *(of_one(label, each, levels[0]) for each in probabilities),
        of_difference(label, challenger, champion, levels[1]),
    ]
    change = None if old is None or new is None else new - old
    return [_around(value, pair) for value, pair in zip((old, new, change), ends, strict=True)]


def _around(value: float | None, pair: tuple[float, float] | None) -> ComparedFigure:
    """The figure with its interval; where all is certain, rounding must not put the value outside."""
    if value is None or pair is None:
        return ComparedFigure(value, None)
    return ComparedFigure(value, Interval(min(value, pair[0]), max(value, pair[1])))


def _ks_interval(label: NDArray[np.int8], probability: FloatArray, confidence: float) -> Interval | None:
    return RankedSample.of(label, probability).ks_interval(confidence)


def _ks_difference(
    label: NDArray[np.int8], first: FloatArray, second: FloatArray, confidence: float, *, seed: int
) -> Interval | None:
    """Interval of the KS statistic of `first` minus that of `second`, on the same loans and in the same resamples."""
    values = ks(label, first), ks(label, second)
    if values[0] is None or values[1] is None:
        return None
    distances = [ks_of_draws(label, probability) for probability in (first, second)]
    draws = _resampled(label, lambda times: distances[0](times) - distances[1](times), seed=seed)
    return interval_of_draws(draws, values[0] - values[1], confidence=confidence, bounds=(-1.0, 1.0))


def _resampled(label: NDArray[np.int8], statistic: Callable[[FloatArray], FloatArray], *, seed: int) -> FloatArray:
    """The statistic in every stratified resample of loans of both classes.

    Draws are made in blocks, so that a large book does not need all of them in memory at once.
    """
    size = max(1, min(DRAWS, _CELLS_AT_ONCE // max(1, len(label))))
    blocks = []
    for first in range(0, DRAWS, size):
        times = drawn_counts(label, is_stratified=True, draws=min(size, DRAWS - first), seed=seed + first)
        if times is not None:
            blocks.append(statistic(times))
    return np.concatenate(blocks)
