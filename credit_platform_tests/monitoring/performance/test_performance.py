from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from credit_platform.monitoring.performance.degradation import Baseline
from credit_platform.monitoring.performance.performance import measure_performance
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.schemas.monitoring import Performance
from credit_platform_tests.monitoring_rows import cohort, subject, thresholds

METRICS = {
    "roc_auc", "accuracy", "precision", "recall", "f1_score", "roc_auc_degradation", "gini", "ks", "brier", "bad_rate",
    "no_information_rate", "decline_rate", "label_coverage", "mean_probability", "std_probability", "min_probability",
    "median_probability", "max_probability", "n", "n_actual_bad", "n_actual_good", "n_predicted_bad",
    "n_predicted_good", "tn", "fp", "fn", "tp", "calibration_slope", "calibration_intercept",
    "calibration_in_the_large", "capture_rate_at_10", "capture_rate_at_20", "lift_at_10", "lift_at_20",
}  # fmt: skip


def _measure(
    scored: pl.DataFrame,
    *,
    policy: MonitoringThresholds | None = None,
    baseline: float = 0.85,
    psi: float | None = None,
) -> pl.DataFrame:
    table = measure_performance(
        scored, subject=subject(), thresholds=policy or thresholds(), baseline=Baseline(baseline), psi=psi
    )
    Performance.validate(table)
    return table


def _column(table: pl.DataFrame, column: str) -> dict[str, object]:
    return dict(table.select("metric", column).iter_rows())


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(40, 300))
def test_metrics_agree_with_scikit_learn(seed: int, n: int) -> None:
    scored = cohort(n, seed=seed).with_columns(pl.col("default_probability").round(2))
    value = _column(_measure(scored), "value")
    label = scored["label"].to_numpy()
    probability = scored["default_probability"].to_numpy()
    declined = (scored["decision"] == "decline").to_numpy()
    if 0 < label.sum() < n and declined.any():
        false_rate, true_rate, _ = metrics.roc_curve(label, probability, drop_intermediate=False)
        expected = {
            "roc_auc": metrics.roc_auc_score(label, probability),
            "accuracy": metrics.accuracy_score(label, declined),
            "precision": metrics.precision_score(label, declined),
            "recall": metrics.recall_score(label, declined),
            "f1_score": metrics.f1_score(label, declined),
            "brier": metrics.brier_score_loss(label, probability),
            "ks": np.max(true_rate - false_rate),
            **dict(zip(("tn", "fp", "fn", "tp"), metrics.confusion_matrix(label, declined).ravel(), strict=True)),
        }
        for metric, number in expected.items():
            assert value[metric] == pytest.approx(number, abs=1e-12), metric


def test_there_is_one_row_per_metric() -> None:
    table = _measure(cohort())
    assert set(table["metric"]) == METRICS
    assert set(_measure(cohort(), psi=0.1)["metric"]) == METRICS | {"psi"}


def test_an_empty_cohort_has_the_same_rows_and_none_is_ok() -> None:
    table = _measure(cohort().clear())
    assert set(table["metric"]) == METRICS
    assert "ok" not in set(table["status"])
    assert _column(table, "status")["roc_auc"] == "unknown"


def test_too_few_bads_are_insufficient_however_good_the_value() -> None:
    scored = cohort(60, strength=4)
    assert 0 < scored["label"].sum() < 30
    assert _column(_measure(scored), "status")["roc_auc"] == "insufficient"


def test_one_class_only_gives_null_and_unknown() -> None:
    table = _measure(cohort().with_columns(label=pl.lit(0, dtype=pl.Int8)))
    assert table.filter(metric="roc_auc").select("value", "ci_low", "status").row(0) == (None, None, "unknown")


def test_nobody_declined_leaves_precision_unknown() -> None:
    table = _measure(cohort().with_columns(decision=pl.lit("approve")))
    assert table.filter(metric="precision").select("value", "status").row(0) == (None, "unknown")


def test_approving_everybody_does_not_beat_the_no_information_rate() -> None:
    assert _column(_measure(cohort()), "status")["no_information_rate"] == "ok"
    everybody = _measure(cohort().with_columns(decision=pl.lit("approve")))
    assert _column(everybody, "status")["no_information_rate"] == "warn"


def test_loans_without_label_lower_the_coverage_and_nothing_else() -> None:
    scored = cohort(600)
    gaps = scored.with_columns(pl.when(pl.int_range(pl.len()) < 500).then("label").alias("label"))
    with_gaps, without = _measure(gaps), _measure(scored.head(500))
    assert _column(with_gaps, "value")["label_coverage"] == pytest.approx(500 / 600)
    assert _column(with_gaps, "status")["label_coverage"] == "warn"
    assert with_gaps.filter(pl.col("metric") != "label_coverage").equals(
        without.filter(pl.col("metric") != "label_coverage")
    )


