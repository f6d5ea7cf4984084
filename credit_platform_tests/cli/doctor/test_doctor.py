"""`doctor` as a program: what it prints, its exit codes, and what it mends."""

from __future__ import annotations

import json
import shutil
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from credit_platform.cli.doctor import doctor
from credit_platform.cli.doctor.doctor import examine, settings_or_trouble, show_findings
from credit_platform.cli.doctor.findings import DoctorFinding, error, findings_of, first_of, well
from credit_platform_tests.small_book import BookFolders


def test_a_finished_book_is_well_and_says_so_to_programs(finished_book: BookFolders) -> None:
    told = finished_book.command("doctor", "--json", "--port", "1")
    assert told.returncode == 0, told
    report = json.loads(told.stdout)
    assert report["errors"] == 0
    by_check = {finding["check"]: finding for finding in report["findings"]}
    assert {"python", "libraries", "openmp", "chart renderer", "browser", "port", "disk"} <= set(by_check)
    assert {"policy", "history", "history databases", "daemon", "permissions", "tables", "audit"} <= set(by_check)
    for check in ("libraries", "openmp", "chart renderer", "tables", "personal data", "views", "logs", "audit"):
        assert by_check[check]["level"] == "ok", by_check[check]


@pytest.fixture
def no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The looks at the machine have tests of their own, and take seconds."""

    def only_the_port(_folder: Path, *, port: int) -> list[DoctorFinding]:
        return [well("port", f"{port} is free")]

    monkeypatch.setattr(doctor, "machine_findings", only_the_port)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


@pytest.mark.usefixtures("no_machine")
def test_what_is_broken_in_a_copied_book_exits_with_1_and_is_mended_when_told(
    finished_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "copied"
    shutil.copytree(finished_book.data_dir, data)
    book = BookFolders(data, finished_book.raw_dir, finished_book.policy_dir)
    for name, folder in {"DATA": data, "RAW": book.raw_dir, "POLICY": book.policy_dir}.items():
        monkeypatch.setenv(f"CREDIT_{name}_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    with book.layout.audit_log().open("ab") as stream:
        stream.write(b'{"cut": "of')
    told, mended = StringIO(), StringIO()
    assert show_findings(Console(file=told, width=400), port=1, is_json=False, is_mending=False) == 1
    # Views and history still lead to the folder it was copied from.
    assert "this one was moved or copied" in told.getvalue()
    assert f"still leads to {finished_book.data_dir / '.dagster'}" in told.getvalue()
    assert "the last line of audit.jsonl was cut off" in told.getvalue()
    assert "1 broken, 2 to know of." in told.getvalue()
    assert show_findings(Console(file=mended, width=400), port=1, is_json=False, is_mending=True) == 0
    assert "Cut off the torn last line of audit.jsonl." in mended.getvalue()
    assert f"The run history is the one in {data / '.dagster'} again." in mended.getvalue()
    assert "All is well." in mended.getvalue()
    assert str(finished_book.data_dir) not in (data / ".dagster" / "dagster.yaml").read_text()


@pytest.mark.usefixtures("no_machine")
def test_a_dagster_yaml_that_is_no_yaml_keeps_the_rest_from_nothing(
    book_copy: BookFolders, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, folder in {"DATA": book_copy.data_dir, "RAW": book_copy.raw_dir, "POLICY": book_copy.policy_dir}.items():
        monkeypatch.setenv(f"CREDIT_{name}_DIR", str(folder))
    monkeypatch.chdir(tmp_path)
    home = book_copy.data_dir / ".dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("storage: [")
    with book_copy.layout.audit_log().open("ab") as stream:
        stream.write(b'{"cut": "of')
    told = StringIO()
    assert show_findings(Console(file=told, width=400), port=1, is_json=False, is_mending=True) == 1
    assert "Could not mend history: ParserError" in told.getvalue()
    assert "Cut off the torn last line of audit.jsonl." in told.getvalue()
    assert f"{home / 'dagster.yaml'} cannot be read" in told.getvalue()
    assert "1 broken" in told.getvalue()


def test_what_a_look_fails_with_decides_what_to_do() -> None:
    denied = PermissionError(13, "Permission denied", "/book/a.parquet")

    def raises(fault: Exception) -> list[DoctorFinding]:
        raise fault

    (found,) = findings_of("tables", lambda: raises(denied))
    assert (found.check, found.level) == ("tables", "error")
    assert found.found == "cannot be looked at: PermissionError: [Errno 13] Permission denied: '/book/a.parquet'"
    assert "the right to read /book/a.parquet" in found.mend
    (found,) = findings_of("tables", lambda: raises(ValueError()))
    assert found.found == "cannot be looked at: ValueError"
    assert findings_of("tables", lambda: well("tables", "fine")) == [well("tables", "fine")]
    with pytest.raises(KeyboardInterrupt):
        findings_of("tables", interrupted)


def interrupted() -> DoctorFinding:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("no_machine")
def test_a_wrong_setting_or_policy_is_a_finding_beside_those_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_DATA_DIR", str(tmp_path))
    (tmp_path / "platform.yaml").write_text("first_month: soon\n")
    settings, trouble = settings_or_trouble()
    assert settings is None
    assert trouble is not None
    assert (trouble.check, trouble.level) == ("settings", "error")
    findings = examine(settings, trouble, port=1)
    assert findings[-1] == trouble
    assert [finding.check for finding in findings] == ["port", "settings"]
    (tmp_path / "platform.yaml").unlink()
    (tmp_path / "model_config.yaml").write_text("label: {mob: -1}\n")
    monkeypatch.setenv("CREDIT_POLICY_DIR", str(tmp_path))
    _, trouble = settings_or_trouble()
    assert trouble is not None
    assert (trouble.check, trouble.level) == ("policy", "error")
    assert "model_config.yaml" in trouble.found


@pytest.mark.usefixtures("no_machine")
def test_an_empty_folder_is_nothing_to_worry_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_DATA_DIR", str(tmp_path / "data"))
    settings, _ = settings_or_trouble()
    by_check = {finding.check: finding for finding in examine(settings, None, port=1)}
    for check in ("history", "book", "raw files"):
        assert by_check[check].level == "warning", by_check[check]
        assert by_check[check].mend
    assert not [finding for finding in by_check.values() if finding.level == "error"]
    assert not (tmp_path / "data").exists(), "the doctor only looks"


def test_findings_name_the_first_few() -> None:
    assert first_of(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert (well("x", "fine").mend, error("x", "bad", "do").level) == ("", "error")
