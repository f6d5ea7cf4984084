"""Ten minutes of a newcomer: when was a model unfit for use, why, what replaced it, and how good is that.

Through the UI and the pages its metadata names, at two widths of a screen, on a book with a planted concept drift. What
was true is read from the stored tables beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from credit_platform.months import month_key
from credit_platform_tests.browser.conftest import DagsterServer, dagster_ui, environment_of, fresh_tab
from credit_platform_tests.browser.cut_off import cut_off
from credit_platform_tests.browser.dagster_page import DagsterPage
from credit_platform_tests.drifted_book import Replacement, replacement_in
from credit_platform_tests.small_book import BookFolders

pytestmark = [pytest.mark.slow, pytest.mark.browser]

LAYERS = ("bronze", "silver", "gold", "model", "prediction", "monitoring")
FOLDERS = ("sources", "gradient_boosting", "score", "all_models")
SECONDS = 1000


@pytest.fixture(scope="module")
def truth(drifted_book: BookFolders) -> Replacement:
    return replacement_in(drifted_book)


@pytest.fixture(scope="module")
def server(drifted_book: BookFolders, pictures: Path) -> Iterator[DagsterServer]:
    with dagster_ui(environment_of(drifted_book), pictures / "dagster-newcomer.log", is_to_look_at=True) as found:
        yield found


@pytest.fixture(params=[1280, 1920])
def ui(
    request: pytest.FixtureRequest, server: DagsterServer, chromium: Browser, pictures: Path
) -> Iterator[DagsterPage]:
    folder = pictures / f"newcomer-{request.param}"
    folder.mkdir(exist_ok=True)
    with fresh_tab(chromium, server, folder, width=request.param, height=1000) as tab:
        yield tab


def see(ui: DagsterPage, name: str) -> None:
    """Keep a picture of the screen; nothing on it may be cut off."""
    ui.picture(name)
    assert cut_off(ui.page) == []


def require_on_screen(ui: DagsterPage, nodes: list[Locator]) -> None:
    """Every one of these nodes of the graph lies wholly on the screen."""
    size = ui.page.viewport_size
    assert size is not None
    for node in nodes:
        box = node.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= size["width"]
        assert box["y"] + box["height"] <= size["height"]


def require_told(page: Page, *texts: str) -> None:
    """Each of these stands somewhere on the page, to be seen or scrolled to."""
    for text in texts:
        expect(page.get_by_text(text).filter(visible=True).first).to_be_visible(timeout=30 * SECONDS)


def open_month(ui: DagsterPage, table: str, month: str) -> None:
    """A month of an asset, chosen on its tab Partitions."""
    ui.open_asset(table, "Partitions")
    ui.page.get_by_placeholder("Filter by name").fill(month)
    ui.page.get_by_title(month, exact=True).click()
    expect(ui.page.get_by_text("Materialized", exact=True)).to_be_visible()


def note_errors(page: Page, faults: list[str]) -> None:
    """Keep what the page's scripts and its console report as errors."""
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))


def open_page(ui: DagsterPage, named: str) -> Page:
    """A page in the data folder whose path the UI shows, opened beside the UI as a person does with a copied path."""
    path = ui.page.locator("td").filter(has_text=re.compile(rf"/{named}$")).last.inner_text().strip()
    page = ui.page.context.new_page()
    note_errors(page, ui.problems)
    page.goto(Path(path).as_uri())
    return page


def test_the_graph_fits_the_screen_and_opens_folder_by_folder(ui: DagsterPage) -> None:
    ui.open_lineage()
    require_on_screen(ui, [ui.graph_nodes(layer).first for layer in LAYERS])
    see(ui, "1-graph")
    ui.graph_nodes("monitoring").first.click()
    expect(ui.graph_nodes("all_models").first).to_be_visible(timeout=30 * SECONDS)
    for folder in FOLDERS:
        expect(ui.graph_nodes(folder).first).to_be_visible()
    see(ui, "1-graph-monitoring")


def test_an_asset_says_what_it_is_what_it_reads_and_where_its_columns_come_from(ui: DagsterPage) -> None:
    ui.open_asset("gold/feature_store", "Overview")
    for said in ("One row per loan at application", "Inputs:", "When red:"):
        expect(ui.page.get_by_text(said).first).to_be_visible(timeout=30 * SECONDS)
    expect(ui.page.get_by_text(re.compile("From silver/customer_financials")).first).to_be_visible()
    see(ui, "2-asset")


def test_a_newcomer_finds_when_the_model_was_unfit_why_and_what_replaced_it(
    ui: DagsterPage, truth: Replacement
) -> None:
    # The dashboard's asset says where the page is; the page tells the month, the version and its result.
    ui.open_asset("monitoring/dashboard", "Overview")
    expect(ui.page.get_by_text(re.compile(r"monitoring_dashboard\.html$")).last).to_be_visible(timeout=30 * SECONDS)
    see(ui, "3-dashboard-asset")
    page = open_page(ui, "monitoring_dashboard.html")
    require_told(page, f"{truth.unfit_since:%Y-%m}", truth.model_version, f"{truth.out_of_time_auc:.3f}")
    page.screenshot(path=ui.pictures / "4-dashboard.png")
    assert cut_off(page) == []

    # The month's action says why.
    open_month(ui, f"monitoring/{truth.model}/action", month_key(truth.unfit_since))
    require_told(ui.page, "retrain_required", truth.reasons[0])
    see(ui, "5-action")

    # The model's asset has the version that took its place, how good it is out of time, and its page.
    open_month(ui, f"model/{truth.model}", month_key(truth.trained_as_of))
    require_told(ui.page, truth.model_version, "roc_auc_oot", f"{truth.out_of_time_auc:.4f}", "No gate failed.")
    see(ui, "6-model")
    page = open_page(ui, rf"{truth.model_version}\.html")
    require_told(page, truth.model_version, f"{truth.out_of_time_auc:.4f}")
    page.screenshot(path=ui.pictures / "7-version.png")
    assert cut_off(page) == []


@pytest.mark.parametrize("width", [1280, 1920])
def test_every_page_of_the_book_is_whole_and_logs_no_error(
    drifted_book: BookFolders, chromium: Browser, width: int
) -> None:
    reports = drifted_book.data_dir / "reports"
    newest_of_each_folder = {file.parent: file for file in sorted(reports.rglob("*.html"))}
    pages = {*reports.glob("*.html"), *newest_of_each_folder.values()}
    assert len(pages) > len(LAYERS) - 1
    context = chromium.new_context(viewport={"width": width, "height": 1000})
    faults: list[str] = []
    for file in sorted(pages):
        page = context.new_page()
        note_errors(page, faults)
        page.goto(file.as_uri())
        faults += [f"{file.name}: {said}" for said in cut_off(page)]
        page.close()
    context.close()
    assert faults == []


@pytest.mark.parametrize(
    ("style", "is_cut"),
    [
        ("width: 60px; overflow: hidden; white-space: nowrap", True),
        ("width: 60px; overflow: hidden; white-space: nowrap; text-overflow: ellipsis", False),
        ("width: 60px; overflow: auto; white-space: nowrap", False),
        ("margin-left: 1270px; white-space: nowrap", True),
        ("width: 600px; overflow: hidden", False),
    ],
)
def test_a_text_that_is_cut_off_is_found(chromium: Browser, style: str, *, is_cut: bool) -> None:
    page = chromium.new_page(viewport={"width": 1280, "height": 600})
    page.set_content(f"<body style='margin: 0'><div style='{style}'>The month in which the model was unfit</div>")
    assert bool(cut_off(page)) == is_cut
    page.close()
