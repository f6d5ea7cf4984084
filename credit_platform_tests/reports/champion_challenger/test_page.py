from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from datetime import date

import polars as pl
import pytest

from credit_platform.monitoring.performance.champion_challenger import SCHEMA, champion_challenger_frame
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.reports.champion_challenger.figures import difference_by_cohort_svg
from credit_platform.reports.champion_challenger.page import champion_challenger_page
from credit_platform.reports.wording import words
from credit_platform.scoring.champion_challenger.comparison import PAIRED_SCHEMA, compare_models
from credit_platform.scoring.champion_challenger.decision import ChallengerDecision, decide_challenger
from credit_platform_tests.reports.shown_loans import SHOWN_LOANS
from credit_platform_tests.scoring.champion_challenger.paired_loans import paired_loans

CHAMPION, CHALLENGER = "scorecard", "gradient_boosting"
OCTOBER, NOVEMBER = date(2024, 10, 1), date(2024, 11, 1)


def month_of(
    loans: pl.DataFrame, month: date, *, challenger: str = CHALLENGER, decision: ChallengerDecision | None = None
) -> pl.DataFrame:
    config = LOANS.load_policy().model
    measured = compare_models(
        loans, champion=CHAMPION, challenger=challenger, config=config, versions=("v1", "v2"), cut_off=0.5
    )
    return champion_challenger_frame(
        measured,
        decision or decide_challenger(measured, config=config, cases="loans"),
        snapshot_month=month,
        config=config,
        min_bads=30,
    )


def page_of(*months: pl.DataFrame) -> str:
    return champion_challenger_page(pl.concat(months), config=LOANS.load_policy().model, book=SHOWN_LOANS)


def shown(page: str) -> str:
    """The page as a reader sees it: markup without scripts and styles."""
    return re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def figures(page: str) -> set[str]:
    pattern = r"<script type='application/json' data-figure='([^']+)'>(.*?)</script>"
    found = {name: json.loads(content) for name, content in re.findall(pattern, page, flags=re.DOTALL)}
    assert all(figure["data"] for figure in found.values())
    return set(found)


@pytest.fixture(scope="module")
def better() -> pl.DataFrame:
    return month_of(paired_loans(per_cohort=250, champion_noise=1.5), NOVEMBER)


@pytest.fixture(scope="module")
def page(better: pl.DataFrame) -> str:
    return page_of(month_of(paired_loans(n_cohorts=2, per_cohort=100), OCTOBER), better)


def test_the_verdict_comes_first_in_words_with_since_when_why_and_what_to_do(page: str) -> None:
    text = shown(page)
    card = text[text.index("<article") : text.index("</article>")]
    assert text.index("<article") < text.index("<h2>")
    assert words("challenger_headlines")["promote"] in card
    assert "Gradient boosting against Scorecard, the champion" in card
    assert "2024-11, 1 month" in card
    assert "ranks better, beyond chance and by enough: ROC-AUC" in card
    assert "1,000 loans" in card
    assert "of 4 cohorts, 2024-01 to 2024-04" in card
    assert "names the challenger under champion_challenger.champion" in card


def test_the_page_tells_that_all_loans_are_booked(page: str) -> None:
    assert "reject inference" in shown(page)


def test_every_figure_is_there_with_a_label(page: str) -> None:
    names = {f"{name}_{CHALLENGER}" for name in ("auc", "swaps", "bad_rates", "sensitivity")}
    assert figures(page) == names
    assert page.count("aria-label='") == len(names)


def test_the_swap_sets_are_told_in_words(page: str, better: pl.DataFrame) -> None:
    swapped = better.filter(breakdown="swap_set", subject="loans", segment="swap_in").row(0, named=True)
    assert f"would swap {swapped['n']} loans in, {swapped['n_bad']} of them bad" in shown(page)


def test_the_pooled_figures_stand_in_a_table_with_their_intervals(page: str, better: pl.DataFrame) -> None:
    auc = better.filter(breakdown="all", metric="roc_auc", subject="difference").row(0, named=True)
    assert f"{auc['value']:+.4f} ({auc['ci_low']:+.4f} to {auc['ci_high']:+.4f})" in shown(page)
    rows = shown(page).split("All cohorts together")[1].split("</table>")[0]
    for name in ("ROC-AUC", "KS", "Brier score (less is better)", "Calibration slope"):
        assert f">{name}</td>" in rows


def test_every_month_stands_in_the_history_newest_first(page: str) -> None:
    history = shown(page).split("Months: what was decided when?")[1]
    assert history.index("2024-11") < history.index("2024-10")
    assert "Extend observation" in history


def test_a_decision_that_lasts_tells_since_when() -> None:
    loans = paired_loans(n_cohorts=2, per_cohort=100)
    months = [month_of(loans, date(2024, number, 1)) for number in (6, 8, 9, 10)]
    assert "2024-08, 3 months" in shown(page_of(*months))


def test_a_page_before_the_first_common_cohort_says_so_and_has_no_figures() -> None:
    page = page_of(month_of(pl.DataFrame(schema=PAIRED_SCHEMA), OCTOBER))
    assert figures(page) == set()
    assert words("challenger_headlines")["extend_observation"] in page
    assert "No cohort that both models scored without having been developed on it has an outcome yet." in page


def test_one_model_alone_has_no_challenger() -> None:
    page = champion_challenger_page(pl.DataFrame(schema=SCHEMA), config=LOANS.load_policy().model, book=SHOWN_LOANS)
    assert "There is no challenger" in page


def test_every_challenger_has_its_card_and_its_figures(better: pl.DataFrame) -> None:
    worse = month_of(paired_loans(per_cohort=250, challenger_noise=2.0), NOVEMBER, challenger="random_forest")
    page = page_of(better, worse)
    assert shown(page).count("<article") == 2
    assert words("challenger_headlines")["reject"] in page
    assert len(figures(page)) == 8
    assert "(Random forest)</h2>" in page


def test_a_page_loads_nothing_is_deterministic_and_escapes_text(better: pl.DataFrame, page: str) -> None:
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=['\"](?!data:)", page)
    assert page_of(month_of(paired_loans(n_cohorts=2, per_cohort=100), OCTOBER), better) == page
    odd = better.with_columns(reasons=pl.lit("<b>low</b>"))
    assert "<b>low</b>" not in shown(page_of(odd))


def test_models_that_swap_nobody_are_told_so() -> None:
    same = paired_loans(per_cohort=100).with_columns(challenger_probability="champion_probability")
    assert "They approve the same ones." in page_of(month_of(same, OCTOBER))


def test_the_small_picture_is_well_formed_with_and_without_cohorts(better: pl.DataFrame) -> None:
    picture = difference_by_cohort_svg(better)
    assert ET.fromstring(picture).tag.endswith("svg")  # noqa: S314
    assert picture.count("<circle") == 4
    assert "no value yet" in difference_by_cohort_svg(month_of(pl.DataFrame(schema=PAIRED_SCHEMA), OCTOBER))
