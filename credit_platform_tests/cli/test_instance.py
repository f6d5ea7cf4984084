from __future__ import annotations

import shutil
from pathlib import Path

import dagster as dg
import pytest
import yaml

from credit_platform.cli.instance import history_storage, moved_from, open_instance, own_instance_text, prepare_home
from credit_platform_tests.small_book import BookFolders


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BookFolders:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "model_config.yaml").touch()
    return BookFolders(tmp_path / "book", tmp_path / "raw", policy)


def test_a_data_folder_of_its_own_keeps_its_history_inside(book: BookFolders) -> None:
    home = prepare_home(book.settings())
    assert home == book.data_dir / ".dagster"
    with open_instance(book.settings()) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("x", partition="2023-01-01"))
    with open_instance(book.settings()) as instance:
        assert instance.get_materialized_partitions(dg.AssetKey("x")) == {"2023-01-01"}
    assert (home / "storage").is_dir()


def test_settings_of_an_instance_that_a_person_changed_are_kept(book: BookFolders) -> None:
    home = prepare_home(book.settings())
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    assert prepare_home(book.settings()) == home
    assert (home / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_a_checkout_s_own_instance_is_used_for_its_own_data(book: BookFolders) -> None:
    checkout = book.data_dir.parent
    (checkout / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    own = BookFolders(checkout / "data", book.raw_dir, book.policy_dir)
    assert prepare_home(own.settings()) == checkout
    assert not (own.data_dir / ".dagster").exists()


def test_an_own_instance_calls_nobody_and_runs_two_at_a_time(tmp_path: Path) -> None:
    content = yaml.safe_load(own_instance_text(tmp_path))
    assert content["telemetry"] == {"enabled": False}
    assert content["nux"] == {"enabled": False}
    assert content["concurrency"] == {"runs": {"max_concurrent_runs": 2}}
    assert content["storage"]["custom"]["config"]["base_dir"] == str(tmp_path / "storage")


def test_a_moved_book_keeps_its_history_and_a_copied_one_has_its_own(book: BookFolders) -> None:
    def materialized(folders: BookFolders) -> set[str]:
        with open_instance(folders.settings()) as instance:
            return instance.get_materialized_partitions(dg.AssetKey("x"))

    with open_instance(book.settings()) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("x", partition="2023-01-01"))
    elsewhere = book.data_dir.parent / "moved to: here"
    book.data_dir.rename(elsewhere)
    moved = BookFolders(elsewhere, book.raw_dir, book.policy_dir)
    assert materialized(moved) == {"2023-01-01"}
    assert not book.data_dir.exists()
    shutil.copytree(elsewhere, book.data_dir)
    with open_instance(book.settings()) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("x", partition="2023-02-01"))
    assert materialized(book) == {"2023-01-01", "2023-02-01"}
    assert materialized(moved) == {"2023-01-01"}


def test_a_history_that_a_person_put_elsewhere_stays_there(book: BookFolders) -> None:
    shared = book.data_dir.parent / "server" / ".dagster"
    home = prepare_home(book.settings())
    (home / "dagster.yaml").write_text(own_instance_text(shared))
    (shared / "storage").mkdir(parents=True)
    assert moved_from(home) is None
    prepare_home(book.settings())
    assert history_storage(home) == shared / "storage"
