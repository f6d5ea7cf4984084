"""Policy folders written for the old release: today's release loads them, and every value in them counts."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml

from credit_platform.policy.policy_document import policy_document
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.old_release.folders import POLICY, POLICY_BY_PRIORITY, expected

SECTIONS = {
    "model_config": "model",
    "monitoring_thresholds": "monitoring",
    "data_quality": "data",
    "reason_codes": "reasons",
}


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
    document = json.loads(policy_document(LOANS.load_policy(POLICY)))[section]
    written = dict(leaves(yaml.safe_load((POLICY / f"{file}.yaml").read_text())))
    written.pop(("label", "day_count"), None)  # YAML reads 30_360 as a number
    assert {path: found(document, path) for path in written} == written


def test_the_old_policy_is_the_one_its_tables_were_made_under() -> None:
    assert LOANS.load_policy(POLICY).sha256 == expected()["policy_sha256"]


def test_the_other_shape_of_the_old_policy_is_read() -> None:
    policy = LOANS.load_policy(POLICY_BY_PRIORITY)
    assert policy.model.windows.relative.train == 10
    assert policy.model.windows.absolute is not None
    assert policy.model.windows.absolute.train.last.isoformat() == "2023-10-01"
    assert policy.model.models["plain_regression"].algorithm == "logistic_regression"
    assert policy.monitoring.metrics["roc_auc"].business_threshold == 0.72
    first = next(iter(policy.model.models))
    assert policy.model.models[first].params["C"] == 0.5
    assert policy.monitoring.metrics_for(first)["roc_auc"].data_science_threshold == 0.80
