"""A data folder of the old release, with its run history: today's release reads all of it and goes on from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest
import yaml

from credit_platform.cli.instance import INSTANCE_FILE, open_instance
from credit_platform.code_location import build_definitions
from credit_platform.lake.tables.catalog import monthly_tables
from credit_platform.lake.tables.sample_views import SAMPLES
from credit_platform.months import month_key
from credit_platform.portfolios.tables import DECISIONS
from credit_platform.settings import Settings, dagster_home
from credit_platform_tests.automation.retrain_ticks import look, tick
from credit_platform_tests.old_release.folders import as_written, expected, without_new_tables
from credit_platform_tests.small_book import MODELS, PREVIEW_ALLOWED, BookFolders, table_bytes

# Its policy has keys of the previous release.
pytestmark = [
    *PREVIEW_ALLOWED,
    pytest.mark.filterwarnings("ignore::credit_platform.previous_release.OldNameWarning"),
]
LAST = date(2024, 6, 1)
UNLABELLED = "gold/unlabelled"
# Parts of a model whose intervals, tests or statuses are others than in the old release, or that have new segments.
NEW_STATISTICS = ("early_reads", "estimate", "fair_lending", "performance", "stability", "action")


@pytest.fixture
def running(own_old_book: BookFolders) -> Settings:
    """The settings of an old book whose automation is switched on."""
    return own_old_book.settings(last=LAST).model_copy(update={"automation": "running"})


@pytest.fixture
def history(running: Settings) -> Iterator[dg.DagsterInstance]:
    """The run history of the old book."""
    with open_instance(running) as instance:
        yield instance


def test_the_definitions_of_the_old_book_load(old_book: BookFolders) -> None:
    settings = old_book.settings(last=LAST)
    definitions = build_definitions(settings.portfolio, settings)
    dg.Definitions.validate_loadable(definitions)


def test_every_table_has_its_months_and_every_version_its_place(old_book: BookFolders) -> None:
    done = old_book.verb("status", "--json")
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)
    assert [table for table in status["tables"] if table["missing"]] == []
    assert without_new_tables(status) == expected()["status"]


def test_the_versions_have_the_roles_and_results_they_had(old_book: BookFolders) -> None:
    done = old_book.verb("models", "--json")
    assert done.returncode == 0, done.stderr
    # Nothing went in for the interim, policy left nothing to people, no source was judged, and no newest cohort.
    # Gaps are judged by their intervals now, which are wide in so small a book.
    new: dict[str, object] = {"interim": False, "recommended": None, "availability": {}}
    gaps = ("max_train_validation_gap", "max_oot_test_gap")
    rows = [
        row
        | new
        | {"failed_gates": [gate for gate in row["failed_gates"] if gate not in gaps]}
        | {f"newest_mix_{sample}_roc_auc": row[f"{sample}_roc_auc"] for sample in ("test", "oot")}
        for row in expected()["models"]
    ]
    assert json.loads(done.stdout) == rows


def test_the_audit_log_is_sound(old_book: BookFolders) -> None:
    done = old_book.verb("audit", "verify", "--json")
    assert done.returncode == 0, done.stdout
    # The migration is a decision of its own.
    assert json.loads(done.stdout) == expected()["audit"] | {"records": expected()["audit"]["records"] + 1}


def test_the_open_alerts_are_read(old_book: BookFolders) -> None:
    done = old_book.verb("alerts")
    assert done.returncode == 0, done.stderr
    assert "scorecard: roc_auc floor" in done.stdout
    assert "logistic" not in done.stdout.lower()


def test_the_tables_and_the_views_over_them_are_those_of_the_old_release(old_book: BookFolders) -> None:
    lake = old_book.lake
    months = {table: [month_key(month) for month in lake.months(table)] for table in monthly_tables(lake.layout)}
    # Written by the migration.
    assert months.pop(UNLABELLED) == months["gold/label_store"]
    assert months.pop(DECISIONS) == months["prediction/scorecard"]
    assert months == expected()["months"]
    with closing(duckdb.connect(str(lake.layout.datamart), read_only=True)) as connection:
        views = connection.execute("select schema_name, view_name from duckdb_views() where not internal").fetchall()
    samples = {f"samples.{view}" for view in ("cohorts", "deciding", *SAMPLES)}
    # Of a renamed model under both keys.
    assert sorted(f"{schema}.{view}" for schema, view in views) == sorted(
        {*as_written()["views"], *expected()["views"], "gold.unlabelled", "decision.batch", *samples}
    )


def test_every_stored_month_is_of_the_schema_it_has_today(old_book: BookFolders) -> None:
    lake = old_book.lake
    for table in monthly_tables(lake.layout):
        assert lake.scan(table, lake.months(table)).collect().height >= 0


def test_the_run_history_opens_where_it_lies_now(
    unpacked: Path, running: Settings, history: dg.DagsterInstance
) -> None:
    written = yaml.safe_load((unpacked / "data" / ".dagster" / INSTANCE_FILE).read_text())
    assert written["storage"]["custom"]["module"] == "credit_platform.run_history"
    runs = history.get_runs()
    assert len(runs) > 10
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
    named = yaml.safe_load((dagster_home(running) / INSTANCE_FILE).read_text())
    assert named["storage"]["custom"]["module"] == "credit_platform.instance.run_history"
    assert named["storage"]["custom"]["config"]["base_dir"].startswith(str(running.data_dir))


def test_a_daemon_that_takes_over_starts_no_run_by_itself(running: Settings, history: dg.DagsterInstance) -> None:
    before = history.get_runs_count()
    repository = build_definitions(running.portfolio, running).get_repository_def()
    asked = {}
    for sensor in repository.sensor_defs:
        cursor: str | None = None
        for _ in range(2):
            requests, _, cursor = look(sensor, repository, history, cursor)
            asked[sensor.name] = asked.get(sensor.name, 0) + len(requests)
    assert asked == dict.fromkeys(asked, 0)
    assert {"retrain_on_action", "build_on_delivery", "continue_on_month_built"} <= set(asked)
    assert history.get_runs_count() == before


def test_a_daemon_that_goes_on_from_where_the_old_one_stood_starts_no_run(
    running: Settings, history: dg.DagsterInstance
) -> None:
    repository = build_definitions(running.portfolio, running).get_repository_def()
    cursor: str | None = as_written()["retrain_cursor"]
    for _ in range(3):
        requests, _, cursor = tick(repository, history, cursor)
        assert requests == []


def test_the_retrainings_that_were_carried_out_are_known_to_be_done(
    running: Settings, history: dg.DagsterInstance
) -> None:
    _, said, _ = tick(build_definitions(running.portfolio, running).get_repository_def(), history)
    assert (said or "").count("is done") == 4


@pytest.mark.slow
@pytest.mark.parametrize("month", sorted(expected()["replay"]))
def test_a_month_of_the_old_release_is_made_again_to_the_last_bit(old_book: BookFolders, month: str) -> None:
    """All but the figures whose intervals and tests are others now (decision 28), which are said to be unequal."""
    done = old_book.verb("replay", "--as-of", month, "--json")
    unequal = {table["table"] for table in json.loads(done.stdout)["tables"] if not table["is_equal"]}
    assert unequal == {
        *(f"monitoring/{model}/{part}" for model in MODELS for part in NEW_STATISTICS),
        "monitoring/history",
        "monitoring/champion_challenger",
    }
    assert done.returncode == 1


@pytest.mark.slow
def test_the_newest_month_is_scored_again_to_the_same_bytes(own_old_book: BookFolders) -> None:
    table = f"prediction/{expected()['status']['versions'][-1]['model']}"
    before = table_bytes(own_old_book, table, LAST)
    done = own_old_book.verb("backfill", "--from", "2024-06", "--to", "2024-06", "--job", "score_month")
    assert done.returncode == 0, done.stdout
    assert table_bytes(own_old_book, table, LAST) == before
