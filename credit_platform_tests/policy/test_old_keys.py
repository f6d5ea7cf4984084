"""Keys of the previous release in policy files: accepted with one warning each, never beside the new ones."""

from __future__ import annotations

import json
from pathlib import Path
from warnings import catch_warnings

import pytest

from credit_platform.errors import PolicyError
from credit_platform.policy.load import Policy, fingerprint, policy_document, read_policy_document
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.previous_release import OldNameWarning

OLD = {
    "model_config": (
        "models: {logistic_regression: {algorithm: logistic_regression, "
        "params: {C: 0.5, max_iter: 500, class_weight: none}}}\n"
        "rivalry: {champion: logistic_regression, months: 6}\n"
    ),
    "monitoring_thresholds": (
        "early_reads: {history_cohorts: 9}\npersistence: {is_pooled: false}\n"
        "model_overrides: {logistic_regression: {roc_auc: {data_science_threshold: 0.85}}}\n"
    ),
    "data_quality": (
        "checks: {toggles: {monitoring/logistic_regression/performance/rows_meet_the_contract: {severity: warn}, "
        "prediction/logistic_regression/rows_meet_the_contract: {enabled: false}}}\n"
    ),
}
SAID = [
    "model_config.yaml: rivalry is called champion_challenger now",
    "model_config.yaml: models.logistic_regression is called models.scorecard now",
    "model_config.yaml: champion logistic_regression is called scorecard now",
    "monitoring_thresholds.yaml: early_reads is called early_performance now",
    "monitoring_thresholds.yaml: persistence is called run_rules now",
    "monitoring_thresholds.yaml: model_overrides.logistic_regression is called model_overrides.scorecard now",
    "checks.toggles.monitoring/logistic_regression/performance/rows_meet_the_contract is called checks.toggles.",
    "checks.toggles.prediction/logistic_regression/rows_meet_the_contract is called checks.toggles.",
]


def today(text: str) -> str:
    """The same file as it is written today; the algorithm keeps its name."""
    for old, new in (
        ("rivalry", "champion_challenger"),
        ("early_reads", "early_performance"),
        ("persistence", "run_rules"),
        ("logistic_regression", "scorecard"),
        ("algorithm: scorecard", "algorithm: logistic_regression"),
    ):
        text = text.replace(old, new)
    return text


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder


def loaded(folder: Path) -> tuple[Policy, list[str]]:
    with catch_warnings(record=True, action="always") as warned:
        policy = LOANS.load_policy(folder)
    assert {warning.category for warning in warned} <= {OldNameWarning}
    return policy, [str(warning.message) for warning in warned]


def test_old_keys_mean_what_the_new_ones_mean_and_each_is_told_once(tmp_path: Path) -> None:
    policy, said = loaded(written(tmp_path, OLD))
    assert [expected for expected, found in zip(SAID, said, strict=True) if expected not in found] == []
    assert all(str(tmp_path) in found for found in said)
    newly, silence = loaded(written(tmp_path, {name: today(text) for name, text in OLD.items()}))
    assert (newly, silence) == (policy, [])
    assert policy.model.models["scorecard"].algorithm == "logistic_regression"
    assert policy.model.champions == ("scorecard",)
    assert list(policy.model.models) == list(LOANS.load_policy().model.models)


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("model_config", "rivalry: {months: 6}\nchampion_challenger: {months: 6}\n", "rivalry"),
        ("model_config", "models: {logistic_regression: {}, scorecard: {}}\n", "models.logistic_regression"),
        ("monitoring_thresholds", "persistence: {}\nrun_rules: {}\n", "persistence"),
        (
            "monitoring_thresholds",
            "model_overrides: {scorecard: {}, logistic_regression: {}}\n",
            "model_overrides.logistic_regression",
        ),
        (
            "data_quality",
            "checks: {toggles: {model/scorecard/a: {}, model/logistic_regression/a: {}}}\n",
            "checks.toggles.model/logistic_regression/a",
        ),
    ],
)
def test_an_old_key_beside_the_new_one_is_refused(tmp_path: Path, name: str, text: str, key: str) -> None:
    with pytest.raises(PolicyError, match=r"is called .* now, which the file sets as well") as refused:
        LOANS.load_policy(written(tmp_path, {name: text}))
    assert (refused.value.key, refused.value.file) == (key, str(tmp_path / f"{name}.yaml"))


def test_a_wrong_value_is_named_by_the_key_its_author_wrote(tmp_path: Path) -> None:
    folder = written(tmp_path, {"monitoring_thresholds": "persistence: {months_found: 0}\n"})
    with pytest.warns(OldNameWarning), pytest.raises(PolicyError) as refused:
        LOANS.load_policy(folder)
    assert refused.value.key == "persistence.months_found"


@pytest.mark.parametrize("champion", ["null", "[model_1]", "{}"])
def test_a_champion_that_is_no_name_is_refused_in_words(tmp_path: Path, champion: str) -> None:
    folder = written(tmp_path, {"model_config": f"champion_challenger: {{champion: {champion}}}\n"})
    with pytest.raises(PolicyError, match=r"champion_challenger\.champion"):
        LOANS.load_policy(folder)


def test_a_kept_policy_of_the_previous_release_is_read_without_a_word(tmp_path: Path) -> None:
    shipped = LOANS.load_policy()
    values = json.loads(policy_document(shipped))
    values["model"]["rivalry"] = values["model"].pop("champion_challenger")
    values["model"]["rivalry"]["champion"] = "logistic_regression"
    values["model"]["models"]["logistic_regression"] = values["model"]["models"].pop("scorecard")
    values["monitoring"]["early_reads"] = values["monitoring"].pop("early_performance")
    values["monitoring"]["persistence"] = values["monitoring"].pop("run_rules")
    sha256, file = fingerprint(values), tmp_path / "kept.json"
    policy = read_policy_document(json.dumps(values).encode(), LOANS.terms, sha256=sha256, file=file)
    assert policy.sha256 == sha256 != shipped.sha256
    assert policy.monitoring == shipped.monitoring
    assert policy.model.champions == shipped.model.champions == ("scorecard",)
    assert policy.model.models == shipped.model.models
    values["monitoring"]["run_rules"] = values["monitoring"]["persistence"]
    with pytest.raises(PolicyError, match="is no policy this release can read"):
        read_policy_document(json.dumps(values).encode(), LOANS.terms, sha256=sha256, file=file)
