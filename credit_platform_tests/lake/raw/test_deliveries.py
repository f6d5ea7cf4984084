from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from credit_platform.lake.raw.deliveries import Received
from credit_platform.lake.raw.delivery_log import DeliveryLog, Receipt, read_receipts
from credit_platform.lake.tables.monthly import Lake
from credit_platform_tests.bad_inputs.delivery import (
    ATTRIBUTES,
    CLICKS,
    LOANS,
    MONTHS,
    deliver,
    read_rows,
    reception,
    write_rows,
)

JANUARY, FEBRUARY, MARCH, APRIL = MONTHS


def receive(lake: Lake, source: str, *, is_replacing: bool = False) -> Received:
    """Receive all months and store them as the asset does."""
    received = reception(lake, source, is_replacing=is_replacing).receive(MONTHS)
    lake.write(f"bronze/{source}", received.rows, MONTHS)
    return received


def failed(received: Received) -> Mapping[str, list[str]]:
    return {f"{receipt.month:%Y-%m}": list(receipt.failures) for receipt in received.receipts if receipt.failures}


def of(received: Received, number: int) -> Receipt:
    return received.receipts[number - 1]


def change_february(file: Path, text: str = "41") -> None:
    rows = read_rows(file)
    for row in rows[6:11]:
        row[rows[0].index("Age")] = text
    write_rows(file, rows)


def test_the_same_rows_delivered_again_are_taken_and_not_logged_again(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, ATTRIBUTES)
    receive(lake, ATTRIBUTES)
    logged = lake.layout.deliveries().read_bytes()
    rows = read_rows(file)
    write_rows(file, [rows[0], *reversed(rows[1:]), rows[3]])
    again = receive(lake, ATTRIBUTES)
    assert failed(again) == {}
    assert all(receipt.is_taken and receipt.replaced_sha256 is None for receipt in again.receipts)
    assert lake.layout.deliveries().read_bytes() == logged


def test_other_rows_of_a_built_month_are_refused_and_bronze_keeps_its_own(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, ATTRIBUTES)
    receive(lake, ATTRIBUTES)
    before = lake.layout.month_file(f"bronze/{ATTRIBUTES}", FEBRUARY).read_bytes()
    change_february(file)
    received = receive(lake, ATTRIBUTES)
    assert failed(received) == {"2023-02": ["unchanged"]}
    said = of(received, 2).failures["unchanged"]
    assert "credit-platform backfill --from 2023-02 --to 2023-02 --replace" in said
    assert "credit_platform/replace=true" in said
    assert not of(received, 2).is_taken
    assert lake.layout.month_file(f"bronze/{ATTRIBUTES}", FEBRUARY).read_bytes() == before


def test_replacing_takes_other_rows_and_logs_old_and_new_hash(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, ATTRIBUTES)
    old = of(receive(lake, ATTRIBUTES), 2).content_sha256
    change_february(file)
    received = receive(lake, ATTRIBUTES, is_replacing=True)
    assert failed(received) == {}
    assert of(received, 2).replaced_sha256 == old
    assert [r.replaced_sha256 for r in received.receipts if r.month != FEBRUARY] == [None, None, None]
    last = DeliveryLog(lake.layout).records()[-1]
    assert (last.month, last.replaced_sha256, last.content_sha256) == (FEBRUARY, old, of(received, 2).content_sha256)
    assert lake.scan(f"bronze/{ATTRIBUTES}", [FEBRUARY]).collect()["Age"].to_list() == ["41"] * 5
    # From now on the new rows are those the month is built from.
    assert failed(receive(lake, ATTRIBUTES)) == {}


def test_rows_that_fail_a_gate_do_not_take_the_place_of_good_ones(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, ATTRIBUTES)
    receive(lake, ATTRIBUTES)
    change_february(file, "many")
    received = receive(lake, ATTRIBUTES, is_replacing=True)
    assert failed(received) == {"2023-02": ["cells"]}
    assert not of(received, 2).is_taken
    assert lake.scan(f"bronze/{ATTRIBUTES}", [FEBRUARY]).collect()["Age"].to_list() == ["40"] * 5
    assert len(DeliveryLog(lake.layout).records()) == len(MONTHS)


