"""The words of similar pipelines that stand for verbs of the platform's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from credit_platform.cli.doctor import doctor
from credit_platform.cli.doctor.findings import DoctorFinding, well
from credit_platform.cli.lab import demo, simulate
from credit_platform.cli.main import app
from credit_platform.lab.scenarios.scenario import Scenario
from credit_platform.portfolios.drift import DriftKind
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.settings import Settings
from credit_platform_tests.lab.scenarios.scenario_builders import drifted_scenario
from credit_platform_tests.small_book import BookFolders


def run(*tokens: str) -> object:
    return app([*tokens], exit_on_error=False, print_error=False, result_action="return_value")


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, small_book: BookFolders) -> Path:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDIT_DATA_DIR", "data")
    monkeypatch.setenv("CREDIT_RAW_DIR", str(small_book.raw_dir))
    monkeypatch.setenv("CREDIT_POLICY_DIR", str(small_book.policy_dir))
    return tmp_path


def test_setup_writes_the_months_down_and_looks(
    at_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def only_the_port(_folder: Path, *, port: int) -> list[DoctorFinding]:
        return [well("port", f"{port} is free")]

    monkeypatch.setattr(doctor, "machine_findings", only_the_port)
    assert run("setup") == 0
    assert "2023-01 to 2024-08" in capsys.readouterr().out
    assert (at_home / "data" / "platform.yaml").is_file()


@pytest.mark.usefixtures("at_home")
def test_all_of_a_book_that_is_built_to_its_end_does_nothing_more(
    book_copy: BookFolders, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CREDIT_DATA_DIR", str(book_copy.data_dir))
    assert run("all") == 0
    assert "Nothing to walk: every delivered month is finished." in capsys.readouterr().out


def test_a_book_too_short_for_training_is_built_by_all_and_refused_by_train(
    small_book: BookFolders, tmp_path: Path
) -> None:
    folders = BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir)
    assert folders.verb("init", "--last-month", "2023-01").returncode == 0
    built = folders.verb("all")
    assert built.returncode == 0, built
    assert folders.lake.months("gold/label_store") == [date(2023, 1, 1)]
    assert "No training is possible yet." in built.stdout
    assert "the first training is possible in 2024-01" in built.stdout
    again = folders.verb("all")
    assert again.returncode == 0, again
    assert "Every delivered month is built." in again.stdout
    refused = folders.verb("train")
    assert refused.returncode == 1, refused
    assert "so 12 months are missing" in refused.stderr


@pytest.mark.usefixtures("at_home")
@pytest.mark.parametrize(("portfolio", "months", "cases"), [("loans", 30, 150), ("churn", 14, 400)])
def test_the_quick_demo_is_the_demo_with_a_small_book(
    portfolio: str, months: int, cases: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_PORTFOLIO", portfolio)
    monkeypatch.delenv("CREDIT_POLICY_DIR")  # that of the loans
    asked: dict[str, int] = {}

    def note(_settings: Settings, _console: Console, **sizes: int) -> int:
        asked.update(sizes)
        return 0

    monkeypatch.setattr(demo, "run_demo", note)
    assert run("quick-demo") == 0
    assert asked == {"n_months": months, "cases_per_month": cases, "seed": 42}


@pytest.mark.usefixtures("at_home")
def test_drift_is_simulate_by_another_word(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[BookSpec] = []

    def note(_settings: Settings, _console: Console, spec: BookSpec, **_: object) -> Scenario:
        asked.append(spec)
        return drifted_scenario()

    monkeypatch.setattr(simulate, "simulate", note)
    for verb in ("drift", "simulate"):
        assert run(verb, "--drift", "volume", "--from", "2021-03", "--months", "6", "--seed", "5") == 0
    for size, cases in (((), 600), (("--loans-per-month", "50"), 50)):
        assert run("drift", *size) == 0
        alone = asked.pop()
        assert [(drift.kind, drift.first_month) for drift in alone.drifts] == [(DriftKind.CONCEPT, date(2023, 3, 1))]
        assert alone.cases_per_month == cases
    assert asked[0] == asked[1]
    assert (asked[0].n_months, asked[0].seed, asked[0].drifts[0].kind) == (6, 5, DriftKind.VOLUME)


@pytest.mark.usefixtures("at_home")
def test_walking_no_month_is_wrong_usage() -> None:
    from credit_platform.errors import SettingsError

    with pytest.raises(SettingsError, match="--months: 0 is less than 1"):
        run("continuous", "--months", "0")
    with pytest.raises(SettingsError, match="--keep-months: 0 is less than 1"):
        run("prune", "--keep-months", "0")
