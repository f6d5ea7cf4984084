from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given

from credit_platform.policy.model_config import Grade
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.grades import GRADES_SCHEMA, MIN_LOANS, grade_table
from credit_platform.statistics.calibration import jeffreys_p_value
from credit_platform_tests.scoring.drawn_samples import FloatArray, LabelArray, honest_sample, samples

GRADES = LOANS.load_policy().model.scoring.grades
THREE = [
    Grade(name="A", max_probability=0.1),
    Grade(name="B", max_probability=0.3),
    Grade(name="C", max_probability=1.0),
]


def sample_of(*groups: tuple[float, int, int]) -> tuple[LabelArray, FloatArray]:
    """Groups of probability, loans and bads among them."""
    label = np.concatenate([np.arange(n) < bads for _, n, bads in groups]).astype(np.int8)
    return label, np.concatenate([np.full(n, probability) for probability, n, _ in groups])


def test_a_grade_whose_probability_is_too_low_is_found_and_its_neighbours_are_not() -> None:
    label, probability = sample_of((0.05, 400, 20), (0.20, 400, 130), (0.50, 400, 200))
    table = grade_table(label, probability, THREE)
    assert dict(table.select("grade", "status").iter_rows()) == {"A": "ok", "B": "breach", "C": "ok"}


def test_a_grade_whose_probability_is_too_high_passes_the_one_sided_test() -> None:
    table = grade_table(*sample_of((0.20, 400, 20)), THREE)
    assert table.filter(grade="B")["status"].item() == "ok"


def test_the_status_goes_by_the_corrected_p_value() -> None:
    # On its own 54 bads of 200 at 20 % would be a breach; as one of three grades it is a warning.
    table = grade_table(*sample_of((0.05, 200, 10), (0.20, 200, 54), (0.50, 200, 100)), THREE)
    alone, corrected, status = table.filter(grade="B").select("jeffreys_p", "holm_p", "status").row(0)
    assert alone == pytest.approx(jeffreys_p_value(54, 200, 0.2), rel=1e-9)
    assert alone < 0.01
    assert corrected == pytest.approx(3 * alone)
    assert status == "warn"


def test_a_tiny_grade_is_insufficient_and_leaves_the_others_their_level() -> None:
    label, probability = sample_of((0.05, MIN_LOANS - 1, 20), (0.20, MIN_LOANS, 6))
    table = grade_table(label, probability, THREE)
    assert table["status"].to_list() == ["insufficient", "ok", "insufficient"]
    assert table["holm_p"].to_list() == [None, table["jeffreys_p"][1], None]
    assert table["jeffreys_p"][0] < 1e-6


def test_a_grade_without_loans_is_in_the_table_with_nulls() -> None:
    empty = grade_table(*sample_of((0.05, 50, 2)), THREE).row(2, named=True)
    assert empty == dict.fromkeys(GRADES_SCHEMA) | {"grade": "C", "n": 0, "n_bad": 0, "status": "insufficient"}


def test_honest_probabilities_fail_in_some_grade_as_seldom_as_the_level_says() -> None:
    failed = 0
    for seed in range(200):
        status = grade_table(*honest_sample(1500, seed), GRADES)["status"]
        failed += status.is_in(["warn", "breach"]).any()
    assert failed / 200 <= 0.09


@given(samples())
def test_the_grades_hold_every_loan_once(sample: tuple[LabelArray, FloatArray]) -> None:
    label, probability = sample
    table = grade_table(label, probability, GRADES)
    assert table.schema == pl.Schema(GRADES_SCHEMA)
    assert table["grade"].to_list() == [grade.name for grade in GRADES]
    assert table["n"].sum() == len(label)
    assert table["n_bad"].sum() == label.sum()
    seen = table.drop_nulls("bad_rate")
    assert (seen["ci_low"] <= seen["bad_rate"]).all()
    assert (seen["bad_rate"] <= seen["ci_high"]).all()
