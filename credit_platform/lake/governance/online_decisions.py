"""The log of decisions taken online: one record per request that was answered, with every decision in it.

Each process writes segments of its own, a chain per file; which segments there are, and how each ended, is a chain
beside them. So several processes and restarts neither fork a chain nor lose one. A request is in the log, whole or not
at all, before it is answered. No customer is named in it. What a decision is made of belongs to `serving`; which
request was answered before, to `stored_answers`.
"""

import json
import os
import re
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

from credit_platform.errors import CaseError
from credit_platform.lake.files import cut_off_torn_line, one_at_a_time, to_line, whole_lines
from credit_platform.lake.hash_chain import ChainedLog, Head, chain_faults, head_line, head_of, next_line
from credit_platform.lake.layout import Layout
from credit_platform.lake.open_log import OpenLog, is_held

# A segment is read as a whole.
_SEGMENT_BYTES = 64 * 2**20
_DECISION_ID = re.compile(r"(\d{6}-[0-9a-f]{12})-([1-9]\d{0,11})-(0|[1-9]\d{0,5})", re.ASCII)
_VERIFY = "Run `credit-platform decision verify`, and restore what it names from a backup."


@dataclass(frozen=True)
class LogPlace:
    """Where a record is: its segment, its number there, and where its line begins and how many bytes it has."""

    segment: str
    sequence: int
    offset: int
    length: int

    def decision_id(self, index: int) -> str:
        """The id of one of the record's decisions, by its place from 0."""
        return f"{self.segment}-{self.sequence}-{index}"


@dataclass(frozen=True)
class LoggedRequest:
    """A record as it is in the log."""

    content: Mapping[str, Any]
    place: LogPlace


@dataclass
class _Segment:
    name: str
    log: OpenLog
    head_file: IO[bytes]
    head: Head

    def append(self, contents: Sequence[Mapping[str, Any]]) -> list[LoggedRequest]:
        lines: list[bytes] = []
        written: list[LoggedRequest] = []
        head, offset = self.head, self.log.size
        for content in contents:
            line, head = next_line(content, head)
            written.append(LoggedRequest(content, LogPlace(self.name, head.sequence, offset, len(line))))
            lines.append(line + b"\n")
            offset += len(line) + 1
        self.log.append(b"".join(lines))
        self.head = head
        # In place and not synced: it shows an end that somebody cut off, and may be behind after a loss of power.
        os.pwrite(self.head_file.fileno(), head_line(head), 0)
        return written


@dataclass
class OnlineDecisionWriter:
    """The one writer of a process. One thread at a time."""

    layout: Layout
    clock: Callable[[], datetime] = lambda: datetime.now(tz=UTC)
    segment_bytes: int = _SEGMENT_BYTES
    _segment: _Segment | None = field(default=None, init=False)

    def begin(self) -> dict[str, list[LoggedRequest]]:
        """Close what processes that died left open, begin a segment; the segments closed, each with its records.

        Raises:
            AuditError: the chain of segments is not as it was written.
            StorageError: the disk does not take the new segment.
        """
        with one_at_a_time(_segments(self.layout).file):
            events = _segment_events(self.layout).items()
            files = {name: segment_file(self.layout, name) for name, known in events if "closed" not in known}
            # What is missing shows when the log is verified.
            left = [name for name, file in files.items() if file.is_file() and not is_held(file)]
            for name in left:
                self._close_left(name)
        self._open()
        return {name: list(_requests(self.layout, name)) for name in left}

    @property
    def name(self) -> str:
        """The segment that is being written."""
        return self._current().name

    def turn_over(self) -> None:
        """Begin another segment where a month began, or where the one being written has become large.

        Raises:
            AuditError: the chain of segments is not as it was written.
            StorageError: the disk does not take it.
        """
        segment = self._current()
        if segment.log.size > self.segment_bytes or not segment.name.startswith(f"{self.clock():%Y%m}"):
            self.close()
            self._open()

    def append(self, contents: Sequence[Mapping[str, Any]]) -> list[LoggedRequest]:
        """Write records behind all others and sync them together, with the time.

        Raises:
            StorageError: the disk does not take them; none of them is in the log then.
        """
        time = self.clock().isoformat(timespec="milliseconds")
        return self._current().append([{"time": time, **content} for content in contents])

    def close(self) -> None:
        """Write down how the segment ended, and let go of it."""
        segment, self._segment = self._current(), None
        self._record(segment.name, "closed", records=segment.head.sequence, last_sha256=segment.head.sha256)
        segment.head_file.close()
        segment.log.close()

    def _current(self) -> _Segment:
        return self._segment or self._open()

    def _open(self) -> _Segment:
        now = self.clock()
        name = f"{now:%Y%m}-{uuid.uuid4().hex[:12]}"
        file = segment_file(self.layout, name)
        log = OpenLog.begin(file)
        try:
            opened = self._record(name, "opened")
        except BaseException:
            log.close()
            raise
        segment = _Segment(name, log, _head_file(file).open("wb", buffering=0), Head())
        segment.append([{"segment": name, "opened_sha256": json.loads(opened)["sha256"]}])
        self._segment = segment
        return segment

    def _record(self, name: str, event: str, **more: object) -> bytes:
        content = {"segment": name, "event": event, "time": self.clock().isoformat(timespec="milliseconds"), **more}
        return _segments(self.layout).append(lambda: content, unless=lambda _: False) or b""

    def _close_left(self, name: str) -> None:
        file = segment_file(self.layout, name)
        cut_off_torn_line(file)
        head = head_of(whole_lines(file))
        self._record(name, "closed", records=head.sequence, last_sha256=head.sha256)


