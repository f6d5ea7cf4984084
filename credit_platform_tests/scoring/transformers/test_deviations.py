"""Deviations of the clickstream channels, which stability is measured on."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from credit_platform.portfolios.loans.features.catalogue import CHANNELS, CLICKSTREAM
from credit_platform.scoring.transformers.evidence import HistoryEvidence

EVIDENCE = HistoryEvidence(CLICKSTREAM, (110.0,) * 20, (90.0,) * 20, (10_000.0,) * 20)


def loans(*, months: int, n: int = 4_000) -> pl.DataFrame:
    draws = np.random.default_rng(months).normal(100.0, 100.0, size=(n, months, len(CHANNELS))).sum(axis=1)
    return pl.DataFrame({CLICKSTREAM.months: [months] * n} | {f"{c}_sum": draws[:, i] for i, c in enumerate(CHANNELS)})


@pytest.mark.parametrize("months", [1, 6, 24])
def test_deviations_spread_alike_whatever_the_length_of_history(months: int) -> None:
    deviations = EVIDENCE.deviations(loans(months=months))
    assert deviations.columns == list(CHANNELS)
    spread = deviations.to_numpy().std(axis=0)
    assert np.abs(spread - 100.0).max() < 6.0


def test_a_loan_without_history_has_no_deviation() -> None:
    without = loans(months=3, n=5).with_columns(pl.lit(0).alias(CLICKSTREAM.months))
    assert EVIDENCE.deviations(without).null_count().row(0) == (5,) * 20
