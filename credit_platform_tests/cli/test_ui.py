from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from credit_platform_tests.small_book import run_verb

BECOME = (sys.executable, "-m", "credit_platform.cli.webserver", "3001")


class BecameError(Exception):
    """In place of becoming another process."""


@pytest.mark.parametrize("hosts", [(), ("ui.example.org",), ("ui.example.org", "ui.example.org:8443")])
def test_the_command_becomes_the_webserver_on_the_books_own_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hosts: tuple[str, ...]
) -> None:
    became: list[tuple[list[str], dict[str, str]]] = []

    def become(_program: str, command: list[str], environment: dict[str, str]) -> None:
        became.append((command, environment))
        raise BecameError

    monkeypatch.setattr(os, "execve", become)
    named = [word for host in hosts for word in ("--allow-host", host)]
    with pytest.raises(BecameError):
        run_verb("ui", "--port", "3001", *named, CREDIT_DATA_DIR=str(tmp_path / "data"))
    ((command, environment),) = became
    assert command == [*BECOME, *hosts]
    assert environment["CREDIT_DATA_DIR"] == str(tmp_path / "data")
    assert environment["DAGSTER_HOME"] == str(tmp_path / "data" / ".dagster")
    assert (tmp_path / "data" / ".dagster" / "dagster.yaml").is_file()


def test_several_books_become_one_webserver_with_a_folder_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[tuple[list[str], dict[str, str]]] = []

    def become(_program: str, command: list[str], environment: dict[str, str]) -> None:
        became.append((command, environment))
        raise BecameError

    monkeypatch.setattr(os, "execve", become)
    both = ("--portfolio", "loans", "--portfolio", "home_credit")
    folders = {
        "CREDIT_DATA_DIR": str(tmp_path / "loans"),
        "CREDIT_DATA_DIR_HOME_CREDIT": str(tmp_path / "home_credit"),
    }
    apart = run_verb("ui", *both, **folders)
    assert apart.returncode == 2
    assert "one UI shows one history" in apart.stderr
    assert "DAGSTER_HOME" in apart.stderr
    same = run_verb(
        "ui",
        *both,
        DAGSTER_HOME=str(tmp_path),
        **(folders | {"CREDIT_DATA_DIR_HOME_CREDIT": folders["CREDIT_DATA_DIR"]}),
    )
    assert "2 books lie in" in same.stderr
    with pytest.raises(BecameError):
        run_verb("ui", "--port", "3001", *both, DAGSTER_HOME=str(tmp_path / "history"), **folders)
    ((command, environment),) = became
    assert command == [*BECOME, "--portfolio=loans", "--portfolio=home_credit"]
    assert environment["CREDIT_DATA_DIR_LOANS"] == folders["CREDIT_DATA_DIR"]
    assert environment["CREDIT_DATA_DIR_HOME_CREDIT"] == folders["CREDIT_DATA_DIR_HOME_CREDIT"]
    assert (tmp_path / "history" / "dagster.yaml").is_file()
