"""Every command of guide/operations.md does on a finished book what the text says, one after the other."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import shutil
from datetime import date
from pathlib import Path

import pytest

import credit_platform
from credit_platform.cli.doctor import doctor
from credit_platform.cli.doctor.findings import DoctorFinding, well
from credit_platform.cli.main import app
from credit_platform.facades import MLPipelineOrchestrator
from credit_platform_tests.small_book import BookFolders

GUIDE = (Path(credit_platform.__file__).parent / "guide" / "operations.md").read_text(encoding="utf-8")
COMMANDS = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", GUIDE, flags=re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


@pytest.mark.slow
def test_the_commands_of_the_guide_run_in_order(
    finished_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def only_the_port(_folder: Path, *, port: int) -> list[DoctorFinding]:
        return [well("port", str(port))]

    monkeypatch.setattr(doctor, "machine_findings", only_the_port)  # has tests of its own, and takes seconds
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    shutil.copytree(finished_book.data_dir, tmp_path / "book")
    own = {"CREDIT_DATA_DIR": "book", "CREDIT_RAW_DIR": str(finished_book.raw_dir)}
    monkeypatch.setenv("CREDIT_POLICY_DIR", str(finished_book.policy_dir))
    features = finished_book.lake.scan("gold/feature_store", [date(2024, 5, 1)]).collect()
    features.write_csv(tmp_path / "applications.csv")
    for source, name in (("features_attributes", "a.csv"), ("features_financials", "f.csv")):
        raw = finished_book.lake.scan(f"bronze/{source}", [date(2024, 5, 1)])
        raw.select(finished_book.kind.source(source).columns).collect().write_csv(tmp_path / name)
    # The copied book still has to be told where it lies, as the guide says of moved folders.
    ran = []
    for command in ["credit-platform doctor --mend", *COMMANDS]:
        words = shlex.split(command, comments=True)
        named = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
        tokens = words[words.index("credit-platform") + 1 :]
        for name, value in (own | named).items():
            monkeypatch.setenv(name, value)
        code = app(tokens, exit_on_error=False, print_error=True, result_action="return_value")
        expected = 1 if "# exits 1" in command else 0
        assert (code or 0) == expected, (command, capsys.readouterr().out)
        ran.append(tokens[0])
    assert {"doctor", "backup", "restore", "audit", "status", "prune", "score"} <= set(ran)
    assert (tmp_path / "scores.parquet").is_file()
    assert (tmp_path / "restored" / "gold" / "label_store").is_dir()


def test_every_verb_the_guide_names_exists() -> None:
    in_commands = set(re.findall(r"credit-platform ([a-z-]+)", GUIDE))
    in_table = set(re.findall(r"^\| `([a-z-]+)` \|", GUIDE, flags=re.MULTILINE))
    assert len(in_table) == 7
    assert (in_commands | in_table) - set(app) == set()


def test_the_python_of_the_guide_calls_what_is_there() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)
    called = []
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            given = [ast.literal_eval(value) for value in node.args]
            named = {word.arg: ast.literal_eval(word.value) for word in node.keywords if word.arg}
            method = getattr(MLPipelineOrchestrator, node.func.attr)
            assert inspect.signature(method).bind(None, *given, **named)
            called.append(node.func.attr)
    assert called == ["run_initialization", "run_initial_training", "run_continuous_learning", "run_drift_simulation"]
