"""Files and disks that change or fail while they are used."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from credit_platform.errors import SourceError
from credit_platform.lake.raw.sources import read_source
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS as LOAN_BOOK
from credit_platform_tests.bad_inputs.delivery import CLICKS, LOANS, MONTHS, deliver, reception, source_of

DISK_FULL = """
import resource, signal, sys
from pathlib import Path
from credit_platform.errors import StorageError
from credit_platform.lake.tables.monthly import Lake
from credit_platform_tests.bad_inputs.delivery import CLICKS, MONTHS, reception
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
from credit_platform.portfolios.loans.portfolio import LOANS as BOOK
lake = Lake.at(Path(sys.argv[1]) / "data", Path(sys.argv[1]) / "raw", portfolio=BOOK)
try:
    lake.write(f"bronze/{CLICKS}", reception(lake, CLICKS, is_replacing=True).receive(MONTHS).rows, MONTHS)
except StorageError as error:
    sys.exit(f"error: {error}")
"""


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(tmp_path / "data", tmp_path / "raw", portfolio=LOAN_BOOK)


def _grow(file: Path, content: bytes) -> None:
    file.write_bytes(content + b"x")


def _shrink(file: Path, content: bytes) -> None:
    file.write_bytes(content[:-20])


def _touch(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    os.utime(file, ns=(1, 1))


@pytest.mark.parametrize(
    "meanwhile",
    [_grow, _shrink, _touch],
    ids=["it grows", "it shrinks", "it is written again with the same length"],
)
def test_a_file_that_changes_while_it_is_read_is_refused(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Path, bytes], object]
) -> None:
    file = deliver(lake.layout.raw_dir, LOANS)
    read = Path.read_bytes

    def read_slowly(path: Path) -> bytes:
        content = read(path)
        if path == file:
            meanwhile(file, content)
        return content

    monkeypatch.setattr(Path, "read_bytes", read_slowly)
    with pytest.raises(SourceError, match=r"lms_loan_daily\.csv: the file changed while it was read\. Wait"):
        read_source(lake.layout, source_of(LOANS), MONTHS)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read every file")
def test_a_file_this_account_may_not_read_is_refused(lake: Lake) -> None:
    deliver(lake.layout.raw_dir, LOANS).chmod(0)
    with pytest.raises(SourceError, match="this account may not read it"):
        read_source(lake.layout, source_of(LOANS), MONTHS)


def test_a_file_that_is_denied_is_refused_with_its_reason(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(lake.layout.raw_dir, LOANS)

    def deny(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", deny)
    with pytest.raises(SourceError, match=r"not a readable file \(this account may not read it\)\. Put the file"):
        read_source(lake.layout, source_of(LOANS), MONTHS)


@pytest.mark.parametrize("n_bytes", [0, 100, 1500, 4000])
def test_a_full_disk_leaves_every_month_as_it_was(lake: Lake, n_bytes: int) -> None:
    deliver(lake.layout.raw_dir, CLICKS)
    table = f"bronze/{CLICKS}"
    lake.write(table, reception(lake, CLICKS).receive(MONTHS).rows, MONTHS)
    before = {month: lake.layout.month_file(table, month).read_bytes() for month in MONTHS}
    file = lake.layout.raw_dir / f"{CLICKS}.csv"
    file.write_bytes(file.read_bytes().replace(b",200,", b",201,"))

    root = lake.layout.raw_dir.parent
    ended = subprocess.run(
        [sys.executable, "-c", DISK_FULL, str(root), str(n_bytes)], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "cannot be written: File too large. What was there before is unchanged" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert {month: lake.layout.month_file(table, month).read_bytes() for month in MONTHS} == before
    assert not [part for part in lake.layout.data_dir.rglob("*") if ".part" in part.name]
