"""One raw file as bytes: all at once, or whole lines of it at a time, so that no file is too large to be read.

What its name says about its form is here; how text becomes a table belongs to `readers`.
"""

import codecs
import errno
import gzip
import hashlib
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from credit_platform.errors import SourceError

FORMATS = {".csv": "CSV", ".csv.gz": "CSV", ".parquet": "Parquet"}
# Bytes of text that are read at once. A smaller file is read whole.
PART_BYTES = 48_000_000
# Lines of more parts than these are no lines.
_MOST_PARTS_OF_A_LINE = 4
_UTF_8 = ("utf-8", "utf-8-sig")
_OS_REASONS = {
    errno.ELOOP: "it is a link that leads back to itself",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOENT: "it is a link to a file that is not there",
    errno.EACCES: "this account may not read it",
}


class ReadWhole(Exception):  # noqa: N818 - no fault, but a way to read
    """Parts of a file do not tell what the whole of it does."""


def format_of(file: Path) -> str | None:
    """The ending of a file's name by which it is read; None for a name that ends otherwise.

    >>> format_of(Path("loans_2024_03.CSV.gz"))
    '.csv.gz'
    """
    return next((ending for ending in FORMATS if file.name.lower().endswith(ending)), None)


def file_content(source: str, file: Path) -> bytes:
    """All bytes of a file at one moment.

    Raises:
        SourceError: it cannot be read, or was being written meanwhile.
    """
    before = state_of(source, file)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _not_readable(source, file, error) from error
    if state_of(source, file) != before or len(content) != before[0]:
        raise changed_meanwhile(source, file)
    return content


def state_of(source: str, file: Path) -> tuple[int, ...]:
    """Size in bytes first, then what else of a file changes when it is written to.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        about = file.stat()
        _require_regular(source, file, about.st_mode)
    except OSError as error:
        raise _not_readable(source, file, error) from error
    return about.st_size, about.st_mtime_ns


def changed_meanwhile(source: str, file: Path) -> SourceError:
    """What to raise for a file that was written to while it was read."""
    return SourceError(
        source=source,
        culprit=file.name,
        reason="the file changed while it was read",
        fix="Wait until it is written completely; deliver under another name and rename when done.",
    )


def _not_readable(source: str, file: Path, error: OSError) -> SourceError:
    return SourceError(
        source=source,
        culprit=file.name,
        reason=f"not a readable file ({_OS_REASONS.get(error.errno or 0, error.strerror or 'unknown error')})",
        fix=f"Put the file itself there, readable for the account the platform runs under ({file}).",
    )


def _require_regular(source: str, file: Path, mode: int) -> None:
    """Refuse what would be waited for for ever, or never ends; a folder is refused by reading it."""
    kinds = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}
    kind = kinds.get(stat.S_IFMT(mode))
    if kind is not None:
        raise SourceError(
            source=source,
            culprit=file.name,
            reason=f"not a file but {kind}",
            fix=f"Put the file itself there, as a whole ({file}).",
        )


@dataclass(frozen=True)
class RawFile:
    """The bytes of one file, the same however often they are read.

    Attributes:
        source: whose file it is.
        path: the file.
    """

    source: str
    path: Path

    @cached_property
    def state(self) -> tuple[int, ...]:
        """What a file that is written to does not keep. Raises a SourceError where it cannot be read."""
        return state_of(self.source, self.path)

    @cached_property
    def is_small(self) -> bool:
        """Whether it is read whole; a Parquet file always is."""
        return self.state[0] <= PART_BYTES or format_of(self.path) == ".parquet"

    @cached_property
    def small_content(self) -> bytes:
        """All bytes of a small file."""
        return file_content(self.source, self.path)

    def content(self) -> bytes:
        """All bytes.

        Raises:
            SourceError: it cannot be read, or was written to since it was first looked at.
        """
        if self.is_small:
            return self.small_content
        content = file_content(self.source, self.path)
        self._require_unchanged()
        return content

    def sha256(self, fingerprint: str = "") -> str:
        """The hash of its bytes, and of what decides how they are read. Raises as `content` does."""
        if self.is_small:
            return hashlib.sha256(self.small_content + fingerprint.encode()).hexdigest()
        made = hashlib.sha256()
        with self.path.open("rb") as stream:
            while piece := stream.read(2**22):
                made.update(piece)
        self._require_unchanged()
        made.update(fingerprint.encode())
        return made.hexdigest()

    def texts(self, encoding: str) -> Iterator[bytes]:
        """Whole lines of a CSV file as UTF-8, many at a time.

        Raises:
            ReadWhole: it has lines without an end, or is not text of the encoding.
            SourceError: as `content`.
        """
        rest = b""
        try:
            for piece in self._pieces(encoding):
                rest += piece
                end = _end_of_lines(rest)
                if end:
                    yield rest[:end]
                    rest = rest[end:]
                elif len(rest) > _MOST_PARTS_OF_A_LINE * PART_BYTES:
                    raise ReadWhole
        except (UnicodeError, EOFError, zlib.error, OSError) as error:
            raise ReadWhole from error
        if rest:
            yield rest
        self._require_unchanged()

    def _pieces(self, encoding: str) -> Iterator[bytes]:
        name = codecs.lookup(encoding).name
        decoder = None if name in _UTF_8 else codecs.getincrementaldecoder(name)()
        with gzip.open(self.path) if format_of(self.path) == ".csv.gz" else self.path.open("rb") as stream:
            while piece := stream.read(PART_BYTES):
                yield decoder.decode(piece).encode() if decoder else piece
        if decoder:
            yield decoder.decode(b"", final=True).encode()

    def _require_unchanged(self) -> None:
        if state_of(self.source, self.path) != self.state:
            raise changed_meanwhile(self.source, self.path)


def _end_of_lines(text: bytes) -> int:
    """Where the last line ends that does not end within quotes; 0 where none does."""
    end = text.rfind(b"\n") + 1
    if b'"' not in text:
        return end
    while end and text.count(b'"', 0, end) % 2:
        end = text.rfind(b"\n", 0, end - 1) + 1
    return end
