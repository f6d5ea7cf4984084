from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.transformers.evidence import fit_evidence
from credit_platform.scoring.transformers.standardisation import (
    CategoricalTreatment,
    NumericTreatment,
    Preprocessing,
    fit_preprocessing,
)

MakeLoans = Callable[..., pl.DataFrame]


@pytest.fixture(scope="session")
def train(loans: MakeLoans) -> pl.DataFrame:
    return loans(800, seed=21)


@pytest.fixture(scope="session")
def fitted(train: pl.DataFrame) -> Preprocessing:
    return fit_preprocessing(train, LOANS.features, [fit_evidence(train, CLICKSTREAM)])


def column_of(fitted: Preprocessing, frame: pl.DataFrame, feature: str) -> np.ndarray:
    return fitted.design_matrix(frame)[:, fitted.design_features().index(feature)]


def test_numeric_columns_are_standardised_on_the_training_sample(fitted: Preprocessing, train: pl.DataFrame) -> None:
    debt = column_of(fitted, train, "outstanding_debt_amount")
    assert debt.mean() == pytest.approx(0, abs=1e-9)
    assert debt.std() == pytest.approx(1, abs=1e-9)


def test_scoring_uses_the_training_numbers_and_not_its_own_batch(fitted: Preprocessing, train: pl.DataFrame) -> None:
    whole, single = fitted.design_matrix(train), fitted.design_matrix(train[17:18])
    assert (single[0] == whole[17]).all()


def test_a_missing_value_becomes_the_training_median_and_a_flag(fitted: Preprocessing, train: pl.DataFrame) -> None:
    gone = train[:1].with_columns(pl.lit(None, dtype=pl.Float64).alias("monthly_inhand_salary_amount"))
    median = train[:1].with_columns(
        pl.lit(train["monthly_inhand_salary_amount"].median()).alias("monthly_inhand_salary_amount")
    )
    place = fitted.design_features().index("monthly_inhand_salary_amount")
    of_gone, of_median = fitted.design_matrix(gone)[0], fitted.design_matrix(median)[0]
    assert of_gone[place] == pytest.approx(of_median[place])
    assert (of_gone[place + 1], of_median[place + 1]) == (1, 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), None, 1e300])
def test_whatever_a_feature_holds_the_design_is_finite(
    fitted: Preprocessing, train: pl.DataFrame, value: float | None
) -> None:
    wild = train[:3].with_columns(pl.lit(value, dtype=pl.Float64).alias("outstanding_debt_amount"))
    assert np.isfinite(fitted.design_matrix(wild)).all()


def test_values_are_clipped_at_the_training_quantiles(fitted: Preprocessing, train: pl.DataFrame) -> None:
    wild = train[:1].with_columns(pl.lit(1e9).alias("outstanding_debt_amount"))
    treatment = next(one for one in fitted.numeric if one.feature == "outstanding_debt_amount")
    assert column_of(fitted, wild, "outstanding_debt_amount")[0] == (treatment.upper - treatment.mean) / treatment.scale


def test_evidence_is_not_clipped_because_histories_grow(
    fitted: Preprocessing, loans: MakeLoans, train: pl.DataFrame
) -> None:
    longer = loans(2000, seed=22, history=24)
    assert (
        np.abs(column_of(fitted, longer, CLICKSTREAM.feature)).max()
        > np.abs(column_of(fitted, train, CLICKSTREAM.feature)).max()
    )


@pytest.mark.parametrize("level", [None, "Astronaut"])
def test_unknown_and_missing_levels_share_one_column(
    fitted: Preprocessing, train: pl.DataFrame, level: str | None
) -> None:
    unknown = train[:1].with_columns(pl.lit(level, dtype=pl.String).alias("occupation_group"))
    places = [place for place, name in enumerate(fitted.design_features()) if name == "occupation_group"]
    assert fitted.design_matrix(unknown)[0, places].tolist() == [0, 0, 0, 1]


@given(st.one_of(st.none(), st.sampled_from(["a", "unknown", "missing"]), st.text(max_size=5)))
def test_exactly_one_column_of_a_category_is_on(level: str | None) -> None:
    treatment = CategoricalTreatment("kind", ("a", "missing", "unknown"))
    frame = pl.DataFrame({"kind": pl.Series([level], dtype=pl.String)})
    assert sum(frame.select(column.value for column in treatment.design()).row(0)) == 1


def test_a_feature_that_training_never_saw_is_the_same_for_every_loan(loans: MakeLoans) -> None:
    blind = loans(300, seed=23).with_columns(pl.lit(None, dtype=pl.Float64).alias("debt_to_salary"))
    fitted = fit_preprocessing(blind, LOANS.features, [fit_evidence(blind, CLICKSTREAM)])
    assert (column_of(fitted, loans(50, seed=24), "debt_to_salary") == 0).all()


def test_a_constant_feature_is_zero_and_not_a_division_by_zero(loans: MakeLoans) -> None:
    flat = loans(300, seed=25).with_columns(pl.lit(3.0).alias("interest_rate"))
    fitted = fit_preprocessing(flat, LOANS.features, [fit_evidence(flat, CLICKSTREAM)])
    assert (column_of(fitted, flat, "interest_rate") == 0).all()


def test_preprocessing_is_read_back_to_the_last_bit(fitted: Preprocessing, train: pl.DataFrame) -> None:
    restored = Preprocessing.from_json(fitted.to_json(), [CLICKSTREAM])
    assert restored == fitted
    assert np.array_equal(restored.design_matrix(train), fitted.design_matrix(train))


@given(st.floats(allow_nan=False, allow_infinity=False, width=64), st.floats(1e-300, 1e300))
def test_any_float_survives_json(median: float, scale: float) -> None:
    import json

    treatment = NumericTreatment("x", median, median, median, median, scale, has_missing_indicator=True)
    assert NumericTreatment(**json.loads(json.dumps(treatment.__dict__))) == treatment


def test_a_version_reads_sums_and_never_flags_or_identifiers() -> None:
    assert set(LOANS.features.numeric) < set(LOANS.features.columns)
    assert "fe_10_sum" in LOANS.features.columns
    assert not {"label", "loan_id", "customer_id", "snapshot_month", "fe_10_mean", "age"} & set(LOANS.features.columns)
