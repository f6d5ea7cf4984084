"""One set of files put in the place of another, so that whoever is interrupted on the way has the former set back.

What is moved aside lies in a folder of its own, with a plan of where each thing came from. Until the exchange is over
that folder holds the only copy, so its name is one that no sweep matches. Which files make up a book, and which of them
a backup brings, does not belong here.
"""

import errno
import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from credit_platform.errors import BackupError
from credit_platform.lake.files import write_text
from credit_platform.lake.tables.table_versions import file_sha256

_UNFINISHED = "unfinished-restore-"
_PLAN = "plan.json"


def swap_files(folder: Path, former: Sequence[Path], brought: Mapping[Path, Path]) -> None:
    """Move the `former` things aside and put in those that are `brought`, by where they go; delete the former last.

    Whatever is raised on the way, KeyboardInterrupt included, everything is moved back before it is passed on. A
    process that is killed leaves a folder that `unfinished` finds and `put_back` ends.

    Raises:
        OSError: something could not be moved, or something lies by now where another thing is to go.
    """
    aside = folder / f"{_UNFINISHED}{uuid.uuid4().hex[:12]}"
    try:
        aside.mkdir(mode=0o700)
        kept = {f"{number}-{path.name}": path for number, path in enumerate(former)}
        _write_plan(aside, kept, brought)
        for name, path in kept.items():
            _move(path, aside / name)
        for target, source in brought.items():
            _put_in(source, target)
        # The moment from which the new set stands: what is left of the old one may be swept.
        aside.rename(folder / f".{aside.name}.part")
    except BaseException:
        if aside.is_dir():
            put_back(aside)
        raise
    shutil.rmtree(folder / f".{aside.name}.part", ignore_errors=True)


def unfinished(folder: Path) -> list[Path]:
    """The folders that exchanges left whose process was killed: each holds the only copy of what was there."""
    return sorted(path for path in folder.glob(f"{_UNFINISHED}*") if path.is_dir())


def put_back(aside: Path) -> None:
    """Take out what an exchange has put in, and move back what it had moved aside. May be interrupted and repeated.

    Raises:
        BackupError: the folder was moved since, or holds no plan that can be read.
        OSError: something could not be moved; what was not moved back still lies in the folder.
    """
    plan = _read_plan(aside)
    if plan is None:
        # The plan is written before anything is moved.
        shutil.rmtree(aside)
        return
    kept, brought = plan
    # Nothing is put in before everything lies aside, and all that was put in is taken out before anything moves back.
    if all(os.path.lexists(aside / name) for name in kept):
        for target, sha256 in brought.items():
            if sha256 is None or (target.is_file() and file_sha256(target) == sha256):
                _remove(target)
    for name, path in kept.items():
        if os.path.lexists(aside / name):
            # A thing lies aside once it is whole there; what is in its place is new, or left of moving between disks.
            _remove(path)
            _move(aside / name, path)
    shutil.rmtree(aside)


def _write_plan(aside: Path, kept: Mapping[str, Path], brought: Mapping[Path, Path]) -> None:
    plan = {
        "folder": str(aside.parent.resolve()),
        "kept": {name: str(path.absolute()) for name, path in kept.items()},
        # A file of the same name that somebody else put there is not this exchange's to remove.
        "brought": {
            str(target.absolute()): None if source.is_dir() else file_sha256(source)
            for target, source in brought.items()
        },
    }
    write_text(aside / _PLAN, json.dumps(plan, indent=1) + "\n")


def _read_plan(aside: Path) -> tuple[dict[str, Path], dict[Path, str | None]] | None:
    file = aside / _PLAN
    if not file.is_file() and all(path.name.startswith(f".{_PLAN}.") for path in aside.iterdir()):
        return None
    try:
        plan = json.loads(file.read_text(encoding="utf-8"))
        kept = {name: Path(path) for name, path in plan["kept"].items()}
        brought = {Path(target): sha256 for target, sha256 in plan["brought"].items()}
        folder = plan["folder"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(
            file=file,
            reason=f"it cannot be read ({error}), so nobody knows where the things beside it came from",
            fix="Move them back by hand; each is called by a number and its name",
        ) from error
    if folder != str(aside.parent.resolve()):
        raise BackupError(
            file=aside,
            reason=f"it was left in {folder} and has been moved since",
            fix=f"Move the data folder back to {folder} first",
        )
    return kept, brought


def _put_in(source: Path, target: Path) -> None:
    if target.is_dir() and not target.is_symlink() and not any(target.iterdir()):
        target.rmdir()
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "something was put there meanwhile", str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    _move(source, target)


def _move(source: Path, target: Path) -> None:
    """Move a file or folder; `target` appears whole or not at all, on another disk too."""
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    try:
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, part, symlinks=True)
        else:
            shutil.copy2(source, part, follow_symlinks=False)
        part.rename(target)
    finally:
        _remove(part)
    _remove(source)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
