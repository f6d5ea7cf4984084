from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from credit_platform.checks.judgements import HISTORY_CHECK, _history_result, history_check
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import MonthResult
from credit_platform_tests.small_book import FIRST, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED


@pytest.mark.parametrize(
    ("month", "gaps", "passed", "said"),
    [
        (date(2023, 1, 1), [], True, "2023-01: the history has all 1 months."),
        (date(2024, 6, 1), [], True, "2024-06: the history has all 6 months."),
        (date(2024, 6, 1), [date(2023, 12, 1)], True, "2024-06: the history has all 6 months."),
        (date(2024, 6, 1), [date(2024, 1, 1)], False, "2024-06: the history lacks 2024-01 of 6 months."),
        (date(2023, 3, 1), [date(2023, 1, 1), date(2023, 2, 1)], False, "lacks 2023-01, 2023-02 of 3 months."),
    ],
)
def test_a_history_is_complete_when_every_month_it_looks_back_on_is_there(
    month: date, gaps: list[date], *, passed: bool, said: str
) -> None:
    known = set(month_range(FIRST, date(2024, 12, 1))) - set(gaps)
    result = _history_result(month, FIRST, [(known, 5)])
    assert isinstance(result, MonthResult)
    assert result.passed is passed
    assert said in result.description
    assert result.metadata["months_missing"] == (0 if passed else len(gaps))


def test_a_gap_in_the_clickstream_warns_for_the_months_after_it_and_stops_nothing(book_copy: BookFolders) -> None:
    gap, first, last = date(2024, 2, 1), date(2024, 3, 1), date(2024, 4, 1)
    book_copy.layout.month_file("silver/customer_clickstream", gap).unlink()
    (check,) = history_check(LOANS, book_copy.axis(), book_copy.settings().policy.model)
    assert not next(iter(check.check_specs)).blocking
    with dg.DagsterInstance.ephemeral() as instance:
        runner = book_copy.runner(instance)
        outcome = runner.run("build_month", first, last, assets=["gold/feature_store"])
        key = dg.AssetCheckKey(dg.AssetKey(["gold", "feature_store"]), HISTORY_CHECK)
        records = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        evaluations = [record.event.asset_check_evaluation for record in records if record.event]
    assert outcome.success, outcome.problems
    by_month = {each.partition: each for each in evaluations if each and each.partition}
    assert {month: each.passed for month, each in by_month.items()} == {"2024-03-01": False, "2024-04-01": False}
    assert {each.severity for each in by_month.values()} == {dg.AssetCheckSeverity.WARN}
    assert all("lacks 2024-02" in (each.description or "") for each in by_month.values())
