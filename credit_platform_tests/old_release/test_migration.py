"""The verb `migrate`: what is refused before it, what it leaves, and that it may be broken off anywhere."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
)
from dagster._daemon.types import DaemonHeartbeat

from credit_platform.cli.instance import open_instance
from credit_platform.code_location import build_definitions
from credit_platform.errors import MigrationError
from credit_platform.lake.governance.alert_log import AlertLog
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.renamed_models import ModelNames, require_migrated
from credit_platform.lake.tables.table_versions import TableVersionLog
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import OF_THE_SERVICE
from credit_platform_tests.automation.retrain_ticks import look
from credit_platform_tests.old_release.folders import as_written, bring_up_to_date
from credit_platform_tests.old_release.migration_folders import COMMAND, LAST, contents, reported
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = [
    *PREVIEW_ALLOWED,
    pytest.mark.filterwarnings("ignore::credit_platform.previous_release.OldNameWarning"),
]


WHY = ("--reason", "r", "--approver", "a")


TEXTS = {".html", ".md", ".json", ".csv", ".txt"}


NAMES = ModelNames({"logistic_regression": "scorecard"}, ("plain_logistic_regression",))


@pytest.mark.parametrize(
    "verb",
    [
        ("models",),
        ("alerts",),
        ("audit", "show"),
        ("backfill", "--job", "score_month"),
        ("train", "--as-of", "2024-06"),
        ("replay", "--as-of", "2024-03"),
        ("explain", "LOAN"),
        ("score", "--model", "model_1", "--as-of", "2024-06"),
        ("rollback", "--model", "model_1", "--to", "x", *WHY),
        ("override-action", "--model", "model_2", "--month", "2024-06", "--to", "monitor", *WHY),
    ],
)  # fmt: skip
def test_before_it_verbs_of_models_refuse_and_name_it(unpacked: Path, verb: tuple[str, ...]) -> None:
    book = BookFolders(unpacked / "data", unpacked / "raw", unpacked / "policy")
    refused = book.verb(*verb)
    assert refused.returncode == 1
    assert COMMAND in refused.stderr
    assert "models/logistic_regression, prediction/logistic_regression" in refused.stderr


def test_before_it_status_and_doctor_say_what_to_do(unpacked: Path) -> None:
    book = BookFolders(unpacked / "data", unpacked / "raw", unpacked / "policy")
    shown, looked = book.verb("status"), book.verb("doctor", "--json")
    assert (shown.returncode, looked.returncode) == (0, 1)
    assert COMMAND in shown.stderr
    (found,) = [finding for finding in json.loads(looked.stdout)["findings"] if finding["check"] == "model keys"]
    assert (found["level"], COMMAND in found["mend"]) == ("error", True)


def test_before_it_the_code_location_loads_and_nothing_starts(unmigrated: BookFolders) -> None:
    settings = unmigrated.settings(last=LAST).model_copy(update={"automation": "running"})
    definitions = build_definitions(LOANS, settings)
    dg.Definitions.validate_loadable(definitions)
    repository = definitions.get_repository_def()
    usual = build_definitions(LOANS, settings.model_copy(update={"data_dir": unmigrated.data_dir / "none"}))
    assert {sensor.name for sensor in repository.sensor_defs} == {
        sensor.name for sensor in usual.get_repository_def().sensor_defs
    }
    with open_instance(settings) as instance:
        for sensor in repository.sensor_defs:
            requests, said, _ = look(sensor, repository, instance, None)
            assert (requests, COMMAND in str(said)) == ([], True)
            assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
        for schedule in repository.schedule_defs:
            data = schedule.evaluate_tick(dg.build_schedule_context(instance))
            assert (data.run_requests, COMMAND in str(data.skip_message)) == ([], True)


def test_before_it_a_run_fails_and_names_it(unmigrated: BookFolders) -> None:
    repository = build_definitions(LOANS, unmigrated.settings(last=LAST)).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(dg.DagsterError) as failed:
        repository.get_job("score_month").execute_in_process(partition_key="2024-06-01", instance=instance)
    assert isinstance(failed.value.__cause__, MigrationError)
    assert COMMAND in str(failed.value.__cause__)


def test_a_dry_run_says_what_would_be_done_and_changes_nothing(unmigrated: BookFolders) -> None:
    before = contents(unmigrated)
    done = unmigrated.verb("migrate", "--dry-run")
    assert done.returncode == 0, done.stderr
    for said in (
        "logistic_regression becomes scorecard, with 5 versions",
        "prediction/logistic_regression: 13 months written with the new key and moved to prediction/scorecard.",
        "monitoring/history: 7 months written with the new key.",
        "materializations would be reported again",
        "Nothing was changed.",
    ):
        assert said in done.stdout
    assert contents(unmigrated) == before
    assert sum(reported(unmigrated).values()) == 0


def test_it_does_nothing_the_second_time(own_old_book: BookFolders) -> None:
    before, audit = contents(own_old_book), len(AuditLog(own_old_book.layout).records())
    again = own_old_book.verb("migrate")
    assert (again.returncode, "nothing to migrate" in again.stdout) == (0, True)
    assert (contents(own_old_book), len(AuditLog(own_old_book.layout).records())) == (before, audit)


def test_nothing_is_left_under_the_old_key_and_what_was_there_is_kept(old_book: BookFolders, unpacked: Path) -> None:
    require_migrated(old_book.layout)
    lost = [name for name in contents(old_book) if "logistic_regression" in name and not name.startswith("archive/")]
    assert lost == []
    kept = {sha256(file.read_bytes()).hexdigest() for file in (old_book.data_dir / "archive").rglob("*.parquet")}
    files = [file for layer in ("prediction", "monitoring") for file in (unpacked / "data" / layer).rglob("*.parquet")]
    now = set(contents(old_book).values())
    assert {sha256(file.read_bytes()).hexdigest() for file in files} <= kept | now
    texts = [file for file in (old_book.data_dir / "reports").rglob("*") if file.suffix in TEXTS]
    assert len(texts) > 30
    assert [file for file in texts if "ogistic" in file.read_text()] == []


def test_logs_are_written_on_and_read_under_the_new_key(old_book: BookFolders, unpacked: Path) -> None:
    for log in ("audit/audit.jsonl", "audit/editions.jsonl", "alerts/ledger.jsonl"):
        assert (old_book.data_dir / log).read_bytes().startswith((unpacked / "data" / log).read_bytes())
    *before, last = AuditLog(old_book.layout).records()
    assert (last.entry.action, last.entry.model, last.entry.details) == (
        "model_renamed", "scorecard", {"former": "logistic_regression"},
    )  # fmt: skip
    assert {record.entry.model for record in before} == {"scorecard", "gradient_boosting"}
    versions = TableVersionLog(old_book.layout).records()
    assert not [version for version in versions if "logistic_regression" in version.table]
    assert [version.sequence for version in versions] == sorted(version.sequence for version in versions)
    alerts = AlertLog(old_book.layout).records()
    assert not [one for one in alerts.values() if "logistic" in f"{one.event.key} {one.event.title} {one.event.body}"]


def test_nothing_shows_as_missing_or_stale_that_did_not_before(own_old_book: BookFolders) -> None:
    settings = own_old_book.settings(last=LAST)
    graph = build_definitions(LOANS, settings).get_repository_def().asset_graph
    found: Counter[str] = Counter()
    with open_instance(settings) as instance:
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        for key in graph.executable_asset_keys:
            months = graph.get(key).partitions_def
            for month in months.get_partition_keys() if months else ():
                status = resolver.get_status(key, month).value
                if status != "FRESH" and key.path[0] in {"model", "quarantine", "prediction", "decision", "monitoring"}:
                    found[f"{key.to_user_string()} {status}"] += 1
        checks = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(["prediction", "scorecard"]), "rows_meet_the_contract"), limit=100
        )
    # Months without a training; comparison and actions, of which features are a new input; the balance, of which
    # quarantine is; the tables of a service that it did not have, which no month waits for.
    assert found == {
        **{f"{table} MISSING": 13 for table in OF_THE_SERVICE},
        "model/scorecard MISSING": 1,
        "model/gradient_boosting MISSING": 4,
        "monitoring/champion_challenger STALE": 7,
        "monitoring/gradient_boosting/action STALE": 7,
        "monitoring/scorecard/action STALE": 7,
        "monitoring/row_balance STALE": 18,
    }
    assert len({check.partition for check in checks}) == len(checks) == 13


def test_a_sensor_that_was_switched_on_goes_on_behind_what_it_has_seen(unmigrated: BookFolders) -> None:
    settings = unmigrated.settings(last=LAST)
    repository = build_definitions(LOANS, settings).get_repository_def()
    cursor = json.loads(as_written()["retrain_cursor"])
    wanted = {"model": "logistic_regression", "month": "2024-06-01", "version": "v", "asked": 1, "waited": 0}
    cursor["pending"] = [wanted]
    with open_instance(settings) as instance:
        location = RegisteredCodeLocationOrigin("credit_platform.definitions")
        origin = RemoteInstigatorOrigin(
            repository_origin=RemoteRepositoryOrigin(location, repository.name), instigator_name="retrain_on_action"
        )
        remembered = SensorInstigatorData(cursor=json.dumps(cursor))
        state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, remembered)
        instance.add_instigator_state(state)
    bring_up_to_date(unmigrated)
    with open_instance(settings) as instance:
        (state,) = instance.all_instigator_state()
        data = state.sensor_instigator_data
        now = json.loads(data.cursor or "" if data else "")
        (newest,) = instance.fetch_materializations(dg.AssetKey(["monitoring", "scorecard", "action"]), limit=1).records
    assert now["seen"] == {
        "gradient_boosting": cursor["seen"]["gradient_boosting"],
        "scorecard": newest.storage_id,
    }
    assert [one["model"] for one in now["pending"]] == ["scorecard"]


def test_it_is_refused_while_a_daemon_works(unmigrated: BookFolders) -> None:
    settings = unmigrated.settings(last=LAST)
    with open_instance(settings) as instance:
        for kind in instance.get_required_daemon_types():
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), kind, "id", []))
    before = contents(unmigrated)
    refused = unmigrated.verb("migrate")
    assert (refused.returncode, "a daemon works on this folder" in refused.stderr) == (1, True)
    assert contents(unmigrated) == before


def test_a_model_under_both_keys_is_refused(unmigrated: BookFolders) -> None:
    shutil.copytree(unmigrated.data_dir / "prediction/gradient_boosting", unmigrated.data_dir / "prediction/scorecard")
    before = contents(unmigrated)
    refused = unmigrated.verb("migrate")
    assert refused.returncode == 1
    assert "it holds both logistic_regression and scorecard" in refused.stderr
    assert "prediction/scorecard" in refused.stderr
    assert contents(unmigrated) == before


def test_a_folder_without_the_model_is_asked_for_its_labels_alone(unmigrated: BookFolders) -> None:
    for layer in ("models", "prediction", "monitoring"):
        shutil.rmtree(unmigrated.data_dir / layer)
    with pytest.raises(MigrationError, match="the previous release wrote gold/label_store; credit-platform migrate"):
        require_migrated(unmigrated.layout)
    shutil.rmtree(unmigrated.layout.table("gold/label_store"))
    done = unmigrated.verb("migrate")
    assert (done.returncode, "nothing to migrate" in done.stdout) == (0, True)
    require_migrated(unmigrated.layout)


def test_decisions_that_are_not_sound_are_not_taken_over(unmigrated: BookFolders) -> None:
    log = unmigrated.layout.audit_log()
    log.write_bytes(log.read_bytes().replace(b'"promoted"', b'"promotes"', 1))
    refused = unmigrated.verb("migrate")
    assert (refused.returncode, "are not sound" in refused.stderr) == (1, True)
    assert not unmigrated.layout.unfinished_migration().exists()


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("logistic_regression: early reads", "scorecard: early reads"),
        ("Model 1: Logistic regression", "Model 1: Scorecard"),
        ("data-figure='csi_logistic_regression'", "data-figure='csi_scorecard'"),
        ("plain_logistic_regression and logistic_regressions", "plain_logistic_regression and logistic_regressions"),
        (
            "![x](data:image/svg+xml;base64,TG9naXN0aWMgcmVncmVzc2lvbg==)",
            "![x](data:image/svg+xml;base64,U2NvcmVjYXJk)",
        ),
    ],
)
def test_models_are_renamed_by_whole_names(text: str, now: str) -> None:
    assert NAMES.text(text) == now
