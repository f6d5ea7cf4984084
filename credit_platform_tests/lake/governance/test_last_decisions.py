"""The table of what was decided online: one row per case, the last decision, whatever process took it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.errors import AuditError
from credit_platform.lake.governance.last_decisions import decided_online, last_decisions
from credit_platform.lake.governance.online_decisions import OnlineDecisionLog, OnlineDecisionWriter, segment_file
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import ONLINE_DECISIONS

MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)
NOON = datetime(2024, 6, 3, 12, tzinfo=UTC)


def decision(case: str, month: date = MAY, probability: float = 0.1, **more: object) -> dict[str, object]:
    """A decision as the service logs it."""
    return {
        "case": case,
        "snapshot_month": month.isoformat(),
        "input_sha256": "0" * 64,
        "model": "scorecard",
        "model_version": "v1",
        "raw_probability": probability,
        "default_probability": probability,
        "score": 600,
        "grade": "R1",
        "decision": "approve",
        "sample_role": "outside",
        "reasons": [{"code": "A1", "text": "Your age"}],
        "sources_present": "attributes",
        "shadow": [],
        "features": {"snapshot_month": month.isoformat(), "loan_id": case, "age": 40},
        "unseen": [],
        **more,
    }


def logged(lake: Lake, *requests: Sequence[dict[str, object]], at: datetime = NOON) -> list[str]:
    """Log requests in a segment of their own, a second after each other; the ids of their first decisions."""
    times = iter(range(1000))
    writer = OnlineDecisionWriter(lake.layout, lambda: at + timedelta(seconds=next(times)))
    writer.begin()
    ids = [
        one.place.decision_id(0)
        for request in requests
        for one in writer.append([{"provenance": "api", "decisions": list(request)}])
    ]
    writer.close()
    return ids


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(tmp_path, portfolio=LOANS)


def test_a_book_that_never_served_has_an_empty_table(lake: Lake) -> None:
    rows = decided_online(lake, [MAY, JUNE])
    assert rows.is_empty()
    assert lake.write(ONLINE_DECISIONS, rows, [MAY, JUNE]) == {MAY: 0, JUNE: 0}


def test_a_case_asked_again_has_its_last_decision_and_they_are_counted(lake: Lake) -> None:
    first, last = logged(lake, [decision("a"), decision("b", JUNE)], [decision("a", probability=0.4)])
    rows = decided_online(lake, [MAY])
    assert rows.select("loan_id", "default_probability", "decision_id", "n_decisions", "provenance").rows() == [
        ("a", 0.4, last, 2, "api")
    ]
    assert rows.select("reason_1", "reason_2", "customer_id").rows() == [("A1", None, None)]
    (june,) = decided_online(lake, [JUNE]).to_dicts()
    assert (june["loan_id"], june["decision_id"]) == ("b", f"{first[:-1]}1")
    lake.layout.tables[ONLINE_DECISIONS].validate(rows)


def test_who_applied_is_known_once_the_case_is_in_the_book(lake: Lake) -> None:
    logged(lake, [decision("a"), decision("b")])
    store = pl.DataFrame({"snapshot_month": [MAY], "loan_id": ["a"], "customer_id": ["CUS_1"]})
    lake.write("gold/feature_store", store, [MAY])
    assert decided_online(lake, [MAY, JUNE])["customer_id"].to_list() == ["CUS_1", None]


@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([MAY, JUNE])), min_size=1, max_size=3),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_the_last_is_the_latest_of_all_processes_and_the_same_log_gives_the_same_bytes(
    requests: list[list[tuple[str, date]]], data: st.DataObject
) -> None:
    with TemporaryDirectory() as folder:
        lake = Lake.at(folder, portfolio=LOANS)
        # Each request by a process of its own; the order of the files says nothing of the order of the answers.
        minutes = data.draw(st.permutations(range(len(requests))))
        for minute, request in zip(minutes, requests, strict=True):
            of_request = [decision(case, month, (minute + 1) / 10) for case, month in request]
            logged(lake, of_request, at=NOON + timedelta(minutes=minute))
        rows = decided_online(lake, [MAY, JUNE])
        lake.write(ONLINE_DECISIONS, rows, [MAY, JUNE])
        before = [lake.layout.month_file(ONLINE_DECISIONS, month).read_bytes() for month in (MAY, JUNE)]
        lake.write(ONLINE_DECISIONS, decided_online(lake, [JUNE, MAY]), [MAY, JUNE])
        assert before == [lake.layout.month_file(ONLINE_DECISIONS, month).read_bytes() for month in (MAY, JUNE)]
        assert last_decisions(OnlineDecisionLog(lake.layout), [MAY]).keys() == {MAY}
    asked = [(month, case, minute) for minute, one in zip(minutes, requests, strict=True) for case, month in one]
    expected = {
        (month, case): ((max(m for mo, c, m in asked if (mo, c) == (month, case)) + 1) / 10, n)
        for month, case in {(month, case) for month, case, _ in asked}
        for n in [sum((mo, c) == (month, case) for mo, c, _ in asked)]
    }
    found = rows.select("snapshot_month", "loan_id", "default_probability", "n_decisions").rows()
    assert {(month, case): (probability, n) for month, case, probability, n in found} == expected


def test_a_record_that_cannot_be_read_is_named_with_what_to_do(lake: Lake) -> None:
    [one] = logged(lake, [decision("a")])
    file = segment_file(lake.layout, one.rsplit("-", 2)[0])
    file.write_bytes(file.read_bytes().replace(b'"case":', b'"case"'))
    with pytest.raises(AuditError, match="decision verify"):
        decided_online(lake, [MAY])
