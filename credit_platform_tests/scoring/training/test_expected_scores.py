from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM, CLICKSTREAM_SUMS
from credit_platform.scoring.training.expected_scores import EvidenceSpread, fit_spread, scores_by_history
from credit_platform.scoring.transformers.evidence import fit_evidence

DRIFT, NOISE, OFFSET = -0.3, 0.5, 0.04


def histories(n: int, months: tuple[int, int], seed: int, *, offset_sd: float = 12.0) -> pl.DataFrame:
    """Loans whose first channel has a lasting offset of the customer and of the class, and noise every month."""
    random = np.random.default_rng(seed)
    label = (random.random(n) < 0.4).astype(np.int8)
    count = random.integers(months[0], months[1] + 1, n)
    lasting = 100 - 40.0 * label + random.normal(0, offset_sd, n)
    first = count * lasting + np.sqrt(count) * random.normal(0, 60, n)
    others = {name: np.sqrt(count) * random.normal(0, 60, n) for name in CLICKSTREAM_SUMS[1:]}
    return pl.DataFrame(
        {CLICKSTREAM_SUMS[0]: first, **others, CLICKSTREAM.months: count.astype(np.int32), "label": label}
    )


def test_the_moments_of_a_class_are_found_again() -> None:
    random = np.random.default_rng(3)
    months = random.integers(1, 16, 40_000).astype(np.float64)
    spread = np.sqrt(NOISE * months + OFFSET * months**2)
    found = fit_spread(DRIFT * months + spread * random.normal(size=months.size), months)
    assert found.drift == pytest.approx(DRIFT, abs=0.01)
    assert found.noise == pytest.approx(NOISE, abs=0.04)
    assert found.offset == pytest.approx(OFFSET, abs=0.006)


@given(
    st.lists(st.tuples(st.integers(1, 24), st.floats(-50, 50)), min_size=1, max_size=40),
)
def test_a_spread_is_never_negative_whatever_the_sample(rows: list[tuple[int, float]]) -> None:
    months, evidence = (np.array(values, dtype=np.float64) for values in zip(*rows, strict=True))
    found = fit_spread(evidence, months)
    assert found.noise >= 0
    assert found.offset >= 0
    assert np.isfinite(found.at(24)).all()


def test_the_points_of_a_history_have_its_mean_and_variance() -> None:
    points = EvidenceSpread(DRIFT, NOISE, OFFSET).at(20)
    assert points.mean() == pytest.approx(DRIFT * 20)
    assert points.std() == pytest.approx(np.sqrt(NOISE * 20 + OFFSET * 400))


def test_longer_histories_are_expected_to_spread_as_loans_with_longer_histories_do() -> None:
    development, later = histories(6000, (4, 14), seed=1), histories(6000, (22, 22), seed=2)
    evidence = fit_evidence(development, CLICKSTREAM)

    def predict(frame: pl.DataFrame) -> np.ndarray:
        return 1 / (1 + np.exp(-evidence.total(frame)))

    expected = scores_by_history(predict, [evidence], development, development, longest=lambda _: 24)
    assert max(expected) == 24
    truth = predict(later)
    assert expected[22].std() == pytest.approx(truth.std(), rel=0.05)
    assert expected[22].mean() == pytest.approx(truth.mean(), abs=0.03)
    assert np.abs(np.quantile(expected[22], [0.25, 0.5, 0.75]) - np.quantile(truth, [0.25, 0.5, 0.75])).max() < 0.08
    assert expected[1].std() < expected[6].std() < expected[22].std()


def test_without_history_in_both_classes_nothing_is_expected() -> None:
    loans = histories(300, (1, 5), seed=1)
    goods = loans.filter(pl.col("label") == 0)
    evidence = fit_evidence(loans, CLICKSTREAM)
    assert scores_by_history(evidence.total, [evidence], goods, goods, longest=lambda _: 24) == {}
    without = loans.with_columns(pl.lit(0, dtype=pl.Int32).alias(CLICKSTREAM.months))
    assert scores_by_history(evidence.total, [evidence], without, without, longest=lambda _: 24) == {}


def test_the_evidence_is_carried_by_one_channel_and_adds_up_to_what_was_asked_for() -> None:
    loans = histories(400, (1, 12), seed=4)
    evidence = fit_evidence(loans, CLICKSTREAM)
    expected = scores_by_history(evidence.total, [evidence], loans, loans, longest=lambda _: 12)
    spreads = {label: expected[12][np.repeat(loans["label"].to_numpy(), 6) == label] for label in (0, 1)}
    assert spreads[1].mean() > 0 > spreads[0].mean()
