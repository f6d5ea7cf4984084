"""Two books in one history: what commands, sensors and the UI do about one leaves the other alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pytest

from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.alerting import EndedRuns
from credit_platform.automation.run_spans import unfinished_runs
from credit_platform.cli.backup.backup import runs_under_way
from credit_platform.cli.backup.prune import delete, prunable
from credit_platform.cli.book import Book
from credit_platform.cli.instance import open_instance, shares_history
from credit_platform.code_location import build_definitions
from credit_platform.instance.shared_history import asset_key, is_own_key, own_runs
from credit_platform.settings import Settings, load_settings
from credit_platform_tests.automation.made_runs import made_by
from credit_platform_tests.small_book import BookFolders, run_verb
from credit_platform_tests.test_toy_portfolio import ADDRESS
from credit_platform_tests.toy_book import write_gym

NAMES = ("loans", ADDRESS)
MONTH = date(2023, 1, 1)
SOON = timedelta(minutes=1)


@dataclass(frozen=True)
class Site:
    """A folder with both books, each in its own, and one history."""

    root: Path

    def variables(self, name: str) -> dict[str, str]:
        folder = self.root / ("gym" if name == ADDRESS else "loans")
        return {
            "CREDIT_PORTFOLIO": name,
            "CREDIT_DATA_DIR": str(folder / "data"),
            "CREDIT_RAW_DIR": str(folder / "raw"),
            "DAGSTER_HOME": str(self.root / "history"),
            "COLUMNS": "200",
        }

    def verb(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_verb(*arguments, **self.variables(name))

    def settings(self, name: str) -> Settings:
        with patch.dict(os.environ, self.variables(name)):
            return load_settings()


@pytest.fixture(scope="module")
def built(small_book: BookFolders, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A month of both, each built twice, so that one run of each is superseded."""
    site = Site(tmp_path_factory.mktemp("site"))
    shutil.copytree(small_book.raw_dir, site.root / "loans" / "raw")
    write_gym(site.root / "gym" / "raw")
    for name in (*NAMES, *NAMES):
        done = site.verb(name, "backfill", "--job", "build_month", "--from", "2023-01", "--to", "2023-01")
        assert done.returncode == 0, done.stdout + done.stderr
    return site


