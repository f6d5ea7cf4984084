"""The person in every delivery of these tests, the search for it after each, and a book in a folder of an odd name."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator

import pytest

from credit_platform_tests.bad_inputs.delivery import ATTRIBUTES
from credit_platform_tests.field_faults.listening import listening, not_planted
from credit_platform_tests.field_faults.places import ODD
from credit_platform_tests.field_faults.planted import NAME, NUMBER, found_in, leaks
from credit_platform_tests.small_book import BookFolders
from credit_platform_tests.source_rows import SOUND_CELLS


@pytest.fixture
def shifted_into() -> frozenset[str]:
    """Layers whose tables may contain the person, where a test shifts cells into other columns."""
    return frozenset()


@pytest.fixture(autouse=True)
def undisclosed(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    shifted_into: frozenset[str],
) -> Iterator[None]:
    """The person is in every row of the attributes, and afterwards in nothing that was said or written."""
    for column, cell in (("Name", NAME), ("SSN", NUMBER)):
        monkeypatch.setitem(SOUND_CELLS[ATTRIBUTES], column, cell)
    folder = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    began = time.time() - 1
    with listening() as heard:
        yield
    printed = capfd.readouterr()
    sys.stdout.write(printed.out)
    sys.stderr.write(printed.err)
    assert heard.disclosed() == []
    assert found_in(printed.out + printed.err) == []
    if folder is not None:
        assert list(leaks(folder, besides=shifted_into, since=began)) == []
        assert not_planted(folder) == []


@pytest.fixture(scope="session")
def odd_book(small_book: BookFolders, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BookFolders]:
    """Two months of the small book, built by the program in a folder with every sign that others read as something."""
    root = tmp_path_factory.mktemp("odd") / ODD
    shutil.copytree(small_book.raw_dir, root / "raw")
    book = BookFolders(root / "data", root / "raw", small_book.policy_dir)
    assert book.command("init", "--first-month", "2023-01", "--last-month", "2024-08").returncode == 0
    built = book.command("backfill", "--to", "2023-02")
    assert built.returncode == 0, built.stdout + built.stderr
    yield book
    assert not_planted(book.data_dir) == []
    assert list(leaks(book.data_dir)) == []
