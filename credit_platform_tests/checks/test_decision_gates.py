"""Whether every case that was scored has one decision, by the champion of its month."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.checks.decision_gates import one_decision_check
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import DECISIONS
from credit_platform_tests.checks.evaluating import AXIS, evaluated, lake_with, reds
from credit_platform_tests.small_book import PREVIEW_ALLOWED

pytestmark = PREVIEW_ALLOWED
MONTHS = [date(2024, 5, 1), date(2024, 6, 1)]
CHAMPIONS = dict(zip(MONTHS, ("scorecard", "gradient_boosting"), strict=True))


def config() -> ModelConfig:
    shipped = LOANS.load_policy().model
    section = shipped.champion_challenger.model_copy(
        update={"champion": {AXIS.first_scoring: "model_1", MONTHS[1]: "model_2"}}
    )
    return shipped.model_copy(update={"champion_challenger": section})


def scored(model: str, version: str = "v1") -> pl.DataFrame:
    rows = pl.DataFrame({"loan_id": ["a", "b", "c"], "model": model, "model_version": version})
    return rows.join(pl.DataFrame({"snapshot_month": MONTHS}), how="cross")


SOUND = pl.concat(scored(model).filter(pl.col("snapshot_month") == month) for month, model in CHAMPIONS.items())
IN_JUNE = pl.col("snapshot_month") == MONTHS[1]
IS_B = IN_JUNE & (pl.col("loan_id") == "b")


@pytest.mark.parametrize(
    ("decided", "said"),
    [
        (SOUND, ""),
        (SOUND.filter(~IS_B), "of 3 loans 1 without a decision"),
        (pl.concat([SOUND, SOUND.filter(IS_B)]), "of 3 loans 1 with more than one"),
        (
            SOUND.with_columns(model=pl.when(IS_B).then(pl.lit("scorecard")).otherwise("model")),
            "1 not decided by gradient_boosting as it scored the month",
        ),
        (
            SOUND.with_columns(model_version=pl.when(IN_JUNE).then(pl.lit("v0")).otherwise("model_version")),
            "3 not decided by gradient_boosting as it scored the month",
        ),
        (
            pl.concat([SOUND, SOUND.filter(IS_B).with_columns(loan_id=pl.lit("stranger"))]),
            "1 not decided by gradient_boosting as it scored the month",
        ),
    ],
    ids=["sound", "without a decision", "two decisions", "another model", "another version", "never scored"],
)
def test_a_case_without_a_decision_with_two_or_with_another_models_is_red(
    tmp_path: Path, decided: pl.DataFrame, said: str
) -> None:
    tables = {DECISIONS: decided, **{f"prediction/{model}": scored(model) for model in CHAMPIONS.values()}}
    lake = lake_with(tmp_path, tables, MONTHS)
    with dg.DagsterInstance.ephemeral() as instance:
        found = evaluated(one_decision_check(LOANS, AXIS, config(), CheckPolicy()), lake, MONTHS, instance)
    assert reds(found) == (MONTHS[1:] if said else [])
    assert said in (found[MONTHS[1]].description or "")
    assert (found[MONTHS[0]].description or "") == "2024-05: each of 3 loans has one decision, by scorecard."
    assert found[MONTHS[1]].metadata["champion"].value == "gradient_boosting"


def test_decisions_of_a_month_that_the_champion_never_scored_are_red(tmp_path: Path) -> None:
    lake = lake_with(tmp_path, {DECISIONS: SOUND, "prediction/scorecard": scored("scorecard")}, MONTHS)
    with dg.DagsterInstance.ephemeral() as instance:
        found = evaluated(one_decision_check(LOANS, AXIS, config(), CheckPolicy()), lake, MONTHS, instance)
    assert reds(found) == MONTHS[1:]
