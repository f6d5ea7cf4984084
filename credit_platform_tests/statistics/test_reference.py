from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from credit_platform.statistics.reference import Bins, Reference, fit_reference


def _training() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame(
        {
            "income": rng.normal(size=1000),
            "is_flagged": rng.uniform(size=1000) < 0.3,
            "n_loans": rng.integers(0, 4, size=1000),
            "nothing": pl.Series([None] * 1000, dtype=pl.Float64),
            "job": ["clerk"] * 600 + ["smith"] * 395 + ["pilot"] * 3 + [None] * 2,
        }
    )


def _reference() -> Reference:
    probability = np.random.default_rng(1).uniform(size=1000)
    numeric = ["income", "is_flagged", "n_loans", "nothing"]
    return fit_reference(_training(), probability=probability, numeric=numeric, categorical=["job"])


def test_json_restores_the_reference_and_its_bytes() -> None:
    reference = _reference()
    text = reference.to_json()
    assert Reference.from_json(text) == reference
    assert Reference.from_json(text).to_json() == text


def test_deciles_hold_a_tenth_each_and_nulls_have_their_own_bin() -> None:
    assert _reference().probability.counts == (100,) * 10 + (0,)
    nothing = next(bins for bins in _reference().features if bins.name == "nothing")
    assert nothing.counts == (0, 1000)


@pytest.mark.parametrize("value", [1.0, 0.0, -1.0, None, float("nan")])
def test_a_constant_column_notices_any_other_value(value: float | None) -> None:
    bins = Bins.of_numbers(pl.Series("flag", [0.5] * 50))
    counts = bins.count(pl.Series("flag", [value] * 10, dtype=pl.Float64))
    assert counts.sum() == 10
    assert not (counts * np.array(bins.counts)).any()


def test_rare_unseen_and_missing_levels_have_bins_of_their_own() -> None:
    job = next(bins for bins in _reference().features if bins.name == "job")
    assert job.levels == ("clerk", "smith")
    assert job.counts == (600, 395, 3, 0, 2)
    assert job.count(pl.Series("job", ["smith", "pilot", "astronaut", None])).tolist() == [0, 1, 1, 1, 1]


def test_edges_rise_strictly_even_when_most_values_are_equal() -> None:
    bins = Bins.of_numbers(pl.Series("x", [0.0] * 900 + [float(i) for i in range(100)]))
    assert list(bins.edges) == sorted(set(bins.edges))
    assert sum(bins.counts) == 1000
