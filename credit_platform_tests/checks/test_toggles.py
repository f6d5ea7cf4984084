"""Checks switched by policy: off and visibly so, warning instead of blocking, blocking instead of warning."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from credit_platform.checks.contracts import CONTRACT_CHECK, contract_check
from credit_platform.checks.monthly import SWITCHED_OFF_TAG
from credit_platform.checks.tables import all_checks
from credit_platform.code_location import build_definitions
from credit_platform.errors import PolicyError
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_range
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.loans.gold import LabelStore
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.checks.evaluating import AXIS, FIRST, evaluated, lake_with, reds
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
MONTHS = month_range(FIRST, date(2023, 3, 1))
TABLE = "gold/label_store"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as fresh:
        yield fresh


@pytest.fixture
def broken(tmp_path: Path) -> Lake:
    """Labels whose rows break their contract in the second month."""
    rows = pl.DataFrame(
        {
            "loan_id": ["a", "b", "c"],
            "customer_id": ["a", "b", "c"],
            "label": pl.Series([0, 7, 1], dtype=pl.Int8),
            "label_def": ["30dpd_6mob"] * 3,
            "dpd": pl.Series([0, 0, 40], dtype=pl.Int32),
            "cohort": [date(2022, month, 1) for month in (7, 8, 9)],
            "snapshot_month": MONTHS,
            "label_basis": ["observed"] * 3,
        }
    )
    return lake_with(tmp_path, {TABLE: rows}, MONTHS)


def switched(**toggles: dict[str, object]) -> CheckPolicy:
    return CheckPolicy.model_validate(
        {"toggles": {name.replace("__", "/"): toggle for name, toggle in toggles.items()}}
    )


def contract(policy: CheckPolicy) -> dg.AssetChecksDefinition:
    return contract_check(TABLE, LabelStore, axis=AXIS.snapshot_months, policy=policy)


def test_a_check_runs_with_its_own_severity_when_policy_does_not_name_it(
    broken: Lake, instance: dg.DagsterInstance
) -> None:
    results = evaluated(contract(CheckPolicy()), broken, MONTHS, instance)
    assert reds(results) == [MONTHS[1]]
    assert {(each.blocking, each.severity) for each in results.values()} == {(True, dg.AssetCheckSeverity.ERROR)}


@pytest.mark.parametrize("name", [CONTRACT_CHECK, "gold__label_store__rows_meet_the_contract"])
def test_a_check_that_is_off_says_so_for_every_month_on_the_check_and_on_the_run(
    broken: Lake, instance: dg.DagsterInstance, name: str
) -> None:
    off: dict[str, dict[str, object]] = {name: {"enabled": False}}
    check = contract(switched(**off))
    (spec,) = check.check_specs
    assert "Switched off by policy" in (spec.description or "")
    assert not spec.blocking
    results = evaluated(check, broken, MONTHS, instance)
    assert reds(results) == []
    for result in results.values():
        assert result.metadata["switched_off"].value is True
        assert "nothing was looked at" in (result.description or "")
        assert result.severity == dg.AssetCheckSeverity.WARN
    (run,) = instance.get_runs()
    assert run.tags[SWITCHED_OFF_TAG] == f"{TABLE}/{CONTRACT_CHECK}"
    logged = [record.event_log_entry.user_message for record in instance.get_records_for_run(run.run_id).records]
    assert any("is switched off by policy" in line for line in logged)


def test_a_contract_turned_to_warn_is_red_and_stops_nothing(broken: Lake, instance: dg.DagsterInstance) -> None:
    check = contract(switched(rows_meet_the_contract={"severity": "warn"}))
    (spec,) = check.check_specs
    assert not spec.blocking
    assert "By policy a failure warns and stops nothing." in (spec.description or "")
    results = evaluated(check, broken, MONTHS, instance)
    assert reds(results) == [MONTHS[1]]
    assert {(each.blocking, each.severity) for each in results.values()} == {(False, dg.AssetCheckSeverity.WARN)}


def test_a_toggle_of_one_table_goes_before_that_of_all() -> None:
    policy = switched(rows_meet_the_contract={"enabled": False}, gold__label_store__rows_meet_the_contract={})
    assert policy.toggle_of(TABLE, CONTRACT_CHECK).enabled
    assert not policy.toggle_of("gold/vintages", CONTRACT_CHECK).enabled


def test_every_check_can_be_switched_off_and_a_judgement_can_be_made_to_block(small_book: BookFolders) -> None:
    axis, config = small_book.axis(), small_book.settings().policy.model
    names = sorted({key.name for check in all_checks(LOANS, axis, config) for key in check.check_keys})
    off = CheckPolicy.model_validate({"toggles": {name: {"enabled": False} for name in names}})
    specs = [spec for check in all_checks(LOANS, axis, config, off) for spec in check.check_specs]
    assert not any(spec.blocking for spec in specs)
    assert all("Switched off by policy" in (spec.description or "") for spec in specs)
    strict = CheckPolicy.model_validate({"toggles": {name: {"severity": "error"} for name in names}})
    assert all(spec.blocking for check in all_checks(LOANS, axis, config, strict) for spec in check.check_specs)


@pytest.mark.parametrize("name", ["psi_is_low", "gold/label_store/psi_is_low", "silver/nothing/rows_meet_the_contract"])
def test_a_toggle_of_no_check_is_refused_when_the_code_location_loads(
    small_book: BookFolders, tmp_path: Path, name: str
) -> None:
    (tmp_path / "data_quality.yaml").write_text(f"checks: {{toggles: {{{name}: {{enabled: false}}}}}}")
    settings = small_book.settings().model_copy(update={"policy": LOANS.load_policy(tmp_path)})
    with pytest.raises(PolicyError, match=f"checks.toggles.{name}: is not a check; name one of .*labels_are_mature"):
        build_definitions(LOANS, settings)
