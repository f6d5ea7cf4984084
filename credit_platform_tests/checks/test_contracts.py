"""The contract check in a run: what a broken table stops, and what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import dataframely as dy
import polars as pl
import pytest

from credit_platform.checks import contracts
from credit_platform.checks.contracts import MonthVerdict, contract_verdicts
from credit_platform.schemas.quarantine import Quarantine
from credit_platform_tests.small_book import FIRST, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED


def test_a_broken_quarantine_is_red_itself_and_stops_the_row_balance_and_nothing_else(
    small_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(table: pl.LazyFrame, schema: type[dy.Schema], months: Sequence[date]) -> dict[date, MonthVerdict]:
        found = contract_verdicts(table, schema, months)
        if schema is not Quarantine:
            return found
        return {month: replace(each, broken_rules={"rule|min_length": 1}) for month, each in found.items()}

    monkeypatch.setattr(contracts, "contract_verdicts", broken)
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = small_book.copy_raw_to(tmp_path).runner(instance).run("build_month", FIRST, FIRST)
        logs = instance.all_logs(outcome.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert not outcome.success
    results = [log.get_dagster_event().asset_check_evaluation_data for log in logs]
    by_table = {e.asset_key.to_user_string(): e.passed for e in results if e.check_name == contracts.CONTRACT_CHECK}
    assert {table.split("/")[0] for table, passed in by_table.items() if not passed} == {"quarantine"}
    assert by_table["silver/loan_snapshots"]
    assert by_table["gold/feature_store"]
    assert by_table["gold/label_store"]
    assert not {"monitoring/row_balance", "monitoring/data_quality"} & set(by_table)