def test_a_month_that_was_held_back_takes_the_corrected_file_without_more_ado(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, ATTRIBUTES)
    change_february(file, "many")
    assert failed(receive(lake, ATTRIBUTES)) == {"2023-02": ["cells"]}
    assert FEBRUARY not in DeliveryLog(lake.layout).accepted(ATTRIBUTES)
    deliver(lake.layout.raw_dir, ATTRIBUTES)
    assert failed(receive(lake, ATTRIBUTES)) == {}


def test_a_month_that_vanishes_from_a_required_source_keeps_its_rows_and_is_held_back(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, LOANS)
    receive(lake, LOANS)
    rows = read_rows(file)
    write_rows(file, [*rows[:6], *rows[11:]])
    received = receive(lake, LOANS)
    assert failed(received) == {"2023-02": ["month", "unchanged"]}
    assert lake.scan(f"bronze/{LOANS}", [FEBRUARY]).collect().height == 5


def test_rows_that_come_after_an_optional_month_was_built_without_any_are_other_rows(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, CLICKS)
    rows = read_rows(file)
    write_rows(file, rows[:16])
    assert failed(receive(lake, CLICKS)) == {}
    write_rows(file, rows)
    assert failed(receive(lake, CLICKS)) == {"2023-04": ["unchanged"]}
    assert failed(receive(lake, CLICKS, is_replacing=True)) == {}


def test_a_month_whose_table_was_deleted_takes_whatever_comes(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, ATTRIBUTES)
    receive(lake, ATTRIBUTES)
    lake.layout.month_file(f"bronze/{ATTRIBUTES}", FEBRUARY).unlink()
    change_february(file)
    assert failed(receive(lake, ATTRIBUTES)) == {}


def test_a_month_built_before_there_was_a_log_is_known_by_its_table(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, ATTRIBUTES)
    receive(lake, ATTRIBUTES)
    lake.layout.deliveries().unlink()
    for month in MONTHS:
        lake.layout.delivery_report(ATTRIBUTES, month).unlink()
    change_february(file)
    assert failed(receive(lake, ATTRIBUTES)) == {"2023-02": ["unchanged"]}


def test_late_rows_and_rows_of_the_future_are_counted(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, LOANS)
    header, *rows = read_rows(file)
    file.unlink()
    future = [*rows[0][:-1], "2030-01-01"]
    write_rows(lake.layout.raw_dir / f"{LOANS}_2023-01.csv", [header, *rows[:5], rows[5]])
    write_rows(lake.layout.raw_dir / f"{LOANS}_2023-02.csv", [header, *rows[6:10]])
    write_rows(lake.layout.raw_dir / f"{LOANS}_2023-03.csv", [header, *rows[10:15], rows[1]])
    write_rows(lake.layout.raw_dir / f"{LOANS}_2023-04.csv", [header, *rows[15:], future])
    received = receive(lake, LOANS)
    assert failed(received) == {}
    assert [receipt.numbers["rows_late"] for receipt in received.receipts] == [1, 0, 0, 0]
    assert [receipt.numbers["rows_ahead_of_their_file"] for receipt in received.receipts] == [0, 1, 0, 0]
    assert of(received, 4).numbers["rows_after_the_book"] == 1


def test_a_file_known_to_hold_no_wanted_month_is_not_read_again(lake: Lake) -> None:
    file = deliver(lake.layout.raw_dir, LOANS)
    header, *rows = read_rows(file)
    file.unlink()
    for n, month in enumerate(MONTHS):
        write_rows(lake.layout.raw_dir / f"{LOANS}_{month:%Y_%m}.csv", [header, *rows[5 * n : 5 * n + 5]])
    receive(lake, LOANS)
    ledger = pl.read_parquet(lake.layout.known_files(LOANS))
    spoilt = lake.layout.raw_dir / f"{LOANS}_2023_04.csv"
    spoilt.write_bytes(b"")
    received = reception(lake, LOANS).receive([JANUARY])
    assert failed(received) == {}
    left = ledger.filter(pl.col("snapshot_month") != APRIL)
    assert pl.read_parquet(lake.layout.known_files(LOANS)).equals(left)


def test_receipts_are_read_back_as_they_were_written(lake: Lake) -> None:
    deliver(lake.layout.raw_dir, ATTRIBUTES)
    received = receive(lake, ATTRIBUTES)
    assert list(read_receipts(lake.layout, ATTRIBUTES, MONTHS).values()) == list(received.receipts)
    assert read_receipts(lake.layout, LOANS, MONTHS) == {}
