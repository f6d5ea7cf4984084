"""Runs of the command line where the UI lists runs, and what follows on a month that a person builds by clicking.

One server with its daemon, automation running, over a finished book whose newest month is built and has lost its scores
and its monitoring.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from credit_platform.automation.jobs import AFTER_RUN, STARTED_BY
from credit_platform.months import month_key
from credit_platform_tests.browser.conftest import DagsterServer, dagster_ui, environment_of, fresh_tab
from credit_platform_tests.browser.dagster_api import Run, wait_until
from credit_platform_tests.browser.dagster_page import DagsterPage
from credit_platform_tests.small_book import LAST, MODELS, BookFolders

pytestmark = [pytest.mark.slow, pytest.mark.browser]

JOBS = ("build_month", "train_models", "score_month", "monitor_month")
MONTH = month_key(LAST)
SENSOR = "continue_on_month_built"
SECONDS = 1000


@pytest.fixture(scope="module")
def book(finished_book: BookFolders, tmp_path_factory: pytest.TempPathFactory) -> BookFolders:
    own = BookFolders(tmp_path_factory.mktemp("running") / "data", finished_book.raw_dir, finished_book.policy_dir)
    # With its history, which lies in the data folder.
    shutil.copytree(finished_book.data_dir, own.data_dir)
    written = own.data_dir / "platform.yaml"
    written.write_text(written.read_text().replace("automation: stopped", "automation: running"))
    known = (own.data_dir.glob(f"{layer}/{MONTH}.parquet") for layer in ("prediction/*", "monitoring/*/*"))
    for file in chain.from_iterable(known):
        file.unlink()
    return own


@pytest.fixture(scope="module")
def server(book: BookFolders, pictures: Path) -> Iterator[DagsterServer]:
    with dagster_ui(environment_of(book), pictures / "ui-automation.log") as found:
        yield found


@pytest.fixture
def ui(server: DagsterServer, chromium: Browser, pictures: Path) -> Iterator[DagsterPage]:
    with fresh_tab(chromium, server, pictures) as tab:
        yield tab


def test_runs_of_the_command_line_are_listed_under_their_jobs_and_in_the_timeline(
    ui: DagsterPage, server: DagsterServer
) -> None:
    runs = server.api.runs()
    ui.open_job("build_month", "Runs")
    build = next(run for run in runs if run.job == "build_month" and run.tag.get(STARTED_BY) == "backfill")
    expect(ui.listed_run(build.id)).to_be_visible()
    ui.picture("8-job-runs")

    ui.page.goto(f"{ui.address}/jobs")
    expect(ui.page.get_by_text(re.compile(r"\bago$"))).to_have_count(len(JOBS))
    ui.picture("8-jobs")

    ui.page.goto(f"{ui.address}/overview/activity/timeline")
    for job in JOBS:
        expect(ui.timeline_row(job).locator("[class*=RunTimeline_runChunk__]").first).to_be_visible()
    expect(ui.page.get_by_role("button").filter(has_text=re.compile("^credit_platform"))).to_have_text(
        f"credit_platform{len(runs)}"
    )
    ui.picture("8-timeline")


def test_a_month_built_by_a_click_is_scored_and_monitored_once(
    ui: DagsterPage, server: DagsterServer, book: BookFolders
) -> None:
    ui.open_job("build_month", "Overview")
    clicked = server.api.succeeded_run(ui.materialize_month(MONTH, "Materialize all"))
    ui.picture("9-build-launched")

    def followed() -> list[Run]:
        return [run for run in server.api.runs() if run.tag.get("dagster/sensor_name") == SENSOR]

    # A look every 15 seconds, the start of a run ten of them, twice; more on a machine with other work.
    wait_until(lambda: [run.status for run in followed()] == ["SUCCESS"] * 2, seconds=120, what="it is monitored")
    monitored, scored = followed()
    told = [(run.job, run.tag["dagster/partition"], run.tag[AFTER_RUN]) for run in (scored, monitored)]
    assert told == [("score_month", MONTH, clicked.id), ("monitor_month", MONTH, scored.id)]
    tables = [table for model in MODELS for table in (f"prediction/{model}", f"monitoring/{model}/action")]
    assert all(book.lake.has(table, LAST) for table in tables)
    # Another look asks for nothing.
    ui.page.wait_for_timeout(20 * SECONDS)
    ui.open_runs(sensor_name=SENSOR)
    for run in (monitored, scored):
        expect(ui.listed_run(run.id)).to_be_visible()
        expect(ui.page.get_by_role("link", name=run.job, exact=True)).to_have_count(1)
    ui.picture("9-runs-that-followed")
    ui.page.goto(f"{ui.address}/locations/credit_platform/sensors/{SENSOR}")
    expect(ui.page.get_by_text("0 runs requested").first).to_be_visible()
    ui.picture("9-sensor")
