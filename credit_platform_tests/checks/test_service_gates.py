"""What is checked of the service each month: decisions against log and pipeline, failures and times against policy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from math import nextafter
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.checks.service_gates import service_checks
from credit_platform.lake.governance.last_decisions import decided_online
from credit_platform.lake.governance.online_decisions import segment_file
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import DECISIONS, ONLINE_DECISIONS, SERVICE, tables_of
from credit_platform_tests.checks.evaluating import AXIS, evaluated, lake_with, reds
from credit_platform_tests.lake.governance.test_last_decisions import JUNE, MAY, decision, logged
from credit_platform_tests.small_book import PREVIEW_ALLOWED

pytestmark = PREVIEW_ALLOWED
MONTHS = [MAY, JUNE]
DECIDED, ANSWERED = 0, 1


def check(which: int) -> dg.AssetChecksDefinition:
    return service_checks(LOANS, AXIS, CheckPolicy())[which]


def result(which: int, lake: Lake, month: date = MAY) -> tuple[bool, str, dict[str, object]]:
    with dg.DagsterInstance.ephemeral() as instance:
        found = evaluated(check(which), lake, MONTHS, instance)[month]
    assert not found.blocking
    return found.passed, found.description or "", {name: one.value for name, one in found.metadata.items()}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """The pipeline decided a and b as the service did, c of other features, and d by another version."""
    store = pl.DataFrame(
        {"snapshot_month": MAY, "loan_id": list("abcd"), "customer_id": "CUS", "age": [40, 40, 41, 40]}
    )
    batch = pl.DataFrame(
        {
            "snapshot_month": MAY,
            "loan_id": list("abcd"),
            "model": "scorecard",
            "model_version": ["v1", "v1", "v1", "v2"],
            "raw_probability": [0.1, 0.1, 0.9, 0.9],
            "default_probability": [0.1, 0.1, 0.9, 0.9],
        }
    )
    found = lake_with(tmp_path, {"gold/feature_store": store, DECISIONS: batch}, [MAY])
    logged(found, [decision(case) for case in "abcde"])
    return found


def built(lake: Lake) -> Lake:
    lake.write(ONLINE_DECISIONS, decided_online(lake, MONTHS), MONTHS)
    return lake


def test_decisions_that_the_pipeline_took_alike_pass_and_those_of_other_features_are_not_compared(lake: Lake) -> None:
    passed, said, numbers = result(DECIDED, built(lake))
    assert (passed, numbers["n_cases"], numbers["n_compared"]) == (True, 5, 2)
    assert said == "2024-05: 5 loans decided online, 2 of them alike by the pipeline."
    assert result(DECIDED, lake, JUNE)[:2] == (
        True,
        "2024-06: 0 loans decided online, 0 of them alike by the pipeline.",
    )


def test_a_book_that_never_served_passes(tmp_path: Path) -> None:
    assert result(DECIDED, built(Lake.at(tmp_path, portfolio=LOANS)))[0]


def _change_a_probability(lake: Lake) -> None:
    batch = lake.scan(DECISIONS, [MAY]).collect()
    other = pl.when(pl.col("loan_id") == "b").then(nextafter(0.1, 1)).otherwise("raw_probability")
    lake.write(DECISIONS, batch.with_columns(raw_probability=other), [MAY])


def _edit_the_log(lake: Lake) -> None:
    name = decided_online(lake, [MAY])["decision_id"][0].rsplit("-", 2)[0]
    file = segment_file(lake.layout, name)
    file.write_bytes(file.read_bytes().replace(b'"grade": "R1"', b'"grade": "R2"', 1))


def _lose_a_segment(lake: Lake) -> None:
    name = decided_online(lake, [MAY])["decision_id"][0].rsplit("-", 2)[0]
    segment_file(lake.layout, name).unlink()


def _repeat_a_row(lake: Lake) -> None:
    rows = lake.scan(ONLINE_DECISIONS, [MAY]).collect()
    lake.write(ONLINE_DECISIONS, pl.concat([rows, rows[:1]]), [MAY])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_change_a_probability, "1 with another probability than the pipeline gave the same features"),
        (_edit_the_log, "1 faults of the log"),
        (_lose_a_segment, "5 loans that the log does not have"),
        (_repeat_a_row, "1 loans with more than one row"),
    ],
)
def test_what_differs_from_log_or_pipeline_is_yellow_with_its_number(
    lake: Lake, change: Callable[[Lake], None], said: str
) -> None:
    change(built(lake))
    passed, found, _ = result(DECIDED, lake)
    assert not passed
    assert said in found


def test_decisions_that_came_after_the_table_was_made_are_no_fault(lake: Lake) -> None:
    built(lake)
    logged(lake, [decision("a", probability=0.1), decision("f")])
    assert result(DECIDED, lake)[0]


def service_rows(**own: object) -> pl.DataFrame:
    row = {
        "snapshot_month": MAY, "endpoint": "/v1/predict", "size": "single", "n": 2000, "n_broken_off": 0, "n_failed": 0,
        "n_records": 2000, "failed_share": 0.0, "ci_low": 0.0, "ci_high": 0.01, "p50_milliseconds": 5.0,
        "p95_milliseconds": 10.0, "p99_milliseconds": 20.0, "status": "ok", **own,
    }  # fmt: skip
    schema = {name: column.dtype for name, column in tables_of(LOANS)[SERVICE].columns().items()}
    return pl.DataFrame([row], schema=schema)


def test_a_month_in_which_policy_is_met_and_one_without_service_pass(tmp_path: Path) -> None:
    lake = lake_with(tmp_path, {SERVICE: service_rows()}, MONTHS)
    assert result(ANSWERED, lake)[:2] == (True, "2024-05: 2,000 requests were answered, 0 of them with 5xx.")
    assert result(ANSWERED, lake, JUNE)[:2] == (True, "2024-06: no service.")


def test_an_endpoint_that_breaches_policy_is_yellow_by_its_name(tmp_path: Path) -> None:
    rows = service_rows(status="breach", n_failed=40, failed_share=0.02, p99_milliseconds=None)
    lake = lake_with(tmp_path, {SERVICE: rows}, MONTHS)
    with dg.DagsterInstance.ephemeral() as instance:
        found = evaluated(check(ANSWERED), lake, MONTHS, instance)
    assert reds(found) == [MAY]
    assert found[MAY].description == (
        "2024-05: /v1/predict (single): 2.00% of 2,000 failed, 99 % took longer than is measured."
    )
