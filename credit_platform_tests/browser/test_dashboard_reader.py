"""A reader who has nothing but the dashboard: is model 2 fit for use, since when not, why, and what was done?

The book's applicants default for other reasons from 2024-01 on, which outcomes show half a year later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from credit_platform.assets.pages.overview import DASHBOARD
from credit_platform_tests.drifted_book import replacement_in
from credit_platform_tests.small_book import BookFolders

pytestmark = [pytest.mark.slow, pytest.mark.browser]

N_CHARTS = 9
# Milliseconds until words can be read; two megabytes of drawing library are read after them.
PATIENCE = 60_000


WINDOWS: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (1280, "dark"), (1920, "light"), (1920, "dark")]


@pytest.fixture
def tab(request: pytest.FixtureRequest, chromium: Browser, drifted_book: BookFolders, pictures: Path) -> Iterator[Page]:
    """The dashboard in a tab of its own, offline; fails in the end when the page logged an error."""
    asked: tuple[int, Literal["light", "dark"]] = getattr(request, "param", WINDOWS[0])
    width, scheme = asked
    context = chromium.new_context(viewport={"width": width, "height": 1000}, color_scheme=scheme, offline=True)
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(drifted_book.layout.report(DASHBOARD).as_uri(), timeout=PATIENCE)
    yield page
    page.screenshot(path=pictures / f"dashboard-{width}-{scheme}.png", full_page=True)
    context.close()
    assert not problems


def _answer(page: Page, model: str, question: str) -> str:
    """What the card of a model says to a question."""
    card = page.locator(f"#verdict_{model}")
    return card.locator("dt", has_text=question).locator("xpath=following-sibling::dd[1]").inner_text()


def _drawn(page: Page) -> None:
    page.wait_for_function(
        "document.querySelectorAll('.js-plotly-plot .main-svg').length > 0 && waiting.size === 0", timeout=PATIENCE
    )


def test_the_dashboard_answers_the_questions_about_model_2(tab: Page, drifted_book: BookFolders) -> None:
    model, replaced_by = "gradient_boosting", replacement_in(drifted_book)
    card = tab.locator(f"#verdict_{model}")
    expect(card.locator("h3")).to_have_text("Model 2: Gradient boosting")
    # Is it fit for use? It was not, and the version in its place has no outcome yet.
    expect(card.locator(".verdict")).to_have_text("Replaced by a retrained version, whose outcomes are still to come")
    assert _answer(tab, model, "Fit for use") == "Not known"
    since = _answer(tab, model, "Since")
    assert "before that not fit for use from 2024-07 to 2024-1" in since
    assert f"{replaced_by.unfit_since:%Y-%m}" == "2024-07"
    signs = _answer(tab, model, "First signs")
    assert re.match(r"2024-0[2-5], [2-5] months before it failed: ", signs), signs
    why = _answer(tab, model, "Why")
    assert re.search(r"2024-07, when it failed: ROC-AUC 0\.\d+ .*below the business threshold 0.75", why), why
    done = _answer(tab, model, "Done")
    assert "retraining was asked for in 6 months from 2024-07 to 2024-12" in done
    assert re.search(
        r"[34] versions trained as of 2024-07 to 2024-\d\d were not promoted; the newest of them:", done
    ), done
    assert re.search(r"version 2024-(09|10)-01-\w+, trained as of 2024-\d\d, was not promoted: Gate ", done), done
    assert re.search(r"version 2024-1[01]-01-\w+, trained as of 2024-1[01], was promoted from 2024-1", done), done
    assert re.search(r"version 2024-1[01]-01-\w+ in force since 2024-1[12] \(out-of-time ROC-AUC 0\.\d+\)", done), done
    # The answers are the first thing on the page.
    box = card.bounding_box()
    assert box is not None
    assert box["y"] < 400


@pytest.mark.parametrize("tab", WINDOWS, indirect=True, ids=str)
def test_every_figure_is_drawn_inside_its_place_and_nothing_is_cut_off(tab: Page) -> None:
    _drawn(tab)
    places = tab.evaluate(
        """() => [...document.querySelectorAll('figure > div')].map((place) => {
            const box = place.getBoundingClientRect(), svg = place.querySelector('.main-svg');
            const drawn = svg && svg.getBoundingClientRect();
            return [place.id, !!svg, drawn && drawn.right <= box.right + 1 && drawn.bottom <= box.bottom + 1];
        })"""
    )
    assert len(places) > 15
    assert [place for place in places if place[1:] != [True, True]] == []
    assert not tab.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    cut_off = "[...document.querySelectorAll('.scroll')].filter((box) => box.scrollWidth > box.clientWidth + 1).length"
    assert tab.evaluate(cut_off) == 0


def test_the_navigation_and_the_months_lead_where_they_say(tab: Page) -> None:
    tab.get_by_role("navigation").get_by_role("link", name="Early reads").click()
    expect(tab.get_by_role("heading", name=re.compile("^Early reads"))).to_be_in_viewport()
    tab.locator("#months").get_by_role("link", name="2024-07").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("The month 2024-07")
    expect(tab.locator("#action")).to_contain_text("below the business threshold 0.75")
    tab.get_by_role("link", name="Dashboard").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Model monitoring, 2024-12")


def test_the_charts_lie_beside_it_as_pictures(drifted_book: BookFolders) -> None:
    charts = sorted(drifted_book.layout.chart("psi_trends").parent.glob("*.png"))
    assert len(charts) == N_CHARTS
    assert all(chart.read_bytes().startswith(b"\x89PNG") for chart in charts)
