from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from credit_platform.cli.book import Book
from credit_platform.cli.lab.demo import demo_table
from credit_platform.cli.lab.drifts import drifts_of
from credit_platform.cli.lab.simulate import Lab, scenario_tables
from credit_platform.cli.lab.story import judge
from credit_platform.errors import SettingsError
from credit_platform.lab.scenarios.detections import Detector
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import FIRST_TRAINING, SPEC, BookFolders, run_command

if TYPE_CHECKING:
    from pathlib import Path


def test_simulate_runs_in_its_own_folder_and_prints_what_it_found(tmp_path: Path) -> None:
    data, lab = tmp_path / "data", tmp_path / "lab"
    own = {"CREDIT_DATA_DIR": str(data), "DAGSTER_HOME": str(tmp_path / "home"), "COLUMNS": "200"}
    size = ["--months", "5", "--loans-per-month", "20", "--seed", "3", "--out", str(lab)]
    drifts = ["--drift", "source_dark", "--drift", "concept", "--from", "2021-03"]
    done = run_command("simulate", *drifts, *size, "--json", **own)
    # What nobody can know yet is no success.
    assert done.returncode == 1, done
    facts = json.loads(done.stdout)
    assert not facts["expectations_hold"]
    assert "early_reads: expected within 4 months, too early to say" in done.stderr
    assert "no model was trained, so nothing could be noticed of it" in done.stderr
    seen = next(row for row in facts["noticed"] if row["detector"] == "delivery")
    assert (seen["first_seen"], seen["months_after"], seen["verdict"]) == ("2021-03-01", 0, "as expected")
    assert "build_month" in done.stderr
    folder = lab / "source_dark-2021-03-0.7+concept-2021-03-0.7-seed-3-5-months-20-loans"
    assert facts["name"] == folder.name
    assert json.loads((folder / "scenario.json").read_text()) == facts
    assert (folder / "raw" / "lms_loan_daily.csv").is_file()
    assert (folder / ".dagster" / "storage").is_dir()
    assert folder.name in (lab / "gallery.html").read_text()
    assert "feature_clickstream: no row" in (folder / "reports" / "scenario.html").read_text()
    # Neither the user's book nor the user's history was touched.
    assert not data.exists()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--drift", "gravity", "--from", "2021-03"], "no drift 'gravity'"),
        (["--drift", "concept"], "--from"),
        (["--drift", "concept", "--from", "2021-13"], "--from"),
        (["--drift", "concept", "--from", "2021-03", "--strength", "2"], "--strength"),
        (["--from", "2021-03"], "for 0 drifts"),
    ],
)
def test_wrong_drifts_are_refused_as_wrong_usage(arguments: list[str], said: str) -> None:
    values = dict(zip(arguments[::2], arguments[1::2], strict=True))
    with pytest.raises(SettingsError, match=said) as refused:
        drifts_of(
            LOANS,
            [values["--drift"]] if "--drift" in values else [],
            [values["--from"]] if "--from" in values else [],
            [float(values["--strength"])] if "--strength" in values else [],
        )
    assert str(refused.value).startswith("--")


def test_several_drifts_share_a_month_or_have_their_own() -> None:
    both = drifts_of(LOANS, ["concept", "volume"], ["2022-01"], [0.5, 0.9])
    assert [(drift.kind, drift.first_month.month, drift.strength) for drift in both] == [
        (DriftKind.CONCEPT, 1, 0.5), (DriftKind.VOLUME, 1, 0.9),
    ]  # fmt: skip
    own = drifts_of(LOANS, ["concept", "volume"], ["2022-01", "2022-05"], [])
    assert [(drift.first_month.month, drift.strength) for drift in own] == [(1, 0.7), (5, 0.7)]


def test_the_lab_refuses_folders_that_are_not_its_own(tmp_path: Path, small_book: BookFolders) -> None:
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "letter.txt").write_text("mine")
    with pytest.raises(SettingsError, match="did not write"):
        Lab(foreign).claim(small_book.settings())
    with pytest.raises(SettingsError, match="contain each other"):
        Lab(small_book.data_dir / "lab").claim(small_book.settings())
    with pytest.raises(SettingsError, match="contain each other"):
        Lab(small_book.data_dir.parent).claim(small_book.settings())
    lab = Lab(tmp_path / "lab")
    lab.claim(small_book.settings())
    assert lab.scenario_folder(replace(SPEC, has_leak=True), LOANS.words).name.startswith("leak-seed-5")
    scenario = lab.scenario_folder(SPEC, LOANS.words)
    lab.claim_scenario(scenario)
    (scenario / "old").mkdir()
    lab.claim_scenario(scenario)
    assert not (scenario / "old").exists()
    assert (foreign / "letter.txt").read_text() == "mine"


def test_the_history_of_a_finished_book_has_its_versions_outcomes_and_actions(finished_book: BookFolders) -> None:
    book = Book.of(finished_book.settings())
    scenario = judge(book, SPEC, name="small")
    assert [outcome.story.model for outcome in scenario.models] == list(book.settings.policy.model.models)
    for outcome in scenario.models:
        story = outcome.story
        assert story.versions[0].as_of == FIRST_TRAINING
        assert [one.month for one in story.actions] == book.lake.months(f"monitoring/{story.model}/action")
        assert all(one.value is None or 0 < one.value < 1 for one in story.outcomes)
        assert outcome.cure is None
    assert not [row for row in scenario.noticed if row.detector == Detector.RETRAIN and row.first]
    assert scenario.unbuilt == {}
    assert len(scenario_tables(scenario)) == 1 + len(scenario.models)
    assert demo_table(scenario, has_early=True).row_count == 2
    pretended = replace(SPEC, drifts=(Drift(DriftKind.CONCEPT, FIRST_TRAINING, 0.7),))
    drifted = judge(book, pretended, name="small")
    assert "early_reads: expected within 4 months, not noticed" in drifted.failures
    assert demo_table(drifted, has_early=True).row_count == 10
    assert demo_table(drifted, has_early=False).row_count == 9
