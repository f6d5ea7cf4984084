"""The search after every test of this folder finds the person, whichever way it is disclosed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from credit_platform.cli.doctor.findings import well
from credit_platform.errors import SourceError
from credit_platform.lake.tables.monthly import StrayFileWarning
from credit_platform.monitoring.action.alerts import failure_event
from credit_platform.portfolios.portfolio import MonthResult
from credit_platform_tests.field_faults.listening import listening, not_planted
from credit_platform_tests.field_faults.planted import NAME, NUMBER, found_in, leaks
from credit_platform_tests.source_rows import bronze_rows


@pytest.fixture
def undisclosed() -> None:
    """These tests disclose the person on purpose: they are not searched."""


def _error() -> None:
    with pytest.raises(SourceError):
        raise SourceError(source="s", culprit=NAME, reason="r", fix="f")


def _read(cell: str) -> int:
    try:
        return int(cell)
    except ValueError as error:
        raise SourceError(source="s", culprit="c", reason="r", fix="f") from error


def _cause() -> None:
    with pytest.raises(SourceError):
        _read(NUMBER)


def _warning() -> None:
    with pytest.warns(StrayFileWarning):
        warnings.warn(NAME, StrayFileWarning, stacklevel=1)


def _event() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        instance.report_engine_event(NUMBER, job_name="job", run_id="run")


WAYS: dict[str, Callable[[], object]] = {
    "an error": _error,
    "the cause of an error": _cause,
    "a warning": _warning,
    "an event of a run": _event,
    "a log record": lambda: logging.getLogger("credit_platform.x").warning("of %s", NAME),
    "a finding of the doctor": lambda: well("check", NAME),
    "a check's result": lambda: MonthResult(passed=True, description="", metadata={"x": NUMBER}),
    "an alert": lambda: failure_event("job", date(2023, 1, 1), "run", [NAME]),
    "a console": lambda: Console(file=StringIO()).print(NAME),
    "a program": lambda: subprocess.run([sys.executable, "-c", f"print('{NAME}')"], capture_output=True, check=True),
}


@pytest.mark.parametrize("disclose", WAYS.values(), ids=list(WAYS))
def test_what_is_said_of_the_person_is_heard(disclose: Callable[[], object]) -> None:
    with listening() as heard:
        SourceError(source="s", culprit="c", reason="r", fix="f")
    assert heard.disclosed() == []
    with listening() as heard:
        disclose()
    assert len(heard.disclosed()) > 0


@pytest.mark.parametrize("text", [NUMBER, NUMBER.replace("-", ""), "x98765432", "87654329", "8765432."])
def test_a_number_is_found_with_and_without_dashes_and_cut(text: str) -> None:
    assert found_in(text) != []


@pytest.mark.parametrize("text", ["0.8765432", "0.98765432", "1.18765432901", "18765432"])
def test_digits_of_a_float_are_nobodys_number(text: str) -> None:
    assert found_in(text) == []


def _page(file: Path) -> None:
    file.write_text(f"<p>{NAME.upper()}</p>")


def _table(file: Path) -> None:
    pl.DataFrame({"x": [[NUMBER]]}).write_parquet(file)


@pytest.mark.parametrize("write", [_page, _table])
def test_what_is_written_of_the_person_is_found(tmp_path: Path, write: Callable[[Path], None]) -> None:
    for layer in ("gold", "bronze"):
        (tmp_path / layer).mkdir()
        write(tmp_path / layer / "x.y")
    os.utime(tmp_path / "gold" / "x.y", (1000, 1000))
    assert len(list(leaks(tmp_path, since=1000))) == 1
    assert list(leaks(tmp_path, since=1001)) == []
    assert list(leaks(tmp_path, besides=frozenset({"gold"}))) == []


@pytest.mark.parametrize(("cells", "n"), [({"Name": NAME}, 0), ({"Name": "Ada"}, 1)])
def test_a_delivery_without_the_person_is_found(tmp_path: Path, cells: dict[str, str], n: int) -> None:
    table = tmp_path / "data" / "bronze" / "features_attributes"
    table.mkdir(parents=True)
    bronze_rows("features_attributes", cells).collect().write_parquet(table / "2023-01-01.parquet")
    assert len(not_planted(tmp_path)) == n
