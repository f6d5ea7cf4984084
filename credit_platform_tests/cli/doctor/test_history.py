"""Every look at the run history, with real instances that are well and that are not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickData, TickStatus
from dagster._daemon.types import DaemonHeartbeat
from dagster._utils.error import SerializableErrorInfo

from credit_platform.cli.doctor.findings import DoctorFinding
from credit_platform.cli.doctor.history import check_daemon, check_databases, check_instigators, history_findings
from credit_platform.cli.instance import own_instance_text
from credit_platform.instance.shared_history import location_name
from credit_platform.portfolios.home_credit.portfolio import HOME_CREDIT
from credit_platform.portfolios.loans.portfolio import LOANS


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "book" / ".dagster"
    home.mkdir(parents=True)
    (home / "dagster.yaml").write_text(own_instance_text(home))
    return home


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


def by_check(findings: list[DoctorFinding]) -> dict[str, DoctorFinding]:
    return {finding.check: finding for finding in findings}


def test_an_instance_that_opens_is_well(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("x"))
    found = by_check(history_findings(home, LOANS, "stopped"))
    assert set(found) == {"history databases", "history", "daemon", "schedules and sensors"}
    assert {finding.level for finding in found.values()} == {"ok"}


def test_a_home_without_an_instance_is_only_a_warning(tmp_path: Path) -> None:
    (found,) = history_findings(tmp_path, LOANS, "stopped")
    assert (found.level, found.found) == ("warning", f"none yet at {tmp_path}")


@pytest.mark.parametrize("text", ["storage: [", "storage: {postgres: {}}\nno_such_key: 1\n"])
def test_a_dagster_yaml_that_does_not_work_is_an_error(home: Path, text: str) -> None:
    (home / "dagster.yaml").write_text(text)
    assert [finding.level for finding in history_findings(home, LOANS, "stopped")][-1] == "error"


def test_a_moved_folder_is_noticed(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_runs_count()
    moved = home.parent.rename(home.parents[1] / "elsewhere") / ".dagster"
    (found,) = history_findings(moved, LOANS, "stopped")
    assert found.level == "warning"
    assert f"still leads to {home}" in found.found
    assert "doctor --mend" in found.mend


def test_a_torn_database_is_an_error(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("x"))
    storage = home / "storage"
    assert check_databases(storage)[0].level == "ok"
    database = storage / "history" / "runs" / "index.db"
    content = database.read_bytes()
    database.write_bytes(content[:4096] + b"\0" * 8192 + content[12288:])
    (found,) = check_databases(storage)
    assert found.level == "error"
    assert "index.db" in found.found
    assert by_check(history_findings(home, LOANS, "stopped"))["history databases"] == found


def test_a_history_without_databases_is_only_a_warning(tmp_path: Path) -> None:
    assert check_databases(tmp_path)[0].level == "warning"


def test_a_silent_daemon_matters_where_automation_is_to_run(instance: dg.DagsterInstance) -> None:
    assert check_daemon(instance, "stopped").level == "ok"
    silent = check_daemon(instance, "running")
    assert silent.level == "warning"
    assert "no heartbeat of" in silent.found
    # Dagster itself would take the older one for alive for half an hour.
    for age, level in ((30, "ok"), (120, "warning")):
        for daemon_type in instance.get_required_daemon_types():
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - age, daemon_type, "test"))
        assert check_daemon(instance, "running").level == level


def test_a_sensor_whose_last_look_failed_is_named(instance: dg.DagsterInstance) -> None:
    assert check_instigators(instance, LOANS).level == "ok"
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(location_name(LOANS)), "__repository__")
    origin = RemoteInstigatorOrigin(repository, "retrain_on_action")
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING)
    instance.add_instigator_state(state)

    def tick(status: TickStatus, timestamp: float) -> None:
        data = TickData(
            instigator_origin_id=state.instigator_origin_id,
            instigator_name=state.instigator_name,
            instigator_type=InstigatorType.SENSOR,
            status=status,
            timestamp=timestamp,
            selector_id=state.selector_id,
            error=SerializableErrorInfo("it broke", [], None) if status == TickStatus.FAILURE else None,
            skip_reason="nothing to do" if status == TickStatus.SKIPPED else None,
        )
        instance.create_tick(data)

    tick(TickStatus.FAILURE, 1000.0)
    red = check_instigators(instance, LOANS)
    assert (red.level, red.found) == ("warning", "the last look of retrain_on_action failed")
    assert check_instigators(instance, HOME_CREDIT).level == "ok", "it is the sensor of another book"
    tick(TickStatus.SKIPPED, 2000.0)
    well = check_instigators(instance, LOANS)
    assert (well.level, well.found) == ("ok", "1 switched on")
