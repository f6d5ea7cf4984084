"""Policy folders written for the old release: today's release loads them, and every value in them counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from warnings import catch_warnings

import pytest
import yaml

from credit_platform.policy.load import Policy, policy_document, read_policy_document
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.previous_release import OldNameWarning
from credit_platform_tests.old_release.folders import POLICY, POLICY_BY_PRIORITY, as_written, in_todays_names

SECTIONS = {
    "model_config": "model",
    "monitoring_thresholds": "monitoring",
    "data_quality": "data",
    "reason_codes": "reasons",
}


def loaded(folder: Path) -> tuple[Policy, list[str]]:
    """A policy, and what was said of its old keys."""
    with catch_warnings(record=True, action="always") as warned:
        policy = LOANS.load_policy(folder)
    assert {warning.category for warning in warned} == {OldNameWarning}
    return policy, [str(warning.message).removeprefix(f"{folder}/") for warning in warned]


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every value of a document that holds no others, by the keys that lead to it; a list counts as one value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, str(key)))
    else:
        yield path, value


def found(document: object, path: tuple[str, ...]) -> object:
    for key in path:
        assert isinstance(document, dict), path
        document = document[key]
    return document


@pytest.mark.parametrize(("file", "section"), SECTIONS.items())
def test_every_value_of_the_old_policy_is_in_force(file: str, section: str) -> None:
    document = json.loads(policy_document(loaded(POLICY)[0]))[section]
    written = dict(leaves(yaml.safe_load(in_todays_names((POLICY / f"{file}.yaml").read_text()))))
    written.pop(("label", "day_count"), None)  # YAML reads 30_360 as a number
    assert {path: found(document, path) for path in written} == written


def test_every_old_key_is_told_once() -> None:
    _, said = loaded(POLICY)
    assert [warning.split(" now; ")[0] for warning in said] == [
        "model_config.yaml: rivalry is called champion_challenger",
        "model_config.yaml: models.logistic_regression is called models.scorecard",
        "model_config.yaml: champion logistic_regression is called scorecard",
        "monitoring_thresholds.yaml: early_reads is called early_performance",
        "monitoring_thresholds.yaml: persistence is called run_rules",
        "monitoring_thresholds.yaml: model_overrides.logistic_regression is called model_overrides.scorecard",
        *(
            f"data_quality.yaml: checks.toggles.{layer}/logistic_regression/{check} is called "
            f"checks.toggles.{layer}/scorecard/{check}"
            for layer, check in (
                ("model", "features_are_filled"),
                ("prediction", "rows_meet_the_contract"),
                ("monitoring", "early_reads/rows_meet_the_contract"),
            )
        ),
    ]


def test_the_policy_the_old_tables_were_made_under_is_kept_and_is_this_one(unpacked: Path) -> None:
    sha256 = as_written()["policy_sha256"]
    file = unpacked / "data" / "archive" / "policy" / f"{sha256}.json"
    kept = read_policy_document(file.read_bytes(), LOANS.terms, sha256=sha256, file=file)
    policy, _ = loaded(POLICY)
    assert (kept.model, kept.data, kept.reasons) == (policy.model, policy.data, policy.reasons)
    assert kept.monitoring == policy.monitoring


def test_the_other_shape_of_the_old_policy_is_read() -> None:
    policy, said = loaded(POLICY_BY_PRIORITY)
    assert len(said) == 3
    assert policy.model.windows.relative.train == 10
    assert policy.model.windows.absolute is not None
    assert policy.model.windows.absolute.train.last.isoformat() == "2023-10-01"
    assert policy.model.models["plain_regression"].algorithm == "logistic_regression"
    assert policy.monitoring.metrics["roc_auc"].business_threshold == 0.72
    first = next(iter(policy.model.models))
    assert first == "scorecard"
    assert policy.model.models[first].params["C"] == 0.5
    assert policy.monitoring.metrics_for(first)["roc_auc"].data_science_threshold == 0.80