@dataclass(frozen=True)
class OnlineDecisionLog:
    """The log of one data folder, for those who read it."""

    layout: Layout

    def requests(self, month: date | None = None, *, about: Collection[date] = ()) -> Iterator[LoggedRequest]:
        """Every request answered, or those of a month by the time of the answer, segment by segment.

        With `about` only those with a decision about a case of one of these months.
        """
        for name in _known_segments(self.layout):
            if month is None or name.startswith(f"{month:%Y%m}"):
                yield from _requests(self.layout, name, about)

    def at(self, place: LogPlace) -> LoggedRequest:
        """The record at a place that the log gave out."""
        with segment_file(self.layout, place.segment).open("rb") as stream:
            stream.seek(place.offset)
            return LoggedRequest(json.loads(stream.read(place.length)), place)

    def find(self, decision_id: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The request in which a decision was taken, and the decision.

        Raises:
            CaseError: no decision has this id.
        """
        matched = _DECISION_ID.fullmatch(decision_id)
        if matched is None:
            raise _unknown(decision_id, "it is not an id of a decision", "An id is like 202403-0a1b2c3d4e5f-17-0.")
        name, sequence, index = matched[1], int(matched[2]), int(matched[3])
        lines = whole_lines(segment_file(self.layout, name))
        if not 1 < sequence <= len(lines):
            raise _unknown(decision_id, "the log has no such decision", _VERIFY)
        content = json.loads(lines[sequence - 1])
        if index >= len(content["decisions"]):
            raise _unknown(decision_id, "its request has fewer decisions", _VERIFY)
        return content, content["decisions"][index]

    def faults_of(self, decision_id: str) -> list[str]:
        """Everything that is wrong with the chain of the segment that a decision is in."""
        name = segment_of(decision_id)
        return self._segment_faults(name, _segment_events(self.layout).get(name, {}))

    def verify(self, month: date | None = None, *, also: Collection[str] = ()) -> list[str]:
        """Everything that is wrong with the log, each with its file and line; empty when it is as it was written.

        Of a month only the chain of segments, the segments begun in it, and those in `also`.
        """
        chain = _segments(self.layout)
        faults = [f"{chain.file}: {fault}" for fault in chain.verify()]
        events = _segment_events(self.layout)
        for name, of_segment in events.items():
            if month is None or name in also or name.startswith(f"{month:%Y%m}"):
                faults += self._segment_faults(name, of_segment)
        for file in sorted(self.layout.online_decisions().glob("*/*.jsonl")):
            if f"{file.parent.name}-{file.stem}" not in events and whole_lines(file):
                faults.append(f"{file}: no process began it; somebody put it there")
        return faults

    def _segment_faults(self, name: str, events: Mapping[str, Mapping[str, Any]]) -> list[str]:
        file = segment_file(self.layout, name)
        if not file.is_file():
            return [f"{file}: it was removed"]
        # The head first: a process that writes meanwhile writes it last.
        head = _known_head(_head_file(file))
        lines = whole_lines(file)
        found = [str(fault) for fault in chain_faults(lines, head, behind=len(lines))]
        first = json.loads(lines[0]) if lines and not found else {}
        if first and first.get("opened_sha256") != events.get("opened", {}).get("sha256"):
            found.append("line 1: it does not follow the record by which the segment was begun")
        closed = events.get("closed")
        if closed is not None and (closed["records"], closed["last_sha256"]) != (
            len(lines),
            head_of(lines).sha256 if not found else closed["last_sha256"],
        ):
            found.append(f"it was closed with {closed['records']} records and has {len(lines)}: its end is another")
        return [f"{file}: {reason}" for reason in found]


def segment_of(decision_id: str) -> str:
    """The segment that a decision is in."""
    return decision_id.rsplit("-", 2)[0]


def segment_file(layout: Layout, name: str) -> Path:
    """The file of a segment."""
    month, own = name.split("-")
    return layout.online_decisions() / month / f"{own}.jsonl"


def _head_file(file: Path) -> Path:
    return file.with_suffix(".head.json")


def _known_head(file: Path) -> Head | None:
    try:
        content = json.loads(file.read_bytes())
        return Head(int(content["sequence"]), str(content["sha256"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _segments(layout: Layout) -> ChainedLog:
    folder = layout.online_decisions()
    return ChainedLog(folder / "segments.jsonl", folder / "segments_head.json")


def _segment_events(layout: Layout) -> dict[str, dict[str, dict[str, Any]]]:
    """Segment to what is written of it: `opened`, and `closed` where it was."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for line in whole_lines(_segments(layout).file):
        record = json.loads(line)
        found.setdefault(record["segment"], {})[record["event"]] = record
    return found


def _known_segments(layout: Layout) -> list[str]:
    return [name for name in _segment_events(layout) if segment_file(layout, name).is_file()]


def _requests(layout: Layout, name: str, about: Collection[date] = ()) -> Iterator[LoggedRequest]:
    # Most lines of a large log are of other months, and are not parsed.
    texts = [to_line({"snapshot_month": month.isoformat()})[1:-1] for month in about]
    offset = 0
    for sequence, line in enumerate(whole_lines(segment_file(layout, name)), start=1):
        # The first line says which segment it is.
        if sequence > 1 and (not texts or any(text in line for text in texts)):
            yield LoggedRequest(json.loads(line), LogPlace(name, sequence, offset, len(line)))
        offset += len(line) + 1


def _unknown(decision_id: str, reason: str, fix: str) -> CaseError:
    shown = decision_id if _DECISION_ID.fullmatch(decision_id) else "(not shown)"
    return CaseError(noun="decision", case=shown, reason=reason, fix=fix)