@pytest.mark.parametrize(
    ("business", "data_science", "decision_mode", "status"),
    [
        (0.70, 0.75, "point", "ok"),
        (0.75, 0.84, "point", "warn"),
        (0.83, 0.84, "point", "breach"),
        (0.83, 0.84, "ci_upper", "ok"),  # the interval reaches above both floors
        (0.83, 0.86, "ci_upper", "warn"),
        (0.86, 0.90, "ci_upper", "breach"),
    ],
)
def test_floors_decide_the_status(business: float, data_science: float, decision_mode: str, status: str) -> None:
    metric = {"priority": "P0", "business_threshold": business, "data_science_threshold": data_science}
    policy = thresholds(metrics={"roc_auc": metric}, decision_mode=decision_mode)
    table = _measure(cohort(), policy=policy)
    row = table.filter(metric="roc_auc").row(0, named=True)
    assert 0.80 < row["value"] < 0.81
    assert 0.84 < row["ci_high"] < 0.86
    assert row["status"] == status


def test_an_override_counts_for_its_model_only() -> None:
    override = {"roc_auc": {"data_science_threshold": 0.95}}
    own = _measure(cohort(), policy=thresholds(model_overrides={"gradient_boosting": override}))
    other = _measure(cohort(), policy=thresholds(model_overrides={"scorecard": override}))
    assert _column(own, "status")["roc_auc"] == "warn"
    assert _column(other, "status")["roc_auc"] == "ok"


@pytest.mark.parametrize(("baseline", "status"), [(0.80, "ok"), (0.90, "warn")])
def test_degradation_is_the_relative_loss_against_out_of_time(baseline: float, status: str) -> None:
    table = _measure(cohort(), baseline=baseline)
    auc = _column(table, "value")["roc_auc"]
    assert isinstance(auc, float)
    row = table.filter(metric="roc_auc_degradation").row(0, named=True)
    assert row["value"] == pytest.approx((baseline - auc) / baseline)
    assert row["status"] == status


def test_degradation_without_a_baseline_is_unknown() -> None:
    table = measure_performance(cohort(), subject=subject(), thresholds=thresholds(), baseline=Baseline())
    assert _column(table, "status")["roc_auc_degradation"] == "unknown"


def test_the_same_cohort_gives_the_same_table() -> None:
    assert _measure(cohort()).equals(_measure(cohort()))


def _mixed(n_dark: int, *, strength: float = 1.6) -> pl.DataFrame:
    """Loans of two kinds; a version ranks those without clicks worse."""
    lit, dark = cohort(2000 - n_dark, seed=1, strength=3.0), cohort(n_dark, seed=2, strength=strength)
    return pl.concat(
        [lit.with_columns(sources_present=pl.lit("bureau+clicks")), dark.with_columns(sources_present=pl.lit("bureau"))]
    )


def _losses(scored: pl.DataFrame, *, overall: float | None, dark: float) -> dict[str, tuple[float, str]]:
    table = measure_performance(
        scored,
        subject=subject(),
        thresholds=thresholds(),
        baseline=Baseline(overall),
        baselines={"bureau+clicks": Baseline(0.93), "bureau": Baseline(dark)},
    )
    Performance.validate(table)
    rows = table.filter(metric="roc_auc_degradation").select("segment", "value", "status").iter_rows()
    return {segment: (value, status) for segment, value, status in rows}


@pytest.mark.parametrize("n_dark", [400, 1000, 1600])
def test_a_mix_is_held_against_the_results_of_its_kinds(n_dark: int) -> None:
    found = _losses(_mixed(n_dark), overall=None, dark=0.82)
    assert set(found) == {"all", "bureau", "bureau+clicks"}
    assert [status for _, status in found.values()] == ["ok"] * 3
    assert abs(found["all"][0]) < 0.03
    # Loans with clicks alone would have been held against the out-of-time result of a version that has them.
    assert _losses(_mixed(n_dark), overall=0.93, dark=0.82)["all"][0] > found["all"][0]


def test_a_loss_among_loans_of_one_kind_is_found() -> None:
    found = _losses(_mixed(1600, strength=0.3), overall=None, dark=0.82)
    assert (found["bureau"][1], found["bureau+clicks"][1], found["all"][1]) == ("warn", "ok", "warn")


def test_loans_of_the_same_sources_have_their_own_ranking_and_calibration() -> None:
    table = _measure(_mixed(1000))
    segments = table.filter(pl.col("segment") != "all").partition_by("segment", as_dict=True)
    assert {name for (name,) in segments} == {"bureau", "bureau+clicks"}
    for (name,), rows in segments.items():
        own = _measure(_mixed(1000).filter(sources_present=name)).filter(segment="all")
        for row in rows.filter(pl.col("metric") != "roc_auc_degradation").iter_rows(named=True):
            assert own.filter(metric=row["metric"])["value"].item() == row["value"]
