from __future__ import annotations

import json
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import polars as pl
import pytest

from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.delivery_log import DeliveryLog, DeliveryRecord, content_by_month
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS

JANUARY, FEBRUARY = date(2023, 1, 1), date(2023, 2, 1)
COLUMNS = ("id", "note")


def rows(*cells: tuple[str | None, str | None], month: date = JANUARY) -> pl.DataFrame:
    frame = pl.DataFrame(list(cells), schema=dict.fromkeys(COLUMNS, pl.String()), orient="row")
    return frame.with_columns(snapshot_month=pl.lit(month))


def record(month: date, sha256: str, replaced: str | None = None, source: str = "loans") -> DeliveryRecord:
    return DeliveryRecord(source, month, sha256, replaced, 3, ("a.csv",), "run")


def test_neither_order_nor_repetition_changes_the_content_of_a_month() -> None:
    plain = content_by_month(rows(("a", "x"), ("b", "y")), COLUMNS)
    assert content_by_month(rows(("b", "y"), ("a", "x"), ("b", "y")), COLUMNS) == plain
    assert plain[JANUARY].distinct_rows == 2


@pytest.mark.parametrize(
    "other",
    [
        rows(("a", "x")),
        rows(("a", "x"), ("b", "z")),
        rows(("a", "x"), ("b", "y"), ("c", "z")),
        rows(("ax", ""), ("b", "y")),
    ],
    ids=["a row less", "another cell", "a row more", "text in another column"],
)
def test_other_rows_are_other_content(other: pl.DataFrame) -> None:
    assert content_by_month(other, COLUMNS) != content_by_month(rows(("a", "x"), ("b", "y")), COLUMNS)


def test_an_empty_cell_and_a_missing_one_are_the_same_content() -> None:
    assert content_by_month(rows(("a", None)), COLUMNS) == content_by_month(rows(("a", "")), COLUMNS)


def test_months_are_hashed_apart() -> None:
    both = pl.concat([rows(("a", "x")), rows(("b", "y"), month=FEBRUARY)])
    assert content_by_month(both, COLUMNS) == {
        **content_by_month(rows(("a", "x")), COLUMNS),
        **content_by_month(rows(("b", "y"), month=FEBRUARY), COLUMNS),
    }


def test_the_hash_of_known_rows_never_changes_between_releases() -> None:
    content = content_by_month(rows(("a", "x"), ("b", None)), COLUMNS)[JANUARY]
    # sha256 of "a\x1fx\x1eb\x1f"
    assert content.sha256 == "9f0384e428eb65d629b3d679b7e2fb617dc7f7fdf29b7da78378c3e0ae6c8cc0"


def test_the_latest_record_of_a_month_counts(lake: Lake) -> None:
    log = DeliveryLog(lake.layout)
    assert log.accepted("loans") == {}
    log.append([record(JANUARY, "1"), record(FEBRUARY, "2"), record(JANUARY, "9", source="clicks")])
    log.append([record(JANUARY, "3", replaced="1")])
    assert {month: found.content_sha256 for month, found in log.accepted("loans").items()} == {
        JANUARY: "3",
        FEBRUARY: "2",
    }
    assert [found.replaced_sha256 for found in log.records()] == [None, None, None, "1"]
    lines = [json.loads(line) for line in lake.layout.deliveries().read_text().splitlines()]
    assert all(line["time"].endswith("+00:00") for line in lines)


def test_a_torn_last_line_is_left_out_and_then_overwritten(lake: Lake) -> None:
    log = DeliveryLog(lake.layout)
    log.append([record(JANUARY, "1")])
    with lake.layout.deliveries().open("ab") as stream:
        stream.write(b'{"source": "loa')
    assert len(log.records()) == 1
    log.append([record(FEBRUARY, "2")])
    assert [found.content_sha256 for found in log.records()] == ["1", "2"]


def _append_many(folder: Path, name: str) -> None:
    layout = Layout.of(folder, folder, LOANS)
    for number in range(20):
        DeliveryLog(layout).append([record(JANUARY, f"{name}{number}", source=name)])


def test_processes_append_beside_each_other_without_losing_a_line(lake: Lake) -> None:
    context = get_context("spawn")
    processes = [context.Process(target=_append_many, args=(lake.layout.data_dir, name)) for name in ("a", "b")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    records = DeliveryLog(lake.layout).records()
    for name in ("a", "b"):
        mine = [found.content_sha256 for found in records if found.source == name]
        assert mine == [f"{name}{number}" for number in range(20)]
