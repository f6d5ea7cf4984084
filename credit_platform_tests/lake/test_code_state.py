from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from credit_platform.lake.provenance import UNKNOWN, CodeState, code_state_of


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package in a repository of its own, committed."""
    folder = tmp_path / "repository" / "package"
    folder.mkdir(parents=True)
    (folder / "code.py").write_text("x = 1\n")
    git(folder.parent, "init", "-q")
    git(folder.parent, "add", ".")
    git(folder.parent, "commit", "-q", "-m", "code")
    return folder


def test_a_clean_checkout_is_its_commit(package: Path) -> None:
    assert code_state_of(package) == CodeState(git(package, "rev-parse", "HEAD"), is_dirty=False)


@pytest.mark.parametrize("name", ["code.py", "new.py"])
def test_a_changed_or_new_file_makes_it_dirty_and_one_beside_the_package_does_not(package: Path, name: str) -> None:
    (package.parent / "notes.txt").write_text("beside")
    assert code_state_of(package).is_dirty is False
    (package / name).write_text("x = 2\n")
    assert code_state_of(package).is_dirty is True


def test_outside_a_repository_nothing_is_known(tmp_path: Path) -> None:
    assert code_state_of(tmp_path) == CodeState(UNKNOWN, None)


def test_the_commit_of_a_foreign_repository_around_an_installed_package_is_not_taken(package: Path) -> None:
    installed = package.parent / ".venv" / "package"
    installed.mkdir(parents=True)
    (installed / "code.py").write_text("x = 1\n")
    assert code_state_of(installed) == CodeState(UNKNOWN, None)


def test_without_git_nothing_is_known(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert code_state_of(package) == CodeState(UNKNOWN, None)
