from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from credit_platform.cli.lab.fidelity import fidelity_lines
from credit_platform.cli.main import app
from credit_platform.errors import SettingsError, SourceError
from credit_platform.portfolios.loans.portfolio import LOANS

if TYPE_CHECKING:
    from pathlib import Path

    from credit_platform_tests.small_book import BookFolders


def test_fidelity_prints_every_figure_as_json_and_writes_the_page(
    small_book: BookFolders, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "fidelity.html"
    command = ["fidelity", str(small_book.raw_dir), "--page", str(page), "--json"]
    assert app(command, result_action="return_value") == 0
    lines = json.loads(capsys.readouterr().out)
    assert {line["section"] for line in lines} >= {"feature", "dirt", "outcome", "attrition", "ranking"}
    assert {line["status"] for line in lines} <= {"ok", "warn", "breach", "unknown"}
    # The small book's clickstream is far less noisy than that of books as shipped.
    apart = {line["item"] for line in lines if line["statistic"] == "sd" and line["status"] != "ok"}
    assert {"fe_1", "fe_20"} <= apart
    assert {item for item in apart if not item.startswith("fe_")} <= {"emi_amount"}  # a long tail
    shown = page.read_text()
    assert "Does one fixed model rank both books alike?" in shown
    assert "http" not in shown


def test_fidelity_says_what_is_missing(tmp_path: Path) -> None:
    config = LOANS.load_policy(None).model
    with pytest.raises(SettingsError, match="is no folder"):
        fidelity_lines(tmp_path / "none", LOANS, config, seed=1)
    with pytest.raises(SourceError, match="no file lms_loan_daily"):
        fidelity_lines(tmp_path, LOANS, config, seed=1)


def test_the_former_name_of_the_verb_works_and_says_the_new_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SettingsError, match="is no folder"):
        app(["agreement", str(tmp_path / "none"), "--seed", "3"], result_action="return_value")
    assert "`agreement` is now called `fidelity`" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["fidelity", "."], ["demo"], ["simulate"]])
def test_a_portfolio_without_generator_is_refused_by_name(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CREDIT_PORTFOLIO", "credit_platform_tests.toy_portfolio:GYM")
    with pytest.raises(SettingsError, match="the portfolio gym has no generator of books"):
        app(command, result_action="return_value")
