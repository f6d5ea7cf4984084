"""From feature store rows to an algorithm's design matrix: the kinds of preparation, by name.

Each kind is fitted on training loans only and stands in a module of its own: `preprocessing` standardises, `binning`
gives weights of evidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.scoring.transformers.binning import WoeBinning, fit_binning
from credit_platform.scoring.transformers.binning_policy import BinningPolicy
from credit_platform.scoring.transformers.evidence import ClickstreamEvidence, with_dark_copies
from credit_platform.scoring.transformers.standardisation import Preprocessing, fit_preprocessing

FloatArray = NDArray[np.float64]
PreparationName = Literal["standardised", "weight_of_evidence"]


class Preparation(Protocol):
    """Everything fitted between the feature store and a design matrix."""

    @property
    def evidence(self) -> ClickstreamEvidence:
        """The fitted evidence of the clickstream."""
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


def fit_preparation(
    kind: PreparationName, train: pl.DataFrame, evidence: ClickstreamEvidence, params: Mapping[str, object]
) -> Preparation:
    """Fit a kind of preparation on training loans with their `label`; `evidence` has been fitted on them before.

    Bins count each loan once: those without evidence weigh nothing by themselves. What is standardised has to know
    loans without a clickstream too, or it would clip their number of months to the shortest history.

    Args:
        kind: Which kind.
        train: Feature store rows with their `label`.
        evidence: The fitted evidence of the clickstream.
        params: The model's, out of which a kind takes those that are its own.

    Raises:
        ValueError: one of its own params is refused.
    """
    if kind == "weight_of_evidence":
        return fit_binning(train, evidence, BinningPolicy.from_params(params))
    return fit_preprocessing(with_dark_copies(train), evidence)


def load_preparation(kind: PreparationName, text: bytes) -> Preparation:
    """Read back what `to_json` wrote.

    Raises:
        ValueError, KeyError, TypeError: it is not what `to_json` writes.
    """
    return WoeBinning.from_json(text) if kind == "weight_of_evidence" else Preprocessing.from_json(text)
