"""What the guide names is there: the tasks of the old graph; the assets, checks, schedules and sensors of this one."""

from __future__ import annotations

import json
import re

import pytest

from credit_platform import errors
from credit_platform_tests.guide.pages import GUIDE, PAGES, ROOT, section

NODES = (GUIDE / "nodes.md").read_text(encoding="utf-8")
GRAPH = json.loads((ROOT / "credit_platform_tests" / "graph_snapshot.json").read_text(encoding="utf-8"))
TASKS = [
    "dep_check_source_label_data",
    "run_bronze_label_store",
    "silver_label_store",
    "gold_label_store",
    "label_store_completed",
    "dep_check_source_data_bronze_1",
    "dep_check_source_data_bronze_2",
    "dep_check_source_data_bronze_3",
    "bronze_table_1",
    "bronze_table_2",
    "bronze_table_3",
    "silver_table_1",
    "silver_table_2",
    "gold_feature_store",
    "feature_store_completed",
    "check_models_for_inference",
    "model_inference_start",
    "model_1_inference",
    "model_2_inference",
    "model_inference_completed",
    "check_inference_for_monitoring",
    "model_monitor_start",
    "model_1_monitor",
    "model_2_monitor",
    "model_monitor_completed",
    "visualize_monitoring",
    "evaluate_monitoring_actions",
    "check_training_data",
    "model_automl_start",
    "model_1_automl",
    "model_2_automl",
    "model_automl_completed",
    "seed_inference_backfill",
]
MODELS = ("gradient_boosting", "scorecard")
# Tables by asset key; `rows/in` and the like are no tables.
TABLE = re.compile(r"`((?:bronze|silver|gold|model|prediction|monitoring|quarantine)/[\w<>/]+)`")
# Sentences of two words and more joined by underscores, as checks are called.
CHECKS = {name.partition(": ")[2] for name in GRAPH["checks"]}


def test_every_task_of_the_old_graph_has_one_row() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", NODES, re.MULTILINE)
    assert sorted(rows) == sorted(TASKS)
    assert len(TASKS) == 33


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_tables_that_a_page_names_exist(page: object) -> None:
    text = page.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    known = set(GRAPH["assets"]) | {name.replace("silver/", "quarantine/") for name in GRAPH["assets"]}
    known |= {"quarantine/<table>", "model/random_forest", "prediction/random_forest"}
    for name in set(TABLE.findall(text)):
        assert {name.replace("<model>", model) for model in MODELS} & known, name


@pytest.mark.parametrize(
    "page", ["governance.md", "troubleshooting.md", "nodes.md", "life-of-a-month.md", "lenders-quarter.md"]
)
def test_checks_schedules_and_sensors_that_a_page_names_exist(page: str) -> None:
    text = (GUIDE / page).read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:check|schedule|sensor)s? `(\w+)`", text))
    if page == "troubleshooting.md":
        table = section(text, "A check is red or yellow")
        named |= set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    if page == "governance.md":
        table = section(text, "A version's way into production")
        named |= set(re.findall(r"\| `(\w+)` \|$", table, re.MULTILINE))
    unknown = named - CHECKS - set(GRAPH["schedules"]) - set(GRAPH["sensors"])
    assert unknown == set()
    assert named


def test_every_error_of_the_platform_is_on_the_page_of_symptoms() -> None:
    page = (GUIDE / "troubleshooting.md").read_text(encoding="utf-8")
    family = [
        name
        for name, found in vars(errors).items()
        if isinstance(found, type) and issubclass(found, errors.CreditPlatformError)
    ]
    assert len(family) > 10
    assert [name for name in family if name != "CreditPlatformError" and f"| `{name}` |" not in page] == []
