"""Editions: what the log learns of every write, and what is kept of a month whose place another one takes."""

from __future__ import annotations

import os
import stat
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.errors import StorageError
from credit_platform.lake.governance.audit import AuditLog, Entry
from credit_platform.lake.tables.monthly import Lake
from credit_platform.lake.tables.table_versions import TableVersionLog, file_sha256, version_file

TABLE, PRIVATE = "gold/label_store", "bronze/features_attributes"
MONTHS = [date(2023, 1, 1), date(2023, 2, 1)]


def rows(*values: int) -> pl.DataFrame:
    schema = {"snapshot_month": pl.Date, "n": pl.Int64}
    return pl.DataFrame({"snapshot_month": MONTHS[: len(values)], "n": values}, schema=schema)


def decide(lake: Lake) -> None:
    AuditLog(lake.layout).append(
        Entry("registered", "model", "v", "training", (), MONTHS[0], details={"manifest_sha256": "m"})
    )


def archived(lake: Lake) -> list[str]:
    return sorted(file.stem for file in (lake.layout.data_dir / "archive").rglob("*.parquet"))


def test_every_write_is_logged_in_order_with_policy_and_decisions(lake: Lake) -> None:
    under_policy = Lake(lake.layout, policy_sha256="p")
    under_policy.write(TABLE, rows(1, 2), MONTHS)
    decide(lake)
    lake.write(TABLE, rows(3), MONTHS[:1])
    first, second, third = TableVersionLog(lake.layout).records()
    assert [(e.sequence, e.month) for e in (first, second, third)] == [(1, MONTHS[0]), (1, MONTHS[1]), (2, MONTHS[0])]
    assert [(e.policy_sha256, e.audit_records) for e in (first, second, third)] == [("p", 0), ("p", 0), ("", 1)]
    assert third.sha256 == file_sha256(lake.layout.month_file(TABLE, MONTHS[0])) != first.sha256
    assert all(edition.table == TABLE and edition.time.endswith("+00:00") for edition in (first, third))


def test_a_month_whose_place_other_bytes_take_is_kept_and_found_by_its_hash(lake: Lake) -> None:
    lake.write(TABLE, rows(1, 2), MONTHS)
    former = TableVersionLog(lake.layout).records()[0]
    lake.write(TABLE, rows(3, 2), MONTHS)
    assert archived(lake) == [former.sha256]
    kept = lake.layout.former_version(TABLE, MONTHS[0], former.sha256)
    assert version_file(lake.layout, TABLE, MONTHS[0], former.sha256) == kept
    assert pl.read_parquet(kept)["n"].to_list() == [1]
    current = TableVersionLog(lake.layout).records()[-2].sha256
    assert version_file(lake.layout, TABLE, MONTHS[0], current) == lake.layout.month_file(TABLE, MONTHS[0])


def test_the_same_bytes_again_leave_nothing_in_the_archive(lake: Lake) -> None:
    for _ in range(2):
        lake.write(TABLE, rows(1, 2), MONTHS)
    assert archived(lake) == []
    first, _, again, _ = TableVersionLog(lake.layout).records()
    assert (first.sha256, again.sequence) == (again.sha256, 2)


def test_a_month_that_goes_there_and_back_again_is_kept_once_each(lake: Lake) -> None:
    for value in (1, 2, 1, 2):
        lake.write(TABLE, rows(value), MONTHS[:1])
    assert len(archived(lake)) == 2
    assert len({edition.sha256 for edition in TableVersionLog(lake.layout).records()}) == 2


@pytest.mark.parametrize("has_links", [True, False])
def test_private_files_stay_private_in_the_archive(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, *, has_links: bool
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    if not has_links:
        monkeypatch.setattr(os, "link", refuse)
    for value in (1, 2):
        lake.write(PRIVATE, rows(value).with_columns(Name=pl.lit("A"), SSN=pl.lit("1")), MONTHS[:1])
    (kept,) = (lake.layout.data_dir / "archive").rglob("*.parquet")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert file_sha256(kept) == kept.stem


def test_a_file_changed_by_hand_is_no_edition_any_more(lake: Lake) -> None:
    lake.write(TABLE, rows(1), MONTHS[:1])
    (edition,) = TableVersionLog(lake.layout).records()
    file = lake.layout.month_file(TABLE, MONTHS[0])
    rows(9).write_parquet(file)
    assert version_file(lake.layout, TABLE, MONTHS[0], edition.sha256) is None
    file.unlink()
    assert version_file(lake.layout, TABLE, MONTHS[0], edition.sha256) is None


def test_a_torn_last_line_is_left_out_and_then_overwritten(lake: Lake) -> None:
    lake.write(TABLE, rows(1), MONTHS[:1])
    with lake.layout.table_version_log().open("ab") as stream:
        stream.write(b'{"time": "20')
    assert len(TableVersionLog(lake.layout).records()) == 1
    lake.write(TABLE, rows(2), MONTHS[:1])
    assert [edition.sequence for edition in TableVersionLog(lake.layout).records()] == [1, 2]


def test_months_written_before_one_failed_are_logged(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pl.DataFrame.write_parquet

    def full(frame: pl.DataFrame, file: Path, **options: object) -> None:
        if frame["n"].to_list() == [2]:
            raise OSError(28, "No space left on device")
        real(frame, file, **options)  # pyrefly: ignore

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(StorageError, match="2023-02-01"):
        lake.write(TABLE, rows(1, 2), MONTHS)
    (edition,) = TableVersionLog(lake.layout).records()
    assert (edition.month, edition.sha256) == (MONTHS[0], file_sha256(lake.layout.month_file(TABLE, MONTHS[0])))


def test_a_log_that_cannot_be_written_is_explained(lake: Lake) -> None:
    lake.layout.table_version_log().mkdir(parents=True)
    with pytest.raises(StorageError, match=r"editions\.jsonl cannot be written"):
        lake.write(TABLE, rows(1), MONTHS[:1])
