"""One fixed model, trained on a generated book: how it ranks the cohorts of a real one and of another generated one.

All other figures of the agreement belong to `agreement`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import erfc, sqrt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from credit_platform.lab.fidelity.line import CONFIDENCE, Figure, Line, line
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.transformers.evidence import fit_evidence, without_history
from credit_platform.scoring.transformers.standardisation import Preprocessing, fit_preprocessing
from credit_platform.statistics.discrimination import auc_spread, delong_interval
from credit_platform.statistics.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

CLEAR = 0.01
# With the clickstream, and with what the application alone tells.
VARIANTS = {"all features": True, "without clickstream": False}


@dataclass(frozen=True, eq=False)
class FixedModel:
    """A plain logistic regression, no search and no calibration: the treatment of its features and its weights."""

    preprocessing: Preprocessing
    weights: NDArray[np.float64]
    intercept: float
    with_clickstream: bool

    @classmethod
    def fit(cls, loans: pl.DataFrame, *, with_clickstream: bool) -> FixedModel:
        """Fit on loans with their `label`, ridge penalty of 1, on one thread so that the machine does not matter."""
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        seen = _visible(loans, with_clickstream=with_clickstream)
        preprocessing = fit_preprocessing(seen, LOANS.features, [fit_evidence(seen, CLICKSTREAM)])
        with threadpool_limits(1):
            fitted = LogisticRegression(C=1.0, max_iter=2000).fit(
                preprocessing.design_matrix(seen), seen.get_column("label").to_numpy()
            )
        return cls(preprocessing, np.asarray(fitted.coef_[0]), float(fitted.intercept_[0]), with_clickstream)

    def log_odds(self, loans: pl.DataFrame) -> NDArray[np.float64]:
        """Log-odds of default, one per row."""
        design = self.preprocessing.design_matrix(_visible(loans, with_clickstream=self.with_clickstream))
        return (design * self.weights).sum(axis=1) + self.intercept


def _visible(loans: pl.DataFrame, *, with_clickstream: bool) -> pl.DataFrame:
    return loans if with_clickstream else without_history(loans, CLICKSTREAM)


def compare_rankings(training: pl.DataFrame, real: pl.DataFrame, made: pl.DataFrame) -> Iterator[Line]:
    """ROC-AUC of the fixed model on all mature loans of both books, and cohort by cohort.

    Cohorts of the two books are paired by their place, so that both have the same length of clickstream behind them.

    Args:
        training: Loans with label of a generated book that is neither of the two.
        real: Loans with label of the real book.
        made: Loans with label of a generated book.
    """
    if training.get_column("label").n_unique() < 2:
        return
    for name, with_clickstream in VARIANTS.items():
        model = FixedModel.fit(training, with_clickstream=with_clickstream)
        books = [
            book.select("snapshot_month", "label").with_columns(log_odds=pl.Series(model.log_odds(book)))
            for book in (real, made)
        ]
        yield line("ranking", f"{name}, all cohorts", "roc_auc", *(_auc(book) for book in books), band="auc")
        cohorts = [book.partition_by("snapshot_month", maintain_order=True) for book in books]
        for place, (a, b) in enumerate(zip(*cohorts, strict=False), start=1):
            yield _cohort_line(f"{name}, cohort {place}", a, b)


def _cohort_line(item: str, real: pl.DataFrame, made: pl.DataFrame) -> Line:
    """A cohort is small, so it is judged by chance: `warn` below p = 0.01 of equal AUCs, `ok` else."""
    found = line("ranking", item, "roc_auc", _auc(real), _auc(made), band="auc")
    spreads = [auc_spread(book.get_column("label"), book.get_column("log_odds")) for book in (real, made)]
    if spreads[0] is None or spreads[1] is None:
        return replace(found, status="unknown")
    error = sqrt(spreads[0].variance + spreads[1].variance)
    p_value = erfc(abs(spreads[0].auc - spreads[1].auc) / (sqrt(2) * error)) if error else 1.0
    return replace(found, status="warn" if p_value < CLEAR else "ok")


def _auc(loans: pl.DataFrame) -> Figure:
    label, log_odds = loans.get_column("label"), loans.get_column("log_odds")
    spread = auc_spread(label, log_odds)
    ends = delong_interval(label, log_odds, CONFIDENCE)
    return Figure(spread.auc if spread else None, loans.height, Interval(*ends) if ends else None)
