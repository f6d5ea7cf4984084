from __future__ import annotations

import re
import sys

import numpy as np
import polars as pl
import pytest

from credit_platform.monitoring.performance.evidently_page import DriftPage, draw_drift_page


def loans(n: int, *, seed: int, shift: float = 0.0, levels: str = "abc") -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "debt": random.normal(10 + shift, 1, n),
            "salary": random.normal(5, 2, n),
            "is_minimum_paid": random.random(n) < 0.5,
            "lost": pl.Series([None] * n, dtype=pl.Float64),
            "occupation": [levels[place] for place in random.integers(0, len(levels), n)],
        }
    )


def drawn(now: pl.DataFrame) -> DriftPage:
    numeric = ["debt", "salary", "is_minimum_paid", "lost"]
    return draw_drift_page(now, loans(900, seed=1), numeric=numeric, categorical=["occupation"])


@pytest.fixture(scope="module")
def shifted() -> DriftPage:
    return drawn(loans(900, seed=2, shift=0.8, levels="abx"))


def test_the_features_that_moved_are_named_largest_first_with_their_distance(shifted: DriftPage) -> None:
    assert set(shifted.drifted) == {"debt", "occupation"}
    assert shifted.distances["debt"] == pytest.approx(0.8, abs=0.1)
    assert list(shifted.distances.values()) == sorted(shifted.distances.values(), reverse=True)


def test_a_feature_without_values_is_said_to_be_unknown(shifted: DriftPage) -> None:
    assert shifted.unknown == ("lost",)
    assert "lost" not in shifted.distances


def test_a_month_like_development_has_no_drifted_feature() -> None:
    assert drawn(loans(900, seed=3)).drifted == ()


def test_the_page_names_every_feature_and_loads_nothing_from_elsewhere(shifted: DriftPage) -> None:
    assert all(name in shifted.html for name in shifted.distances)
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']?https?:", shifted.html)


def test_drawing_a_page_reports_to_nobody(shifted: DriftPage) -> None:
    assert shifted.html
    assert "iterative_telemetry" not in sys.modules
    assert "evidently.telemetry" not in sys.modules
