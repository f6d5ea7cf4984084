"""A chain of records: every line carries the hash of the line before it and its own; and the log that keeps one.

What the records mean belongs to the logs of `lake.governance`. A chain shows that nothing in it was changed, removed,
inserted or moved; that its end was cut off shows only against a head kept beside it.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from credit_platform.errors import AuditError
from credit_platform.lake.files import locked_for_reading, locked_for_writing, record_of, to_line, write_bytes

NOTHING_BEFORE = "0" * 64


@dataclass(frozen=True)
class Head:
    """The last record of a chain: its number, from 1, and its hash."""

    sequence: int = 0
    sha256: str = NOTHING_BEFORE


@dataclass(frozen=True)
class Fault:
    """What is wrong with a chain, and at which line, from 1."""

    line: int
    reason: str

    def __str__(self) -> str:
        """The fault as a sentence."""
        return f"line {self.line}: {self.reason}"


def sealed(content: Mapping[str, object], last: Head) -> dict[str, object]:
    """The record that follows `last`: the content with its number, the hash before it, and its own at the end.

    What a record of another place says of these three is left out.
    """
    record = _numbered(content, last)
    return {**record, "sha256": _own_hash(record)}


def next_line(content: Mapping[str, object], last: Head) -> tuple[bytes, Head]:
    """The line of the record that `sealed` makes, and the head it leaves; its content is written out once."""
    body = to_line(_numbered(content, last))
    sha256 = hashlib.sha256(body).hexdigest()
    return body[:-1] + f', "sha256": "{sha256}"}}'.encode(), Head(last.sequence + 1, sha256)


def _numbered(content: Mapping[str, object], last: Head) -> dict[str, object]:
    own = {name: value for name, value in content.items() if name not in {"sequence", "previous_sha256", "sha256"}}
    return {"sequence": last.sequence + 1, **own, "previous_sha256": last.sha256}


def _own_hash(record: Mapping[str, object]) -> str:
    return hashlib.sha256(to_line({key: value for key, value in record.items() if key != "sha256"})).hexdigest()


def head_of(lines: Sequence[bytes]) -> Head:
    """The head of a sound chain."""
    return Head(len(lines), json.loads(lines[-1])["sha256"]) if lines else Head()


def head_line(head: Head) -> bytes:
    """A head as it is kept beside the chain, line end included."""
    return to_line({"sequence": head.sequence, "sha256": head.sha256}) + b"\n"


def chain_faults(lines: Sequence[bytes], head: Head | None, *, behind: int = 1) -> list[Fault]:
    """Everything that is wrong with a chain, line by line.

    Args:
        lines: The stored lines without their ends.
        head: What was kept beside the chain; None when there is none.
        behind: How many records the head may be behind: that is how far a process gets that dies between the two.
    """
    faults: list[Fault] = []
    before = Head()
    for number, line in enumerate(lines, start=1):
        record = record_of(line)
        if record is None:
            faults.append(Fault(number, "it is not a record: it was changed after it was written"))
            before = Head(number, "")
            continue
        stated = str(record.get("sha256"))
        if stated != _own_hash(record) or to_line(record) != line:
            faults.append(
                Fault(number, "its content does not have the hash it states: it was changed after it was written")
            )
        if (record.get("sequence"), record.get("previous_sha256")) != (
            before.sequence + 1,
            before.sha256,
        ) and before.sha256:
            faults.append(
                Fault(
                    number,
                    f"it does not follow the record before it (number {record.get('sequence')}, expected "
                    f"{before.sequence + 1}): a record was changed, removed, inserted or moved here",
                )
            )
        sequence = record.get("sequence")
        before = Head(sequence if isinstance(sequence, int) else number, stated)
    return faults + _faults_of_end(lines, head, behind)


def _faults_of_end(lines: Sequence[bytes], head: Head | None, behind: int) -> list[Fault]:
    n = len(lines)
    if head is None:
        # Whoever dies while writing the first record leaves no head.
        return (
            [Fault(n, "the head that is kept beside the log is missing, so a cut-off end would not show")]
            if n > behind
            else []
        )
    if head.sequence > n:
        return [Fault(n + 1, f"the log ends with record {n} and had {head.sequence}: its end was cut off")]
    if head.sequence < n - behind:
        return [
            Fault(
                head.sequence + 1, f"the head knows {head.sequence} records, the log has {n}: some were added past it"
            )
        ]
    known = record_of(lines[head.sequence - 1]) if head.sequence else None
    if known is not None and known.get("sha256") != head.sha256:
        return [Fault(head.sequence, "it is not the record that was written: the head knows another hash")]
    return []


@dataclass(frozen=True)
class ChainedLog:
    """A file that only grows, one record a line, with its head in a file beside it."""

    file: Path
    head: Path

    def append(
        self, content: Callable[[], Mapping[str, object]], *, unless: Callable[[Sequence[bytes]], bool]
    ) -> bytes | None:
        """Write a record behind all others, safely beside other processes; None where `unless` holds of the lines.

        Raises:
            AuditError: the chain is broken; writing on would hide it.
            StorageError: the disk does not take it.
        """
        with locked_for_writing(self.file) as log:
            lines = log.lines()
            self._require_sound(lines)
            if unless(lines):
                return None
            line = to_line(sealed(content(), head_of(lines)))
            log.append(line)
            write_bytes(self.head, head_line(head_of([*lines, line])))
        return line

    def lines(self) -> list[bytes]:
        """Every record in the order it was written; a last line cut off by a crash is left out.

        Raises:
            AuditError: the chain is broken; no decision may rest on it.
        """
        with self.held() as lines:
            self._require_sound(lines)
        return lines

    def verify(self) -> list[Fault]:
        """Everything that is wrong with the chain, by line; empty when every record is as it was written.

        A record that was changed, removed, inserted or moved shows, and so does a cut-off end, unless the head beside
        the log was taken back as well.
        """
        with self.held() as lines:
            return chain_faults(lines, self._known_head())

    def held(self) -> AbstractContextManager[list[bytes]]:
        """Let nobody write on while the log and what it vouches for are read or copied."""
        # Between a record and its head a reader would see a chain that is longer than it should be.
        return locked_for_reading(self.file)

    def _require_sound(self, lines: Sequence[bytes]) -> None:
        faults = chain_faults(lines, self._known_head())
        if faults:
            raise AuditError(file=self.file, reason=str(faults[0]))

    def _known_head(self) -> Head | None:
        if not self.head.is_file():
            return None
        try:
            content = json.loads(self.head.read_bytes())
            return Head(int(content["sequence"]), str(content["sha256"]))
        except (ValueError, KeyError, TypeError):
            return None
