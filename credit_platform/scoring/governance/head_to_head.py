"""Two versions of a model on the same loans: by which metric they are ranked, and how sure the difference is.

What follows from it is decided in `promotion`; champion and challenger, which are models, are compared in
`champion_challenger.comparison`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.policy.policy_section import PrimaryMetric
from credit_platform.scoring.evaluation.metrics import MetricAt
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.statistics.discrimination import delong_paired_interval, delong_paired_p_value, roc_auc
from credit_platform.statistics.intervals import PairedDifference, paired_difference

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class RankedBy:
    """The metric that versions are ranked by, and the cut-offs of the new version and of the one in force."""

    metric: PrimaryMetric = "roc_auc"
    cut_offs: tuple[float, float] = (0.5, 0.5)


@dataclass(frozen=True, eq=False)
class HeadToHead:
    """Outcome (1 bad, 0 good) and both versions' default probability of the same loans, in the same order.

    `is_as_newest` is of cases that have lost what the newest cohorts lack; `cases` is what the book calls them.
    `by` says which metric all figures but the two ROC-AUCs are of. ROC-AUC and Gini differ by DeLong's paired test, all
    others by a paired bootstrap.
    """

    incumbent_version: str
    label: NDArray[np.int8]
    candidate_probability: FloatArray
    incumbent_probability: FloatArray
    is_as_newest: bool = field(default=False, kw_only=True)
    cases: str = field(default="cases", kw_only=True)
    by: RankedBy = field(default=RankedBy(), kw_only=True)

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
    def candidate_value(self) -> float | None:
        """The metric of the new version."""
        return self._metrics[0].value(self.label, self.candidate_probability)

    @property
    def incumbent_value(self) -> float | None:
        """The metric of the version in force."""
        return self._metrics[1].value(self.label, self.incumbent_probability)

    @property
    def test(self) -> str:
        """The name of the paired test."""
        return "DeLong" if self._is_of_ranks else "paired bootstrap"

    @property
    def p_value(self) -> float | None:
        """Two-sided p-value of the paired test."""
        if self._is_of_ranks:
            return delong_paired_p_value(self.label, self.candidate_probability, self.incumbent_probability)
        return None if self._resampled is None else self._resampled.p_value

    def difference(self, confidence: float) -> tuple[float, float] | None:
        """Paired interval of the new version's metric minus that of the one in force."""
        if not self._is_of_ranks:
            return None if self._resampled is None else self._resampled.interval(confidence)
        ends = delong_paired_interval(self.label, self.candidate_probability, self.incumbent_probability, confidence)
        return (2 * ends[0], 2 * ends[1]) if ends is not None and self.by.metric == "gini" else ends

    def is_not_worse(self, margin: float, significance: float) -> bool:
        """Whether the interval of the difference excludes that the new version is worse by more than `margin`."""
        ends = self.difference(1 - significance)
        return ends is not None and ends[0] > -margin

    def is_better(self, significance: float) -> bool:
        """Whether the new version is better by the paired test."""
        return self._differs(significance) and (self.candidate_value or 0.0) > (self.incumbent_value or 0.0)

    def is_worse(self, significance: float) -> bool:
        """Whether the new version is worse by the paired test."""
        return self._differs(significance) and (self.candidate_value or 0.0) < (self.incumbent_value or 0.0)

    def _differs(self, significance: float) -> bool:
        return self.p_value is not None and self.p_value < significance

    @property
    def _is_of_ranks(self) -> bool:
        return self.by.metric in {"roc_auc", "gini"}

    @property
    def _metrics(self) -> tuple[MetricAt, MetricAt]:
        candidate, incumbent = self.by.cut_offs
        return MetricAt(self.by.metric, candidate), MetricAt(self.by.metric, incumbent)

    @cached_property
    def _resampled(self) -> PairedDifference | None:
        if not self.n or not np.isfinite([self.candidate_probability, self.incumbent_probability]).all():
            return None
        candidate, incumbent = self._metrics
        return paired_difference(
            self.label,
            candidate.statistic(self.label, self.candidate_probability),
            incumbent.statistic(self.label, self.incumbent_probability),
        )


def compare_versions(
    candidate: FittedVersion,
    incumbent: FittedVersion,
    loans: pl.DataFrame,
    *,
    incumbent_version: str,
    by: RankedBy | None = None,
) -> HeadToHead:
    """Let both versions predict the same loans, of cohorts that neither was developed on.

    Raises:
        ModelStoreError: the loans lack a column one of them was trained on.
    """
    label, cases = loans["label"].cast(pl.Int8).to_numpy(), candidate.portfolio.words.cases
    predicted = candidate.predict(loans), incumbent.predict(loans)
    return HeadToHead(incumbent_version, label, *predicted, cases=cases, by=by or RankedBy())
