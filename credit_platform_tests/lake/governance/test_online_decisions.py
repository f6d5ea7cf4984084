"""The log of decisions taken online: its segments, and what shows when somebody or a crash changed them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.errors import AuditError, CaseError, StorageError
from credit_platform.lake.files import to_line
from credit_platform.lake.governance.online_decisions import (
    LogPlace,
    OnlineDecisionLog,
    OnlineDecisionWriter,
    segment_file,
)
from credit_platform.lake.hash_chain import Head, next_line, sealed
from credit_platform.lake.layout import Layout
from credit_platform.lake.open_log import OpenLog, is_held
from credit_platform.portfolios.loans.portfolio import LOANS

MAY = datetime(2024, 5, 31, 23, 59, tzinfo=UTC)
JUNE = datetime(2024, 6, 1, tzinfo=UTC)

Begin = Callable[[], OnlineDecisionWriter]


def request(name: str) -> dict[str, object]:
    return {"request_id": name, "decisions": [{"case": f"{name}-{n}"} for n in range(2)]}


def names(log: OnlineDecisionLog, month: date | None = None) -> list[str]:
    return [one.content["request_id"] for one in log.requests(month)]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(tmp_path, tmp_path, LOANS)


@pytest.fixture
def log(layout: Layout) -> OnlineDecisionLog:
    return OnlineDecisionLog(layout)


@pytest.fixture
def begun(layout: Layout) -> Iterator[Callable[[], OnlineDecisionWriter]]:
    """Writers that have begun; what they keep open is let go of at the end, as by a process that is killed."""
    writers: list[OnlineDecisionWriter] = []

    def begin() -> OnlineDecisionWriter:
        writers.append(OnlineDecisionWriter(layout, lambda: JUNE))
        writers[-1].begin()
        return writers[-1]

    yield begin
    for writer in writers:
        kill(writer)


def kill(writer: OnlineDecisionWriter) -> None:
    """Let go of what a writer keeps open, and write nothing down."""
    segment = writer._segment
    if segment is not None:
        segment.log.close()
        segment.head_file.close()


def left_open(layout: Layout, *requests: str) -> Path:
    """The segment of a process that was killed after it wrote these."""
    writer = OnlineDecisionWriter(layout, lambda: JUNE)
    writer.begin()
    for name in requests:
        writer.append([request(name)])
    kill(writer)
    return segment_file(layout, writer.name)


@given(st.dictionaries(st.text(), st.integers() | st.floats(allow_nan=False) | st.text(st.characters(codec="utf-8"))))
def test_a_line_made_at_once_is_the_sealed_record(content: dict[str, object]) -> None:
    content = {key.encode("utf-8", "replace").decode(): value for key, value in content.items()}
    head = Head(4, "a" * 64)
    line, after = next_line(content, head)
    record = sealed(content, head)
    assert (line, after) == (to_line(record), Head(5, str(record["sha256"])))


def test_what_was_written_is_found_by_its_id_and_its_place(begun: Begin, log: OnlineDecisionLog) -> None:
    writer = begun()
    first, second = writer.append([request("a"), request("b")])
    [third] = writer.append([request("ü")])
    assert names(log) == ["a", "b", "ü"]
    assert log.at(third.place).content["request_id"] == "ü"
    content, decision = log.find(second.place.decision_id(1))
    assert (content["request_id"], decision["case"], content["time"]) == (
        "b",
        "b-1",
        JUNE.isoformat(timespec="milliseconds"),
    )
    assert log.verify() == log.faults_of(first.place.decision_id(0)) == []
    writer.close()
    assert log.verify() == []


@pytest.mark.parametrize("wanted", ["x", "202406-0123456789ab-2-0", "../../x-2-0", "loan-1", "202406-0123456789AB-2-0"])
def test_an_id_that_nothing_has_is_explained(begun: Begin, log: OnlineDecisionLog, wanted: str) -> None:
    [written] = begun().append([request("a")])
    for one in (wanted, written.place.decision_id(2), LogPlace(written.place.segment, 3, 0, 0).decision_id(0)):
        with pytest.raises(CaseError, match="decision"):
            log.find(one)


def test_a_month_and_a_large_segment_begin_another(layout: Layout, log: OnlineDecisionLog) -> None:
    now = MAY
    writer = OnlineDecisionWriter(layout, lambda: now, segment_bytes=1_000)
    writer.begin()
    for name in "abcdefgh":
        writer.turn_over()
        writer.append([request(name)])
        now = JUNE if name == "b" else now
    assert names(log, date(2024, 5, 1)) == ["a", "b"]
    assert names(log, date(2024, 6, 1)) == list("cdefgh")
    assert len(list(layout.online_decisions().glob("202406/*.jsonl"))) > 1
    writer.close()
    assert log.verify() == []


def test_several_processes_have_segments_of_their_own(begun: Begin, layout: Layout, log: OnlineDecisionLog) -> None:
    writers = [begun() for _ in range(3)]
    for turn in range(3):
        for place, writer in enumerate(writers):
            writer.append([request(f"{place}{turn}")])
    assert sorted(names(log)) == sorted(f"{place}{turn}" for place in range(3) for turn in range(3))
    assert log.verify() == []
    another = OnlineDecisionWriter(layout)
    assert another.begin() == {}, "segments that are written were closed"
    kill(another)
    assert is_held(segment_file(layout, writers[1].name))


@pytest.mark.parametrize("torn", [b"", b'{"sequence": 4, "time', b"{}"])
def test_what_a_killed_process_left_is_closed_by_the_next(layout: Layout, log: OnlineDecisionLog, torn: bytes) -> None:
    file = left_open(layout, "a", "b")
    file.write_bytes(file.read_bytes() + torn)
    assert names(log) == ["a", "b"]
    assert log.verify() == []
    writer = OnlineDecisionWriter(layout, lambda: JUNE)
    left = writer.begin()
    kill(writer)
    assert [[one.content["request_id"] for one in records] for records in left.values()] == [["a", "b"]]
    assert file.read_bytes().endswith(b"}\n")
    assert log.verify() == []


def test_a_head_that_a_loss_of_power_left_behind_is_no_fault(layout: Layout, log: OnlineDecisionLog) -> None:
    file = left_open(layout, "a")
    head = file.with_suffix(".head.json")
    before = head.read_bytes()
    file2 = left_open(layout, "a", "b", "c")
    file2.with_suffix(".head.json").write_bytes(b"")
    assert log.verify() == []
    head.write_bytes(before)
    assert log.verify() == []


DAMAGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "a decision was changed": lambda lines: [*lines[:2], lines[2].replace(b"b-1", b"b-9"), *lines[3:]],
    "a record was removed": lambda lines: [*lines[:2], *lines[3:]],
    "two records changed places": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "the end was cut off": lambda lines: lines[:-1],
    "it begins otherwise": lambda lines: lines[1:],
    "it is empty": lambda _: [],
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("is_closed", [True, False])
def test_a_segment_that_was_tampered_with_shows(
    begun: Begin, layout: Layout, log: OnlineDecisionLog, damage: str, *, is_closed: bool
) -> None:
    writer = begun()
    places = [writer.append([request(name)])[0].place for name in "abc"]
    file = segment_file(layout, writer.name)
    if is_closed:
        writer.close()
    file.write_bytes(b"".join(DAMAGES[damage](file.read_bytes().splitlines(keepends=True))))
    assert log.verify() != []
    assert log.faults_of(places[0].decision_id(0)) != []
    assert str(file) in log.verify()[0]


def test_a_chain_forged_anew_shows(begun: Begin, layout: Layout, log: OnlineDecisionLog) -> None:
    writer = begun()
    writer.append([request("a")])
    file = segment_file(layout, writer.name)
    writer.close()
    first = json.loads(file.read_bytes().splitlines()[0])
    head, lines = Head(), list[bytes]()
    for content in (first, request("other")):
        line, head = next_line(content, head)
        lines.append(line + b"\n")
    file.write_bytes(b"".join(lines))
    file.with_suffix(".head.json").write_bytes(to_line({"sequence": 2, "sha256": head.sha256}))
    assert log.verify() == [f"{file}: it was closed with 2 records and has 2: its end is another"]


def test_a_segment_that_was_removed_added_or_unlisted_shows(layout: Layout, log: OnlineDecisionLog) -> None:
    file = left_open(layout, "a")
    copy = file.with_name("0123456789ab.jsonl")
    copy.write_bytes(file.read_bytes())
    assert log.verify() == [f"{copy}: no process began it; somebody put it there"]
    copy.unlink()
    content = file.read_bytes()
    file.unlink()
    assert log.verify() == [f"{file}: it was removed"]
    file.write_bytes(content)
    segments = layout.online_decisions() / "segments.jsonl"
    segments.write_bytes(b"")
    assert len(log.verify()) == 2
    with pytest.raises(AuditError):
        OnlineDecisionWriter(layout).begin()


def test_a_write_that_fails_leaves_nothing_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = OpenLog.begin(tmp_path / "log")
    log.append(b"first\n")
    monkeypatch.setattr("os.fsync", _no_space)
    with pytest.raises(StorageError, match="No space left"):
        log.append(b"second\n")
    monkeypatch.undo()
    log.append(b"third\n")
    log.close()
    assert (tmp_path / "log").read_bytes() == b"first\nthird\n"
    with pytest.raises(StorageError):
        OpenLog.begin(tmp_path / "log")


def test_behind_half_a_line_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = OpenLog.begin(tmp_path / "log")
    monkeypatch.setattr("os.fsync", _no_space)
    monkeypatch.setattr("os.ftruncate", _no_space)
    with pytest.raises(StorageError):
        log.append(b"first\n")
    monkeypatch.undo()
    with pytest.raises(StorageError, match="an earlier write failed half way"):
        log.append(b"second\n")
    log.close()


def _no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")
