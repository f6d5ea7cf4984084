"""The frozen reference of a version: how its features and probabilities spread over the sample it was developed on.

What is measured against it later is written in `statistics.reference` and `monitoring`.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.scoring.training.expected_scores import Predict, scores_by_history
from credit_platform.scoring.training.samples import SourceMix
from credit_platform.scoring.transformers.evidence import HistoryEvidence
from credit_platform.scoring.transformers.transformer import reference_numbers


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
