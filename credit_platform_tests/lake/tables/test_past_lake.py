"""The past as a folder: what stood where at a place in the log, and how many decisions there were."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.lake.governance.audit import AuditLog, Entry
from credit_platform.lake.tables.monthly import Lake
from credit_platform.lake.tables.past_lake import PastLake
from credit_platform.lake.tables.table_versions import TableVersionLog

TABLE, MONTH = "gold/label_store", date(2023, 1, 1)


def write(lake: Lake, value: int) -> str:
    lake.write(TABLE, pl.DataFrame({"snapshot_month": [MONTH], "n": [value]}), [MONTH])
    return TableVersionLog(lake.layout).records()[-1].sha256


def register(lake: Lake, version: str) -> None:
    entry = Entry("registered", "model", version, "training", (), MONTH, details={"manifest_sha256": version})
    AuditLog(lake.layout).append(entry)


def value_in(past: PastLake) -> int:
    return int(pl.read_parquet(past.layout.month_file(TABLE, MONTH))["n"][0])


@pytest.fixture
def past(lake: Lake, tmp_path: Path) -> PastLake:
    (tmp_path / "past").mkdir()
    return PastLake(lake.layout, tmp_path / "past")


def test_a_month_stands_as_each_of_its_editions(lake: Lake, past: PastLake) -> None:
    editions = [write(lake, value) for value in (1, 2, 3)]
    for place in (0, 2, 1):
        past.put_version(TABLE, MONTH, editions[place])
        assert value_in(past) == place + 1
    past.remove(TABLE, MONTH)
    assert past.lake.months(TABLE) == []
    assert past.lost == set()


def test_writing_in_the_past_leaves_the_data_folder_alone(lake: Lake, past: PastLake) -> None:
    sha256 = write(lake, 1)
    past.put_version(TABLE, MONTH, sha256)
    past.lake.write(TABLE, pl.DataFrame({"snapshot_month": [MONTH], "n": [7]}), [MONTH])
    assert value_in(past) == 7
    assert pl.read_parquet(lake.layout.month_file(TABLE, MONTH))["n"].to_list() == [1]
    assert len(TableVersionLog(lake.layout).records()) == 1
    assert not (lake.layout.data_dir / "archive").exists()


def test_an_edition_that_no_file_holds_is_noted_and_what_stands_there_is_taken(lake: Lake, past: PastLake) -> None:
    sha256 = write(lake, 1)
    file = lake.layout.month_file(TABLE, MONTH)
    pl.DataFrame({"snapshot_month": [MONTH], "n": [9]}).write_parquet(file)
    past.put_version(TABLE, MONTH, sha256)
    assert (value_in(past), past.lost) == (9, {(TABLE, MONTH)})
    file.unlink()
    past.put_version(TABLE, MONTH, sha256)
    assert not past.lake.has(TABLE, MONTH)
    assert write(lake, 1) == sha256
    past.put_version(TABLE, MONTH, sha256)
    assert (value_in(past), past.lost) == (1, set())


def test_the_audit_log_ends_where_it_ended_then_and_is_a_sound_chain(lake: Lake, past: PastLake) -> None:
    for version in ("a", "b", "c"):
        register(lake, version)
    for n in (0, 2, 3, 1):
        past.decide(n)
        log = AuditLog(past.layout)
        assert [record.entry.model_version for record in log.records()] == ["a", "b", "c"][:n]
        assert log.verify() == []
    assert len(AuditLog(lake.layout).records()) == 3
