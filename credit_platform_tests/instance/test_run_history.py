"""The run history behaves as Dagster's own storage does, and lets go of what it holds."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from credit_platform.cli.instance import own_instance_text
from credit_platform.instance.run_history import HeldSqliteEventLogStorage, HeldSqliteStorage

pytestmark = pytest.mark.filterwarnings("ignore::dagster.PreviewWarning", "ignore::dagster.BetaWarning")


@dg.asset
def counted() -> int:
    return 1


def instance_at(home: Path) -> dg.DagsterInstance:
    (home / "dagster.yaml").write_text(own_instance_text(home))
    return dg.DagsterInstance.from_config(str(home))


def open_files(folder: Path) -> set[str]:
    links = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    return {link for link in links if link.startswith(str(folder))}


def test_the_instance_of_a_data_folder_uses_the_held_storage(tmp_path: Path) -> None:
    assert yaml.safe_load(own_instance_text(tmp_path))["storage"]["custom"]["class"] == HeldSqliteStorage.__name__
    with instance_at(tmp_path) as instance:
        assert isinstance(instance.event_log_storage, HeldSqliteEventLogStorage)


def test_runs_are_read_back_by_dagster_s_own_storage(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        run = dg.materialize([counted], instance=instance).dagster_run.run_id
    plain = {"storage": {"sqlite": {"base_dir": str(tmp_path / "storage")}}, "telemetry": {"enabled": False}}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(plain))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        materializations = instance.fetch_materializations(counted.key, limit=10).records
        assert [record.run_id for record in materializations] == [run]
        assert instance.all_logs(run)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to see which files are open")
def test_only_the_last_runs_are_held_and_none_after_the_end(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        for _ in range(7):
            dg.materialize([counted], instance=instance)
        held = {name for name in open_files(tmp_path) if name.endswith(".db") and "history/runs/" in name}
        assert 0 < len({Path(name).name for name in held} - {"index.db"}) <= 5
    assert not [name for name in open_files(tmp_path) if "history/runs/" in name and name.endswith(".db")]


def test_a_deleted_run_leaves_no_file_behind(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        run = dg.materialize([counted], instance=instance).dagster_run.run_id
        instance.delete_run(run)
        assert instance.fetch_materializations(counted.key, limit=10).records == []
        assert instance.get_run_by_id(run) is None


def test_events_of_one_transaction_are_stored_together_or_not_at_all(tmp_path: Path) -> None:
    with instance_at(tmp_path) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, HeldSqliteEventLogStorage)
        with storage.one_transaction():
            instance.report_runless_asset_event(dg.AssetMaterialization("kept"))
            assert instance.fetch_materializations(dg.AssetKey("kept"), limit=10).records, "seen by who stores it"
        with suppress(ZeroDivisionError), storage.one_transaction():
            instance.report_runless_asset_event(dg.AssetMaterialization("lost"))
            _ = 1 / 0
        assert len(instance.fetch_materializations(dg.AssetKey("kept"), limit=10).records) == 1
        assert not instance.fetch_materializations(dg.AssetKey("lost"), limit=10).records


def test_a_table_is_looked_for_until_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    look = SqliteEventLogStorage.has_table

    def counting(storage: SqliteEventLogStorage, table_name: str) -> bool:
        looked.append(table_name)
        return look(storage, table_name)

    monkeypatch.setattr(SqliteEventLogStorage, "has_table", counting)
    with instance_at(tmp_path) as instance:
        storage = instance.event_log_storage
        assert isinstance(storage, HeldSqliteEventLogStorage)
        assert storage.has_table("asset_event_tags")
        assert storage.has_table("asset_event_tags")
        assert not storage.has_table("of_a_later_release")
        assert not storage.has_table("of_a_later_release")
    assert looked.count("asset_event_tags") == 1
    assert looked.count("of_a_later_release") == 2
