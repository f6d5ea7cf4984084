"""Runs of jobs in this process, on a real instance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from credit_platform.lake.layout import Layout
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED

JANUARY, FEBRUARY = date(2023, 1, 1), date(2023, 2, 1)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


@pytest.fixture
def book(small_book: BookFolders, tmp_path: Path) -> BookFolders:
    return BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir)


def test_a_run_is_recorded_with_its_months_where_the_ui_looks(book: BookFolders, instance: dg.DagsterInstance) -> None:
    runner = book.runner(instance)
    one = runner.run("build_month", JANUARY, JANUARY, assets=["bronze/features_attributes"])
    many = runner.run("build_month", JANUARY, FEBRUARY, assets=["bronze/features_attributes"])
    assert (one.span, many.span) == ("2023-01", "2023-01..2023-02")
    assert runner.outcomes == [one, many]
    runs = instance.get_runs()
    origins = [run.remote_job_origin for run in runs]
    assert {(at.repository_origin.get_label(), at.job_name) for at in origins if at} == {
        ("__repository__@credit_platform", "build_month")
    }
    assert instance.get_runs(dg.RunsFilter(tags={".dagster/repository": "__repository__@credit_platform"})) == runs
    tags = [dict(run.tags) for run in reversed(runs)]
    assert tags[0]["dagster/partition"] == "2023-01-01"
    assert tags[1]["dagster/asset_partition_range_start"] == "2023-01-01"
    assert tags[1]["dagster/asset_partition_range_end"] == "2023-02-01"
    assert {tag["credit_platform/started_by"] for tag in tags} == {"test"}
    assert all(tag["credit_platform/why"] == "asked for on the command line" for tag in tags)


def test_a_chosen_asset_runs_alone(book: BookFolders, instance: dg.DagsterInstance) -> None:
    outcome = book.runner(instance).run("build_month", JANUARY, JANUARY, assets=["bronze/features_attributes"])
    assert outcome.success
    assert book.lake.months("bronze/features_attributes") == [JANUARY]
    assert book.lake.months("bronze/lms_loan_daily") == []


def test_a_failed_step_is_explained_by_its_innermost_error(book: BookFolders, instance: dg.DagsterInstance) -> None:
    outcome = book.runner(instance).run("build_month", JANUARY, JANUARY, assets=["silver/loan_snapshots"])
    assert not outcome.success
    (problem,) = outcome.problems
    assert problem.startswith("silver__loan_snapshots: bronze/lms_loan_daily has no file for 2023-01. Materialize")


def test_a_run_that_fails_before_any_step_says_why(
    book: BookFolders, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = book.runner(instance)

    def refuse(_: object, __: object) -> None:
        message = "the disk is gone"
        raise OSError(message)

    monkeypatch.setattr("credit_platform.assets.resources.LakeResource.setup_for_execution", refuse)
    outcome = runner.run("build_month", JANUARY, JANUARY, assets=["bronze/features_attributes"])
    assert not outcome.success
    assert outcome.problems == ("the disk is gone",)


def test_a_month_outside_the_job_fails_and_is_explained(book: BookFolders, instance: dg.DagsterInstance) -> None:
    outcome = book.runner(instance).run("build_month", date(2022, 12, 1), JANUARY)
    assert not outcome.success
    assert "2022-12-01" in " ".join(outcome.problems)
    assert not Layout.of(book.data_dir, book.raw_dir, LOANS).table("bronze/lms_loan_daily").exists()
