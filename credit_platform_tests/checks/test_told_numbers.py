"""Every check tells numbers with each month, so that the UI plots them over the months."""

from __future__ import annotations

import warnings

import pytest

from credit_platform.cli.instance import open_instance
from credit_platform.code_location import build_definitions
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import BookFolders

# The newest results of a check; the last of a run over many months is of no month.
NEWEST = 3


@pytest.fixture(scope="module")
def newest(finished_book: BookFolders) -> dict[str, list[dict[str, object]]]:
    """Per check the metadata of its newest results that are of a month."""
    settings = finished_book.settings()
    checks = build_definitions(LOANS, settings).get_repository_def().asset_checks_defs_by_key
    found: dict[str, list[dict[str, object]]] = {}
    with open_instance(settings) as instance, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key in checks:
            records = instance.event_log_storage.get_asset_check_execution_history(key, limit=NEWEST)
            events = [record.event.dagster_event for record in records if record.event]
            evaluations = [event.asset_check_evaluation_data for event in events if event]
            found[key.to_user_string()] = [
                {name: value.value for name, value in evaluation.metadata.items()}
                for evaluation in evaluations
                if evaluation.partition is not None
            ]
    return found


def test_every_check_was_evaluated_in_some_month(newest: dict[str, list[dict[str, object]]]) -> None:
    assert len(newest) > 40
    assert [check for check, told in newest.items() if not told] == []


def test_every_result_of_a_month_has_a_number(newest: dict[str, list[dict[str, object]]]) -> None:
    def has_number(metadata: dict[str, object]) -> bool:
        return any(isinstance(value, (int, float)) and not isinstance(value, bool) for value in metadata.values())

    assert [check for check, told in newest.items() if not all(map(has_number, told))] == []
