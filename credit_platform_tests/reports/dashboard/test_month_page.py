from __future__ import annotations

import re
from dataclasses import replace

import polars as pl
import pytest

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import tables_of
from credit_platform.reports.dashboard.month_page import MonthFacts, month_page
from credit_platform.reports.dashboard.overview import Overview
from credit_platform_tests.reports.shown_loans import SHOWN_LOANS


@pytest.fixture(scope="module")
def facts(seen: Overview) -> MonthFacts:
    month = seen.snapshot_month
    history = seen.history.filter(pl.col("observed_month") == month).drop("snapshot_month")
    own = history.rename({"observed_month": "snapshot_month"})
    balance = {
        "snapshot_month": [month],
        "table": ["loan_snapshots"],
        "rows_in": [510],
        "rows_out": [500],
        "quarantined": [7],
        "duplicates_dropped": [3],
        "rows_repaired": [12],
    }
    scored = {
        "model": ["gradient_boosting"],
        "model_version": ["2024-12-01-a1b2c3d4"],
        "provenance": ["live"],
        "sources_present": ["clickstream+financials"],
        "n": [500],
        "mean_probability": [0.29],
        "declined": [0.2],
    }
    return MonthFacts(
        month=month,
        names=seen.names,
        balance=pl.DataFrame(balance),
        quality=tables_of(LOANS).shared["monitoring/data_quality"].create_empty(),
        scored=pl.DataFrame(scored),
        stability=own.filter(layer="stability"),
        early_reads=tables_of(LOANS).of_models["early_reads"].create_empty(),
        performance=own.filter(layer="performance"),
        actions=seen.actions.filter(pl.col("snapshot_month") == month),
        versions=seen.versions.filter(pl.col("as_of") == month),
        history=seen.history,
        thresholds=seen.thresholds,
        links={"Dashboard": "../monitoring_dashboard.html"},
        book=SHOWN_LOANS,
    )


@pytest.fixture(scope="module")
def page(facts: MonthFacts) -> str:
    return month_page(facts)


def test_it_begins_with_what_was_decided(page: str) -> None:
    beginning = page[: page.index("<section")]
    assert "<strong>Model 1: Scorecard</strong>: Not fit for use: retraining required" in beginning
    assert "ROC-AUC 0.7000" in beginning


@pytest.mark.parametrize(
    "said",
    ["510", "clickstream+financials", "PSI", "Loans written in 2024-10", "ROC-AUC", "2025-04-01-99ffee00", "<svg"],
)
def test_it_tells_what_came_in_what_was_scored_seen_and_trained(page: str, said: str) -> None:
    assert said in page


def test_it_is_small_and_needs_no_script(page: str) -> None:
    assert len(page) < 60_000
    assert "<script" not in page


def test_what_is_missing_is_said_to_be_unknown(facts: MonthFacts) -> None:
    frames = ("balance", "scored", "stability", "performance", "actions", "versions", "history")
    page = month_page(replace(facts, **{name: getattr(facts, name).clear() for name in frames}))
    assert len(re.findall("Unknown: ", page)) == 8
    assert "No version was trained as of this month." in page


def test_text_from_tables_cannot_become_markup(page: str) -> None:
    assert "<b>low</b>" not in page
