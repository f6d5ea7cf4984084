"""When the close of a month ticks, and what it says of a month whose files have not come."""

from __future__ import annotations

import dataclasses
from contextlib import nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
import time_machine
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.test_utils import create_run_for_test
from dagster._utils.schedules import schedule_execution_time_iterator

from credit_platform.assets.tables.bronze import sources
from credit_platform.automation.closing import TURN, Closing
from credit_platform.automation.jobs import BUILD_MONTH, monthly_jobs
from credit_platform.automation.schedules import month_close
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ClosePolicy, ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.automation.test_arriving import OPTIONAL, REQUIRED, RawBook


@pytest.fixture
def book(tmp_path: Path, instance: dg.DagsterInstance, config: ModelConfig) -> RawBook:
    """A book whose newest built month is 2024-11, open-ended."""
    raw = RawBook(tmp_path, instance, config)
    raw.built(date(2023, 1, 1), date(2024, 11, 1))
    return raw


def tick(closing: Closing, when: datetime, on: dg.DagsterInstance | None = None) -> dg.RunRequest | str:
    schedule = month_close(closing, monthly_jobs(LOANS, ("scorecard",))[BUILD_MONTH], "running")
    with nullcontext(on) if on else dg.DagsterInstance.local_temp() as instance:
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=when)
        answer = schedule(context)
    assert isinstance(answer, (dg.RunRequest, dg.SkipReason))
    return answer if isinstance(answer, dg.RunRequest) else str(answer.skip_message)


def request_at(book: RawBook, month: int) -> dg.RunRequest:
    when = datetime(2026, month, 1, tzinfo=UTC)
    with time_machine.travel(when, tick=False):
        request = tick(with_policy(book), when)
    assert isinstance(request, dg.RunRequest)
    return request


def with_policy(book: RawBook, **policy: object) -> Closing:
    return dataclasses.replace(book.closing, policy=ClosePolicy(settle_seconds=0, **policy))  # type: ignore[arg-type]


def test_shipped_the_month_is_closed_on_the_first_at_midnight(tmp_path: Path, axis: MonthlyAxis) -> None:
    config = LOANS.load_policy().model
    closing = Closing(Lake.at(tmp_path, portfolio=LOANS), axis, sources(LOANS, config), config.close)
    schedule = month_close(closing, monthly_jobs(LOANS, ("scorecard",))[BUILD_MONTH], "running")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 0 1 * *", "UTC")
    assert schedule.job_name == "build_month"


@pytest.mark.parametrize("day", [1, 17])
def test_a_tick_builds_the_month_that_has_begun(book: RawBook, day: int) -> None:
    book.deliver(date(2024, 12, 1), *REQUIRED)
    request = tick(with_policy(book), datetime(2024, 12, day, tzinfo=UTC))
    assert isinstance(request, dg.RunRequest)
    assert (request.partition_key, request.run_key) == ("2024-12-01", "month_close:2024-12-01")
    assert request.tags["credit_platform/started_by"] == "month_close"
    assert request.tags["credit_platform/why"] == "2024-12 has begun"


def test_a_month_whose_files_have_not_come_is_waited_for_in_words(book: RawBook) -> None:
    book.deliver(date(2024, 12, 1), *REQUIRED[:1])
    said = tick(with_policy(book, wait_hours=30), datetime(2024, 12, 1, tzinfo=UTC))
    assert str(said).startswith("2024-12 waits for features_attributes, features_financials: no file with rows of it")
    assert str(said).endswith("after 30 hours people are told")


def test_a_month_that_a_delivery_has_built_is_not_built_again(book: RawBook) -> None:
    book.built(date(2024, 12, 1), date(2024, 12, 1))
    assert tick(with_policy(book), datetime(2024, 12, 1, tzinfo=UTC)) == "2024-12 is built already"


def test_a_month_under_way_is_not_built_beside_itself(book: RawBook) -> None:
    book.deliver(date(2024, 12, 1), *REQUIRED)
    tags = {"dagster/partition": "2024-12-01"}
    with dg.DagsterInstance.local_temp() as instance:
        run = create_run_for_test(instance, "build_month", tags=tags, status=dg.DagsterRunStatus.STARTED)
        said = tick(with_policy(book), datetime(2024, 12, 1, tzinfo=UTC), instance)
    assert said == f"2024-12 is under way in run {run.run_id[:8]}"


