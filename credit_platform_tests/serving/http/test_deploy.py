"""The dashboard and the alerts ask for metrics and labels that the service has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

import credit_platform
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.serving.http.metrics import ServiceMetrics

DEPLOY = Path(credit_platform.__file__).parents[1] / "deploy"
ALERTS, DASHBOARD = DEPLOY / "prometheus/alerts.yaml", DEPLOY / "grafana/credit_decisions.json"
_SELECTOR = re.compile(r"(credit_platform_\w+)(?:\{([^}]*)\})?")
_LABEL = re.compile(r'(\w+)(=~|!~|!=|=)"[^"]*"')
_OF_PROMETHEUS = {"job", "instance"}


@cache
def known() -> dict[str, set[str]]:
    """Every series the service has, with its labels; Prometheus adds its own."""
    metrics = ServiceMetrics()
    metrics.answered("/v1/predict", 200, 0.01, 1)
    metrics.decided([{"decision": "approve", "model": "a", "model_version": "1", "shadow": []}])
    metrics.uses({"a": "1"})
    families = text_string_to_metric_families(metrics.page().decode())
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


@cache
def rules() -> list[dict[str, Any]]:
    [group] = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def panels() -> list[dict[str, Any]]:
    return json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_series_and_label_that_is_asked_for_exists(expression: str) -> None:
    assert all(expression.count(opening) == expression.count(closing) for opening, closing in ("()", "[]", "{}"))
    for name, selected in _SELECTOR.findall(expression):
        labels = known()[name]
        assert not _LABEL.sub("", selected).strip(", "), selected
        assert {label for label, _ in _LABEL.findall(selected)} <= labels | _OF_PROMETHEUS
        for by in re.findall(r"by \(([^)]*)\)", expression):
            assert set(by.split(", ")) <= set.union(*(known()[one] for one, _ in _SELECTOR.findall(expression)))
        assert "_bucket" not in name or "histogram_quantile" in expression
        assert not name.endswith("_total") or "rate(" in expression


def test_all_metrics_are_on_the_dashboard() -> None:
    text = DASHBOARD.read_text(encoding="utf-8")
    shown = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in known() if not name.endswith("_created")}
    assert [name for name in sorted(shown) if name not in text] == []


def test_rules_are_whole_and_have_the_numbers_of_the_shipped_policy() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert re.fullmatch(r"\d+[ms]", rule["for"])
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description"}
    policy = LOANS.load_policy().monitoring.service
    by_name = {rule["alert"]: rule["expr"] for rule in rules()}
    assert by_name["CreditDecisionsFail"].endswith(f"> {policy.max_failed_share:g}")
    assert by_name["CreditDecisionsSlow"].endswith(f"> {policy.max_p99_milliseconds / 1000:g}")


def test_panels_have_places_of_their_own_and_say_what_they_show() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]
    assert len(set(places)) == len(places)
    assert all(panel["title"] and panel["description"].endswith(".") for panel in panels())
