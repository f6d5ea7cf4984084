"""Backups as files: whole or refused, whatever was done to them."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit_platform.errors import BackupError
from credit_platform.lake.backup.backup_file import MANIFEST, new_backup, open_backup

FILES = {
    "data/platform.yaml": b"first_month: 2023-01-01\n",
    "data/gold/x/2023-01-01.parquet": b"PAR1",
    "raw/a.csv": b"",
}


def written(target: Path, files: dict[str, bytes] = FILES) -> Path:
    with new_backup(target) as backup:
        for name, content in files.items():
            backup.put(name, content, 0o600)
        backup.close({"created": "then"})
    return target


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", ["b", "b.tar.gz"])
def test_what_goes_in_comes_out_with_its_rights(tmp_path: Path, name: str) -> None:
    backup = written(tmp_path / name)
    assert backup.stat().st_mode & 0o077 == 0, "it holds personal data"
    open_backup(backup).unpack(tmp_path / "out")
    assert contents(tmp_path / "out") == FILES
    assert (tmp_path / "out" / "raw" / "a.csv").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, "out"]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(st.from_regex(r"(data|raw|history)/[a-z0-9]{1,8}", fullmatch=True), st.binary()))
def test_any_files_survive_an_archive(tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]) -> None:
    folder = tmp_path_factory.mktemp("any")
    open_backup(written(folder / "b.tar.gz", files)).unpack(folder / "out")
    assert contents(folder / "out") == files


@pytest.mark.parametrize("name", ["b", "b.tar.gz"])
def test_a_backup_replaces_nothing_and_one_that_fails_leaves_nothing(tmp_path: Path, name: str) -> None:
    written(tmp_path / name)
    with pytest.raises(BackupError, match="it is there already"):
        written(tmp_path / name)

    def dies() -> None:
        with new_backup(tmp_path / f"second-{name}") as backup:
            backup.put("data/x", b"1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dies()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def rewritten(folder: Path, change: Callable[[dict[str, str]], object]) -> None:
    said = json.loads((folder / MANIFEST).read_text())
    change(said["sha256"])
    (folder / MANIFEST).write_text(json.dumps(said))


BREAKS: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed": (lambda b: (b / "data" / "platform.yaml").write_bytes(b"first_month: 2022-01-01\n"), "has changed"),
    "missing": (lambda b: (b / "raw" / "a.csv").unlink(), "no raw/a.csv"),
    "added": (lambda b: (b / "data" / "more").write_bytes(b""), "data/more is in it and not in its"),
    "no list": (lambda b: (b / MANIFEST).unlink(), "no backup or was cut off"),
    "no json": (lambda b: (b / MANIFEST).write_text("{"), "no backup or was cut off"),
    "outside": (lambda b: rewritten(b, lambda files: files.update({"data/../../x": ""})), "outside the data folder"),
    "absolute": (lambda b: rewritten(b, lambda files: files.update({"/etc/passwd": ""})), "outside the data folder"),
    "format": (lambda b: (b / MANIFEST).write_text('{"format": 9, "sha256": {}}'), "it has format 9"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_backup_that_is_not_as_it_was_written_is_refused(tmp_path: Path, name: str) -> None:
    break_it, said = BREAKS[name]
    break_it(written(tmp_path / "b"))
    with pytest.raises(BackupError, match=said):
        open_backup(tmp_path / "b").unpack(tmp_path / "out")


def test_an_archive_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    archive = written(tmp_path / "b.tar.gz")
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(BackupError, match=r"to its end|cut off"):
        open_backup(archive).unpack(tmp_path / "out")
    with pytest.raises(BackupError, match="it is not there"):
        open_backup(tmp_path / "none.tar.gz")


def test_an_archive_with_flipped_bits_is_refused_wherever_they_are(tmp_path: Path) -> None:
    text = "".join(sha256(str(n).encode()).hexdigest() for n in range(1000)).encode()
    archive = written(tmp_path / "b.tar.gz", {"data/x": text})
    whole = archive.read_bytes()
    for place in range(0, len(whole), 211):
        archive.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        # Either it is refused, or these were bits that nothing rests on, and every hash agrees.
        with suppress(BackupError):
            open_backup(archive).unpack(tmp_path / "out")
            assert (tmp_path / "out" / "data" / "x").read_bytes() == text


def test_a_link_in_an_archive_is_never_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        link = tarfile.TarInfo("data/x")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        said = json.dumps({"format": 1, "sha256": {"data/x": "0" * 64}}).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(said)
        archive.addfile(entry, io.BytesIO(said))
    with pytest.raises(BackupError, match="data/x has changed"):
        open_backup(tmp_path / "b.tar.gz").unpack(tmp_path / "out")
