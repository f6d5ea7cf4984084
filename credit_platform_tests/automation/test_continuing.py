"""Which run is asked for now: after whose runs, behind what, and how often."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test

from credit_platform.automation.continuing import STEP_TAG, Due, due_now
from credit_platform.automation.jobs import CHAINS_ITSELF, chains_itself
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ModelConfig
from credit_platform_tests.automation.automated_book import AutomatedBook
from credit_platform_tests.automation.made_runs import made_by
from credit_platform_tests.automation.test_next_step import MODELS, Life, at
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
MONTH = "2025-01-01"


class Waiting(Life):
    """A book whose month 2025-01 is built and not scored yet."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance, axis: MonthlyAxis, config: ModelConfig) -> None:
        super().__init__(folder, axis, config)
        self.instance = instance
        self.build("2023-01", "2024-12")
        self.live()
        self.build("2025-01")

    def built(self, tables: tuple[str, ...] = ("gold/feature_store", "gold/label_store"), **how: object) -> str:
        return made_by(self.instance, tables, [MONTH], **how)  # type: ignore[arg-type]

    def due_now(self) -> Due:
        return due_now(self.instance, self.state)


@pytest.fixture
def life(tmp_path: Path, instance: dg.DagsterInstance, axis: MonthlyAxis, config: ModelConfig) -> Waiting:
    return Waiting(tmp_path, instance, axis, config)


@pytest.mark.parametrize(
    ("tags", "by"),
    [
        ({}, "a person"),
        ({"credit_platform/started_by": "month_close"}, "month_close"),
        ({"credit_platform/started_by": "build_on_delivery"}, "build_on_delivery"),
        ({"credit_platform/started_by": "backfill"}, "backfill"),
    ],
)
@pytest.mark.parametrize("job", ["build_month", "__ASSET_JOB", "a_notebook"])
def test_whatever_built_a_month_it_is_carried_on(life: Waiting, tags: dict[str, str], by: str, job: str) -> None:
    run_id = life.built(tags=tags, job=job)
    request = life.due_now().request
    assert request is not None
    assert (request.job_name, request.partition_key) == ("score_month", MONTH)
    assert request.tags["credit_platform/started_by"] == by
    assert request.tags["credit_platform/after_run"] == run_id
    assert request.tags["credit_platform/why"] == "2025-01 is built"
    assert request.tags["dagster/max_retries"] == "2"


def test_a_run_that_chains_itself_is_left_to_whoever_started_it(life: Waiting) -> None:
    run_id = life.built(tags={CHAINS_ITSELF: "true", "credit_platform/started_by": "continuous"})
    due = life.due_now()
    assert due.request is None
    left = f"run {run_id[:8]} of continuous carries it on by itself; if that was ended"
    assert due.note.startswith(f"score_month of 2025-01 is not asked for: {left}")
    # Once a person builds the month again it is theirs.
    life.built()
    assert life.due_now().request is not None


def test_what_a_person_re_executes_is_carried_on_though_it_has_the_tags_of_a_command(
    instance: dg.DagsterInstance,
) -> None:
    tags = {CHAINS_ITSELF: "true", "credit_platform/started_by": "backfill"}
    by_command = create_run_for_test(instance, "build_month", tags=tags)
    again = create_run_for_test(
        instance, "build_month", tags=tags, parent_run_id=by_command.run_id, root_run_id=by_command.run_id
    )
    assert [chains_itself(run) for run in (by_command, again)] == [True, False]


def test_nothing_follows_on_a_build_that_failed_in_the_end_until_one_succeeds(life: Waiting) -> None:
    failed = life.built(fails=True)
    assert life.due_now().note.endswith(f"run {failed[:8]}, which was the last to build it, ended as FAILURE")
    # Run again from the step that failed: the first table stays the failed run's.
    life.built(("gold/label_store",))
    assert life.due_now().request is not None


def test_the_same_content_is_asked_for_once_and_again_after_another_build(
    life: Waiting, instance: dg.DagsterInstance
) -> None:
    life.built()
    request = life.due_now().request
    assert request is not None
    same = life.due_now().request
    assert same is not None
    assert same.run_key == request.run_key
    run = create_run_for_test(instance, "score_month", tags=dict(request.tags), status=dg.DagsterRunStatus.FAILURE)
    assert life.due_now().note.endswith(f"run {run.run_id[:8]} was asked for it and has not done it")
    life.built()
    again = life.due_now().request
    assert again is not None
    assert again.run_key != request.run_key
    assert again.tags[STEP_TAG] == again.run_key


@pytest.mark.parametrize("job", ["score_month", "build_month", "__ASSET_JOB"])
@pytest.mark.parametrize("month", ["2024-12-01", MONTH])
def test_a_run_under_way_of_the_month_or_one_before_it_is_waited_for(
    life: Waiting, instance: dg.DagsterInstance, job: str, month: str
) -> None:
    life.built()
    run = create_run_for_test(instance, job, tags={"dagster/partition": month}, status=dg.DagsterRunStatus.STARTED)
    due = life.due_now()
    assert due.is_waiting
    assert due.note == f"score_month of 2025-01 waits for run {run.run_id[:8]}"


def test_a_run_of_a_later_month_is_not_waited_for(life: Waiting, instance: dg.DagsterInstance) -> None:
    life.built()
    create_run_for_test(
        instance, "build_month", tags={"dagster/partition": "2025-02-01"}, status=dg.DagsterRunStatus.STARTED
    )
    assert life.due_now().request is not None


def test_a_month_that_this_history_does_not_know_is_left_alone(life: Waiting) -> None:
    assert life.due_now().note.endswith("the history does not say what built the month")


def test_a_retraining_just_asked_for_goes_first(life: Waiting) -> None:
    life.built()
    life.act(at("2024-12"), "retrain")
    # Trained since is only what was trained as of the month or later; the first versions are of this very month.
    assert life.due_now().request is not None
    life.act(at("2024-12"))
    life.make([f"prediction/{model}" for model in MODELS], [at("2025-01")])
    life.act(at("2025-01"), "retrain")
    life.build("2025-02")
    made_by(life.instance, ["gold/feature_store"], ["2025-02-01"])
    due = life.due_now()
    assert due.is_waiting
    assert due.note == "score_month of 2025-02 waits for the retraining of scorecard, gradient_boosting"


def test_a_click_on_a_real_month_is_followed_to_its_end_once(
    book_copy: BookFolders, instance: dg.DagsterInstance
) -> None:
    last = at("2024-08")
    for folder in (book_copy.data_dir / "prediction").iterdir():
        (folder / "2024-08-01.parquet").unlink()
    for model in MODELS:
        (book_copy.data_dir / f"monitoring/{model}/action/2024-08-01.parquet").unlink()
    automated = AutomatedBook(book_copy, instance)
    assert automated.until_quiet("continue_on_month_built") == []
    assert automated.build(last).is_success
    assert automated.until_quiet("continue_on_month_built") == ["score_month 2024-08", "monitor_month 2024-08"]
    assert automated.build(last).is_success
    assert automated.until_quiet("continue_on_month_built") == []
    assert automated.said["continue_on_month_built"].startswith("nothing is due")
