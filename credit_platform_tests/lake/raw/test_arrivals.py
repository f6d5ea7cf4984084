"""What is seen of files that arrive: when they are whole, what they contain, and that nothing is read twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from credit_platform.assets.tables.bronze import sources
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw import arrivals as module
from credit_platform.lake.raw.arrivals import Arrivals, keep_arrivals, look, read_arrivals
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS

SOURCES = sources(LOANS, LOANS.load_policy().model)
NAME = "features_financials"
COLUMNS = SOURCES[NAME].columns
# A file's time of change is the machine's; a look so much later finds it quiet.
LATER = datetime.now(tz=UTC) + timedelta(days=1)
JANUARY, FEBRUARY = date(2024, 1, 1), date(2024, 2, 1)

Look = Callable[..., Arrivals]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "raw").mkdir()
    return Lake.at(tmp_path, portfolio=LOANS).layout


@pytest.fixture
def see(layout: Layout) -> Look:
    def seen(before: Arrivals = Arrivals(), now: datetime = LATER, settle_seconds: int = 60) -> Arrivals:  # noqa: B008
        return look(layout, SOURCES, now, settle_seconds=settle_seconds, before=before)

    return seen


def write(layout: Layout, rows: list[tuple[str, str]], name: str = f"{NAME}.csv") -> Path:
    """A file of some customers and snapshot dates, its other cells empty."""
    lines = [",".join(COLUMNS)]
    for customer, day in rows:
        lines.append(",".join({"Customer_ID": customer, "snapshot_date": day}.get(column, "") for column in COLUMNS))
    file = layout.raw_dir / name
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_settled_file_tells_its_months_and_is_read_once(layout: Layout, see: Look) -> None:
    write(layout, [("a", "2024-01-01"), ("b", "2024-01-01"), ("a", "2024-02-01")])
    seen = see()
    assert seen.months([NAME]) == [JANUARY, FEBRUARY]
    assert [seen.has(NAME, month) for month in (JANUARY, FEBRUARY, date(2024, 3, 1))] == [True, True, False]
    keep_arrivals(layout, seen)
    with patch.object(module, "kept_rows", side_effect=AssertionError("read twice")):
        assert see(read_arrivals(layout)) == seen


def test_a_file_that_was_just_written_is_not_read_before_it_has_been_quiet(layout: Layout, see: Look) -> None:
    write(layout, [("a", "2024-01-01")])
    now = datetime.now(tz=UTC)
    first = see(now=now)
    assert first.unsettled == [f"{NAME}.csv"]
    assert not first.has(NAME, JANUARY)
    again = see(first, now=now + timedelta(seconds=30))
    assert again.unsettled
    write(layout, [("a", "2024-01-01"), ("b", "2024-01-01")])
    grown = see(again, now=now + timedelta(seconds=59))
    assert grown.files[f"{NAME}.csv"].since == now + timedelta(seconds=59)
    assert see(grown, now=now + timedelta(seconds=130)).has(NAME, JANUARY)


def test_other_rows_of_a_month_give_another_content_and_the_same_in_another_order_do_not(
    layout: Layout, see: Look
) -> None:
    write(layout, [("a", "2024-01-01"), ("b", "2024-01-01"), ("a", "2024-02-01")])
    before = see()
    write(layout, [("a", "2024-02-01"), ("b", "2024-01-01"), ("a", "2024-01-01")])
    assert see(before).content(JANUARY) == before.content(JANUARY)
    write(layout, [("a", "2024-01-01"), ("c", "2024-01-01"), ("a", "2024-02-01")])
    after = see(before)
    assert after.content(JANUARY) != before.content(JANUARY)
    assert after.content(FEBRUARY) == before.content(FEBRUARY)


def test_rows_may_come_in_several_files_and_a_file_that_is_taken_away_takes_its_rows_along(
    layout: Layout, see: Look
) -> None:
    write(layout, [("a", "2024-01-01"), ("b", "2024-01-01")])
    whole = see().content(JANUARY)
    write(layout, [("a", "2024-01-01")])
    more = write(layout, [("b", "2024-01-01")], f"{NAME}_2024_01.csv")
    both = see()
    assert both.content(JANUARY) == whole
    more.unlink()
    assert see(both).content(JANUARY) != whole


def test_a_file_that_cannot_be_read_says_why_and_has_no_month(layout: Layout, see: Look) -> None:
    file = write(layout, [("a", "2024-01-01")])
    file.write_text("a,b\n1,2\n")
    seen = see()
    assert seen.months(SOURCES) == []
    problem = seen.files[file.name].problem
    assert problem is not None
    assert file.name in problem
    assert not seen.unsettled
    write(layout, [("a", "2024-01-01")])
    assert see(seen).has(NAME, JANUARY)


def test_what_was_seen_under_another_release_of_the_reader_is_looked_at_anew(layout: Layout, see: Look) -> None:
    write(layout, [("a", "2024-01-01")])
    keep_arrivals(layout, replace(see().asking(JANUARY, 1, datetime.now(tz=UTC)), read_by="polars 0.1"))
    assert read_arrivals(layout) == Arrivals()
