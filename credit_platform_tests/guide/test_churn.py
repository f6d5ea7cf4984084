"""The page on churn, performed: the walk of the earlier project by its own words, on a small book."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from credit_platform.cli import main as command_line
from credit_platform.portfolios.churn.portfolio import CHURN
from credit_platform_tests.guide.pages import GUIDE, section
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

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
def test_the_walk_of_the_document_by_its_verbs(small_churn: BookFolders, tmp_path: Path) -> None:
    book = small_churn.copy_raw_to(tmp_path)
    for mode in ("init", "train --months 4", "continuous --months 4"):
        words = shlex.split(ROWS[f"--mode {mode}"].replace("continuous --months 4", "continuous --months 2"))
        ended = book.verb(*words[1:])
        assert ended.returncode == 0, ended.stdout + ended.stderr
    assert book.lake.months("monitoring/gradient_boosting/action")
