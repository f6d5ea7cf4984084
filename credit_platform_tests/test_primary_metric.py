"""A book whose versions are ranked by F1 at cut-offs of their own, and retrained below a share of what they reached.

It is the gym of toy_portfolio under a policy of its own, lived until what makes members cancel has turned round.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from credit_platform.assets.models.training import train_as_of
from credit_platform.assets.monitoring.action import ActionDecider
from credit_platform.errors import TrainingError
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_key
from credit_platform.partitions import monthly_axis
from credit_platform.policy.policy_section import PolicyOverrides
from credit_platform_tests.done_once import run_once
from credit_platform_tests.small_book import run_command, run_verb
from credit_platform_tests.toy_book import FIRST, write_gym
from credit_platform_tests.toy_portfolio import GYM

MODEL_CONFIG = """
selection: {primary: f1_score}
scoring: {cut_off: tuned}
gates: {min_oot: {f1_score: 0.3}}
"""
# Only F1 decides, so that what is done is done for it.
THRESHOLDS = """
metrics:
  roc_auc: {priority: P2, business_threshold: null}
  accuracy: {priority: P2, business_threshold: null}
  f1_score: {priority: P0, data_science_threshold: null, business_share_of_oot: 0.85, data_science_share_of_oot: 0.93}
evidently: {pages: none}
charts: {png: none}
"""
MODELS = tuple(GYM.load_policy().model.models)
TURNS = add_months(FIRST, 10)
FOUND = add_months(TURNS, 2)  # the first cohort after the turn is known two months later
LAST = add_months(FOUND, 1)

pytestmark = pytest.mark.slow


def variables(root: Path) -> dict[str, str]:
    return {
        "CREDIT_PORTFOLIO": "credit_platform_tests.toy_portfolio:GYM",
        "CREDIT_DATA_DIR": str(root / "data"),
        "CREDIT_RAW_DIR": str(root / "raw"),
        "CREDIT_POLICY_DIR": str(root / "policy"),
        "CREDIT_LAST_MONTH": month_key(LAST),
        "COLUMNS": "200",
    }


@pytest.fixture(scope="module")
def lived(shared_root: Path) -> Path:
    root = shared_root / "tuned_gym"

    def live() -> subprocess.CompletedProcess[str]:
        write_gym(root / "raw", turns=TURNS)
        (root / "policy").mkdir()
        (root / "policy" / "model_config.yaml").write_text(MODEL_CONFIG)
        (root / "policy" / "monitoring_thresholds.yaml").write_text(THRESHOLDS)
        return run_command("backfill", **variables(root))

    run_once(shared_root, "tuned_gym", live)
    return root


def lake(root: Path) -> Lake:
    return Lake.at(root / "data", root / "raw", portfolio=GYM)


@pytest.mark.parametrize("model", MODELS)
def test_every_version_has_a_cut_off_of_its_own_and_decides_by_it(lived: Path, model: str) -> None:
    book, config = lake(lived), GYM.load_policy(lived / "policy").model
    names = ModelStore(book.layout).versions(model)
    cut_offs = {name: book.versions.read(model, name).fitted(config).cut_off(config) for name in names}
    assert len(set(cut_offs.values())) == len(names) > 1
    scored = book.scan(f"prediction/{model}", book.months(f"prediction/{model}")).collect()
    expected = scored["default_probability"] >= scored["model_version"].replace_strict(cut_offs)
    assert ((scored["decision"] == "decline") == expected).all()
    assert 0 < int(expected.sum()) < scored.height
    for name, cut_off in cut_offs.items():
        tables = json.loads(book.versions.read(model, name).files["evaluation.json"])["tables"]
        assert set(tables["confusion"]["cut_off"]) == {cut_off}


@pytest.mark.parametrize("model", MODELS)
def test_a_version_whose_f1_falls_below_its_share_is_retrained_and_keeps_deciding_until_a_better_one_comes(
    lived: Path, model: str
) -> None:
    book = lake(lived)
    action = book.scan(f"monitoring/{model}/action", [FOUND]).collect().row(0, named=True)
    assert (action["action"], action["actionable"]) == ("retrain", True)
    assert action["reasons"].startswith("below_business_threshold: f1_score ")
    reached = book.versions.read(model, action["model_version"]).metadata.result.out_of_time["f1_score"]
    assert reached is not None
    assert f"{0.85 * reached:.4f}, 85 % of the out-of-time {reached:.4f} (P0)" in action["reasons"]
    before = book.scan(f"monitoring/{model}/action", [add_months(FOUND, -1)]).collect()["action"].item()
    assert before == "monitor"
    retrained = [record for record in PromotionLog(book.layout).records() if record.as_of == FOUND]
    compared = [reason for record in retrained for reason in record.reasons if "paired bootstrap p = " in reason]
    assert compared
    assert all(reason.startswith("f1_score is ") for reason in compared)


@pytest.mark.parametrize("model", MODELS)
def test_the_retrain_threshold_is_red_above_and_green_below_what_was_reached(lived: Path, model: str) -> None:
    book, month = lake(lived), add_months(FOUND, -1)
    decided = {}
    for floor in (0.05, 0.99):
        policy = GYM.load_policy(lived / "policy", PolicyOverrides(retrain_below=floor))
        axis = monthly_axis(policy.model, FIRST, LAST)
        decided[floor] = ActionDecider(book, model, axis, policy).decide(month)[1]
    assert decided[0.05].action == "monitor"
    assert decided[0.99].action == "retrain"
    assert "below the business threshold 0.99 (P0)" in decided[0.99].reasons[0]


@pytest.mark.parametrize("model", MODELS)
def test_a_training_that_fails_leaves_the_version_in_force(lived: Path, model: str) -> None:
    book, policy = lake(lived), GYM.load_policy(lived / "policy")
    config = policy.model
    selection = config.selection.model_copy(update={"min_samples": 100_000})
    greedy = replace(policy, model=config.model_copy(update={"selection": selection}))

    def state() -> tuple[object, ...]:
        records = PromotionLog(book.layout).records()
        return version_in_force(records, model, add_months(LAST, 1)), records, ModelStore(book.layout).versions(model)

    before = state()
    with pytest.raises(TrainingError, match="min_samples"):
        train_as_of(book, model, LAST, greedy)
    assert state() == before


def test_pages_and_commands_show_the_floors_and_the_override(lived: Path) -> None:
    page = (lived / "data" / "reports" / "monitoring_dashboard.html").read_text(encoding="utf-8")
    assert "% of the out-of-time" in page
    told = run_verb("doctor", **(variables(lived) | {"RETRAIN_THRESHOLD": "0.4"})).stdout
    assert "RETRAIN_THRESHOLD: f1_score below 0.4" in told
    refused = run_verb("status", **(variables(lived) | {"RETRAIN_THRESHOLD": "80"}))
    assert (refused.returncode, "RETRAIN_THRESHOLD" in refused.stderr) == (1, True)


def test_a_file_is_scored_with_the_cut_off_of_the_version(lived: Path) -> None:
    scored = run_verb("score", "--model", MODELS[0], "--as-of", f"{LAST:%Y-%m}", "--json", **variables(lived))
    rows = pl.DataFrame(json.loads(scored.stdout)["rows"])
    stored = lake(lived).scan(f"prediction/{MODELS[0]}", [LAST]).collect()
    assert rows["decision"].to_list() == stored["decision"].to_list()


def test_a_month_is_made_again_bit_for_bit(lived: Path) -> None:
    replayed = run_verb("replay", "--as-of", f"{FOUND:%Y-%m}", **variables(lived))
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr
