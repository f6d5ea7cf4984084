"""The page on a lender's own tape, performed: the command prints what the page shows, and its policy reads the tape."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import yaml

from credit_platform.assets.tables.bronze import sources
from credit_platform.cli.main import app
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.sources import read_source
from credit_platform.policy.source_policy import FileForm
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.guide.pages import GUIDE, blocks_of, commands_of, section

PAGE = (GUIDE / "your-own-tape.md").read_text(encoding="utf-8")
FILES = {block.file: block.text for block in blocks_of(PAGE) if block.file}
(SHOWN,) = (block.text for block in blocks_of(PAGE) if block.language == "text")


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's files, in which its commands are run."""
    monkeypatch.chdir(tmp_path)
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.usefixtures("written")
def test_the_command_prints_what_the_page_shows(capsys: pytest.CaptureFixture[str]) -> None:
    (command,) = commands_of(PAGE)
    assert app(command.words[1:], exit_on_error=False, result_action="return_value") == command.exit_code
    assert capsys.readouterr().out.split("\n") == [*SHOWN.split("\n"), ""]


def test_the_policy_of_the_page_is_what_is_proposed_and_reads_the_tape_for_both_sources(written: Path) -> None:
    policy = LOANS.load_policy(written)
    proposed = yaml.safe_load(SHOWN.partition("\n\n")[0])["sources"]
    for name, values in proposed.items():
        form = policy.model.sources[name]
        assert form.model_dump(exclude={"required"}) == FileForm.model_validate(values).model_dump()
    layout, known = Layout.of(written / "data", written, LOANS), sources(LOANS, policy.model)
    loans = read_source(layout, known["lms_loan_daily"], [date(2024, 7, 1)])
    assert loans["loan_amt"].to_list() == ["12000.00", "3600.00", "9000.00"]
    people = read_source(layout, known["features_attributes"], [date(2024, 7, 1)])
    assert people["Occupation"].to_list() == ["Lawyer", "Teacher", "Engineer"]


def test_every_key_has_a_line_of_its_own() -> None:
    keys = section(PAGE, "The keys")
    assert [name for name in FileForm.model_fields if f"`{name}`" not in keys] == []
