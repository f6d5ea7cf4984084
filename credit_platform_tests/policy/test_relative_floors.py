"""Floors as shares of a version's out-of-time result, a tuned cut-off, and the floor of the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.errors import PolicyError
from credit_platform.policy.load import policy_document, read_policy_document
from credit_platform.policy.monitoring_thresholds import MetricThreshold
from credit_platform.policy.policy_section import PolicyOverrides
from credit_platform.portfolios.loans.portfolio import LOANS

SHARES = "business_share_of_oot: 0.85, data_science_share_of_oot: 0.93"
RELATIVE = f"metrics: {{f1_score: {{priority: P0, data_science_threshold: null, {SHARES}}}}}\n"
TUNED = "scoring: {cut_off: tuned}\nselection: {primary: f1_score}\n"
share = st.floats(0, 1)


def folder(tmp_path: Path, *, model: str = "", monitoring: str = "") -> Path:
    (tmp_path / "model_config.yaml").write_text(model)
    (tmp_path / "monitoring_thresholds.yaml").write_text(monitoring)
    return tmp_path


def test_a_floor_is_a_share_of_what_the_version_reached(tmp_path: Path) -> None:
    thresholds = LOANS.load_policy(folder(tmp_path, monitoring=RELATIVE)).monitoring
    assert thresholds.is_relative
    unknown = thresholds.metrics_for("scorecard")["f1_score"]
    assert (unknown.business_threshold, unknown.data_science_threshold, unknown.text("business")) == (
        None, None, "unknown",
    )  # fmt: skip
    told = thresholds.of_version("scorecard", {"f1_score": 0.5}).of_version("gradient_boosting", {"f1_score": 0.6})
    floor = told.metrics_for("scorecard")["f1_score"]
    assert (floor.business_threshold, floor.data_science_threshold) == pytest.approx((0.425, 0.465))
    assert floor.text("business") == "0.4250, 85 % of the out-of-time 0.5000"
    assert told.metrics_for("gradient_boosting")["f1_score"].business_threshold == pytest.approx(0.51)
    assert told.metrics_for("scorecard")["roc_auc"] == thresholds.metrics["roc_auc"]


def test_the_shipped_floors_are_numbers() -> None:
    assert not LOANS.load_policy().monitoring.is_relative


@given(business=share, science=share, reached=share)
def test_the_warning_never_comes_after_the_failure(business: float, science: float, reached: float) -> None:
    floor = MetricThreshold(priority="P0", business_threshold=business, data_science_share_of_oot=science).at(reached)
    assert floor.business_threshold == business
    assert floor.data_science_threshold is not None
    assert floor.data_science_threshold >= business


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        (
            "metrics: {f1_score: {data_science_share_of_oot: 0.9}}",
            "metrics.f1_score.data_science_threshold",
            "stands beside data_science_share_of_oot; one of them must be null",
        ),
        (
            "metrics: {roc_auc: {business_share_of_oot: 0.9}}",
            "metrics.roc_auc.business_threshold",
            "stands beside business_share_of_oot",
        ),
        (
            "metrics: {gini: {priority: P1, business_share_of_oot: 0.9, data_science_share_of_oot: 0.8}}",
            "metrics.gini.data_science_share_of_oot",
            "never warn",
        ),
        (
            "metrics: {gini: {priority: P1, business_share_of_oot: 0.9}}",
            "metrics.gini.data_science_threshold",
            "is missing",
        ),
    ],
)
def test_floors_that_contradict_each_other_are_refused(tmp_path: Path, text: str, key: str, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        LOANS.load_policy(folder(tmp_path, monitoring=text))
    assert (caught.value.key, reason in caught.value.reason) == (key, True)


def test_an_override_replaces_a_floor_of_the_other_form(tmp_path: Path) -> None:
    override = "model_overrides: {model_1: {roc_auc: {business_share_of_oot: 0.9, data_science_share_of_oot: 0.95}}}\n"
    thresholds = LOANS.load_policy(folder(tmp_path, monitoring=override)).monitoring
    assert thresholds.is_relative
    own = thresholds.of_version("scorecard", {"roc_auc": 0.8}).metrics_for("scorecard")["roc_auc"]
    assert (own.business_threshold, own.data_science_threshold) == pytest.approx((0.72, 0.76))
    assert thresholds.metrics_for("gradient_boosting")["roc_auc"].business_threshold == 0.75


def test_a_cut_off_may_be_tuned_and_the_policy_reads_back(tmp_path: Path) -> None:
    policy = LOANS.load_policy(folder(tmp_path, model=TUNED, monitoring=RELATIVE))
    assert policy.model.scoring.cut_off is None
    again = read_policy_document(policy_document(policy), LOANS.terms, sha256=policy.sha256, file=tmp_path)
    assert again.model == policy.model
    assert again.monitoring.metrics["f1_score"].business_share_of_oot == 0.85


@pytest.mark.parametrize(
    ("text", "key", "reason"),
    [
        ("scoring: {cut_off: tuned}", "selection", "primary is roc_auc, but scoring.cut_off is tuned"),
        ("scoring: {cut_off: tuned}\nselection: {primary: recall}", "selection", "by f1_score or accuracy"),
        ("scoring: {cut_off: best}", "scoring.cut_off", "a share between 0 and 1, or tuned"),
        ("scoring: {cut_off: null}", "scoring.cut_off", "or tuned"),
        ("selection: {primary: luck}", "selection.primary", "not 'luck'"),
        ("selection: {primary: brier}", "selection.primary", "not 'brier'"),
        ("gates: {min_oot: {roc_auc: 0.7}}", "gates.min_oot", "min_oot_roc_auc"),
        ("gates: {min_oot: {luck: 0.7}}", "gates.min_oot.luck", "not 'luck'"),
    ],
)
def test_a_selection_that_means_nothing_is_refused(tmp_path: Path, text: str, key: str, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        LOANS.load_policy(folder(tmp_path, model=text))
    assert (caught.value.key, reason in caught.value.reason) == (key, True)


def test_a_floor_of_another_metric_is_part_of_the_fingerprint_only_where_it_is_set(tmp_path: Path) -> None:
    policy = LOANS.load_policy(folder(tmp_path, model="gates: {min_oot: {f1_score: 0.4}}"))
    assert "min_oot" not in LOANS.load_policy().model.gates.model_dump()
    assert policy.model.gates.model_dump()["min_oot"] == {"f1_score": 0.4}
    assert policy.sha256 != LOANS.load_policy().sha256


def test_the_floor_of_the_environment_takes_the_place_of_every_business_floor(tmp_path: Path) -> None:
    softened = (
        "model_overrides: {model_1: {roc_auc: {business_threshold: 0.7, on_business_breach: active_monitoring}}}\n"
    )
    policy = LOANS.load_policy(folder(tmp_path, monitoring=softened), PolicyOverrides(retrain_below=0.82))
    for model in policy.model.models:
        floor = policy.monitoring.metrics_for(model)["roc_auc"]
        assert (floor.business_threshold, floor.data_science_threshold, floor.on_business_breach) == (
            0.82, 0.82, "retrain",
        )  # fmt: skip
    assert policy.sha256 != LOANS.load_policy(tmp_path).sha256
    again = read_policy_document(policy_document(policy), LOANS.terms, sha256=policy.sha256, file=tmp_path)
    assert again.monitoring.metrics_for("scorecard")["roc_auc"].business_threshold == 0.82


def test_the_floor_of_the_environment_replaces_a_relative_one(tmp_path: Path) -> None:
    files = folder(tmp_path, model="selection: {primary: f1_score}", monitoring=RELATIVE)
    floor = PolicyOverrides(retrain_below=0.48)
    thresholds = LOANS.load_policy(files, floor).monitoring.of_version("scorecard", {"f1_score": 0.5})
    floor = thresholds.metrics_for("scorecard")["f1_score"]
    assert (floor.business_threshold, floor.data_science_threshold) == (0.48, 0.48)
    assert (floor.text("business"), floor.text("data_science")) == ("0.48", "0.48")  # 93 % of 0.5 is less


def test_a_floor_of_the_environment_that_would_decide_nothing_is_refused(tmp_path: Path) -> None:
    files = folder(tmp_path, model="selection: {primary: f1_score}")
    with pytest.raises(PolicyError, match="RETRAIN_THRESHOLD is set") as caught:
        LOANS.load_policy(files, PolicyOverrides(retrain_below=0.5))
    assert caught.value.key == "metrics.f1_score"
