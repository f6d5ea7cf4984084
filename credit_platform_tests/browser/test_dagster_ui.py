"""The first hour of a newcomer in the Dagster UI, by clicking alone.

The tests share one server and its book, each puts in place what it needs, so they run in any order.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from credit_platform_tests.browser.conftest import DagsterServer
from credit_platform_tests.browser.dagster_page import DagsterPage

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LAYERS = ("bronze", "silver", "gold", "model", "prediction", "monitoring")
MONTH = "2023-05-01"
WHOLE_BOOK = ("2023-01-01", "2024-12-01")
SECONDS = 1000


def build_financials(ui: DagsterPage, server: DagsterServer, month: str) -> None:
    """Materialize a month of the bronze and then of the silver table."""
    for group, asset in (("bronze", "features_financials"), ("silver", "customer_financials")):
        ui.open_lineage()
        ui.select_in_lineage(group, asset)
        server.api.succeeded_run(ui.materialize_month(month))


def test_the_graph_shows_every_layer_as_a_group(ui: DagsterPage) -> None:
    ui.open_lineage()
    for layer in LAYERS:
        expect(ui.graph_nodes(layer)).to_be_visible()
    ui.picture("1-layers")
    ui.expand_all_groups()
    ui.picture("1-layers-expanded")
    # Only what lies on the screen is drawn, and choosing an asset in the list brings it there.
    shown = {
        ("bronze",): ["lms_loan_daily"],
        ("silver",): ["loan_snapshots"],
        ("gold",): ["feature_store", "label_store"],
        ("monitoring", "all_models"): ["dashboard"],
    }
    for folders, assets in shown.items():
        ui.unfold_in_sidebar(*folders)
        for asset in assets:
            ui.sidebar_row(asset).first.click()
            expect(ui.graph_nodes(asset).first).to_be_visible(timeout=30 * SECONDS)
        ui.unfold_in_sidebar(folders[0])


def test_one_month_is_materialized_by_clicking(ui: DagsterPage, dagster_server: DagsterServer) -> None:
    build_financials(ui, dagster_server, MONTH)
    ui.picture("2-month-launched")
    ui.open_asset("silver/customer_financials", "Partitions")
    ui.page.get_by_placeholder("Filter by name").fill(MONTH)
    ui.page.get_by_title(MONTH, exact=True).click()
    expect(ui.page.get_by_text("Materialized", exact=True)).to_be_visible()
    expect(ui.page.get_by_text("rows_repaired", exact=True)).to_be_visible()
    ui.picture("2-month-materialized")


def test_a_range_of_months_is_one_run_with_a_check_result_for_every_month(
    ui: DagsterPage, dagster_server: DagsterServer
) -> None:
    ui.open_lineage()
    ui.search('group:"bronze" or group:"silver" or group:"gold"')
    dialog = ui.open_launch_dialog("Materialize all")
    ui.picture("3-range-dialog")
    launched = ui.launch_backfill_of_all_months(dialog)
    backfill = dagster_server.api.succeeded_backfill(launched)
    assert [run.months for run in backfill.runs] == [WHOLE_BOOK]

    ui.open_backfill(launched)
    expect(ui.page.get_by_text("Succeeded", exact=True)).to_be_visible()
    ui.picture("3-range-done")
    ui.open_asset("silver/customer_financials", "Partitions")
    expect(ui.months_in_state("Materialized")).to_have_text("Materialized (24)")
    ui.picture("3-range-materialized")

    ui.open_asset("silver/customer_financials", "Checks")
    ui.page.get_by_text("rows_meet_the_contract", exact=True).first.click()
    expect(ui.page.get_by_text("This is a blocking asset check")).to_be_visible()
    ui.picture("4-check-overview")
    ui.page.get_by_role("tab", name="Partitions").last.click()
    expect(ui.months_in_state("Passed")).to_have_text("Passed (24)", timeout=30 * SECONDS)
    for state in ("Execution Failed", "Failed", "Missing", "Skipped"):
        expect(ui.months_in_state(state)).to_have_text(f"{state} (0)")
    ui.page.get_by_title("2024-12-01", exact=True).click()
    expect(ui.page.get_by_text(re.compile(r"^2024-12: all \d+ rows meet the contract"))).to_be_visible()
    ui.picture("4-check-months")


def test_executing_all_checks_of_an_asset_checks_every_built_month(
    ui: DagsterPage, dagster_server: DagsterServer
) -> None:
    build_financials(ui, dagster_server, MONTH)
    ui.open_asset("silver/customer_financials", "Checks")
    ui.page.get_by_text("rows_meet_the_contract", exact=True).first.click()
    dagster_server.api.succeeded_run(ui.execute_all_checks())
    ui.page.get_by_role("tab", name="Partitions").last.click()
    ui.page.get_by_placeholder("Filter by partition").fill(MONTH)
    ui.page.get_by_title(MONTH, exact=True).click()
    expect(ui.page.get_by_text("Passed", exact=True).last).to_be_visible()
    ui.picture("5-checks-executed")


def test_materializing_everything_is_a_run_or_two_per_partitions_definition(
    ui: DagsterPage, dagster_server: DagsterServer
) -> None:
    ui.open_lineage()
    dialog = ui.open_launch_dialog("Materialize all")
    ui.picture("6-everything-dialog")
    launched = ui.launch_backfill_of_all_months(dialog)
    backfill = dagster_server.api.succeeded_backfill(launched)
    # The daemon may start what reads the first tables of a run while its last ones are being written.
    n_definitions = len(dagster_server.api.partitions_definitions())
    assert n_definitions == 4
    assert n_definitions <= len(backfill.runs) <= 2 * n_definitions

    ui.open_backfill(launched)
    expect(ui.page.get_by_text("Succeeded", exact=True)).to_be_visible()
    ui.picture("6-everything-done")
    ui.open_lineage()
    for layer in LAYERS:
        expect(ui.graph_nodes(layer)).to_be_visible()
    ui.expand_all_groups()
    built = {
        ("prediction",): ["gradient_boosting", "scorecard"],
        ("monitoring", "all_models", "sources"): ["dashboard", "history", "row_balance"],
    }
    for folders, assets in built.items():
        ui.unfold_in_sidebar(*folders)
        for asset in assets:
            row = ui.sidebar_row(asset).first
            expect(row.get_by_role("img", name="run_success")).to_be_visible(timeout=30 * SECONDS)
        ui.unfold_in_sidebar(folders[0])
    ui.picture("6-everything-graph")
