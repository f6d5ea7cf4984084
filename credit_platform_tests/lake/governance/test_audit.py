"""The audit log: what was written stays, and shows when it did not."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.errors import AuditError
from credit_platform.lake.governance.audit import AuditLog, Entry
from credit_platform.lake.hash_chain import Head, chain_faults, head_of, sealed, to_line
from credit_platform.lake.tables.monthly import Lake

ENTRY = Entry("registered", "m", "v1", "training", ("größer",), date(2024, 1, 1), policy_sha256="ab")
Lines = list[bytes]


def entry(version: str) -> Entry:
    return replace(ENTRY, model_version=version)


@pytest.fixture
def log(lake: Lake) -> AuditLog:
    """A log of five records."""
    written = AuditLog(lake.layout)
    for number in range(1, 6):
        written.append(entry(f"v{number}"))
    return written


def lines_of(log: AuditLog) -> Lines:
    return log.layout.audit_log().read_bytes().splitlines()


def write_lines(log: AuditLog, lines: Lines) -> None:
    log.layout.audit_log().write_bytes(b"".join(line + b"\n" for line in lines))


def test_records_come_back_in_order_each_holding_the_one_before(log: AuditLog) -> None:
    records = log.records()
    assert [record.entry for record in records] == [entry(f"v{number}") for number in range(1, 6)]
    assert [record.sequence for record in records] == [1, 2, 3, 4, 5]
    assert [record.previous_sha256 for record in records[1:]] == [record.sha256 for record in records[:-1]]
    assert all(record.time.endswith("+00:00") for record in records)
    assert log.verify() == []
    assert "größer" in log.layout.audit_log().read_text(encoding="utf-8")


def test_an_empty_folder_has_an_empty_log_that_is_in_order(lake: Lake) -> None:
    assert AuditLog(lake.layout).records() == []
    assert AuditLog(lake.layout).verify() == []


def test_an_entry_that_is_there_already_is_not_written(log: AuditLog) -> None:
    assert log.append(entry("v5"), unless=lambda records: records[-1].entry == entry("v5")) is None
    assert len(log.records()) == 5


def resealed(lines: Lines, place: int, **changes: object) -> Lines:
    """The lines with one record changed and given the right hash of its own, as a skilled hand would."""
    record = json.loads(lines[place]) | changes
    content = {key: value for key, value in record.items() if key not in {"sequence", "previous_sha256", "sha256"}}
    forged = sealed(content, Head(record["sequence"] - 1, record["previous_sha256"]))
    return [*lines[:place], to_line(forged), *lines[place + 1 :]]


def rechained(lines: Lines) -> Lines:
    """The lines sealed anew from the first, as whoever has the code can."""
    made: Lines = []
    for line in lines:
        record = json.loads(line)
        content = {key: value for key, value in record.items() if key not in {"sequence", "previous_sha256", "sha256"}}
        made.append(to_line(sealed(content, head_of(made))))
    return made


def assert_refused(log: AuditLog, line: int, said: str) -> None:
    before = log.layout.audit_log().read_bytes()
    fault = log.verify()[0]
    assert fault.line == line
    assert said in fault.reason
    with pytest.raises(AuditError, match=rf"cannot be trusted: line {line}"):
        log.records()
    with pytest.raises(AuditError, match=rf"cannot be trusted: line {line}"):
        log.append(entry("v6"))
    assert log.layout.audit_log().read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"v3"', b'"v9"', "does not have the hash"),
        (b'", "', b'","', "does not have the hash"),
        (b'"previous_sha256": "', b'"previous_sha256": "0', "does not have the hash"),
        (b"{", b"", "not a record"),
        (b"{", b"[]#", "not a record"),
    ],
)
def test_a_changed_line_is_named_and_nothing_is_read_or_written_any_more(
    log: AuditLog, old: bytes, new: bytes, said: str
) -> None:
    lines = lines_of(log)
    write_lines(log, [*lines[:2], lines[2].replace(old, new, 1), *lines[3:]])
    assert_refused(log, 3, said)


@pytest.mark.parametrize(
    ("kept", "line", "said"),
    [
        ([0, 1, 3, 4], 3, "number 4, expected 3"),
        ([1, 2, 3, 4], 1, "number 2, expected 1"),
        ([0, 1, 1, 2, 3, 4], 3, "number 2, expected 3"),
        ([0, 2, 1, 3, 4], 2, "number 3, expected 2"),
        ([0, 1, 2], 4, "ends with record 3 and had 5"),
        ([], 1, "ends with record 0 and had 5"),
    ],
)
def test_a_removed_inserted_or_moved_line_and_a_cut_off_end_are_named(
    log: AuditLog, kept: list[int], line: int, said: str
) -> None:
    lines = lines_of(log)
    write_lines(log, [lines[place] for place in kept])
    assert_refused(log, line, said)


@pytest.mark.parametrize(
    ("place", "line", "said"),
    [(2, 4, "does not follow the record before it"), (4, 5, "the head knows another hash")],
)
def test_a_record_forged_with_a_hash_of_its_own_shows_in_the_next_or_in_the_head(
    log: AuditLog, place: int, line: int, said: str
) -> None:
    write_lines(log, resealed(lines_of(log), place, actor="someone"))
    assert_refused(log, line, said)


@pytest.mark.parametrize(
    ("kept", "line", "said"),
    [
        ([0, 1, 2, 3, 4, 0, 1], 6, "added past it"),
        ([0, 1, 3, 4, 2], 5, "the head knows another hash"),
        ([0, 1, 2, 3], 5, "ends with record 4 and had 5"),
    ],
)
def test_a_whole_chain_sealed_anew_shows_in_the_head(log: AuditLog, kept: list[int], line: int, said: str) -> None:
    lines = lines_of(log)
    write_lines(log, rechained([lines[place] for place in kept]))
    assert_refused(log, line, said)


def test_a_missing_log_or_head_shows(log: AuditLog) -> None:
    log.layout.audit_head().rename(log.layout.audit_head().with_suffix(".kept"))
    assert "the head" in log.verify()[0].reason
    log.layout.audit_head().with_suffix(".kept").rename(log.layout.audit_head())
    log.layout.audit_log().unlink()
    assert "its end was cut off" in log.verify()[0].reason
    log.layout.audit_head().write_text("{")
    assert log.verify() == []  # With both gone nothing is left that could tell.


def test_a_line_cut_off_by_a_crash_is_left_out_and_written_over(log: AuditLog) -> None:
    file = log.layout.audit_log()
    file.write_bytes(file.read_bytes() + b'{"sequence": 6, "ti')
    assert len(log.records()) == 5
    log.append(entry("v6"))
    assert [record.entry.model_version for record in log.records()][-2:] == ["v5", "v6"]
    assert log.verify() == []


def test_a_crash_between_a_record_and_its_head_is_no_tampering(log: AuditLog) -> None:
    head = log.layout.audit_head().read_bytes()
    log.append(entry("v6"))
    log.layout.audit_head().write_bytes(head)
    assert log.verify() == []
    log.append(entry("v7"))
    assert log.verify() == []


def test_processes_that_write_at_the_same_time_keep_one_chain(lake: Lake) -> None:
    log = AuditLog(lake.layout)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(log.append, [entry(f"v{number}") for number in range(20)]))
    assert log.verify() == []
    assert {record.entry.model_version for record in log.records()} == {f"v{number}" for number in range(20)}


CONTENT = st.dictionaries(
    st.sampled_from("abc"), st.one_of(st.integers(), st.text('aü"\n', max_size=3), st.floats(allow_nan=False))
)


@given(st.lists(CONTENT, min_size=2, max_size=6), st.data())
def test_any_other_byte_in_any_line_shows_in_that_line_or_the_next(
    contents: list[dict[str, object]], data: st.DataObject
) -> None:
    lines: Lines = []
    for content in contents:
        lines.append(to_line(sealed(content, head_of(lines))))
    head = head_of(lines)
    assert chain_faults(lines, head) == []
    place = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[place]) - 1))
    other = bytes([data.draw(st.integers(0, 255).filter(lambda byte: byte != lines[place][at]))])
    changed = [*lines[:place], lines[place][:at] + other + lines[place][at + 1 :], *lines[place + 1 :]]
    assert chain_faults(changed, head)[0].line in {place + 1, place + 2}


@given(st.lists(CONTENT, min_size=2, max_size=6), st.data())
def test_any_removed_repeated_or_moved_line_shows(contents: list[dict[str, object]], data: st.DataObject) -> None:
    lines: Lines = []
    for content in contents:
        lines.append(to_line(sealed(content, head_of(lines))))
    order = data.draw(st.lists(st.integers(0, len(lines) - 1), max_size=7))
    moved = [lines[place] for place in order]
    assert (chain_faults(moved, head_of(lines)) == []) == (moved == lines)
