"""How a version's scores spread over its development sample, and should after so many months of history.

Evidence adds up: 24 months of history separate the same applicants better than 14, so their scores spread further
although nobody has changed. A comparison of a month's scores with the development sample alone would call that a shift.
What is compared with what belongs to monitoring.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.scoring.training.samples import SourceMix
from credit_platform.scoring.transformers.evidence import HistoryEvidence
from credit_platform.scoring.transformers.transformer import reference_numbers

FloatArray = NDArray[np.float64]
Predict = Callable[[pl.DataFrame], FloatArray]

# Finer where a month more changes most; a history in between is compared with its nearest neighbour.
HISTORIES = (1, 2, 3, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24)
_DRAWS = 6  # points of the normal distribution each loan is seen at
_LOANS = 500  # a version is fitted in a second; more loans would cost more than they improve


@dataclass(frozen=True)
class EvidenceSpread:
    """Total evidence of one class after n months: mean `drift * n`, variance `noise * n + offset * n ** 2`.

    The noise of single months averages out, the customer's own lasting offset does not.
    """

    drift: float
    noise: float
    offset: float

    def at(self, months: int) -> FloatArray:
        """The evidence at `_DRAWS` equally likely points of its normal distribution."""
        steps = np.array([NormalDist().inv_cdf((draw + 0.5) / _DRAWS) for draw in range(_DRAWS)])
        deviation = np.sqrt(self.noise * months + self.offset * months**2)
        return self.drift * months + deviation * steps / steps.std()


def fit_spread(evidence: FloatArray, months: FloatArray) -> EvidenceSpread:
    """Fit one class by its moments; `evidence` in nats and `months` of the same loans, all with history."""
    drift = float(evidence.sum() / months.sum())
    # The squared distance to the mean, per month, is a straight line in the months: noise + offset * months.
    squares = (evidence - drift * months) ** 2
    per_month, spread = squares / months, months.var()
    offset = float(((months - months.mean()) * per_month).mean() / spread) if spread > 0 else 0.0
    noise = float(per_month.mean() - offset * months.mean())
    if offset < 0:
        return EvidenceSpread(drift, float(per_month.mean()), 0.0)
    if noise < 0:
        return EvidenceSpread(drift, 0.0, float((squares / months**2).mean()))
    return EvidenceSpread(drift, noise, offset)


def scores_by_history(
    predict: Predict,
    evidence: Sequence[HistoryEvidence],
    development: pl.DataFrame,
    shown: pl.DataFrame,
    *,
    longest: Callable[[str], int],
) -> dict[int, FloatArray]:
    """Default probabilities of the loans in `shown`, had each been seen for 1, 2, ... months: by number of months.

    Each loan keeps all its features but this history; its evidence is put at equally likely points of what loans of its
    outcome show after so many months.

    Args:
        predict: The version's calibrated probability for feature store rows.
        evidence: The version's fitted evidence; of several groups the first is varied, the others stay as they are.
        development: Loans with label that the spread of the evidence is fitted on.
        shown: Loans with label whose scores are wanted; evenly spaced ones are taken of many.
        longest: Name of a group to the months that the feature store looks back on at most.

    Returns:
        Nothing without evidence, or where either class has no loan with history.
    """
    if not evidence:
        return {}
    first, most = evidence[0], longest(evidence[0].group.name)
    spreads, strongest = _spreads(first, development), first.strongest_channel()
    if spreads is None or strongest is None or shown.is_empty():
        return {}
    loans = shown.gather(np.unique(np.linspace(0, shown.height - 1, _LOANS).astype(np.int64)))
    is_bad = loans["label"].cast(pl.Boolean).to_numpy()
    repeated = loans.gather(np.repeat(np.arange(loans.height), _DRAWS))
    bads = np.repeat(is_bad, _DRAWS)
    found = {}
    for months in sorted({*(h for h in HISTORIES if h < most), most}):
        points = np.where(
            bads, np.tile(spreads[1].at(months), loans.height), np.tile(spreads[0].at(months), loans.height)
        )
        found[months] = predict(_with_evidence(repeated, first, strongest, months, points))
    return found


def _spreads(evidence: HistoryEvidence, development: pl.DataFrame) -> tuple[EvidenceSpread, EvidenceSpread] | None:
    months_column = evidence.group.months
    seen = development.filter(pl.col(months_column) > 0)
    fitted = []
    for label in (0, 1):
        of_class = seen.filter(pl.col("label") == label)
        if of_class.is_empty():
            return None
        months = of_class[months_column].cast(pl.Float64).to_numpy()
        fitted.append(fit_spread(evidence.total(of_class), months))
    return fitted[0], fitted[1]


def _with_evidence(
    loans: pl.DataFrame, evidence: HistoryEvidence, channel: int, months: int, wanted: FloatArray
) -> pl.DataFrame:
    """The loans with sums that give `wanted` after `months`: one channel carries it, the others are neutral."""
    middle = (np.asarray(evidence.bad_mean) + np.asarray(evidence.good_mean)) / 2
    weight = (evidence.bad_mean[channel] - evidence.good_mean[channel]) / evidence.variance[channel]
    sums = [
        pl.lit(float(months * value), dtype=pl.Float64).alias(name)
        for name, value in zip(evidence.group.sums, middle, strict=True)
    ]
    carried = pl.Series(evidence.group.sums[channel], months * middle[channel] + wanted / weight)
    column = evidence.group.months
    return loans.with_columns(*sums, pl.lit(months, dtype=loans.schema[column]).alias(column)).with_columns(carried)


def development_reference(
    predict: Predict,
    monitored: Callable[[pl.DataFrame], pl.DataFrame],
    development: pl.DataFrame,
    validation: pl.DataFrame,
    *,
    by_sources: Mapping[str, pl.DataFrame],
    evidence: Sequence[HistoryEvidence],
    features: FeatureSet,
    longest: Callable[[str], int],
) -> bytes:
    """Distribution of features and default probability in frozen bins, as JSON.

    Of the validation sample, the newest the fit sees: training loans it separates better than others (in-sample bias).

    Args:
        predict: The version's calibrated probability for feature store rows.
        monitored: Feature store rows to the features as stability looks at them.
        development: Training and validation loans with their label.
        validation: The validation loans of these.
        by_sources: The validation loans by the sources they have.
        evidence: The version's fitted evidence.
        features: The feature set of the book.
        longest: Name of a group to the months that the feature store looks back on at most.
    """
    from credit_platform.statistics.reference import fit_reference

    def seen(loans: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.float64]]:
        return monitored(loans), predict(loans)

    rows, probability = seen(validation)
    return fit_reference(
        rows,
        probability=probability,
        numeric=reference_numbers(features),
        categorical=features.categorical,
        by_history=scores_by_history(predict, evidence, development, validation, longest=longest),
        by_sources={present: seen(loans) for present, loans in by_sources.items()},
        sources=SourceMix.of(validation, features).present,
    ).to_json()
