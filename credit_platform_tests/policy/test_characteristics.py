"""What policy may set by hand of a scorecard's characteristics, and how nonsense is refused with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from credit_platform.errors import PolicyError
from credit_platform.policy.characteristics import CharacteristicPolicy, set_by_hand
from credit_platform.policy.load import Policy, policy_document, read_policy_document
from credit_platform.portfolios.loans.portfolio import LOANS

ALL = """
models:
  scorecard:
    characteristics:
      annual_income_amount:
        cut_points: [20000, 50000.5]
        direction: falling
        special_values: {no record: [-1, 999], not asked: [-2]}
        use: force
      combination_2: {use: exclude}
      credit_mix: {use: exclude}
      clickstream_evidence: {direction: none, use: force}
"""


def policy_of(folder: Path, text: str) -> Policy:
    (folder / "model_config.yaml").write_text(text, encoding="utf-8")
    return LOANS.load_policy(folder)


def test_the_shipped_policy_sets_nothing_by_hand() -> None:
    assert all(not spec.characteristics for spec in LOANS.load_policy().model.models.values())


def test_everything_that_may_be_set_is_read_and_named_by_its_key(tmp_path: Path) -> None:
    spec = policy_of(tmp_path, ALL).model.models["scorecard"]
    income = spec.characteristics["annual_income_amount"]
    assert income.cut_points == (20000.0, 50000.5)
    assert income.special_values == {"no record": (-1.0, 999.0), "not asked": (-2.0,)}
    assert set_by_hand("scorecard", spec.characteristics) == {
        "models.scorecard.characteristics.annual_income_amount.cut_points": [20000.0, 50000.5],
        "models.scorecard.characteristics.annual_income_amount.direction": "falling",
        "models.scorecard.characteristics.annual_income_amount.special_values": {
            "no record": [-1.0, 999.0],
            "not asked": [-2.0],
        },
        "models.scorecard.characteristics.annual_income_amount.use": "force",
        "models.scorecard.characteristics.clickstream_evidence.direction": "none",
        "models.scorecard.characteristics.clickstream_evidence.use": "force",
        "models.scorecard.characteristics.combination_2.use": "exclude",
        "models.scorecard.characteristics.credit_mix.use": "exclude",
    }
    with pytest.raises(ValidationError, match="frozen"):
        income.use = None  # pyrefly: ignore[read-only]


def test_what_is_set_by_hand_is_part_of_the_fingerprint_and_is_read_back(tmp_path: Path) -> None:
    policy = policy_of(tmp_path, ALL)
    assert policy.sha256 != LOANS.load_policy().sha256
    again = read_policy_document(policy_document(policy), LOANS.terms, sha256=policy.sha256, file=tmp_path / "kept")
    assert again.model.models == policy.model.models


@pytest.mark.parametrize(
    ("said", "key", "reason"),
    [
        ("annual_incme_amount: {use: force}", "annual_incme_amount", "is no feature .* annual_income_amount"),
        ("age: {cut_points: [5, 5]}", "age.cut_points", "must rise, and 5 follows 5"),
        ("age: {cut_points: [5, 4]}", "age.cut_points", "must rise"),
        ("age: {cut_points: [.nan]}", "age.cut_points.0", "finite"),
        ("age: {cut_points: [1, .inf]}", "age.cut_points.1", "finite"),
        ("age: {cut_points: ['1']}", "age.cut_points.0", "valid number"),
        ("age: {cut_points: 5}", "age.cut_points", "valid tuple"),
        ("age: {direction: up}", "age.direction", "'rising'"),
        ("age: {special_values: {a: [.nan]}}", "age.special_values.a.0", "finite"),
        ("age: {special_values: {a: []}}", "age.special_values.a", "at least 1"),
        ("age: {special_values: {a: [1], b: [2, 1.0]}}", "age.special_values", "1 is a value of a and b"),
        ("age: {special_values: {a: [0], b: [-0.0]}}", "age.special_values", "0 is a value of a and b"),
        ("age: {special_values: {a: [1, 1]}}", "age.special_values", "1 is a value of a, twice"),
        ("age: {special_values: {missing: [1]}}", "age.special_values", "'missing' is no name of a bin"),
        ("age: {special_values: {'': [1]}}", "age.special_values", "is no name of a bin"),
        ('age: {special_values: {"a\\nb": [1]}}', "age.special_values", "is no name of a bin"),
        ("age: {use: keep}", "age.use", "'force'"),
        ("age: {}", "age", "sets nothing"),
        ("age: {bins: 4}", "age.bins", "is not a known setting"),
        ("credit_mix: {cut_points: [1]}", "credit_mix.cut_points", "credit_mix is a text"),
        ("credit_mix: {special_values: {a: [1]}}", "credit_mix.special_values", "credit_mix is a text"),
        ("credit_mix: {direction: rising}", "credit_mix.direction", "credit_mix is a text"),
        ("clickstream_evidence: {cut_points: [1]}", "clickstream_evidence.cut_points", "is fitted with every version"),
        ("combination_1: {direction: rising}", "combination_1.direction", "is made of several features by the fit"),
        (
            "clickstream_evidence: {special_values: {a: [1]}}",
            "clickstream_evidence.special_values",
            "is fitted with every version",
        ),
    ],
)
def test_nonsense_is_refused_with_file_and_key(tmp_path: Path, said: str, key: str, reason: str) -> None:
    text = f"models: {{scorecard: {{characteristics: {{{said.replace('age:', 'annual_income_amount:')}}}}}}}"
    where = key.replace("age", "annual_income_amount", 1) if key.startswith("age") else key
    message = rf"model_config\.yaml: models\.scorecard\.characteristics\.{where}: .*{reason}"
    with pytest.raises(PolicyError, match=message):
        policy_of(tmp_path, text)


@pytest.mark.parametrize("algorithm", ["gradient_boosting", "logistic_regression", "random_forest"])
def test_an_algorithm_without_bins_has_nothing_to_set(tmp_path: Path, algorithm: str) -> None:
    text = "models: {gradient_boosting: {algorithm: %s, tuning: null, characteristics: {credit_mix: {use: exclude}}}}"
    message = rf"models\.gradient_boosting\.characteristics: cannot be set: {algorithm} has no bins"
    with pytest.raises(PolicyError, match=message):
        policy_of(tmp_path, text % algorithm)


def test_cut_points_may_be_none_so_that_all_values_are_one_bin() -> None:
    assert CharacteristicPolicy(cut_points=()).values_set == {"cut_points": []}
