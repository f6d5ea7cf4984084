from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from credit_platform.monitoring.fair_lending import measure_reasons
from credit_platform.schemas.monitoring import FairLending
from credit_platform_tests.monitoring_rows import subject, thresholds

CODES = ("DEBT", "INCOME", "DELAY", "INQUIRIES", "HISTORY")


def reasons(n: int = 1500, *, seed: int = 1) -> pl.DataFrame:
    """Loans of two groups, each with two of five reasons drawn alike."""
    random = np.random.default_rng(seed)
    drawn = [random.choice(CODES, size=2, replace=False) for _ in range(n)]
    return pl.DataFrame(
        {
            "group": np.where(random.random(n) < 1 / 3, "young", "old"),
            "reason_1": [pair[0] for pair in drawn],
            "reason_2": [pair[1] for pair in drawn],
            "reason_3": pl.Series([None] * n, dtype=pl.String),
            "reason_4": pl.Series([None] * n, dtype=pl.String),
        }
    )


def measured(frame: pl.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    table = measure_reasons(frame, subject=subject(), thresholds=thresholds())
    FairLending.validate(table)
    return {(row["metric"], row["segment"]): row for row in table.iter_rows(named=True)}


def test_groups_with_the_same_reasons_have_no_warning_and_each_reason_its_share() -> None:
    frame = reasons()
    found = measured(frame)
    assert {row["status"] for row in found.values()} == {"ok"}
    assert {metric for metric, _ in found} == {"reason_mix_psi", *(f"reason_share:{code}" for code in CODES)}
    young = frame.filter(pl.col("group") == "young")
    share = young.filter((pl.col("reason_1") == "DEBT") | (pl.col("reason_2") == "DEBT")).height / young.height
    row = found["reason_share:DEBT", "young"]
    assert row["value"] == pytest.approx(share)
    assert row["ci_low"] < share < row["ci_high"]
    assert sum(found[f"reason_share:{code}", "young"]["value"] for code in CODES) == pytest.approx(2.0)


def test_a_group_given_other_reasons_is_pointed_out() -> None:
    is_moved = (pl.col("group") == "young") & (pl.col("reason_1") != "DEBT") & (pl.col("reason_2") != "DEBT")
    moved = reasons().with_columns(pl.when(is_moved).then(pl.lit("DEBT")).otherwise("reason_1").alias("reason_1"))
    found = measured(moved)
    assert found["reason_share:DEBT", "young"]["value"] == 1.0
    assert found["reason_mix_psi", "young"]["status"] == "warn"
    assert found["reason_mix_psi", "young"]["value"] > thresholds().psi.warn


def test_a_small_group_is_insufficient_whatever_its_reasons() -> None:
    is_few = pl.int_range(pl.len()) < 12
    few = reasons().with_columns(pl.when(is_few).then(pl.lit("few")).otherwise("group").alias("group"))
    few = few.with_columns(pl.when(is_few).then(pl.lit("OTHER")).otherwise("reason_1").alias("reason_1"))
    found = measured(few)
    assert {row["status"] for (_, group), row in found.items() if group == "few"} == {"insufficient"}


def test_without_reasons_the_mix_is_unknown_and_an_empty_cohort_has_no_rows() -> None:
    none_given = reasons(200).with_columns(pl.lit(None, dtype=pl.String).alias(f"reason_{n}") for n in (1, 2))
    assert {row["status"] for row in measured(none_given).values()} == {"unknown"}
    assert measured(reasons().clear()) == {}
