"""Pages, documents, reasons and descriptions speak the words of their book: no other book's ever say loan.

What features and sources say of themselves is a book's own text and not looked at.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import polars as pl
import pytest

from credit_platform.code_location import build_definitions
from credit_platform.monitoring.action.action import decide_action
from credit_platform.portfolios.churn.portfolio import CHURN
from credit_platform.portfolios.home_credit.portfolio import HOME_CREDIT
from credit_platform.portfolios.tables import tables_of
from credit_platform.reports.champion_challenger.page import champion_challenger_page
from credit_platform.reports.dashboard.charts import charts_of
from credit_platform.reports.dashboard.dashboard import dashboard_page
from credit_platform.reports.dashboard.data_quality import data_quality_page
from credit_platform.reports.dashboard.month_page import MonthFacts, month_page
from credit_platform.reports.documents.action_report import action_json, action_text
from credit_platform.reports.documents.document import to_markdown
from credit_platform.reports.documents.model_card import model_card
from credit_platform.reports.documents.validation_checklist import validation_checklist
from credit_platform.reports.page import figure_json
from credit_platform.reports.scorecard_draft.page import draft_page
from credit_platform.reports.shown_book import ShownBook
from credit_platform.reports.version.leaderboard import leaderboard, leaderboard_page
from credit_platform.reports.version.page import version_page
from credit_platform.scoring.explanation.notice import DeclineNotice
from credit_platform_tests.graph_snapshot import snapshot_settings
from credit_platform_tests.monitoring_rows import figures, subject, thresholds
from credit_platform_tests.reports.champion_challenger.test_page import NOVEMBER, month_of
from credit_platform_tests.reports.conftest import overview
from credit_platform_tests.reports.shown_loans import SHOWN_LOANS
from credit_platform_tests.reports.version_rows import facts, sources
from credit_platform_tests.scoring.champion_challenger.paired_loans import paired_loans
from credit_platform_tests.scoring.scorecard.drafted import drafted
from credit_platform_tests.toy_portfolio import GYM

if TYPE_CHECKING:
    from pathlib import Path

    from credit_platform.portfolios.portfolio import Portfolio
    from credit_platform.reports.dashboard.overview import Overview

LOAN = re.compile(r"\b(?:loans?|borrowers?)\b", re.IGNORECASE)
NO_EARLY = frozenset({"early_reads", "vintages", "roll_rates"})
MONTH = date(2025, 4, 1)


@pytest.fixture(scope="module", params=[HOME_CREDIT, CHURN, GYM], ids=lambda portfolio: portfolio.name)
def portfolio(request: pytest.FixtureRequest) -> Portfolio:
    return request.param


def book_of(portfolio: Portfolio) -> ShownBook:
    return ShownBook.of(portfolio, portfolio.load_policy().model)


def spoken(page: str) -> list[str]:
    """Where a page says loan, with what is around it; the drawing library and styles are no words of ours."""
    own = re.sub(r"<script>.*?</script>|<style>.*?</style>", "", page, flags=re.DOTALL)
    return [own[max(0, found.start() - 60) : found.end() + 30] for found in LOAN.finditer(own)]


def month_facts(seen: Overview, portfolio: Portfolio) -> MonthFacts:
    own = seen.history.filter(pl.col("observed_month") == MONTH).drop("snapshot_month")
    own = own.rename({"observed_month": "snapshot_month"})
    tables = tables_of(portfolio)
    return MonthFacts(
        month=MONTH,
        names=seen.names,
        balance=tables.shared["monitoring/row_balance"].create_empty(),
        quality=tables.shared["monitoring/data_quality"].create_empty(),
        scored=pl.DataFrame({"model": ["scorecard"], "model_version": ["v1"], "provenance": ["live"], "n": [5],
                             "mean_probability": [0.1], "declined": [0.2]}),
        stability=own.filter(layer="stability"),
        early_reads=seen.early_reads,
        performance=own.filter(layer="performance"),
        actions=seen.actions.filter(pl.col("snapshot_month") == MONTH),
        versions=seen.versions,
        history=seen.history,
        thresholds=seen.thresholds,
        links={},
        book=book_of(portfolio),
        absent=NO_EARLY,
        decided=seen.decided,
    )  # fmt: skip


def test_no_page_over_months_of_another_book_says_loan(portfolio: Portfolio) -> None:
    book = book_of(portfolio)
    seen = replace(overview(), book=book, absent=NO_EARLY)
    compared = month_of(paired_loans(per_cohort=250, champion_noise=1.5), NOVEMBER)
    compared = compared.with_columns(pl.col("reasons").str.replace_all("loans", book.words.cases))
    quality = pl.DataFrame({"snapshot_month": [MONTH], "source": ["web"], "dimension": ["completeness"],
                            "value": [0.5], "n": [5], "detail": ["few"]})  # fmt: skip
    pages = {
        "dashboard": dashboard_page(seen),
        "charts": "".join(map(figure_json, charts_of(seen).values())),
        "month": month_page(month_facts(seen, portfolio)),
        "champion_challenger": champion_challenger_page(compared, config=portfolio.load_policy().model, book=book),
        "data_quality": data_quality_page(quality, book=book),
    }
    assert {name: found for name, page in pages.items() if (found := spoken(page))} == {}
    assert all(book.words.cases in page.lower() for page in pages.values())


def test_pages_of_the_loans_say_loan() -> None:
    assert len(spoken(dashboard_page(overview()))) > 10
    assert spoken(version_page(facts()))


def test_no_page_of_a_version_of_another_book_says_loan(portfolio: Portfolio) -> None:
    book = book_of(portfolio)
    version = replace(facts(), book=book)
    known = replace(sources(), purpose="Probability of the event.", excluded=None, reason_codes=None)
    pages = {
        "version": version_page(version),
        "card": to_markdown(model_card(version, known)),
        "checklist": to_markdown(validation_checklist(version, known, gates=portfolio.load_policy().model.gates)),
        "leaderboard": leaderboard_page(leaderboard([(version, None)]), book=book),
    }
    assert {name: found for name, page in pages.items() if (found := spoken(page))} == {}
    drafts = draft_page(replace(drafted(), changes=()), book=book)
    assert f"{book.words.heading}</th>" in drafts


def test_no_reason_of_an_action_about_another_book_says_loan(portfolio: Portfolio) -> None:
    at, cases = subject(), portfolio.words.cases
    measured = figures({"roc_auc": 0.6, "label_coverage": 0.5}, at=at).with_columns(
        status=pl.when(pl.col("metric") == "label_coverage").then(pl.lit("warn")).otherwise(pl.col("status"))
    )
    for scored in (figures({"psi": 0.4}, at=at), figures({}, at=at)):
        decided = decide_action(measured, scored, subject=at, thresholds=thresholds(), cases=cases)
        assert any(cases in reason for reason in decided.reasons)
        assert spoken(action_text(decided, subject=at) + action_json(decided, subject=at)) == []


def test_descriptions_of_another_book_speak_its_words(portfolio: Portfolio, tmp_path: Path) -> None:
    settings = snapshot_settings(tmp_path).model_copy(
        update={"portfolio": portfolio, "policy": portfolio.load_policy()}
    )
    repository = build_definitions(portfolio, settings).get_repository_def()
    graph = repository.asset_graph
    texts = {
        **{key.to_user_string(): graph.get(key).description for key in graph.get_all_asset_keys()},
        **{key.name: graph.get(key).description for key in graph.asset_check_keys},
        **{job.name: job.description for job in repository.get_all_jobs()},
    }
    # A source's own table is described by the book.
    said = {name: found for name, text in texts.items() if (found := spoken(text or ""))}
    assert {name: found for name, found in said.items() if not re.search(r"\b(?:bronze|silver)/", name)} == {}


def test_the_notice_of_a_decline_says_what_was_asked_for() -> None:
    texts = HOME_CREDIT.load_policy().reasons.notice
    assert texts is not None
    notice = DeclineNotice("1", HOME_CREDIT.words.lent, MONTH, texts, ("INC01",), ("Your yearly income",))
    said = "\n".join(notice.lines())
    assert "Application 1 of 2025-04 for a credit" in said
    assert spoken(said) == []


@pytest.mark.parametrize("shown", [book_of(HOME_CREDIT), SHOWN_LOANS], ids=["drawn", "calendar"])
def test_pages_say_near_the_top_and_under_figures_where_months_are_drawn(shown: ShownBook) -> None:
    seen = replace(overview(), book=shown)
    page, version = dashboard_page(seen), version_page(replace(facts(), book=shown))
    card = to_markdown(model_card(replace(facts(), book=shown), sources()))
    tops = [page.split("<section")[0], version.split("<section")[0], card.split("## Purpose")[0]]
    is_drawn = not shown.has_calendar
    assert [f"every {shown.words.case} was given its month by a seeded hash" in top.lower() for top in tops] == (
        [is_drawn] * 3
    )
    assert ("Months are drawn, not dates" in page) == is_drawn
    assert ("Sources: are they there for all" in page) != is_drawn
    assert ("## Availability of the sources" in card) != is_drawn
    assert ("follow each other in time" in version) != is_drawn


@pytest.mark.parametrize(
    ("lag", "later", "of_then"),
    [(0, "", ""), (1, " a month later", " of a month ago"), (6, " six months later", " of half a year ago"),
     (12, " 12 months later", " of 12 months ago")],
)  # fmt: skip
def test_pages_say_when_outcomes_come(lag: int, later: str, of_then: str) -> None:
    book = replace(SHOWN_LOANS, lag=lag)
    assert (book.later, book.of_then) == (later, of_then)


def test_a_month_without_a_delivered_outcome_is_no_point_of_a_trend() -> None:
    seen = overview()
    newest = seen.history.filter(layer="performance")["cohort"].max()
    of_newest = (pl.col("layer") == "performance") & (pl.col("cohort") == newest)
    history = seen.history.with_columns(n=pl.when(of_newest).then(0).otherwise("n"))
    awaiting = replace(seen, history=history, book=replace(seen.book, awaits_outcomes=True))
    assert newest not in awaiting.known.filter(layer="performance")["cohort"].to_list()
    assert awaiting.known.filter(layer="stability").height == seen.known.filter(layer="stability").height
    assert newest in replace(seen, history=history).known.filter(layer="performance")["cohort"].to_list()
