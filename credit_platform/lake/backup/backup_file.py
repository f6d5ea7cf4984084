"""A backup as one thing: files by name with their hashes, in a folder or a .tar.gz, whole or not there at all.

What goes into a backup, and in which order, is decided by who writes one.
"""

import hashlib
import io
import json
import shutil
import tarfile
import uuid
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Protocol

from credit_platform.errors import BackupError
from credit_platform.lake.files import whole_file

MANIFEST = "backup.json"
ARCHIVE_SUFFIX = ".tar.gz"
_FORMAT = 1


class Sink(Protocol):
    """Where the files of a backup go."""

    def put(self, name: str, content: bytes, mode: int) -> None:
        """Keep one file."""
        ...


@dataclass
class FolderSink:
    """A backup as a folder of plain files."""

    folder: Path

    def put(self, name: str, content: bytes, mode: int) -> None:
        """Write one file below the folder, with its rights."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_bytes(content)
        file.chmod(mode)


@dataclass
class ArchiveSink:
    """A backup as one compressed archive."""

    archive: tarfile.TarFile

    def put(self, name: str, content: bytes, mode: int) -> None:
        """Add one file to the archive, with its rights."""
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = len(content), mode
        self.archive.addfile(entry, io.BytesIO(content))


@dataclass
class BackupWriter:
    """A backup being written: every file that was put in, by its hash."""

    sink: Sink
    sha256: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, content: bytes, mode: int = 0o644) -> None:
        """Keep one file under a name of the backup, `data/...`, `raw/...` or `history/...`."""
        self.sink.put(name, content, mode & 0o777)
        self.sha256[name] = hashlib.sha256(content).hexdigest()

    def close(self, said: Mapping[str, object]) -> None:
        """Write the list of files, and what is `said` of the backup, behind everything else."""
        content = {"format": _FORMAT, **said, "sha256": dict(sorted(self.sha256.items()))}
        self.sink.put(MANIFEST, json.dumps(content, indent=1).encode(), 0o644)


@contextmanager
def new_backup(target: Path) -> Iterator[BackupWriter]:
    """A backup at `target`, an archive where its name ends in .tar.gz and a folder otherwise; readable by its owner.

    Raises:
        BackupError: something is there already.
    """
    if target.exists():
        raise BackupError(file=target, reason="it is there already", fix="Name another file; a backup replaces nothing")
    if target.name.endswith(ARCHIVE_SUFFIX):
        with whole_file(target, is_private=True) as part, tarfile.open(part, "w:gz", compresslevel=6) as archive:
            yield BackupWriter(ArchiveSink(archive))
        return
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex}.part")
    part.mkdir(parents=True, mode=0o700)
    try:
        yield BackupWriter(FolderSink(part))
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@dataclass(frozen=True)
class BackupReader:
    """A backup to restore from: what its list says, and its files after comparing them with it."""

    source: Path
    said: Mapping[str, object]
    sha256: Mapping[str, str]

    def unpack(self, folder: Path) -> None:
        """Write every file below `folder`, each after comparing its hash.

        Raises:
            BackupError: a file is missing, changed, or not on the list.
        """
        seen: set[str] = set()
        sink = FolderSink(folder)
        for name, content, mode in _files(self.source):
            if name == MANIFEST:
                continue
            if name not in self.sha256:
                raise self._refused(reason=f"{name} is in it and not in its {MANIFEST}")
            if hashlib.sha256(content).hexdigest() != self.sha256[name]:
                raise self._refused(reason=f"{name} has changed since it was backed up")
            seen.add(name)
            sink.put(name, content, mode)
        lost = sorted(set(self.sha256) - seen)
        if lost:
            raise self._refused(
                reason=f"{lost[0]} is missing, with {len(lost) - 1} others" if lost[1:] else f"no {lost[0]}"
            )

    def _refused(self, reason: str) -> BackupError:
        return BackupError(file=self.source, reason=reason, fix="Take another backup; nothing was restored")


def open_backup(source: Path) -> BackupReader:
    """Read what a backup says of itself.

    Raises:
        BackupError: it is not there, no backup, cut off, of a newer format, or names files outside its folders.
    """
    fix = "Name a folder or .tar.gz that credit-platform backup wrote"
    if not source.exists():
        raise BackupError(file=source, reason="it is not there", fix=fix)
    content = next((content for name, content, _ in _files(source) if name == MANIFEST), None)
    try:
        said = json.loads(content) if content is not None else None
    except ValueError:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("sha256"), dict):
        raise BackupError(file=source, reason=f"it holds no {MANIFEST}, so it is no backup or was cut off", fix=fix)
    if said.get("format") != _FORMAT:
        raise BackupError(
            file=source, reason=f"it has format {said.get('format')}", fix="Restore it by a newer release"
        )
    strangers = [name for name in said["sha256"] if not _is_inside(name)]
    if strangers:
        raise BackupError(file=source, reason=f"{strangers[0]} would lie outside the data folder", fix=fix)
    return BackupReader(source, said, said["sha256"])


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return len(parts) > 1 and parts[0] in {"data", "raw", "history"} and ".." not in parts and not name.startswith("/")


def _files(source: Path) -> Iterator[tuple[str, bytes, int]]:
    """Name, content and rights of every plain file of a backup."""
    try:
        if source.is_dir():
            for file in sorted(source.rglob("*")):
                if file.is_file():
                    yield file.relative_to(source).as_posix(), file.read_bytes(), file.stat().st_mode & 0o777
            return
        with tarfile.open(source, "r:gz") as archive:
            for entry in archive:
                stream = archive.extractfile(entry) if entry.isfile() else None
                with stream or nullcontext() as opened:
                    yield entry.name, opened.read() if opened else b"", entry.mode & 0o777
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise BackupError(
            file=source,
            reason=f"it cannot be read to its end ({error})",
            fix="Take another backup; nothing was restored",
        ) from error
