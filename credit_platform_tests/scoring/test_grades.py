from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.policy.model_config import ModelConfig, Scaling
from credit_platform.scoring.grades import decision, risk_grade, score_points

SCALING = Scaling(base_score=600, base_odds=50, pdo=20)
PROBABILITY = pl.col("probability")


def of(probability: float | None, expression: pl.Expr) -> object:
    return pl.DataFrame({"probability": pl.Series([probability], dtype=pl.Float64)}).select(expression).item()


@pytest.mark.parametrize(
    ("goods_per_bad", "score"), [(50, 600), (100, 620), (25, 580), (200, 640), (1, 487), (50 / 1024, 400)]
)
def test_base_odds_score_the_base_score_and_doubling_them_adds_pdo_points(goods_per_bad: float, score: int) -> None:
    assert of(1 / (1 + goods_per_bad), score_points(PROBABILITY, SCALING)) == score


@pytest.mark.parametrize("probability", [0.0, 1e-300, 1.0, 1 - 1e-16])
def test_points_are_finite_at_the_ends(probability: float) -> None:
    points = of(probability, score_points(PROBABILITY, SCALING))
    assert isinstance(points, int)
    assert 0 < points < 1000


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_higher_probability_never_scores_more(one: float, other: float) -> None:
    frame = pl.DataFrame({"probability": sorted([one, other])}).select(score_points(PROBABILITY, SCALING))
    better, worse = frame["score"]
    assert better >= worse
    assert frame["score"].dtype == pl.Int32


@pytest.mark.parametrize(
    ("probability", "grade"),
    [(0.0, "R1"), (0.02, "R1"), (0.020001, "R2"), (0.05, "R2"), (0.29, "R6"), (0.7, "R9"), (0.71, "R10"), (1.0, "R10")],
)
def test_a_grade_holds_its_upper_bound(config: ModelConfig, probability: float, grade: str) -> None:
    assert of(probability, risk_grade(PROBABILITY, config.scoring.grades)) == grade


def test_an_unknown_probability_has_no_grade(config: ModelConfig) -> None:
    assert of(None, risk_grade(PROBABILITY, config.scoring.grades)) is None


@given(probability=st.floats(0, 1))
def test_every_probability_has_a_grade(config: ModelConfig, probability: float) -> None:
    assert of(probability, risk_grade(PROBABILITY, config.scoring.grades)) is not None


@pytest.mark.parametrize(("probability", "decided"), [(0.499, "approve"), (0.5, "decline"), (0.9, "decline")])
def test_the_cut_off_itself_declines(probability: float, decided: str) -> None:
    assert of(probability, decision(PROBABILITY, 0.5)) == decided
