"""A new version against the one in force: both on the new one's out-of-time cohort, which neither was trained on.

What follows from the comparison is decided in promotion.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.scoring.training.version import FittedVersion
from credit_platform.statistics.discrimination import delong_paired_p_value, roc_auc

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HeadToHead:
    """Outcome (1 bad, 0 good) and both versions' default probability of the same loans, in the same order."""

    incumbent_version: str
    label: NDArray[np.int8]
    candidate_probability: FloatArray
    incumbent_probability: FloatArray

    @property
    def n(self) -> int:
        """Loans compared on."""
        return len(self.label)

    @property
    def candidate_auc(self) -> float | None:
        """ROC-AUC of the new version."""
        return roc_auc(self.label, self.candidate_probability)

    @property
    def incumbent_auc(self) -> float | None:
        """ROC-AUC of the version in force."""
        return roc_auc(self.label, self.incumbent_probability)

    @property
    def p_value(self) -> float | None:
        """Two-sided p-value of DeLong's paired test."""
        return delong_paired_p_value(self.label, self.candidate_probability, self.incumbent_probability)


def compare_out_of_time(
    candidate: FittedVersion, incumbent: FittedVersion, oot: pl.DataFrame, *, incumbent_version: str
) -> HeadToHead:
    """Let both versions predict the candidate's out-of-time cohort.

    Raises:
        ModelStoreError: the cohort lacks a column one of them was trained on.
    """
    return HeadToHead(
        incumbent_version=incumbent_version,
        label=oot["label"].cast(pl.Int8).to_numpy(),
        candidate_probability=candidate.predict(oot),
        incumbent_probability=incumbent.predict(oot),
    )
