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
