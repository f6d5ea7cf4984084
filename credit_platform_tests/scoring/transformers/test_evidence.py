from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.portfolios.loans.features.catalogue import CHANNELS, CLICKSTREAM, CLICKSTREAM_SUMS
from credit_platform.scoring.transformers.evidence import (
    HistoryEvidence,
    centred_sums,
    fit_evidence,
    fit_monthly_mean,
    with_copies_without_history,
    without_history,
)
from credit_platform.statistics.discrimination import roc_auc

MakeLoans = Callable[..., pl.DataFrame]


def of_history(months: int, monthly: float) -> pl.DataFrame:
    """One loan whose every channel had the same value in each of its months."""
    return pl.DataFrame(
        {CLICKSTREAM.months: pl.Series([months], dtype=pl.Int32)}
        | {column: [float(months * monthly)] for column in CLICKSTREAM_SUMS}
    )


def known_evidence() -> HistoryEvidence:
    n = len(CHANNELS)
    return HistoryEvidence(CLICKSTREAM, (90.0,) * n, (110.0,) * n, (100.0,) * n)


def test_evidence_of_one_month_is_the_log_likelihood_ratio_of_two_normal_densities() -> None:
    value = 95.0
    log_density = [-((value - mean) ** 2) / (2 * 100.0) for mean in (90.0, 110.0)]
    found = known_evidence().total(of_history(1, value))[0]
    assert found == pytest.approx(len(CHANNELS) * (log_density[0] - log_density[1]))


@given(months=st.integers(1, 24), monthly=st.floats(-500, 500))
def test_evidence_adds_up_over_months(months: int, monthly: float) -> None:
    one = known_evidence().total(of_history(1, monthly))[0]
    many = known_evidence().total(of_history(months, monthly))[0]
    assert many == pytest.approx(months * one, rel=1e-9, abs=1e-6)


def test_no_history_is_no_evidence() -> None:
    assert known_evidence().total(of_history(0, 0.0))[0] == 0


def test_a_loan_whose_history_is_null_has_no_evidence() -> None:
    empty = pl.DataFrame(
        {name: pl.Series([None], dtype=pl.Float64) for name in (CLICKSTREAM.months, *CLICKSTREAM_SUMS)}
    )
    assert known_evidence().total(empty)[0] == 0


def test_fitting_finds_the_channel_that_speaks_and_its_size(loans: MakeLoans) -> None:
    fitted = fit_evidence(loans(20_000, seed=1), CLICKSTREAM)
    shift = np.array(fitted.bad_mean) - np.array(fitted.good_mean)
    speaking = CHANNELS.index("fe_10")
    assert shift[speaking] == pytest.approx(-60, abs=1.5)
    assert np.abs(np.delete(shift, speaking)).max() < 2.5
    assert np.sqrt(fitted.variance) == pytest.approx(np.full(len(CHANNELS), 100), rel=0.02)


def test_evidence_ranks_better_the_longer_the_history(loans: MakeLoans) -> None:
    fitted = fit_evidence(loans(10_000, seed=1), CLICKSTREAM)
    held_out = loans(10_000, seed=2, history=24)
    short, long = held_out.filter(pl.col(CLICKSTREAM.months) <= 2), held_out.filter(pl.col(CLICKSTREAM.months) >= 18)
    of_short, of_long = (roc_auc(part["label"].to_numpy(), fitted.total(part)) for part in (short, long))
    assert of_short is not None
    assert of_long is not None
    assert of_long > of_short + 0.1


@pytest.mark.parametrize("history", [0, 6])
def test_training_without_history_in_both_classes_gives_weightless_channels(loans: MakeLoans, history: int) -> None:
    train = loans(200, seed=3, history=history)
    train = train if history == 0 else train.filter(pl.col("label") == 0)
    assert (fit_evidence(train, CLICKSTREAM).total(loans(50, seed=4)) == 0).all()


def test_a_channel_that_never_varies_says_nothing(loans: MakeLoans) -> None:
    train = loans(300, seed=5).with_columns((pl.col(CLICKSTREAM.months) * 7.0).alias("fe_3_sum"))
    of_channel = dict(zip(CHANNELS, fit_evidence(train, CLICKSTREAM).by_channel(train).T, strict=True))
    assert (of_channel["fe_3"] == 0).all()
    assert len(set(of_channel["fe_10"])) > 1


def test_the_evidence_is_the_sum_of_its_channels(loans: MakeLoans) -> None:
    train = loans(300, seed=6)
    fitted = fit_evidence(train, CLICKSTREAM)
    assert fitted.total(train) == pytest.approx(fitted.by_channel(train).sum(axis=1), abs=1e-9)


def test_evidence_is_read_back_exactly(loans: MakeLoans) -> None:
    fitted = fit_evidence(loans(300, seed=7), CLICKSTREAM)
    assert HistoryEvidence.from_dict(CLICKSTREAM, json.loads(json.dumps(fitted.to_dict()))) == fitted


def test_evidence_of_other_channels_is_refused(loans: MakeLoans) -> None:
    content = fit_evidence(loans(300, seed=7), CLICKSTREAM).to_dict()
    fewer = replace(CLICKSTREAM, channels=CLICKSTREAM.channels[1:])
    with pytest.raises(ValueError, match="the channels of clickstream_evidence are not those of the group"):
        HistoryEvidence.from_dict(fewer, content)


def test_centred_sums_average_to_zero_in_training_and_are_zero_without_history(loans: MakeLoans) -> None:
    train = loans(400, seed=8)
    mean = fit_monthly_mean(train, CLICKSTREAM)
    assert centred_sums(train, CLICKSTREAM, mean).sum(axis=0) == pytest.approx(np.zeros(len(CHANNELS)), abs=1e-6)
    without = without_history(train, CLICKSTREAM)
    assert (centred_sums(without, CLICKSTREAM, mean) == 0).all()
    assert (fit_monthly_mean(without, CLICKSTREAM) == 0).all()


def test_without_history_nothing_else_changes(loans: MakeLoans) -> None:
    train = loans(500, seed=9)
    without, columns = without_history(train, CLICKSTREAM), [CLICKSTREAM.months, *CLICKSTREAM_SUMS]
    assert without.select(pl.sum_horizontal(columns)).sum().item() == 0
    assert without.drop(columns).equals(train.drop(columns))
    assert without.schema == train.schema
    assert without_history(train[:0], CLICKSTREAM).equals(train[:0])


def test_every_loan_with_history_is_copied_without_it(loans: MakeLoans) -> None:
    seen, unseen = loans(50, seed=10), loans(20, seed=11, history=0)
    unseen = unseen.select(pl.col(name).cast(dtype) for name, dtype in seen.schema.items())
    both = pl.concat([seen, unseen])
    assert with_copies_without_history(both, [CLICKSTREAM]).equals(
        pl.concat([both, without_history(seen, CLICKSTREAM)])
    )
    assert with_copies_without_history(both, []).equals(both)
