"""The page on churn, performed: the walk of the earlier project by its own words, on a small book."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from credit_platform.cli import main as command_line
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.models.stored_version import Versions
from credit_platform.months import add_months
from credit_platform.portfolios.churn.portfolio import CHURN
from credit_platform_tests.churn_book import FIRST_TRAINING, LAST, MODEL_CONFIG
from credit_platform_tests.guide.pages import GUIDE, section
from credit_platform_tests.small_book import MODELS, PREVIEW_ALLOWED, BookFolders, run_verb

pytestmark = PREVIEW_ALLOWED

PAGE = (GUIDE / "churn.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| `([^`]+)` \| `(credit-platform [^`]+)` \|", re.MULTILINE)
ROWS = dict(_ROW.findall(section(PAGE, "The words of the earlier project")))
_BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def test_every_mode_and_every_short_cut_has_a_verb() -> None:
    modes = ("init", "train --months 4", "continuous --months 4", "drift", "all")
    assert set(ROWS) == {f"--mode {mode}" for mode in modes} | {"run_pipeline.py setup", "run_pipeline.py quick-demo"}
    for ours in ROWS.values():
        assert command_line.app.parse_args(shlex.split(ours)[1:], print_error=False, exit_on_error=False)


def test_the_models_of_the_page_are_a_policy(tmp_path: Path) -> None:
    written = _BLOCK.search(PAGE)
    assert written is not None
    (tmp_path / "model_config.yaml").write_text(written[1])
    models = CHURN.load_policy(tmp_path).model.models
    assert models["xgboost"].algorithm == "xgboost"
    assert set(yaml.safe_load(written[1])["models"]) <= set(models)


@pytest.mark.slow
def test_a_book_nobody_trained_is_trained_and_walked_by_one_word(small_churn: BookFolders, tmp_path: Path) -> None:
    book = small_churn.copy_raw_to(tmp_path)
    until = add_months(FIRST_TRAINING, 2)
    assert book.verb("init", "--last-month", f"{until:%Y-%m}").returncode == 0
    walked = book.verb("continuous", "--months", "1", "--json")
    assert walked.returncode == 0, walked.stdout + walked.stderr
    (month,) = json.loads(walked.stdout)
    assert (month["month"], month["failures"]) == (f"{add_months(FIRST_TRAINING, 1):%Y-%m}", [])
    assert all(one["in_force"].startswith(f"{FIRST_TRAINING}-") and one["loans"] for one in month["models"])
    everything = book.verb("all")
    assert everything.returncode == 0, everything.stdout + everything.stderr
    assert book.lake.months("monitoring/gradient_boosting/action")[-1] == until
    assert "Nothing to walk" in book.verb("all").stdout


@pytest.mark.slow
def test_the_models_of_the_page_are_trained_and_score(
    with_xgboost: Path, finished_churn: BookFolders, tmp_path: Path
) -> None:
    written = _BLOCK.search(PAGE)
    assert written is not None
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "model_config.yaml").write_text(f"{MODEL_CONFIG}\n{written[1]}")
    copied = replace(finished_churn.copy_to(tmp_path), policy_dir=tmp_path / "policy")
    month = f"{LAST:%Y-%m}"
    for words in (
        ("train", "--model", "xgboost", "--as-of", f"{add_months(LAST, -1):%Y-%m}"),
        ("backfill", "--from", month, "--to", month, "--job", "score_month"),
    ):
        ended = copied.program(with_xgboost / "credit-platform", *words)
        assert ended.returncode == 0, ended.stdout + ended.stderr
    (version,) = ModelStore(copied.layout).versions("xgboost")
    metadata = Versions(copied.layout).read("xgboost", version).metadata
    assert "xgboost" in metadata.libraries
    reached = metadata.roc_auc("oot")
    assert reached is not None
    assert reached.value is not None
    assert reached.value > 0.6
    rows = {model: copied.lake.scan(f"prediction/{model}", [LAST]).collect() for model in ("xgboost", MODELS[0])}
    assert set(rows["xgboost"]["model_version"]) == {version}
    assert set(rows["xgboost"]["customer_month"]) == set(rows[MODELS[0]]["customer_month"])


@pytest.mark.slow
def test_the_quick_demo_of_a_generated_shop_ends_with_where_to_look(tmp_path: Path) -> None:
    ended = run_verb("quick-demo", CREDIT_PORTFOLIO="churn", CREDIT_DATA_DIR=str(tmp_path / "data"), COLUMNS="250")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Generated 14 months with about 400 customers each (seed 42)" in ended.stdout
    assert "What happened from 2021-01 to 2022-02" in ended.stdout
    assert "reports/monitoring_dashboard.html" in ended.stdout


@pytest.mark.slow
def test_the_walk_of_the_document_by_its_verbs(small_churn: BookFolders, tmp_path: Path) -> None:
    book = small_churn.copy_raw_to(tmp_path)
    for mode in ("init", "train --months 4", "continuous --months 4"):
        words = shlex.split(ROWS[f"--mode {mode}"].replace("continuous --months 4", "continuous --months 2"))
        ended = book.verb(*words[1:])
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert book.lake.months("monitoring/gradient_boosting/action")