@pytest.fixture
def site(built: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A copy to change; its dagster.yaml leads to its own history."""
    copy = Site(Path(shutil.copytree(built.root, tmp_path / "site")))
    (copy.root / "history" / "dagster.yaml").unlink()
    monkeypatch.setenv("DAGSTER_HOME", str(copy.root / "history"))
    with open_instance(copy.settings("loans")):
        return copy


def runs_by_book(instance: dg.DagsterInstance, site: Site) -> dict[str, set[str]]:
    runs = instance.get_runs()
    return {name: {run.run_id for run in own_runs(site.settings(name).portfolio, runs)} for name in NAMES}


def built_months(instance: dg.DagsterInstance, site: Site, name: str) -> dict[str, set[str]]:
    portfolio = site.settings(name).portfolio
    keys = [key for key in instance.all_asset_keys() if is_own_key(portfolio, key)]
    return {key.to_user_string(): instance.get_materialized_partitions(key) for key in keys}


def test_every_run_and_every_table_is_of_one_book(site: Site) -> None:
    with open_instance(site.settings("loans")) as instance:
        runs = runs_by_book(instance, site)
        assert [len(found) for found in runs.values()] == [2, 2]
        assert runs["loans"].isdisjoint(runs[ADDRESS])
        n_keys = [len(built_months(instance, site, name)) for name in NAMES]
        assert sum(n_keys) == len(instance.all_asset_keys())
        assert all(n_keys)
    assert all(shares_history(site.settings(name)) for name in NAMES)


@pytest.mark.parametrize(("one", "other"), [NAMES, NAMES[::-1]])
def test_prune_deletes_the_books_own_superseded_run_and_no_other(site: Site, one: str, other: str) -> None:
    with open_instance(site.settings(one)) as instance:
        before = runs_by_book(instance, site)
        months = {name: built_months(instance, site, name) for name in NAMES}
        found = prunable(instance, site.settings(one).portfolio, datetime.now(tz=UTC) + SOON)
        assert {*found.whole, *found.output_only} == before[one]
        # The run that built a month first stays for the freshness check, the last for what the UI shows.
        delete(instance, found)
        assert runs_by_book(instance, site)[other] == before[other]
        assert {name: built_months(instance, site, name) for name in NAMES} == months
    assert site.verb(other, "status").returncode == 0


@pytest.mark.parametrize(("one", "other"), [NAMES, NAMES[::-1]])
def test_clean_takes_the_books_own_runs_and_tables_out_of_the_history(site: Site, one: str, other: str) -> None:
    asked = site.verb(one, "clean")
    assert "in a history with those of other books" in asked.stdout
    assert site.verb(one, "clean", "--yes").returncode == 0
    assert not (site.settings(one).data_dir / "gold").exists()
    with open_instance(site.settings(other)) as instance:
        assert runs_by_book(instance, site)[one] == set()
        assert built_months(instance, site, one) == {}
        assert len(runs_by_book(instance, site)[other]) == 2
        assert set.union(*built_months(instance, site, other).values()) == {"2023-01-01"}
    assert not shares_history(site.settings(other))


def test_a_restored_book_leaves_a_history_that_others_use_as_it_is(site: Site, tmp_path: Path) -> None:
    assert site.verb("loans", "backup", str(tmp_path / "loans.tar")).returncode == 0
    again = site.verb(ADDRESS, "backfill", "--job", "build_month", "--from", "2023-02", "--to", "2023-02")
    assert again.returncode == 0, again.stdout
    restored = site.verb("loans", "restore", str(tmp_path / "loans.tar"), "--yes", "--replace-raw")
    assert restored.returncode == 0, restored.stdout + restored.stderr
    assert "The run history was left out: here it has runs of other books" in restored.stdout
    with open_instance(site.settings("loans")) as instance:
        assert [len(found) for found in runs_by_book(instance, site).values()] == [2, 3]


@pytest.mark.parametrize(("one", "other"), [NAMES, NAMES[::-1]])
def test_a_run_of_one_book_holds_up_nothing_of_another_and_alarms_nobody_there(
    site: Site, one: str, other: str
) -> None:
    settings = {name: site.settings(name) for name in NAMES}
    job = build_definitions(settings[one].portfolio, settings[one]).get_repository_def().get_job("build_month")
    with open_instance(settings[one]) as instance:
        # As the UI starts one: with the tags of the job.
        run = instance.create_run_for_job(job, tags={"dagster/partition": "2023-03-01", **job.run_tags})
        instance.report_run_canceling(run)
        assert [each.run_id for each, _ in unfinished_runs(instance, settings[one].portfolio)] == [run.run_id]
        assert unfinished_runs(instance, settings[other].portfolio) == []
        assert [len(runs_under_way(settings[name])) for name in (one, other)] == [1, 0]
        instance.report_run_failed(run)
        told = {}
        for name in NAMES:
            book = Book.of(settings[name])
            policy = book.settings.policy
            dispatcher = AlertDispatcher(book.lake, policy.monitoring, list(policy.model.models), settings[name].alerts)
            told[name], _ = EndedRuns(instance, dispatcher, 2).look(None)
        assert [event.occasion for event in told[one]] == [run.run_id]
        assert told[other] == []


def test_assets_chosen_by_hand_are_of_the_book_whose_they_are(site: Site) -> None:
    settings = {name: site.settings(name) for name in NAMES}
    with open_instance(settings["loans"]) as instance:
        before = runs_by_book(instance, site)
        for name in NAMES:
            chosen = frozenset({asset_key(settings[name].portfolio, "gold/feature_store")})
            repository = build_definitions(settings[name].portfolio, settings[name]).get_repository_def()
            job = repository.get_implicit_global_asset_job_def().get_subset(asset_selection=chosen)
            instance.create_run_for_job(job, asset_selection=chosen)
        made_by(instance, [], [])
        after = runs_by_book(instance, site)
        # What says nothing, as runs from before there were other books, is of the loans.
        assert [len(after[name] - before[name]) for name in NAMES] == [2, 1]
