"""Policy files: what is read, what is completed, and how a wrong value is refused."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from credit_platform.errors import PolicyError
from credit_platform.portfolios.loans.config import loan_label
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.policy.policy_folder import write

README_WINDOWS = """{
  "temporal_window_mode": "relative",  // or "absolute"
  "relative_windows": {
    "train": {"months_back": 10},
    "validation": {"months_after_train_end": 2},
    "test": {"months_after_validation_end": 1},
    "oot": {"months_after_test_end": 2}
  }
}"""


README_THRESHOLDS = """{
  "P0_business_critical": {"roc_auc": {"business_threshold": 0.71, "ds_threshold": 0.81}},
  "P1_business_important": {"accuracy": {"business_threshold": 0.60, "ds_threshold": 0.65}},
  "P2_ds_operational": {"f1_score": {"ds_threshold": 0.55}}
}"""


DATED_WINDOWS = {
    "train": {"start_date": "2023-01-01", "end_date": "2023-12-01", "description": "one year"},
    "validation": {"start_date": "2024-01-01", "end_date": "2024-03-01"},
    "test": {"start_date": "2024-04-01", "end_date": "2024-05-01"},
    "oot": {"start_date": "2024-06-01", "end_date": "2024-06-01"},
}


def test_the_shipped_policy_holds_the_documented_numbers() -> None:
    policy = LOANS.load_policy()
    model, monitoring = policy.model, policy.monitoring
    assert (loan_label(model.label).dpd_threshold, model.label.lag_months, model.label.label_def) == (
        30,
        6,
        "30dpd_6mob",
    )
    assert model.windows.mode == "relative"
    assert tuple(model.windows.relative.model_dump().values()) == (12, 3, 2, 1)
    assert tuple(model.windows.triggered.model_dump().values()) == (4, 1, 1, 1)
    assert model.windows.absolute is not None
    assert model.windows.absolute.oot.last == date(2024, 5, 1)
    assert [grade.name for grade in model.scoring.grades] == [f"R{n}" for n in range(1, 11)]
    assert {key: spec.alias for key, spec in model.models.items()} == {
        "scorecard": "model_1",
        "gradient_boosting": "model_2",
    }
    assert [key for key, source in model.sources.items() if not source.required] == ["feature_clickstream"]
    floors = {
        name: (t.priority, t.business_threshold, t.data_science_threshold) for name, t in monitoring.metrics.items()
    }
    assert floors == {
        "roc_auc": ("P0", 0.75, 0.80),
        "accuracy": ("P1", 0.70, 0.75),
        "f1_score": ("P2", None, 0.60),
        "precision": ("P3", None, 0.60),
        "recall": ("P3", None, 0.65),
    }


def test_a_policy_cannot_be_changed_after_loading() -> None:
    policy = LOANS.load_policy()
    with pytest.raises(ValidationError, match="frozen"):
        policy.model.random_seed = 3  # pyrefly: ignore


def test_the_champion_may_be_named_by_key_or_by_alias(tmp_path: Path) -> None:
    assert LOANS.load_policy().model.champions == ("scorecard",)
    for name in ("model_2", "gradient_boosting"):
        folder = write(tmp_path, model=f"champion_challenger: {{champion: {name}}}\n")
        assert LOANS.load_policy(folder).model.champions == ("gradient_boosting",)


@pytest.mark.parametrize("suffix", ["yaml", "yml"])
def test_a_partial_file_inherits_what_it_leaves_out(tmp_path: Path, suffix: str) -> None:
    policy = LOANS.load_policy(write(tmp_path, model="promotion: {min_uplift: 0.05}\n", suffix=suffix))
    shipped = LOANS.load_policy()
    assert policy.model.promotion.min_uplift == 0.05
    assert policy.model.promotion.significance == shipped.model.promotion.significance
    assert policy.model.windows == shipped.model.windows
    assert policy.monitoring == shipped.monitoring


def test_an_empty_file_is_the_shipped_policy(tmp_path: Path) -> None:
    assert LOANS.load_policy(write(tmp_path, model="# nothing yet\n")).sha256 == LOANS.load_policy().sha256


def test_the_shipped_files_copied_to_a_folder_are_the_shipped_policy(tmp_path: Path) -> None:
    texts = {
        name: (LOANS.policy_dir / f"{name}.yaml").read_text() for name in ("model_config", "monitoring_thresholds")
    }
    write(tmp_path, model=texts["model_config"], monitoring=texts["monitoring_thresholds"])
    assert LOANS.load_policy(tmp_path) == LOANS.load_policy()


def test_the_fingerprint_ignores_comments_order_and_format(tmp_path: Path) -> None:
    yaml_folder, json_folder = tmp_path / "a", tmp_path / "b"
    yaml_folder.mkdir()
    json_folder.mkdir()
    write(yaml_folder, model="# why\npromotion: {significance: 0.01, min_uplift: 0.05}\n")
    write(json_folder, model='{"promotion": {"min_uplift": 0.05, "significance": 0.01}}', suffix="json")
    assert LOANS.load_policy(yaml_folder).sha256 == LOANS.load_policy(json_folder).sha256
    assert LOANS.load_policy(yaml_folder).sha256 != LOANS.load_policy().sha256


def test_windows_written_as_month_counts_are_read(tmp_path: Path) -> None:
    windows = LOANS.load_policy(write(tmp_path, model=README_WINDOWS, suffix="json")).model.windows
    assert (windows.mode, tuple(windows.relative.model_dump().values())) == ("relative", (10, 2, 1, 2))


@pytest.mark.parametrize("key", ["absolute_windows", "temporal_splits"])
def test_windows_written_as_dates_are_read(tmp_path: Path, key: str) -> None:
    text = json.dumps({"temporal_window_mode": "absolute", key: DATED_WINDOWS})
    windows = LOANS.load_policy(write(tmp_path, model=text, suffix="json")).model.windows
    assert windows.mode == "absolute"
    assert windows.absolute is not None
    assert windows.absolute.validation.last == date(2024, 3, 1)
    assert windows.absolute.oot.first == windows.absolute.oot.last == date(2024, 6, 1)


def test_thresholds_grouped_by_priority_are_read(tmp_path: Path) -> None:
    metrics = LOANS.load_policy(write(tmp_path, monitoring=README_THRESHOLDS, suffix="json")).monitoring.metrics
    assert (metrics["roc_auc"].business_threshold, metrics["roc_auc"].data_science_threshold) == (0.71, 0.81)
    assert metrics["f1_score"].data_science_threshold == 0.55
    assert metrics["recall"].data_science_threshold == 0.65


def test_a_group_gives_its_priority_to_its_metrics(tmp_path: Path) -> None:
    folder = write(tmp_path, monitoring="P1_important: {recall: {business_threshold: 0.4, ds_threshold: 0.5}}\n")
    recall = LOANS.load_policy(folder).monitoring.metrics["recall"]
    assert (recall.priority, recall.business_threshold, recall.data_science_threshold) == ("P1", 0.4, 0.5)


def test_thresholds_by_metric_are_read_with_their_remarks(tmp_path: Path) -> None:
    entry = {"name": "AUC", "priority": "P0", "business_threshold": 0.7, "data_science_threshold": 0.9}
    text = json.dumps({"version": "1.0", "metrics": {"roc_auc": entry}})
    metrics = LOANS.load_policy(write(tmp_path, monitoring=text, suffix="json")).monitoring.metrics
    assert metrics["roc_auc"].data_science_threshold == 0.9


def test_an_override_changes_one_floor_of_one_model(tmp_path: Path) -> None:
    folder = write(tmp_path, monitoring="model_overrides: {model_2: {roc_auc: {data_science_threshold: 0.85}}}\n")
    monitoring = LOANS.load_policy(folder).monitoring
    boosted = monitoring.metrics_for("gradient_boosting")["roc_auc"]
    assert (boosted.business_threshold, boosted.data_science_threshold) == (0.75, 0.85)
    assert monitoring.metrics_for("scorecard") == monitoring.metrics


WRONG_MODEL_CONFIGS = [
    ("label: {mob: 0}", "label.mob", "greater than or equal to 1"),
    ("label: {mob: true}", "label.mob", "valid integer"),
    ("label: {mob: six}", "label.mob", "not 'six'"),
    ("label: {mobb: 6}", "label.mobb", "not a known setting"),
    ("label:", "label", "dictionary"),
    ("windows: {mode: rolling}", "windows.mode", "'relative' or 'absolute'"),
    ("windows: {relative: {train: 0}}", "windows.relative.train", "not 0"),
    ("windows: {triggered: {oot: -1}}", "windows.triggered.oot", "not -1"),
    ("windows: {mode: absolute, absolute: null}", "windows.absolute", "are needed"),
    ("windows: {absolute: {test: {first: 2024-04}}}", "windows.absolute", "begin in 2024-03-01"),
    ("windows: {absolute: {oot: {last: 2024-04}}}", "windows.absolute.oot", "earlier than first"),
    ("windows: {absolute: {oot: {last: 2024-05-15}}}", "windows.absolute.oot.last", "not the first day"),
    ("windows: {absolute: {oot: {last: May}}}", "windows.absolute.oot.last", "not a month"),
    ("scoring: {cut_off: 1.0}", "scoring.cut_off", "less than 1"),
    ("scoring: {cut_off: .nan}", "scoring.cut_off", "finite"),
    ("scoring: {backfill_months: 2.5}", "scoring.backfill_months", "2.5"),
    ("scoring: {grades: []}", "scoring.grades", "at least 1"),
    ("scoring: {grades: [{name: A, max_probability: 0.5}]}", "scoring.grades", "must end at 1.0"),
    (
        "scoring: {grades: [{name: A, max_probability: 0.5}, {name: B, max_probability: 0.5}]}",
        "scoring.grades",
        "rise from grade to grade",
    ),
    (
        "scoring: {grades: [{name: A, max_probability: 0.5}, {name: A, max_probability: 1}]}",
        "scoring.grades",
        "same name",
    ),
    ("promotion: {auto_promote: 'yes'}", "promotion.auto_promote", "boolean"),
    ("promotion: {significance: 0}", "promotion.significance", "greater than 0"),
    ("sources: {lms_loan_daily: {required: false}}", "sources", "must be required"),
    ("sources: {bureau: {required: false}}", "sources", "the sources are"),
    ("models: {gradient_boosting: {alias: model_1}}", "models", "model_1 names more than one model"),
    ("models: {gradient_boosting: {algorithm: oracle}}", "models.gradient_boosting.algorithm", "'oracle' is neither"),
    ("models: {Forest: {alias: m3, algorithm: gradient_boosting, params: {}}}", "models.Forest", "match"),
    (
        "champion_challenger: {champion: model_3}",
        "champion_challenger",
        "champion is 'model_3'; the models are scorecard",
    ),
    ("champion_challenger: {min_cohorts: 0}", "champion_challenger.min_cohorts", "greater than or equal to 1"),
    ("champion_challenger: {approval_rate: 1}", "champion_challenger.approval_rate", "less than 1"),
    (
        "champion_challenger: {calibration_slope: {low: 1.05}}",
        "champion_challenger.calibration_slope",
        "must lie between",
    ),
    ("random_seed: 42\nrandom_seed: 43", "random_seed", "twice"),
    ("temporal_window_mode: relative\nwindows: {mode: absolute}", "temporal_window_mode", "sets as well"),
    ("relative_windows: {train: {months_back: 0}}", "relative_windows.train.months_back", "not 0"),
    ("relative_windows: {train: {months: 3}}", "relative_windows.train.months", "write months_back"),
    ("relative_windows: {holdout: {months: 3}}", "relative_windows.holdout.months", "of no sample"),
    ("relative_windows: 12", "relative_windows", "must be a section"),
    ("absolute_windows: {oot: {end_date: soon}}", "absolute_windows.oot.end_date", "not a month"),
    ("- label", "(whole file)", "keys and values"),
    ("label: {mob: [", "(whole file)", "not YAML"),
    ("label: {6: 1}", "label.6", "must be text"),
]


@pytest.mark.parametrize(("text", "key", "reason"), WRONG_MODEL_CONFIGS, ids=[case[0] for case in WRONG_MODEL_CONFIGS])
def test_a_wrong_model_config_names_file_key_and_reason(tmp_path: Path, text: str, key: str, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        LOANS.load_policy(write(tmp_path, model=text))
    assert caught.value.file == str(tmp_path / "model_config.yaml")
    assert caught.value.key == key
    assert reason in caught.value.reason


WRONG_THRESHOLDS = [
    ("charts: {png: always}", "charts.png", "'latest' or 'none'"),
    ("metrics: {roc_auc: {business_threshold: 0.85}}", "metrics.roc_auc.data_science_threshold", "never warn"),
    ("metrics: {roc_auc: {data_science_threshold: 1.8}}", "metrics.roc_auc.data_science_threshold", "not 1.8"),
    ("metrics: {gini: {priority: P1}}", "metrics.gini.data_science_threshold", "is missing"),
    ("metrics: {roc_auc: {priority: P9}}", "metrics.roc_auc.priority", "not 'P9'"),
    ("P0_business: {roc_auc: {ds_threshold: 2}}", "P0_business.roc_auc.ds_threshold", "not 2"),
    ("P0_business: {roc_auc: 0.8}", "P0_business.roc_auc", "must be a section"),
    ("P7_other: {roc_auc: {ds_threshold: 0.8}}", "P7_other", "not a known setting"),
    ("psi: {alert: 0.05}", "psi.alert", "below warn"),
    ("decision_mode: maybe", "decision_mode", "not 'maybe'"),
    ("model_overrides: {model_9: {}}", "model_overrides.model_9", "not a model"),
    ("model_overrides: {model_1: {auc: {}}}", "(whole file)", "metrics has no auc"),
    ("model_overrides: {model_1: {}, scorecard: {}}", "model_overrides.scorecard", "second time"),
    ("notification: {retrain: {channels: [fax]}}", "notification.retrain.channels.0", "not 'fax'"),
]


@pytest.mark.parametrize(("text", "key", "reason"), WRONG_THRESHOLDS, ids=[case[0] for case in WRONG_THRESHOLDS])
def test_wrong_thresholds_name_file_key_and_reason(tmp_path: Path, text: str, key: str, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        LOANS.load_policy(write(tmp_path, monitoring=text))
    assert caught.value.file == str(tmp_path / "monitoring_thresholds.yaml")
    assert caught.value.key == key
    assert reason in caught.value.reason


def test_an_override_that_could_never_warn_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, monitoring="model_overrides: {model_1: {roc_auc: {data_science_threshold: 0.7}}}\n")
    with pytest.raises(PolicyError, match="below business_threshold"):
        LOANS.load_policy(folder)


@pytest.mark.parametrize("name", [".", "nowhere"])
def test_a_folder_without_policy_files_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PolicyError, match="holds none of"):
        LOANS.load_policy(tmp_path / name)


def test_every_shipped_section_is_a_section_of_its_model() -> None:
    assert set(yaml.safe_load((LOANS.policy_dir / "model_config.yaml").read_text())) == set(LOANS.config.model_fields)


def test_months_of_thirty_days_may_be_written_without_quotes(tmp_path: Path) -> None:
    (tmp_path / "model_config.yaml").write_text("label: {day_count: 30_360}\n")
    assert loan_label(LOANS.load_policy(tmp_path).model.label).day_count == "30_360"
    (tmp_path / "model_config.yaml").write_text("label: {day_count: 360}\n")
    with pytest.raises(PolicyError, match=r"label\.day_count"):
        LOANS.load_policy(tmp_path)
