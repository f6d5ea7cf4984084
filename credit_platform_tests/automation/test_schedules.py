from __future__ import annotations

from datetime import UTC, date, datetime

import dagster as dg
import pytest
from dagster._core.definitions.repository_definition import RepositoryDefinition

from credit_platform.automation.schedules import CLOSED_BY
from credit_platform.code_location import build_definitions
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import LAST, BookFolders


def tick(repository: RepositoryDefinition, when: datetime) -> dg.SensorResult | dg.RunRequest | dg.SkipReason:
    schedule = repository.get_schedule_def("month_close")
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=when, repository_def=repository)
        data = schedule.evaluate_tick(context)
    if data.run_requests:
        (request,) = data.run_requests
        return request
    return dg.SkipReason(data.skip_message)


def test_the_schedule_ticks_on_the_first_of_each_month_at_midnight(repository: RepositoryDefinition) -> None:
    schedule = repository.get_schedule_def("month_close")
    assert schedule.cron_schedule == "0 0 1 * *"
    assert schedule.execution_timezone in {None, "UTC"}
    assert schedule.job_name == "build_month"


@pytest.mark.parametrize("day", [1, 17])
def test_a_tick_builds_the_month_that_has_just_begun_once(repository: RepositoryDefinition, day: int) -> None:
    request = tick(repository, datetime(2024, 12, day, tzinfo=UTC))
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2024-12-01"
    assert request.run_key == "month_close:2024-12-01"
    assert dict(request.tags).items() >= CLOSED_BY.items()
    assert request.tags["credit_platform/why"].endswith("has begun")


def test_a_tick_after_the_book_s_end_says_how_to_extend_it(repository: RepositoryDefinition) -> None:
    skip = tick(repository, datetime(2025, 7, 1, tzinfo=UTC))
    assert isinstance(skip, dg.SkipReason)
    assert skip.skip_message == "the book ends with 2025-06; extend last_month in platform.yaml to take in 2025-07"


def test_a_tick_before_the_book_begins_is_skipped(repository: RepositoryDefinition) -> None:
    skip = tick(repository, datetime(2022, 12, 1, tzinfo=UTC))
    assert isinstance(skip, dg.SkipReason)
    assert skip.skip_message == "the book begins with 2023-01, after 2022-12"


def test_an_open_ended_book_whose_data_end_in_the_past_closes_its_own_next_month(finished_book: BookFolders) -> None:
    assert date(2024, 8, 1) == LAST
    open_ended = build_definitions(LOANS, finished_book.settings(last=None)).get_repository_def()
    for when, closed in (("2026-11-01", "2024-09-01"), ("2024-08-01", "2024-08-01")):
        request = tick(open_ended, datetime.fromisoformat(f"{when}T00:00:00Z"))
        assert isinstance(request, dg.RunRequest)
        assert request.partition_key == closed
