"""What processes of the service counted, added up by month."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from credit_platform.lake.governance.service_minutes import RequestCounts, ServiceMinutes
from credit_platform.lake.layout import Layout
from credit_platform.portfolios.loans.portfolio import LOANS

MAY, JUNE = date(2024, 5, 1), date(2024, 6, 1)
PREDICT = ("/v1/predict", "single")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(tmp_path, tmp_path, LOANS)


def counts(n: int) -> RequestCounts:
    return RequestCounts({"2xx": n, "5xx": 1}, {"0.01": n, "inf": 1}, n + 1)


def test_processes_write_files_of_their_own_and_months_are_added_up(layout: Layout) -> None:
    first, second = ServiceMinutes(layout), ServiceMinutes(layout)
    first.append({"2024-05-31T23:59Z": {PREDICT: counts(2)}, "2024-06-01T00:00Z": {PREDICT: counts(1)}})
    first.append({"2024-06-01T00:01Z": {PREDICT: counts(4), ("/health", "none"): counts(9)}})
    second.append({"2024-06-01T00:01Z": {PREDICT: counts(8)}})
    assert first.of_month(MAY) == {PREDICT: counts(2)}
    june = RequestCounts({"2xx": 13, "5xx": 3}, {"0.01": 13, "inf": 3}, 16)
    assert second.of_month(JUNE) == {PREDICT: june, ("/health", "none"): counts(9)}
    files = sorted(file.parent.name for file in layout.service_minutes().rglob("*.jsonl"))
    assert files == ["2024-05", "2024-06", "2024-06"]


def test_a_month_without_service_has_nothing_and_nothing_is_written_without_requests(layout: Layout) -> None:
    ServiceMinutes(layout).append({})
    assert ServiceMinutes(layout).of_month(MAY) == {}
    assert not layout.service_minutes().exists()


def test_what_a_killed_process_left_of_a_line_is_left_out_and_cut_off_by_the_next(layout: Layout) -> None:
    minutes = ServiceMinutes(layout)
    minutes.append({"2024-05-01T00:00Z": {PREDICT: counts(1)}})
    [file] = layout.service_minutes().rglob("*.jsonl")
    with file.open("ab") as stream:
        stream.write(b'{"minute": "2024-05-01T00:01Z", "requ')
    assert minutes.of_month(MAY) == {PREDICT: counts(1)}
    minutes.append({"2024-05-01T00:02Z": {PREDICT: counts(1)}})
    assert minutes.of_month(MAY)[PREDICT].answers == {"2xx": 2, "5xx": 2}
