"""Which model decided each month, on the dashboard and on a month's page."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.months import add_months
from credit_platform.reports.dashboard.dashboard import dashboard_page
from credit_platform.reports.dashboard.decisions import changes_of_champion, decided_by, decisions_section
from credit_platform.reports.dashboard.overview import DECIDED_SCHEMA, Overview
from credit_platform_tests.reports.html_text import figures

NOVEMBER = date(2024, 11, 1)


def decided(*models: str) -> pl.DataFrame:
    rows = [(add_months(NOVEMBER, n), model, f"{model}-v", 400 + n, 0.25, n) for n, model in enumerate(models)]
    return pl.DataFrame(rows, schema=DECIDED_SCHEMA, orient="row")


CHANGED = decided("scorecard", "scorecard", "gradient_boosting", "gradient_boosting")


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_a_change_is_where_the_model_differs_from_that_of_the_month_before(models: list[str]) -> None:
    found = changes_of_champion(decided(*models).reverse())
    pairs = list(pairwise(models))
    assert found == {add_months(NOVEMBER, n): pair for n, pair in enumerate(pairs, start=1) if pair[0] != pair[1]}


def test_the_dashboard_names_the_model_of_each_month_and_marks_the_change(seen: Overview) -> None:
    page = dashboard_page(replace(seen, decided=CHANGED))
    assert "<strong>From 2025-01 on Model 2 decides in place of Model 1.</strong>" in page
    table = decisions_section(replace(seen, decided=CHANGED)).content.partition("<table")[2]
    assert table.index("2025-02") < table.index("2025-01") < table.index("2024-12")
    drawn = json.dumps(figures(page)["actions"])
    assert '"dash": "dot"' in drawn
    assert '"Model 2 decides"' in drawn


def test_without_a_change_no_line_is_drawn_and_later_decisions_are_not_shown(seen: Overview) -> None:
    later = decided(*["scorecard"] * 6, "gradient_boosting")
    page = dashboard_page(replace(seen, decided=later))
    assert "in place of" not in page
    assert "2025-05" not in decisions_section(replace(seen, decided=later)).content


def test_what_is_not_decided_is_unknown(seen: Overview) -> None:
    assert "Unknown: no month has been decided yet." in dashboard_page(seen)
    assert decided_by(decided(), {}, 0.95, "loans") == "<p>Unknown: this month has not been decided.</p>"


def test_the_page_of_a_month_says_who_decided(seen: Overview) -> None:
    said = decided_by(CHANGED.tail(1), seen.names, 0.95, "loans")
    assert "Decided by Model 2: Gradient boosting, version gradient_boosting-v: 403 loans, 25.0% declined." in said
    # Wilson's interval of 3 in 403.
    assert "Overridden by people: 3 of 403: 0.7% (0.3% to 2.2%)." in said
