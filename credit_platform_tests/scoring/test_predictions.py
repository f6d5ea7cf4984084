from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import dataframely as dy
import polars as pl
import pytest

from credit_platform.errors import ModelStoreError
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.schemas.prediction import prediction_schema
from credit_platform.scoring.explanation.reasons import REASON_COLUMNS, reasons_of
from credit_platform.scoring.predictions import score_loans
from credit_platform.scoring.training.version import FittedVersion

MakeLoans = Callable[..., pl.DataFrame]
Prediction = prediction_schema("loan_id", "customer_id", "loan")


def scored(version: FittedVersion, features: pl.DataFrame, config: ModelConfig) -> pl.DataFrame:
    return score_loans(
        version,
        features,
        model_version="2024-12-01-0123",
        role="post",
        provenance="live",
        config=config,
        reasons=LOANS.load_policy().reasons,
    )


def test_every_loan_is_scored_once_in_the_contract_of_the_table(
    version: FittedVersion, config: ModelConfig, loans: MakeLoans
) -> None:
    features = loans(300, seed=61).drop("label")
    table = scored(version, features.sample(fraction=1, shuffle=True, seed=1), config)
    assert Prediction.is_valid(table)
    assert table.columns == Prediction.column_names()
    assert table["loan_id"].to_list() == sorted(features["loan_id"])
    assert table.select("model", "model_version", "sample_role", "provenance").unique().row(0) == (
        version.model, "2024-12-01-0123", "post", "live",
    )  # fmt: skip
    assert table["default_probability"].to_list() == version.predict(features.sort("loan_id")).tolist()


def test_points_grade_and_decision_follow_the_calibrated_probability(
    version: FittedVersion, config: ModelConfig, loans: MakeLoans
) -> None:
    table = scored(version, loans(300, seed=62), config).sort("default_probability")
    assert table["score"].is_sorted(descending=True)
    assert table["grade"].str.strip_prefix("R").cast(pl.Int32).is_sorted()
    assert ((table["decision"] == "decline") == (table["default_probability"] >= version.cut_off(config))).all()


def test_every_loan_carries_its_own_reasons(version: FittedVersion, config: ModelConfig, loans: MakeLoans) -> None:
    features = loans(200, seed=62)
    table = scored(version, features.reverse(), config)
    assert table.select(REASON_COLUMNS).equals(
        reasons_of(version, features.sort("loan_id"), LOANS.load_policy().reasons)
    )
    assert table["reason_1"].null_count() < 20


def test_the_order_of_loans_changes_nothing(version: FittedVersion, config: ModelConfig, loans: MakeLoans) -> None:
    features = loans(200, seed=63)
    assert scored(version, features.reverse(), config).equals(scored(version, features, config))


def test_months_of_a_range_come_in_order(version: FittedVersion, config: ModelConfig, loans: MakeLoans) -> None:
    months = [date(2024, 3, 1), date(2024, 2, 1)]
    table = scored(version, pl.concat([loans(20, seed=64 + n, month=month) for n, month in enumerate(months)]), config)
    assert table["snapshot_month"].is_sorted()
    assert set(table["snapshot_month"]) == set(months)


def test_a_month_without_loans_is_an_empty_table_of_the_same_columns(
    version: FittedVersion, config: ModelConfig, loans: MakeLoans
) -> None:
    table = scored(version, loans(5, seed=66)[:0], config)
    assert table.height == 0
    assert table.schema == scored(version, loans(5, seed=66), config).schema


def test_a_source_without_data_is_not_in_the_rows(
    version: FittedVersion, config: ModelConfig, loans: MakeLoans
) -> None:
    assert set(scored(version, loans(50, seed=67, history=0), config)["sources_present"]) == {"attributes+financials"}


def test_a_missing_column_is_named_with_the_version(
    version: FittedVersion, config: ModelConfig, loans: MakeLoans
) -> None:
    with pytest.raises(ModelStoreError, match=r"version 2024-12-01-0123: the features to score lack interest_rate"):
        scored(version, loans(5, seed=68).drop("interest_rate"), config)


def test_a_calibration_that_turns_the_ranking_round_breaks_the_contract(
    version: FittedVersion, config: ModelConfig, loans: MakeLoans
) -> None:
    turned = scored(version, loans(50, seed=69), config).with_columns(default_probability=1 - pl.col("raw_probability"))
    with pytest.raises(dy.exc.ValidationError, match="ranking_survives_calibration"):
        Prediction.validate(turned)


def test_a_version_decides_by_the_number_of_policy_or_by_its_own_cut_off(
    version: FittedVersion, config: ModelConfig, loans: MakeLoans
) -> None:
    tuned = config.model_copy(update={"scoring": config.scoring.model_copy(update={"cut_off": None})})
    own = replace(version, average_loans=replace(version.average_loans, cut_off=0.17))
    assert (own.cut_off(config), own.cut_off(tuned)) == (config.scoring.cut_off, 0.17)
    table = scored(own, loans(300, seed=62), tuned)
    assert ((table["decision"] == "decline") == (table["default_probability"] >= 0.17)).all()
    without = replace(version, average_loans=replace(version.average_loans, cut_off=None))
    with pytest.raises(ModelStoreError, match="stored without a cut-off of its own"):
        without.cut_off(tuned)
