"""The pages of a finished book: dashboard, months, and what the metadata shows of them."""

from __future__ import annotations

import re
from base64 import b64decode
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.assets.asset_metadata import action_picture, so_far, trend_picture
from credit_platform.assets.pages import dashboard
from credit_platform.assets.pages.charts import RenderError
from credit_platform.assets.pages.month_pages import read_month
from credit_platform.assets.pages.overview import DASHBOARD, draw_dashboard, read_overview
from credit_platform.months import add_months, month_range
from credit_platform_tests.small_book import FIRST_OUTCOME, FIRST_TRAINING, LAST, BookFolders

MONTHS = month_range(FIRST_OUTCOME, LAST)


def test_every_month_with_an_outcome_has_a_page_and_the_dashboard_leads_to_it(finished_book: BookFolders) -> None:
    layout = finished_book.layout
    dashboard = layout.report(DASHBOARD).read_text()
    for month in MONTHS:
        assert layout.month_page(month).is_file()
        assert f"href='months/{month:%Y-%m}.html'" in dashboard


def test_every_link_of_a_page_leads_to_a_file(finished_book: BookFolders) -> None:
    for page in (finished_book.layout.report(DASHBOARD), finished_book.layout.month_page(LAST)):
        links = re.findall(r"<a href='([^'#]+)'", page.read_text())
        assert links
        assert [link for link in links if not (page.parent / link).is_file()] == []


def test_a_page_tells_of_its_own_month_alone(finished_book: BookFolders) -> None:
    facts = read_month(finished_book.lake, finished_book.settings().policy, MONTHS[1])
    for frame in (facts.balance, facts.stability, facts.performance, facts.actions, facts.early_reads):
        assert frame["snapshot_month"].unique().to_list() == [MONTHS[1]]
    assert facts.history["observed_month"].max() == MONTHS[1]


def test_the_page_of_a_month_tells_what_was_trained_as_of_it_although_that_came_later(
    finished_book: BookFolders,
) -> None:
    versions = finished_book.layout.month_page(FIRST_TRAINING).read_text().split("id='versions'")[1]
    assert "in force from 2024-02" in versions
    assert "No version was trained" in finished_book.layout.month_page(FIRST_OUTCOME).read_text()


def test_the_dashboard_is_of_the_newest_month_and_the_same_each_time(book_copy: BookFolders) -> None:
    file = book_copy.layout.report(DASHBOARD)
    before = file.read_bytes()
    overview = draw_dashboard(book_copy.lake, book_copy.settings().policy)
    assert overview is not None
    assert overview.snapshot_month == LAST
    assert file.read_bytes() == before


def test_a_book_without_history_has_no_dashboard(small_book: BookFolders, tmp_path: Path) -> None:
    empty = BookFolders(tmp_path, small_book.raw_dir, small_book.policy_dir)
    assert draw_dashboard(empty.lake, empty.settings().policy) is None


def _svg(text: object) -> str:
    return b64decode(str(text).split("base64,")[1].rstrip(")")).decode()


def test_pictures_join_what_is_stored_with_what_a_run_has_made(finished_book: BookFolders) -> None:
    lake, table = finished_book.lake, "monitoring/gradient_boosting/performance"
    made = [lake.scan(table, [month]).collect().with_columns(value=pl.lit(0.5)) for month in MONTHS[2:4]]
    rows = so_far(lake, table, made).filter(metric="roc_auc", segment="all").sort("snapshot_month")
    assert rows["snapshot_month"].to_list() == MONTHS[:4]
    assert rows["value"].to_list()[2:] == [0.5, 0.5]
    svg = _svg(trend_picture(lake, table, made, metric="roc_auc", levels=(0.8, None)).value)
    assert svg.count("<circle") == 4
    assert "0.8</text>" in svg


def test_a_strip_of_actions_has_a_mark_per_month_and_tells_the_last_one(finished_book: BookFolders) -> None:
    table = "monitoring/gradient_boosting/action"
    last = finished_book.lake.scan(table, [LAST]).collect()
    svg = _svg(action_picture(finished_book.lake, table, [last]).value)
    assert len(re.findall("<(circle|rect|polygon)", svg)) == len(MONTHS)
    assert f"{LAST:%Y-%m}: " in svg


def test_a_month_without_anything_before_it_is_drawn_alone(finished_book: BookFolders) -> None:
    table = "monitoring/gradient_boosting/stability"
    first: date = finished_book.lake.months(table)[0]
    made = finished_book.lake.scan(table, [first]).collect()
    assert so_far(finished_book.lake, table, [made]).equals(made)
    assert add_months(first, 1) in finished_book.lake.months(table)


@pytest.mark.parametrize("is_drawn", [True, False])
def test_charts_that_are_not_drawn_fail_nothing_and_the_metadata_says_why(
    finished_book: BookFolders, monkeypatch: pytest.MonkeyPatch, *, is_drawn: bool
) -> None:
    def refuse(*_: object) -> None:
        raise RenderError(reason="the renderer cannot be started")

    monkeypatch.setattr(dashboard, "write_charts", refuse)
    overview = read_overview(finished_book.lake, finished_book.settings().policy, LAST)
    told = dashboard._charts(overview, finished_book.layout, is_drawn=is_drawn)
    why = "the renderer cannot be started" if is_drawn else "by policy charts.png"
    assert f"not drawn: {why}" in str(told["charts"].value)
