"""What a silver month shows of itself: every repair and every row set aside, counted by rule."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl
import pytest

from credit_platform.assets.asset_spec import asset_key
from credit_platform.assets.resources import LakeResource, MonthlyParquetIOManager
from credit_platform.assets.tables.silver import silver_assets
from credit_platform.errors import PolicyError
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CleaningPolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import PREVIEW_ALLOWED
from credit_platform_tests.source_rows import Cells, bronze_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = PREVIEW_ALLOWED
JANUARY, FEBRUARY = date(2023, 1, 1), date(2023, 2, 1)
AXIS = MonthlyAxis(
    first_snapshot=JANUARY, first_scoring=JANUARY, first_outcome=JANUARY, first_training=JANUARY, last=FEBRUARY
)
BOTH = ("silver/customer_attributes", "quarantine/customer_attributes")
SHOWN = ("rows_", "repairs_by_rule", "quarantined_by_rule")
ROWS: dict[date, list[Cells]] = {
    JANUARY: [
        {"Customer_ID": "A0x", "Age": "40_", "Occupation": "___"},
        {"Customer_ID": "B0x", "Age": "41_"},
        {"Customer_ID": "C0x", "Age": "4746"},
        {"Customer_ID": None},
    ],
    FEBRUARY: [{"Customer_ID": "A0x", "snapshot_date": "2023-02-01"}],
}


def build(root: Path, cleaning: CleaningPolicy | None = None) -> dict[str, dict[str, object]]:
    """Build silver/customer_attributes for both months in one run; the counts shown for each of its months."""
    return materialized(root, cleaning)["silver/customer_attributes"]


def materialized(
    root: Path, cleaning: CleaningPolicy | None = None, *, tables: Sequence[str] = BOTH
) -> dict[str, dict[str, dict[str, object]]]:
    """Build both months in one run; the counts shown by table and month."""
    lake = Lake.at(root, portfolio=LOANS)
    bronze = [bronze_rows("features_attributes", *rows, month=month) for month, rows in ROWS.items()]
    lake.write("bronze/features_attributes", pl.concat(bronze).collect(), list(ROWS))
    key = asset_key("silver/customer_attributes")
    (table,) = (asset for asset in silver_assets(LOANS, AXIS, LOANS.load_policy().model, cleaning) if key in asset.keys)
    source = dg.AssetSpec(asset_key("bronze/features_attributes"), partitions_def=AXIS.snapshot_months)
    resource = LakeResource(data_dir=str(root), raw_dir=str(root / "raw"), portfolio_name="loans")
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [table, source.with_io_manager_key("parquet")],
            instance=instance,
            selection=dg.AssetSelection.assets(*tables),
            resources={"lake": resource, "parquet": MonthlyParquetIOManager(lake=resource)},
            tags={
                "dagster/asset_partition_range_start": JANUARY.isoformat(),
                "dagster/asset_partition_range_end": FEBRUARY.isoformat(),
            },
        )
    shown: dict[str, dict[str, dict[str, object]]] = {}
    for event in result.asset_materializations_for_node(table.node_def.name):
        values: dict[str, object] = {
            name: value.value for name, value in event.metadata.items() if name.startswith(SHOWN)
        }
        shown.setdefault(event.asset_key.to_user_string(), {})[str(event.partition)] = values
    return shown


def by_rule(counted: str, *counts: tuple[str, int]) -> str:
    """A table as it is shown, most first."""
    return "\n".join([f"| rule | {counted} |", "|---|---:|", *(f"| {rule} | {n} |" for rule, n in counts)])


def test_each_month_counts_its_own_repairs_and_rejections_by_rule(tmp_path: Path) -> None:
    shown = build(tmp_path)
    assert shown == {
        "2023-01-01": {
            "rows_repaired": 3,
            "rows_quarantined": 1,
            "repairs_by_rule": by_rule(
                "cells repaired",
                ("Age_underscore_stripped", 2),
                ("Age_out_of_range_nulled", 1),
                ("Occupation_placeholder_nulled", 1),
            ),
            "quarantined_by_rule": by_rule("rows quarantined", ("Customer_ID_is_readable", 1)),
        },
        "2023-02-01": {
            "rows_repaired": 0,
            "rows_quarantined": 0,
            "repairs_by_rule": "none",
            "quarantined_by_rule": "none",
        },
    }


def test_the_quarantine_table_is_an_asset_of_the_same_step_and_shows_its_own_counts(tmp_path: Path) -> None:
    shown = materialized(tmp_path)
    assert set(shown) == {"silver/customer_attributes", "quarantine/customer_attributes"}
    silver, quarantine = shown["silver/customer_attributes"], shown["quarantine/customer_attributes"]
    assert quarantine == silver
    assert set(quarantine) == {"2023-01-01", "2023-02-01"}


@pytest.mark.parametrize("table", ["silver/customer_attributes", "quarantine/customer_attributes"])
def test_a_table_asked_for_alone_is_written_with_the_other(tmp_path: Path, table: str) -> None:
    lake = Lake.at(tmp_path, portfolio=LOANS)
    files = [
        lake.layout.month_file(f"{layer}/customer_attributes", month)
        for layer in ("silver", "quarantine")
        for month in ROWS
    ]
    materialized(tmp_path)
    together = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    assert set(materialized(tmp_path, tables=[table])) == {table}
    assert [file.read_bytes() for file in files] == together


def test_a_strategy_of_the_policy_is_carried_out_and_shown(tmp_path: Path) -> None:
    policy = CleaningPolicy(strategies={"Age_underscore_stripped": "null", "Age_out_of_range_nulled": "drop"})
    shown = build(tmp_path, policy)["2023-01-01"]
    assert shown["rows_quarantined"] == 2
    assert "| Age_out_of_range_nulled | 1 |" in str(shown["quarantined_by_rule"])
    assert "| Age_underscore_stripped:null | 2 |" in str(shown["repairs_by_rule"])


def test_quarantine_is_rewritten_by_each_run_of_a_month(tmp_path: Path) -> None:
    lake = Lake.at(tmp_path, portfolio=LOANS)
    files = [lake.layout.month_file("quarantine/customer_attributes", month) for month in ROWS]
    build(tmp_path)
    first = [file.read_bytes() for file in files]
    build(tmp_path, CleaningPolicy(strategies={"Age_out_of_range_nulled": "drop"}))
    assert pl.read_parquet(files[0]).height == 2
    build(tmp_path)
    assert [file.read_bytes() for file in files] == first


def test_a_policy_no_rule_can_follow_is_refused_before_anything_runs() -> None:
    with pytest.raises(PolicyError, match=r"cleaning\.strategies\.nonsense: is no cleaning rule"):
        silver_assets(LOANS, AXIS, LOANS.load_policy().model, CleaningPolicy(strategies={"nonsense": "drop"}))