def test_the_close_and_a_delivery_at_the_same_time_ask_for_one_build(book: RawBook) -> None:
    midnight = datetime(2024, 12, 1, tzinfo=UTC)
    book.deliver(date(2024, 12, 1), *REQUIRED, OPTIONAL)
    with dg.DagsterInstance.local_temp() as book.instance:
        with time_machine.travel(midnight, tick=False):
            # No run is stored before both have answered.
            closed = tick(book.closing, midnight, book.instance)
            assert isinstance(closed, dg.RunRequest)
            said = book.look(midnight)
        assert said == "2024-12 was asked for at 2024-12-01 00:00 UTC, and its run is about to start"
        failed = dg.DagsterRunStatus.FAILURE
        create_run_for_test(book.instance, "build_month", tags=dict(closed.tags), status=failed)
        said = book.look(midnight + TURN)
        assert said == "2024-12 was asked for with these files and is not built: see its last run"

        book.deliver(date(2024, 12, 1), REQUIRED[0], customer="b")
        assert isinstance(book.look(midnight), dg.RunRequest)
        with time_machine.travel(midnight, tick=False):
            said = str(tick(book.closing, midnight, book.instance))
        assert said == "2024-12 was asked for with these files at 2024-12-01 00:00 UTC"
        # Neither a tick that died before its run was stored, nor a failed run, keeps a later close from its month.
        with time_machine.travel(midnight + TURN, tick=False):
            assert isinstance(tick(book.closing, midnight, book.instance), dg.RunRequest)


def test_an_open_ended_book_of_the_past_closes_its_own_next_month(book: RawBook) -> None:
    said = tick(with_policy(book), datetime(2026, 11, 1, tzinfo=UTC))
    assert str(said).startswith("2024-12 waits for ")
    book.deliver(date(2024, 12, 1), *REQUIRED)
    keys = {request_at(book, month).run_key for month in (10, 11)}
    assert keys == {"month_close:2024-12-01:2026-10", "month_close:2024-12-01:2026-11"}


def test_a_tick_outside_the_book_says_how_to_extend_it(book: RawBook) -> None:
    axis = dataclasses.replace(book.closing.axis, last=date(2025, 6, 1))
    closing = dataclasses.replace(book.closing, axis=axis)
    assert tick(closing, datetime(2025, 7, 1, tzinfo=UTC)) == (
        "the book ends with 2025-06; extend last_month in platform.yaml to take in 2025-07"
    )
    before = tick(closing, datetime(2022, 12, 1, tzinfo=UTC))
    assert before == "the book begins with 2023-01, after 2022-12"


@pytest.mark.parametrize(
    ("zone", "day", "hour", "ticks"),
    [
        # The clocks go forward on 2025-03-30 and 2025-03-09 at two, and back on 2024-10-27 and 2024-11-03.
        ("Europe/Berlin", 1, 0, ["2025-02-28 23:00", "2025-03-31 22:00", "2025-04-30 22:00"]),
        ("Europe/Berlin", 28, 2, ["2025-02-28 01:00", "2025-03-28 01:00", "2025-04-28 00:00"]),
        ("America/New_York", 9, 2, ["2025-03-09 07:00", "2025-04-09 06:00"]),
        ("America/New_York", 1, 0, ["2025-03-01 05:00", "2025-04-01 04:00"]),
        ("Pacific/Auckland", 1, 0, ["2025-02-28 11:00", "2025-03-31 11:00", "2025-04-30 12:00"]),
        ("UTC", 1, 0, ["2025-03-01 00:00", "2025-04-01 00:00"]),
    ],
)
def test_a_close_ticks_once_a_month_at_the_hour_of_its_zone_also_where_the_clocks_change(
    book: RawBook, zone: str, day: int, hour: int, ticks: list[str]
) -> None:
    closing = with_policy(book, time_zone=zone, day=day, hour=hour)
    schedule = month_close(closing, monthly_jobs(LOANS, ("scorecard",))[BUILD_MONTH], "running")
    begins = datetime(2025, 2, 15 if day == 1 else 20, tzinfo=UTC)
    times = next_ticks(schedule, begins, len(ticks))
    assert [f"{time.astimezone(UTC):%Y-%m-%d %H:%M}" for time in times] == ticks
    axis = dataclasses.replace(closing.axis, time_zone=zone)
    for n, time in enumerate(times):
        # The month is that of the zone, not of UTC, and has begun there by then.
        month = date(2025, (2 if day == 28 else 3) + n, 1)
        assert axis.month_to_close(time.astimezone(closing.at(month).tzinfo).date(), date(2026, 1, 1)) == month
        assert closing.last_close(time) == closing.at(month) == time
        with partition_loading_context(effective_dt=time):
            assert axis.snapshot_months.get_last_partition_key() == f"{month}"


def next_ticks(schedule: dg.ScheduleDefinition, begins: datetime, n: int) -> list[datetime]:
    ticks = schedule_execution_time_iterator(
        begins.timestamp(), str(schedule.cron_schedule), schedule.execution_timezone, ascending=True
    )
    return [next(ticks) for _ in range(n)]
