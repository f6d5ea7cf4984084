"""A month whose delivery is at fault: red in that month only, everything around it built, nothing built on it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, expect

from credit_platform_tests.browser.conftest import CHECKOUT, dagster_ui, fresh_tab, generated_book
from credit_platform_tests.browser.dagster_page import DagsterPage

pytestmark = [pytest.mark.slow, pytest.mark.browser]

FAULTY, BEFORE, AFTER = "2023-10-01", "2023-09-01", "2023-11-01"
SECONDS = 1000


def keep_few_rows(file: Path, month: str) -> None:
    """Leave three rows of a month, as a delivery that broke off would."""
    rows = pl.read_csv(file, infer_schema=False)
    is_month = pl.col("snapshot_date") == month
    pl.concat([rows.filter(~is_month), rows.filter(is_month).head(3)]).write_csv(file)


def build(environment: dict[str, str], first: str, last: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("credit-platform"))
    command = [program, "backfill", "--job", "build_month", "--from", first, "--to", last]
    return subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    data_dir = tmp_path_factory.mktemp("fault") / "book"
    environment = generated_book(data_dir)
    keep_few_rows(data_dir / "raw" / "features_attributes.csv", FAULTY)
    return environment


@pytest.fixture(scope="module")
def whole_range(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return build(environment, "2023-01", "2024-12")


def months_of(environment: dict[str, str], table: str) -> set[str]:
    return {file.stem for file in (Path(environment["CREDIT_DATA_DIR"]) / table).glob("*.parquet")}


@pytest.fixture
def tab(
    environment: dict[str, str], whole_range: subprocess.CompletedProcess[str], chromium: Browser, pictures: Path
) -> Iterator[DagsterPage]:
    assert whole_range.returncode == 1
    with (
        dagster_ui(environment, pictures / "dagster-dev-fault.log", is_to_look_at=True) as server,
        fresh_tab(chromium, server, pictures) as page,
    ):
        yield page


def test_the_backfill_finishes_all_other_months_and_names_the_faulty_one(
    environment: dict[str, str], whole_range: subprocess.CompletedProcess[str]
) -> None:
    assert whole_range.returncode == 1, whole_range.stdout + whole_range.stderr
    assert "2023-10" in whole_range.stdout
    assert "Traceback" not in whole_range.stdout + whole_range.stderr
    for table in ("silver/customer_attributes", "gold/feature_store"):
        built = months_of(environment, table)
        assert len(built) == 23
        assert FAULTY not in built
    assert len(months_of(environment, "gold/label_store")) == 24, "labels depend on loans alone"


def test_run_alone_nothing_is_built_on_the_faulty_month(
    environment: dict[str, str], whole_range: subprocess.CompletedProcess[str]
) -> None:
    assert whole_range.returncode == 1
    alone = build(environment, "2023-10", "2023-10")
    assert alone.returncode == 1
    assert FAULTY not in months_of(environment, "silver/customer_attributes") | months_of(
        environment, "gold/feature_store"
    )


def test_the_check_is_red_in_the_faulty_month_only_and_says_what_to_do(tab: DagsterPage) -> None:
    tab.open_asset("bronze/features_attributes", "Checks")
    tab.page.get_by_text("delivery_may_be_built_on", exact=True).first.click()
    expect(tab.page.get_by_text("This is a blocking asset check")).to_be_visible()
    tab.page.get_by_role("tab", name="Partitions").last.click()
    expect(tab.months_in_state("Passed")).to_have_text("Passed (23)", timeout=30 * SECONDS)
    expect(tab.months_in_state("Failed")).to_have_text("Failed (1)")
    for month, said in ((FAULTY, "2023-10"), (BEFORE, "2023-09"), (AFTER, "2023-11")):
        tab.page.get_by_placeholder("Filter by partition").fill(month)
        tab.page.get_by_title(month, exact=True).click()
        state = "Failed" if month == FAULTY else "Passed"
        expect(tab.page.get_by_text(state, exact=True).last).to_be_visible()
        expect(tab.page.get_by_text(said).last).to_be_visible()
        tab.picture(f"7-fault-{month}")
