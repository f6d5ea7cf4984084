from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.monitoring.fair_lending import age_band, measure_fair_lending
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.schemas.monitoring import FairLending
from credit_platform_tests.monitoring_rows import cohort, subject, thresholds


def groups(n: int = 1200, *, seed: int = 1) -> pl.DataFrame:
    """Two groups drawn alike, the second half as large as the first."""
    random = np.random.default_rng(seed)
    return cohort(n, seed=seed).with_columns(
        pl.Series("group", np.where(random.random(n) < 1 / 3, "young", "old")),
        (500 - 100 * pl.col("default_probability")).cast(pl.Int32).alias("score"),
    )


def measured(frame: pl.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    table = measure_fair_lending(frame, subject=subject(), thresholds=thresholds())
    FairLending.validate(table)
    return {(row["metric"], row["segment"]): row for row in table.iter_rows(named=True)}


def test_groups_treated_alike_have_no_warning() -> None:
    found = measured(groups())
    assert {row["status"] for row in found.values()} == {"ok"}
    assert {metric for metric, _ in found} == {
        "approval_rate",
        "adverse_impact_ratio",
        "score_smd",
        "roc_auc",
        "calibration_gap",
    }


def test_a_group_approved_half_as_often_is_below_the_line_and_the_best_one_is_its_own_measure() -> None:
    random = np.random.default_rng(3)
    alike = groups().with_columns(pl.lit("approve").alias("decision"))
    declined = pl.Series(random.random(alike.height) < 0.5) & (alike["group"] == "young")
    treated = alike.with_columns(pl.when(declined).then(pl.lit("decline")).otherwise("decision").alias("decision"))
    found = measured(treated)
    young = found["adverse_impact_ratio", "young"]
    assert young["status"] == "warn"
    assert young["ci_low"] < young["value"] < young["ci_high"] < 0.8
    assert young["value"] == pytest.approx(found["approval_rate", "young"]["value"])
    assert found["adverse_impact_ratio", "old"]["value"] == 1.0


def approved(**approvals: tuple[int, int]) -> pl.DataFrame:
    """Groups of which so many of so many are approved."""
    return pl.concat(
        cohort(n).with_columns(
            pl.lit(name).alias("group"),
            pl.lit(500, pl.Int32).alias("score"),
            pl.Series("decision", ["approve"] * k + ["decline"] * (n - k)),
        )
        for name, (k, n) in approvals.items()
    )


@pytest.mark.parametrize(
    ("groups", "status"),
    [
        ({"old": (89, 111), "young": (47, 83)}, "warn"),
        ({"old": (890, 1110), "young": (700, 1000)}, "ok"),
        ({"old": (32, 40), "young": (25, 40)}, "ok"),
        # Behind the best of two groups by more than chance, but not behind the best of six.
        ({"old": (64, 90), "young": (47, 90)}, "warn"),
        ({"old": (64, 90), "young": (47, 90), **{f"other {i}": (58, 90) for i in range(4)}}, "ok"),
    ],
    ids=["four fifths and significant", "above the line", "by chance", "of two", "of six"],
)
def test_a_ratio_warns_below_the_line_where_the_rates_differ_beyond_chance(
    groups: dict[str, tuple[int, int]], status: str
) -> None:
    assert measured(approved(**groups))["adverse_impact_ratio", "young"]["status"] == status


def test_a_reference_group_of_policy_takes_the_place_of_the_best() -> None:
    frame = approved(**{"age under 25": (50, 100), "age 25-34": (70, 100), "age 35-44": (90, 100)})
    table = measure_fair_lending(frame, subject=subject(), thresholds=with_reference("age 25-34"))
    ratios = dict(table.filter(metric="adverse_impact_ratio").select("segment", "value").iter_rows())
    assert ratios == pytest.approx({"age under 25": 5 / 7, "age 25-34": 1.0, "age 35-44": 9 / 7})
    table = measure_fair_lending(frame, subject=subject(), thresholds=with_reference("age 62 and over"))
    assert set(table.filter(metric="adverse_impact_ratio")["status"]) == {"unknown"}


def test_a_reference_group_that_is_no_band_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"reference_group must be one of age under 25, .* and is adults"):
        with_reference("adults")


def with_reference(group: str) -> MonitoringThresholds:
    return thresholds(fair_lending=thresholds().fair_lending.model_dump() | {"reference_group": group})


def test_scores_that_lie_apart_and_probabilities_that_are_too_low_are_pointed_out() -> None:
    is_young = pl.col("group") == "young"
    tilted = groups().with_columns(
        pl.when(is_young).then(pl.col("score") - 80).otherwise("score").alias("score"),
        pl.when(is_young)
        .then(pl.col("default_probability") / 3)
        .otherwise("default_probability")
        .alias("default_probability"),
    )
    found = measured(tilted)
    assert found["score_smd", "young"]["value"] < -0.5
    assert found["score_smd", "young"]["status"] == "warn"
    assert found["score_smd", "old"]["value"] == pytest.approx(-found["score_smd", "young"]["value"])
    assert found["calibration_gap", "young"]["value"] > 0.1
    assert found["calibration_gap", "young"]["status"] == "warn"
    assert found["calibration_gap", "old"]["status"] == "ok"


def test_a_small_group_is_insufficient_whatever_it_shows_and_is_no_yardstick() -> None:
    frame = (
        groups()
        .with_row_index()
        .with_columns(
            pl.when(pl.col("index") < 10).then(pl.lit("few")).otherwise("group").alias("group"),
            pl.when(pl.col("index") < 10).then(pl.lit("approve")).otherwise(pl.lit("decline")).alias("decision"),
        )
    )
    found = measured(frame.drop("index"))
    of_few = {metric: row["status"] for (metric, group), row in found.items() if group == "few"}
    assert of_few.pop("adverse_impact_ratio") == "unknown"
    assert set(of_few.values()) <= {"insufficient", "unknown"}
    assert of_few["approval_rate"] == "insufficient"
    assert found["adverse_impact_ratio", "old"]["status"] == "unknown"


def test_without_outcomes_what_needs_them_is_unknown_and_the_rest_is_measured() -> None:
    found = measured(groups().with_columns(pl.lit(None, dtype=pl.Int8).alias("label")))
    for group in ("young", "old"):
        assert found["roc_auc", group]["status"] == "unknown"
        assert found["calibration_gap", group]["value"] is None
        assert found["approval_rate", group]["status"] == "ok"


def test_an_empty_cohort_has_no_rows() -> None:
    assert measured(groups().clear()) == {}


BANDS = thresholds().fair_lending.model_copy(update={"age_bands": (25, 35, 60)})


@given(st.lists(st.one_of(st.none(), st.integers(14, 100)), max_size=50))
def test_every_age_lies_in_the_band_that_names_it(ages: list[int | None]) -> None:
    frame = pl.DataFrame({"age": pl.Series(ages, dtype=pl.Int32)})
    for age, band in frame.with_columns(age_band(pl.col("age"), BANDS)).iter_rows():
        expected = (
            "age unknown"
            if age is None
            else "age under 25"
            if age < 25
            else "age 25-34"
            if age < 35
            else "age 35-59"
            if age < 60
            else "age 60 and over"
        )
        assert band == expected
