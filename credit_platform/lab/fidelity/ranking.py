"""One fixed model, trained on a generated book: how it ranks the cohorts of a real one and of another generated one.

All other sections of the comparison belong to `fidelity`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import erfc, sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.lab.fidelity.line import CONFIDENCE, BookFigure, FidelityLine, line
from credit_platform.portfolios.feature_set import EvidenceGroup, FeatureSet
from credit_platform.scoring.transformers.evidence import fit_evidence, without_history
from credit_platform.scoring.transformers.standardisation import Preprocessing, fit_preprocessing
from credit_platform.statistics.discrimination import auc_spread, delong_interval

CLEAR = 0.01


@dataclass(frozen=True, eq=False)
class FixedModel:
    """A plain logistic regression, no search and no calibration: how it treats its features, and its weights."""

    preprocessing: Preprocessing
    weights: NDArray[np.float64]
    intercept: float
    hidden: tuple[EvidenceGroup, ...]

    @classmethod
    def fit(cls, cases: pl.DataFrame, features: FeatureSet, *, hidden: tuple[EvidenceGroup, ...] = ()) -> FixedModel:
        """Fit on cases with their `label`, without the history of the groups in `hidden`.

        The ridge penalty is 1. One thread, so that the result does not depend on the machine.
        """
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        seen = without_history(cases, *hidden)
        evidence = [fit_evidence(seen, group) for group in features.evidence]
        preprocessing = fit_preprocessing(seen, features, evidence)
        with threadpool_limits(1):
            fitted = LogisticRegression(C=1.0, max_iter=2000).fit(
                preprocessing.design_matrix(seen), seen.get_column("label").to_numpy()
            )
        return cls(preprocessing, np.asarray(fitted.coef_[0]), float(fitted.intercept_[0]), hidden)

    def log_odds(self, cases: pl.DataFrame) -> NDArray[np.float64]:
        """Log-odds of the event, one per row."""
        design = self.preprocessing.design_matrix(without_history(cases, *self.hidden))
        return (design * self.weights).sum(axis=1) + self.intercept


def compare_rankings(
    features: FeatureSet, training: pl.DataFrame, real: pl.DataFrame, made: pl.DataFrame
) -> Iterator[FidelityLine]:
    """ROC-AUC of the fixed model on all mature cases of both books, and cohort by cohort.

    The model is fitted with all features, and once without each evidence group. Cohorts of the two books are paired by
    their order, so that both have histories of the same length.

    Args:
        features: What is known of a case.
        training: Cases with label of a generated book that is neither of the two.
        real: Cases with label of the real book.
        made: Cases with label of a generated book.
    """
    if training.get_column("label").n_unique() < 2:
        return
    variants = {"all features": (), **{f"without {group.name}": (group,) for group in features.evidence}}
    for name, hidden in variants.items():
        model = FixedModel.fit(training, features, hidden=hidden)
        books = [
            book.select("snapshot_month", "label").with_columns(log_odds=pl.Series(model.log_odds(book)))
            for book in (real, made)
        ]
        yield line("ranking", f"{name}, all cohorts", "roc_auc", *(_auc(book) for book in books), band="auc")
        cohorts = [book.partition_by("snapshot_month", maintain_order=True) for book in books]
        for place, (a, b) in enumerate(zip(*cohorts, strict=False), start=1):
            yield _cohort_line(f"{name}, cohort {place}", a, b)


def _cohort_line(item: str, real: pl.DataFrame, made: pl.DataFrame) -> FidelityLine:
    """A cohort is small, so its AUCs are tested: `warn` where they differ at p < 0.01, `ok` otherwise."""
    found = line("ranking", item, "roc_auc", _auc(real), _auc(made), band="auc")
    spreads = [auc_spread(book.get_column("label"), book.get_column("log_odds")) for book in (real, made)]
    if spreads[0] is None or spreads[1] is None:
        return replace(found, status="unknown")
    error = sqrt(spreads[0].variance + spreads[1].variance)
    p_value = erfc(abs(spreads[0].auc - spreads[1].auc) / (sqrt(2) * error)) if error else 1.0
    return replace(found, status="warn" if p_value < CLEAR else "ok")


def _auc(cases: pl.DataFrame) -> BookFigure:
    label, log_odds = cases.get_column("label"), cases.get_column("log_odds")
    spread = auc_spread(label, log_odds)
    return BookFigure(spread.auc if spread else None, cases.height, delong_interval(label, log_odds, CONFIDENCE))
