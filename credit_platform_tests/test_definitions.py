"""The assembled code location: names, declarations and defaults of everything it offers."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pytest

import credit_platform
from credit_platform.assets.asset_metadata import runbook
from credit_platform.code_location import build_definitions
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import tables_of
from credit_platform_tests.graph_snapshot import snapshot_settings
from credit_platform_tests.text_rules import EMPTY_WORDS, faults_of_asset, faults_of_automation, faults_of_check

LAYERS = {"bronze", "silver", "quarantine", "gold", "model", "prediction", "decision", "monitoring"}


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_definitions(LOANS, snapshot_settings(tmp_path_factory.mktemp("definitions")))


@pytest.fixture(scope="module")
def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_the_definitions_load_and_validate(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_building_definitions_writes_nothing(tmp_path: Path) -> None:
    build_definitions(LOANS, snapshot_settings(tmp_path)).get_repository_def()
    assert list(tmp_path.iterdir()) == []


def test_the_group_of_an_asset_is_its_layer(specs: dict[str, dg.AssetSpec]) -> None:
    groups = {asset: spec.group_name or "" for asset, spec in specs.items()}
    assert {group.split("/")[0] for group in groups.values()} == LAYERS
    assert all(group.split("/")[0] == asset.split("/")[0] for asset, group in groups.items())
    own = {asset for asset, group in groups.items() if group == "monitoring/gradient_boosting"}
    assert own == {asset for asset in specs if asset.startswith("monitoring/gradient_boosting/")}


def test_no_group_holds_two_assets_that_look_alike_in_the_graph(specs: dict[str, dg.AssetSpec]) -> None:
    shown = [(spec.group_name, spec.key.path[-1]) for spec in specs.values()]
    assert len(shown) == len(set(shown))


def test_every_declared_table_is_an_asset_with_its_columns_described(specs: dict[str, dg.AssetSpec]) -> None:
    assert set(tables_of(LOANS).shared) <= set(specs)
    for table, schema in tables_of(LOANS).shared.items():
        columns = specs[table].metadata["dagster/column_schema"]
        assert isinstance(columns, dg.TableSchema)
        assert [column.name for column in columns.columns] == schema.column_names()
        assert all(column.description for column in columns.columns)


def test_every_asset_says_grain_meaning_inputs_and_what_to_do_when_it_is_red(specs: dict[str, dg.AssetSpec]) -> None:
    faults = {
        asset: found
        for asset, spec in specs.items()
        if (found := faults_of_asset(spec.description, reads=[dep.asset_key.to_user_string() for dep in spec.deps]))
    }
    assert faults == {}


def test_every_check_says_what_holds_and_what_to_do_when_it_is_red(definitions: dg.Definitions) -> None:
    checks = definitions.get_repository_def().asset_checks_defs_by_key.values()
    described = {
        (spec.asset_key.to_user_string(), spec.name): spec.description for d in checks for spec in d.check_specs
    }
    assert len(described) > 40
    assert {name: found for name, said in described.items() if (found := faults_of_check(said))} == {}


def test_every_job_schedule_and_sensor_says_what_it_does_and_what_to_do_when_it_is_red(
    definitions: dg.Definitions,
) -> None:
    repository = definitions.get_repository_def()
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    described = {each.name: each.description for each in (*jobs, *repository.schedule_defs, *repository.sensor_defs)}
    assert {"build_month", "month_close", "retrain_on_action"} <= set(described)
    assert {name: found for name, said in described.items() if (found := faults_of_automation(said))} == {}


def test_texts_are_plain(definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]) -> None:
    repository = definitions.get_repository_def()
    texts = [spec.description for spec in specs.values()]
    texts += [each.description for each in (*repository.schedule_defs, *repository.sensor_defs)]
    assert [(word, said) for said in texts for word in EMPTY_WORDS if word in (said or "").lower()] == []


def test_every_remedy_belongs_to_an_asset(specs: dict[str, dg.AssetSpec]) -> None:
    kinds = {re.sub("(scorecard|gradient_boosting)", "*", asset) for asset in specs}
    assert set(runbook()) - kinds == {"bronze/*", "silver/*", "quarantine/*"}


def test_every_asset_has_an_owner_and_at_most_two_kinds(specs: dict[str, dg.AssetSpec]) -> None:
    assert all(spec.owners for spec in specs.values())
    assert all(all(owner.startswith("team:") for owner in spec.owners) for spec in specs.values())
    assert all(1 <= len(spec.kinds) <= 2 for spec in specs.values())


def test_every_asset_links_to_the_function_that_makes_it(specs: dict[str, dg.AssetSpec]) -> None:
    for asset, spec in specs.items():
        found = spec.metadata["dagster/code_references"]
        assert isinstance(found, dg.CodeReferencesMetadataValue)
        (link,) = found.code_references
        assert isinstance(link, dg.LocalFileCodeReference)
        lines = Path(link.file_path).read_text(encoding="utf-8").splitlines()
        assert lines[(link.line_number or 0) - 1].strip().startswith(("@dg.asset", "@dg.multi_asset")), asset
        assert Path(link.file_path).is_relative_to(Path(credit_platform.__file__).parent)


def test_the_columns_of_the_feature_store_say_which_cells_of_the_source_they_are_made_of(
    specs: dict[str, dg.AssetSpec],
) -> None:
    spec = specs["gold/feature_store"]
    lineage, schema = spec.metadata["dagster/column_lineage"], spec.metadata["dagster/column_schema"]
    assert isinstance(lineage, dg.TableColumnLineage)
    assert isinstance(schema, dg.TableSchema)
    assert list(lineage.deps_by_column) == [column.name for column in schema.columns]
    assert [dep.column_name for dep in lineage.deps_by_column["debt_to_salary"]] == [
        "monthly_inhand_salary_amount",
        "outstanding_debt_amount",
    ]
    said = {column.name: column.description or "" for column in schema.columns}
    assert "bronze/features_financials (Monthly_Inhand_Salary, Outstanding_Debt)" in said["debt_to_salary"]
    assert all("From silver/" in text and "bronze/" in text for text in said.values())
    upstream = {dep.asset_key for dep in spec.deps}
    assert {dep.asset_key for deps in lineage.deps_by_column.values() for dep in deps} <= upstream


def test_every_asset_builds_a_range_in_one_run(definitions: dg.Definitions) -> None:
    policies = {d.backfill_policy for d in definitions.get_repository_def().assets_defs_by_key.values()}
    assert policies == {dg.BackfillPolicy.single_run()}


def test_no_asset_depends_on_its_own_earlier_months(specs: dict[str, dg.AssetSpec]) -> None:
    assert [asset for asset, spec in specs.items() if any(dep.asset_key == spec.key for dep in spec.deps)] == []


def test_every_table_has_a_blocking_contract_check_with_its_own_months(
    definitions: dg.Definitions, specs: dict[str, dg.AssetSpec]
) -> None:
    repository = definitions.get_repository_def()
    checks = {
        key.asset_key.to_user_string(): d
        for key, d in repository.asset_checks_defs_by_key.items()
        if key.name == "rows_meet_the_contract"
    }
    without_rows = {
        "monitoring/dashboard",
        "monitoring/drift_page",
        "model/scorecard",
        "model/gradient_boosting",
    }
    assert set(checks) == set(specs) - without_rows
    for asset, check in checks.items():
        (spec,) = check.check_specs
        assert spec.blocking
        assert spec.partitions_def == specs[asset].partitions_def


def test_runs_stay_in_one_process(definitions: dg.Definitions) -> None:
    jobs = definitions.get_repository_def().get_all_jobs()
    assert {job.executor_def.name for job in jobs} == {"in_process"}


@pytest.mark.parametrize("automation", ["running", "stopped"])
def test_schedule_and_sensors_start_as_the_book_says(tmp_path: Path, automation: str) -> None:
    settings = snapshot_settings(tmp_path).model_copy(update={"automation": automation})
    repository = build_definitions(LOANS, settings).get_repository_def()
    statuses = {each.default_status.value for each in (*repository.schedule_defs, *repository.sensor_defs)}
    assert statuses == {automation.upper()}
