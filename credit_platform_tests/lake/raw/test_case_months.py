"""Months of a book without a calendar: cases are drawn evenly by label, what belongs to a case follows it."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit_platform.errors import SourceError
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.case_months import CaseCalendar, DatedByCase
from credit_platform.lake.raw.sources import RawSource, read_delivery, source_files, source_months
from credit_platform.months import add_months, month_range
from credit_platform.policy.calendar_policy import AssignedCohortPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import AssignedMonths
from credit_platform.portfolios.source import CaseLink
from credit_platform.schemas.source_cells import SourceCells

FIRST = date(2020, 1, 1)
COHORTS = AssignedCohortPolicy(first=FIRST, labelled=4, unlabelled=2)
MONTHS = month_range(FIRST, add_months(FIRST, 5))
LABELLED, LATER = MONTHS[:4], MONTHS[4:]
COLUMNS = AssignedMonths(label="bad", date="snapshot_date")
CASES = RawSource(
    "case", ("id", "bad", "snapshot_date"), SourceCells(("id",)), required=True, optional=("bad", "snapshot_date")
)
CREDITS = RawSource(
    "credit", ("credit", "id"), SourceCells(("credit",)), required=False, foreign_stems=("credit_month",)
)
BALANCES = RawSource("credit_month", ("credit", "state"), SourceCells(("credit",)), required=False)
LINKS = {"case": CaseLink("id"), "credit": CaseLink("id"), "credit_month": CaseLink("credit", through="credit")}


def dated(source: RawSource, cohorts: AssignedCohortPolicy = COHORTS) -> RawSource:
    others = {"credit": (CREDITS, LINKS["credit"])}
    calendar = CaseCalendar(CASES, "id", COLUMNS, cohorts, others)
    fields = {name: getattr(source, name) for name in ("name", "columns", "cells", "required", "optional")}
    return RawSource(
        **fields,
        own_stems=source.own_stems,
        foreign_stems=source.foreign_stems,
        dating=DatedByCase(calendar, LINKS[source.name], source),
    )


def layout(folder: Path) -> Layout:
    (folder / "raw").mkdir(parents=True, exist_ok=True)
    return Layout.of(folder / "data", folder / "raw", LOANS)


def write(folder: Path, name: str, header: str, rows: Iterable[str]) -> None:
    text = "\n".join([header, *rows]) + "\n"
    file = folder / "raw" / name
    file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())


def book(folder: Path, *, n: int = 200) -> Layout:
    """Cases with a label, every tenth bad, a fifth as many without, one credit each, and a month of each credit."""
    found = layout(folder)
    write(folder, "case_train.csv", "id,bad", (f"{i},{int(i % 10 == 0)}" for i in range(n)))
    write(folder, "case_test.csv.gz", "id", (f"{i}" for i in range(n, n + n // 5)))
    write(folder, "credit.csv", "credit,id", (f"c{i},{i}" for i in range(2 * n)))
    write(folder, "credit_month.csv.gz", "credit,state", (f"c{i},{i % 3}" for i in range(2 * n)))
    return found


def rows(found: Layout, source: RawSource, cohorts: AssignedCohortPolicy = COHORTS) -> pl.DataFrame:
    return read_delivery(found, dated(source, cohorts), MONTHS).rows


def test_every_label_is_spread_evenly_over_the_labelled_months_and_the_others_over_later_ones(tmp_path: Path) -> None:
    cases = rows(book(tmp_path), CASES)
    counts = cases.group_by("snapshot_month", "bad").len().sort("snapshot_month", "bad")
    labelled = counts.filter(pl.col("bad").is_not_null())
    assert labelled["snapshot_month"].unique().sort().to_list() == LABELLED
    assert set(labelled.filter(bad="1")["len"]) == {5}
    assert set(labelled.filter(bad="0")["len"]) == {45}
    later = counts.filter(pl.col("bad").is_null())
    assert later.select("snapshot_month", "len").rows() == [(month, 20) for month in LATER]


def test_rows_follow_their_case_through_another_source_and_strangers_are_kept(tmp_path: Path) -> None:
    found = book(tmp_path)
    month_of = dict(rows(found, CASES).select("id", "snapshot_month").iter_rows())
    owed = rows(found, CREDITS)
    assert owed.height == 400
    assert all(month_of.get(case, month) == month for case, month in owed.select("id", "snapshot_month").iter_rows())
    of_credit = dict(owed.select("credit", "snapshot_month").iter_rows())
    balances = rows(found, BALANCES)
    assert balances.height == 400
    known = owed.filter(pl.col("id").is_in(list(month_of)))["credit"]
    followed = balances.filter(pl.col("credit").is_in(known.implode()))
    assert all(of_credit[one] == month for one, month in followed.select("credit", "snapshot_month").iter_rows())


def test_another_seed_gives_other_months_and_the_same_files_the_same(tmp_path: Path) -> None:
    found = book(tmp_path)
    other = COHORTS.model_copy(update={"seed": 1})
    assert rows(found, CASES).equals(rows(found, CASES))
    assert not rows(found, CASES)["snapshot_month"].equals(rows(found, CASES, other)["snapshot_month"])


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(30)))
def test_the_order_of_rows_does_not_matter(tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    months = []
    for indices in (range(30), order):
        folder = tmp_path_factory.mktemp("order")
        found = layout(folder)
        write(folder, "case.csv", "id,bad", (f"{i},{int(i % 3 == 0)}" for i in indices))
        months.append(rows(found, CASES).sort("id").select("id", "snapshot_month"))
    assert months[0].equals(months[1])


def test_a_month_in_the_name_and_a_delivered_date_are_believed(tmp_path: Path) -> None:
    found = layout(tmp_path)
    write(tmp_path, "case_2020_02.csv", "id,bad", ["1,0", "2,1"])
    write(tmp_path, "case_dated.csv", "id,bad,snapshot_date", ["3,0,2020-03-05", "4,1,2020-04-30"])
    write(tmp_path, "credit_2020_05.csv.gz", "credit,id", ["c1,1"])
    write(tmp_path, "credit.csv", "credit,id", ["c3,3", "c4,4.0"])
    assert dict(rows(found, CASES).select("id", "snapshot_month").iter_rows()) == {
        "1": MONTHS[1], "2": MONTHS[1], "3": MONTHS[2], "4": MONTHS[3]
    }  # fmt: skip
    assert dict(rows(found, CREDITS).select("credit", "snapshot_month").iter_rows()) == {
        "c1": MONTHS[4], "c3": MONTHS[2], "c4": MONTHS[3]
    }  # fmt: skip
    assert source_months(found, dated(CASES)) == MONTHS[1:4]


def test_a_file_belongs_to_the_source_with_the_longest_name(tmp_path: Path) -> None:
    found = book(tmp_path)
    assert [file.name for file in source_files(found, CREDITS)] == ["credit.csv"]
    assert [file.name for file in source_files(found, BALANCES)] == ["credit_month.csv.gz"]


def test_rows_of_cases_delivered_later_are_read_again(tmp_path: Path) -> None:
    found = book(tmp_path)
    before = rows(found, CREDITS)
    write(tmp_path, "case_more.csv", "id,bad", (f"{i},1" for i in range(240, 400)))
    after = rows(found, CREDITS)
    assert before.height == after.height
    assert not before["snapshot_month"].equals(after["snapshot_month"])


def test_a_torn_gzip_file_is_refused_by_name(tmp_path: Path) -> None:
    found = book(tmp_path)
    file = tmp_path / "raw" / "credit_month.csv.gz"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(SourceError, match=r"credit_month\.csv\.gz.*gzip"):
        rows(found, BALANCES)


def test_a_column_that_may_be_lacking_is_empty_and_another_is_demanded(tmp_path: Path) -> None:
    found = book(tmp_path)
    assert rows(found, CASES).filter(pl.col("id").cast(pl.Int64) >= 200)["bad"].is_null().all()
    write(tmp_path, "case_train.csv", "bad", ["0"])
    with pytest.raises(SourceError, match="column id is missing"):
        rows(found, CASES)
