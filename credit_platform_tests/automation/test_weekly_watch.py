from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import polars as pl
import pytest

from credit_platform.automation.schedules import READ_AGAIN
from credit_platform.code_location import build_definitions
from credit_platform.months import add_months, month_key, parse_month
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import OF_THE_SERVICE
from credit_platform_tests.small_book import LAST, MODELS, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED

MONDAY = datetime(2024, 8, 12, 6, tzinfo=UTC)
WATCHED, OTHER = MODELS[1], MODELS[0]


def decide(book: BookFolders, model: str, action: str, *, actionable: bool = True) -> None:
    """Put an action in the place of the newest one, as another month's figures would have."""
    table = f"monitoring/{model}/action"
    month = book.lake.months(table)[-1]
    row = book.lake.scan(table, [month]).collect()
    said = row.with_columns(action=pl.lit(action), actionable=pl.lit(value=actionable))
    book.lake.write(table, said, [month])


def tick(book: BookFolders, when: datetime = MONDAY) -> tuple[list[dg.RunRequest], str | None]:
    """Requests and skip reason of the schedule at a time."""
    repository = build_definitions(LOANS, book.settings()).get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(instance=instance, scheduled_execution_time=when, repository_def=repository)
        data = repository.get_schedule_def("week_close").evaluate_tick(context)
    return list(data.run_requests or []), data.skip_message


def test_each_week_only_the_model_in_active_monitoring_is_read_again_and_once(book_copy: BookFolders) -> None:
    decide(book_copy, WATCHED, "active_monitoring")
    decide(book_copy, OTHER, "monitor")
    (request,), skipped = tick(book_copy)
    assert skipped is None
    assert request.run_key == f"week_close:{WATCHED}:2024-W33"
    assert request.partition_key == month_key(LAST)
    assert request.tags["credit_platform/model"] == WATCHED
    assert tick(book_copy, MONDAY.replace(hour=9))[0][0].run_key == request.run_key
    assert tick(book_copy, MONDAY.replace(day=19))[0][0].run_key == f"week_close:{WATCHED}:2024-W34"

    with dg.DagsterInstance.ephemeral() as instance:
        names = [key.to_user_string() for key in request.asset_selection or []]
        month = parse_month(str(request.partition_key))
        ran = book_copy.runner(instance).run("score_month", month, month, assets=names, tags=request.tags)
        assert ran.success, ran.problems
        logs = instance.all_logs(ran.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        written = [log.get_dagster_event() for log in logs]
    built = {event.asset_key.to_user_string(): event.partition for event in written if event.asset_key}
    assert built == {f"monitoring/{WATCHED}/{part}": month_key(LAST) for part in READ_AGAIN}


@pytest.mark.parametrize(("action", "actionable"), [("monitor", True), ("retrain", True), ("active_monitoring", False)])
def test_a_model_that_is_not_watched_is_left_alone_and_the_tick_says_why(
    book_copy: BookFolders, action: str, *, actionable: bool
) -> None:
    for model in MODELS:
        decide(book_copy, model, action, actionable=actionable)
    requests, skipped = tick(book_copy)
    assert requests == []
    assert skipped is not None
    assert skipped.startswith("0 of 2 models are in active_monitoring. scorecard: ")
    assert f"{action} in {LAST:%Y-%m}{'' if actionable else ' on a backtest'}, " in skipped


def test_a_book_without_actions_is_not_watched(
    small_book: BookFolders, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = BookFolders(tmp_path_factory.mktemp("empty"), small_book.raw_dir, small_book.policy_dir)
    requests, skipped = tick(empty)
    assert requests == []
    assert "gradient_boosting: 0 actions and 0 scored months are stored" in str(skipped)


def test_where_the_service_was_used_its_tables_are_made_again_for_the_two_newest_months(book_copy: BookFolders) -> None:
    for model in MODELS:
        decide(book_copy, model, "monitor")
    assert tick(book_copy)[0] == []
    book_copy.layout.online_decisions().mkdir()
    requests, skipped = tick(book_copy)
    assert skipped is None
    assert [request.run_key for request in requests] == [
        f"week_close:service:{month:%Y-%m}:2024-W33" for month in (add_months(LAST, -1), LAST)
    ]
    for request in requests:
        assert {key.to_user_string() for key in request.asset_selection or []} == OF_THE_SERVICE


def test_the_year_of_a_week_is_the_one_it_is_counted_in(book_copy: BookFolders) -> None:
    decide(book_copy, WATCHED, "active_monitoring")
    requests, _ = tick(book_copy, datetime(2024, 12, 30, 6, tzinfo=UTC))
    assert f"week_close:{WATCHED}:2025-W01" in [request.run_key for request in requests]
