"""Putting one set of files in the place of another, broken off at every single step."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from credit_platform.errors import BackupError
from credit_platform.lake.backup.atomic_swap import put_back, swap_files, unfinished
from credit_platform.lake.files import sweep_parts

OLD = {"gold/a.txt": "old", "audit/log.txt": "old", "book.yaml": "old", "own.txt": "own"}
NEW = {"gold/b.txt": "new", "audit/log.txt": "new", "book.yaml": "new", "own.txt": "own", "raw/loans.csv": "new"}
FORMER, BROUGHT = ("gold", "audit", "book.yaml"), ("gold", "audit", "book.yaml", "raw/loans.csv")

# For some renamings of an exchange: a process that is killed at it, or that Ctrl+C reaches there.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from credit_platform_tests.lake.backup.test_atomic_swap import make, swap

def broken_off(folder, step, how):
    seen = [0]
    def hook(event, args):
        if event == "os.rename" and step is not None:
            seen[0] += 1
            if seen[0] == step and how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if seen[0] == step:
                raise KeyboardInterrupt
    sys.addaudithook(hook)
    swap(folder)

for how in sys.argv[2].split():
    for step in map(int, sys.argv[3:]):
        folder = Path(sys.argv[1], f"{how}-{step:02}")
        make(folder)
        child = os.fork()
        if child == 0:
            try:
                broken_off(folder, step, how)
            except KeyboardInterrupt:
                os._exit(3)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        Path(folder, "..", f"{folder.name}.code").write_text(str(code))
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def make(folder: Path) -> None:
    write(folder / "data", OLD)
    write(folder / "staged", {name: text for name, text in NEW.items() if name != "own.txt"})


def swap(folder: Path) -> None:
    data, staged = folder / "data", folder / "staged"
    swap_files(data, [data / name for name in FORMER], {data / name: staged / name for name in BROUGHT})


def break_off(folder: Path, how: str, *steps: int) -> None:
    subprocess.run([sys.executable, "-c", PROGRAM, str(folder), how, *map(str, steps)], check=True, timeout=120)


def read(folder: Path) -> dict[str, str]:
    return {file.relative_to(folder).as_posix(): file.read_text() for file in folder.rglob("*") if file.is_file()}


def test_the_new_set_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    make(tmp_path)
    swap(tmp_path)
    assert read(tmp_path / "data") == NEW


def test_whoever_is_broken_off_at_any_step_has_the_old_set_or_the_new_one(tmp_path: Path) -> None:
    break_off(tmp_path, "killed interrupted", *range(1, 11))
    # Writing the plan, three things aside, four in, and the end.
    codes = {file.stem: int(file.read_text()) for file in tmp_path.glob("*.code")}
    assert {codes[f"killed-{step:02}"] for step in range(1, 10)} == {-9}
    assert {codes[f"interrupted-{step:02}"] for step in range(1, 10)} == {3}
    assert codes["killed-10"] == codes["interrupted-10"] == 0
    for step in range(1, 11):
        interrupted, killed = (tmp_path / f"{how}-{step:02}" / "data" for how in ("interrupted", "killed"))
        wanted = NEW if step == 10 else OLD
        assert read(interrupted) == wanted, step
        sweep_parts(killed, older_than_seconds=-1e9, now=0)
        for left in unfinished(killed):
            put_back(left)
        assert read(killed) == wanted, step


def test_putting_back_may_be_broken_off_and_repeated(tmp_path: Path) -> None:
    break_off(tmp_path, "killed", 8)
    data = tmp_path / "killed-08" / "data"
    (left,) = unfinished(data)
    # As if it had been killed after moving the first thing back.
    for name in ("gold", "audit"):
        shutil.rmtree(data / name)
    (data / "book.yaml").unlink(missing_ok=True)
    (left / "0-gold").rename(data / "gold")
    put_back(left)
    assert read(data) == OLD


def test_what_somebody_puts_there_meanwhile_is_not_overwritten_and_not_removed(tmp_path: Path) -> None:
    make(tmp_path)
    write(tmp_path / "data", {"raw/loans.csv": "delivered"})
    with pytest.raises(FileExistsError):
        swap(tmp_path)
    assert read(tmp_path / "data") == OLD | {"raw/loans.csv": "delivered"}


def test_a_folder_that_was_moved_or_has_lost_its_plan_is_not_guessed_about(tmp_path: Path) -> None:
    break_off(tmp_path, "killed", 6)
    data = tmp_path / "killed-06" / "data"
    moved = data.rename(tmp_path / "moved")
    (left,) = unfinished(moved)
    with pytest.raises(BackupError, match=f"it was left in {data} and has been moved since"):
        put_back(left)
    plan = json.loads((left / "plan.json").read_text())
    (left / "plan.json").write_text(json.dumps(plan)[:-10])
    with pytest.raises(BackupError, match="cannot be read"):
        put_back(left)
    (left / "plan.json").unlink()
    with pytest.raises(BackupError, match="cannot be read"):
        put_back(left)
    assert (left / "0-gold").is_dir()


@pytest.fixture
def other_disk(tmp_path: Path) -> Iterator[Path]:
    # The other file systems that a machine is likely to have; the tests' own folder is on one of them.
    places = (Path("/dev/shm"), Path("/var/tmp"), Path(__file__).parent)  # noqa: S108
    own = tmp_path.stat().st_dev
    others = (place for place in places if os.access(place, os.W_OK) and place.stat().st_dev != own)
    if (other := next(others, None)) is None:
        pytest.skip("there is no second file system to write to")
    with tempfile.TemporaryDirectory(dir=other) as folder:
        yield Path(folder)


def test_things_on_another_disk_are_exchanged_and_put_back_too(tmp_path: Path, other_disk: Path) -> None:
    data, staged = tmp_path / "data", tmp_path / "staged"
    write(other_disk, {"history/runs.db": "old"})
    write(tmp_path, {"staged/history/runs.db": "new", "staged/x": "new", "data/file": ""})
    history = {other_disk / "history": staged / "history"}
    with pytest.raises(FileExistsError):
        swap_files(data, [other_disk / "history"], history | {data / "file" / "x": staged / "x"})
    assert read(other_disk) == {"history/runs.db": "old"}
    write(tmp_path, {"staged/history/runs.db": "new"})
    swap_files(data, [other_disk / "history"], history)
    assert read(other_disk) == {"history/runs.db": "new"}
    assert unfinished(data) == []
