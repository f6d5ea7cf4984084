from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from credit_platform.lake.files import one_at_a_time, sweep_parts, whole_file, write_bytes, write_text


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_whole_file_appears_under_its_name_and_leaves_no_part(tmp_path: Path) -> None:
    write_bytes(tmp_path / "deep" / "a.bin", b"one")
    assert (tmp_path / "deep" / "a.bin").read_bytes() == b"one"
    assert names(tmp_path / "deep") == ["a.bin"]


def test_text_is_utf_8_with_plain_line_breaks(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "Zürich\n")
    assert (tmp_path / "a.txt").read_bytes() == "Zürich\n".encode()


def test_nothing_is_seen_under_the_name_until_the_file_is_whole(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a.bin") as part:
        part.write_bytes(b"half")
        assert part.parent == tmp_path
        assert not (tmp_path / "a.bin").exists()
    assert (tmp_path / "a.bin").read_bytes() == b"half"


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_an_error_on_the_way_leaves_the_old_file_and_no_part(tmp_path: Path, failure: type[BaseException]) -> None:
    file = tmp_path / "a.bin"
    write_bytes(file, b"old")

    def fail_half_way() -> None:
        with whole_file(file) as part:
            part.write_bytes(b"ne")
            raise failure

    with pytest.raises(failure):
        fail_half_way()
    assert file.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_step_that_writes_nothing_is_an_error_and_not_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / "a.bin"):
        pass
    assert names(tmp_path) == []


def test_sweeping_removes_old_parts_alone(tmp_path: Path) -> None:
    for name, age in ((".a.bin.1.part", 100), (".b.bin.2.part", 10), ("c.part", 100), ("d.bin", 100)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (1_000 - age, 1_000 - age))
    assert sweep_parts(tmp_path, older_than_seconds=60, now=1_000) == 1
    assert names(tmp_path) == [".b.bin.2.part", "c.part", "d.bin"]


def test_a_file_rewritten_by_turns_from_all_there_is_loses_nobody(tmp_path: Path) -> None:
    summary = tmp_path / "summary.txt"

    def add(name: str) -> None:
        write_text(tmp_path / f"{name}.part-of-it", name)
        with one_at_a_time(summary):
            write_text(summary, " ".join(sorted(file.stem for file in tmp_path.glob("*.part-of-it"))))

    everybody = [f"{n:02}" for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, everybody))
    assert summary.read_text().split() == everybody
