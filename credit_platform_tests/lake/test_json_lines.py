"""Append-only logs: whole lines, one writer at a time, and half a line of a crash that nobody reads."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from credit_platform.errors import StorageError
from credit_platform.lake.files import cut_off_torn_line, locked_for_reading, locked_for_writing, to_line, whole_lines


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "log.jsonl"


def append(file: Path, *lines: bytes) -> None:
    with locked_for_writing(file) as log:
        log.append(*lines)


def test_lines_are_appended_and_read_back(file: Path) -> None:
    assert whole_lines(file) == []
    append(file, to_line({"n": 1, "name": "größer"}))
    append(file, b"2", b"3")
    assert file.read_bytes() == '{"n": 1, "name": "größer"}\n2\n3\n'.encode()
    assert whole_lines(file)[1:] == [b"2", b"3"]


@pytest.mark.parametrize(("whole", "torn"), [(b"1\n2\n", b'{"n'), (b"1\n", b""), (b"", b"half"), (b"", b"")])
def test_half_a_last_line_is_left_out_and_cut_off(file: Path, whole: bytes, torn: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(whole + torn)
    assert b"".join(line + b"\n" for line in whole_lines(file)) == whole
    with locked_for_reading(file) as lines:
        assert lines == whole_lines(file)
    assert cut_off_torn_line(file) == bool(torn)
    assert file.read_bytes() == whole
    file.write_bytes(whole + torn)
    append(file, b"3")
    assert file.read_bytes() == whole + b"3\n"


def test_a_log_that_is_not_there_has_no_lines(file: Path) -> None:
    with locked_for_reading(file) as lines:
        assert lines == []
    assert not file.exists()


def test_reading_and_writing_on_are_one_step(file: Path) -> None:
    def count_on() -> None:
        for _ in range(20):
            with locked_for_writing(file) as log:
                log.append(str(len(log.lines())).encode())

    threads = [threading.Thread(target=count_on) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert whole_lines(file) == [str(n).encode() for n in range(80)]


def test_a_log_that_cannot_be_opened_is_explained(file: Path) -> None:
    file.mkdir(parents=True)
    with pytest.raises(StorageError, match=r"log\.jsonl cannot be written: Is a directory"):
        append(file, b"1")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_explained(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    with pytest.raises(StorageError, match="No space left on device"):
        append(tmp_path / "log.jsonl", b"1")
