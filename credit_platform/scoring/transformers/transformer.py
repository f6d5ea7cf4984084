"""From feature store rows to an algorithm's design matrix: the kinds of transformer, by name.

Each kind is fitted on training loans only and has a module of its own: `standardisation`, and `binning` for weights of
evidence.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.scoring.transformers.binning import WoeBinning, fit_binning
from credit_platform.scoring.transformers.binning_policy import BinningPolicy
from credit_platform.scoring.transformers.evidence import HistoryEvidence, fit_evidence, with_copies_without_history
from credit_platform.scoring.transformers.standardisation import Preprocessing, fit_preprocessing

FloatArray = NDArray[np.float64]
TransformerName = Literal["standardised", "weight_of_evidence"]


class Transformer(Protocol):
    """Everything fitted between the feature store and a design matrix."""

    @property
    def evidence(self) -> tuple[HistoryEvidence, ...]:
        """The fitted evidence of each group of the book."""
        ...

    def design_matrix(self, frame: pl.DataFrame) -> FloatArray:
        """(loans, design columns), finite, one row per row of `frame` in its order."""
        ...

    def design_features(self) -> Sequence[str]:
        """The feature behind each design column, in the order of the columns."""
        ...

    def to_json(self) -> bytes:
        """All fitted numbers."""
        ...


def fit_transformer(
    kind: TransformerName, train: pl.DataFrame, features: FeatureSet, params: Mapping[str, object]
) -> Transformer:
    """Fit a kind of transformer, and the evidence of every group, on training loans with their `label`.

    Bins count each loan once: those without evidence weigh nothing by themselves. Standardisation is fitted on loans
    without history too, or it would clip their number of months to the shortest history.

    Args:
        kind: Which kind.
        train: Feature store rows with their `label`.
        features: The feature set of the book.
        params: The model's, out of which a kind takes those that are its own.

    Raises:
        ValueError: one of its own params is refused.
    """
    evidence = tuple(fit_evidence(train, group) for group in features.evidence)
    if kind == "weight_of_evidence":
        return fit_binning(train, features, evidence, BinningPolicy.from_params(params))
    return fit_preprocessing(with_copies_without_history(train, features.evidence), features, evidence)


def load_transformer(kind: TransformerName, text: bytes, features: FeatureSet) -> Transformer:
    """Read back what `to_json` wrote for a book of this feature set.

    Raises:
        ValueError, KeyError, TypeError: it is not what `to_json` writes.
    """
    read = WoeBinning.from_json if kind == "weight_of_evidence" else Preprocessing.from_json
    return read(text, features.evidence)
