"""Fixtures every test may use.

Fixtures of one package live in that package's own conftest.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine, event

from credit_platform.portfolios.named import portfolio_named
from credit_platform_tests.churn_book import make_churn_book
from credit_platform_tests.done_once import made_once, run_once
from credit_platform_tests.drifted_book import make_drifted_book
from credit_platform_tests.home_credit_book import make_home_credit_book
from credit_platform_tests.small_book import BookFolders, make_book

# How long an example takes depends on what else the machine does.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# Books lie in memory where it has room: a fifth of the time of all tests went into making and copying files on a disk.
# The largest run takes less than half of what is asked for; `--basetemp` and the variable put them elsewhere.
_MEMORY, _ROOM = Path("/dev/shm"), 8 * 2**30  # noqa: S108 - pytest makes folders of its own below it
if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

# Files that take minutes. They are begun first, or one worker is left with them when the others have no more to do.
_LONGEST_FIRST = (
    "campaigns/test_planted_faults.py",
    "campaigns/test_kills.py",
    "browser/test_dagster_ui.py",
    "campaigns/test_retraining_once.py",
    "campaigns/test_concurrency.py",
    "browser/test_dashboard_reader.py",
)


def _place(item: pytest.Item) -> int:
    name = item.path.as_posix()
    return next((n for n, file in enumerate(_LONGEST_FIRST) if name.endswith(file)), len(_LONGEST_FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, and have one worker build the finished book while the others need none.

    Files that need it come last, but for the test that is first of all; otherwise every file stays in its place.
    """
    needing = [item for item in items if "finished_book" in getattr(item, "fixturenames", ())]
    files = {item.path for item in needing}
    items.sort(key=lambda item: (_place(item), item.path in files))
    first = next((item for item in needing if item.get_closest_marker("slow") is None), None)
    if first is not None:
        items.remove(first)
        items.insert(0, first)


@pytest.fixture(scope="session", autouse=True)
def _unsynced() -> Iterator[None]:
    """Let the system choose when a file reaches the disk: no test is about a power cut, and waiting is half a life."""

    def leave(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    def unsynced(_: int) -> None:
        """Return at once."""

    event.listen(Engine, "connect", leave)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", unsynced)
        yield
    event.remove(Engine, "connect", leave)


@pytest.fixture(scope="session")
def real_book() -> Path:
    """The folder of a real loan book, named by CREDIT_TEST_BOOK; tests that need it skip without it."""
    folder = os.environ.get("CREDIT_TEST_BOOK", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CREDIT_TEST_BOOK names no folder with a real loan book")
    return Path(folder)


@pytest.fixture(scope="session")
def shared_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one test session share."""
    base = tmp_path_factory.getbasetemp()
    # Under xdist every worker has a folder of its own inside the session's.
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


def book_once(shared_root: Path, name: str, make: Callable[[Path], BookFolders]) -> BookFolders:
    """The folders of a book whose raw files all workers share."""

    def noted(part: Path) -> None:
        made = make(part)
        (part / "kind").write_text(f"{made.kind.name} {made.first} {made.last}")

    root = made_once(shared_root, name, noted)
    kind, first, last = (root / "kind").read_text().split()
    months = (date.fromisoformat(first), date.fromisoformat(last))
    return BookFolders(root / "data", root / "raw", root / "policy", portfolio_named(kind), *months)


def lived_once(book: BookFolders, shared_root: Path, name: str) -> BookFolders:
    """The book after one whole backfill by the command line."""
    run_once(shared_root, name, lambda: book.verb("backfill"))
    return book


@pytest.fixture(scope="session")
def small_book(shared_root: Path) -> BookFolders:
    """The raw files of the small book, nothing built. Read only."""
    return book_once(shared_root, "small_book", make_book)


@pytest.fixture(scope="session")
def finished_book(small_book: BookFolders, shared_root: Path) -> BookFolders:
    """The small book after one whole backfill by the command line, made once a session. Read only: copy to change."""
    return lived_once(small_book, shared_root, "finished_book")


@pytest.fixture(scope="session")
def small_home_credit(shared_root: Path) -> BookFolders:
    """The raw files of a small Home Credit book, nothing built. Read only."""
    return book_once(shared_root, "small_home_credit", make_home_credit_book)


@pytest.fixture(scope="session")
def finished_home_credit(small_home_credit: BookFolders, shared_root: Path) -> BookFolders:
    """The small Home Credit book after one whole backfill, made once a session. Read only: copy to change."""
    return lived_once(small_home_credit, shared_root, "finished_home_credit")


@pytest.fixture(scope="session")
def small_churn(shared_root: Path) -> BookFolders:
    """The raw files of a small churn book, nothing built. Read only."""
    return book_once(shared_root, "small_churn", make_churn_book)


@pytest.fixture(scope="session")
def finished_churn(small_churn: BookFolders, shared_root: Path) -> BookFolders:
    """The small churn book after one whole backfill, made once a session. Read only: copy to change."""
    return lived_once(small_churn, shared_root, "finished_churn")


@pytest.fixture(params=["loans", "home_credit", "churn"])
def any_small_book(request: pytest.FixtureRequest) -> BookFolders:
    """The raw files of a small book of each kind, nothing built. Read only."""
    name = {"loans": "small_book", "home_credit": "small_home_credit", "churn": "small_churn"}[request.param]
    found: BookFolders = request.getfixturevalue(name)
    return found


@pytest.fixture(params=["loans", "home_credit", "churn"])
def any_finished_book(request: pytest.FixtureRequest) -> BookFolders:
    """A small book of each kind after its whole life. Read only: copy to change."""
    name = {"loans": "finished_book", "home_credit": "finished_home_credit", "churn": "finished_churn"}[request.param]
    found: BookFolders = request.getfixturevalue(name)
    return found


@pytest.fixture(scope="session")
def drifted_book(shared_root: Path) -> BookFolders:
    """A book with a planted concept drift after its whole life, made once a session. Read only."""
    root = shared_root / "drifted_book"
    run_once(shared_root, "drifted_book", lambda: make_drifted_book(root).verb("backfill"))
    return BookFolders(root / "data", root / "raw", root / "policy")


@pytest.fixture
def book_copy(finished_book: BookFolders, tmp_path: Path) -> BookFolders:
    """A finished book of the test's own, without run history."""
    return finished_book.copy_to(tmp_path)
