"""The page of a draft: what a reader finds on it, and that no text of policy becomes markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest

from credit_platform.reports.scorecard_draft.bins import woe_bar
from credit_platform.reports.scorecard_draft.page import HONESTY, NOTHING_COMPARED, draft_page
from credit_platform_tests.reports import html_text
from credit_platform_tests.reports.shown_loans import SHOWN_LOANS
from credit_platform_tests.scoring.scorecard.drafted import drafted


@pytest.fixture(scope="module")
def page() -> str:
    return draft_page(drafted(), book=SHOWN_LOANS)


def part(page: str, anchor: str) -> str:
    """One section by its anchor."""
    return re.split(r"</section>", page.split(f"<section id='{anchor}'>")[1])[0]


def of_characteristic(page: str, feature: str) -> str:
    return page.split(f"<h3>{feature}</h3>")[1].split("</article>", maxsplit=1)[0]


def test_the_page_loads_nothing_and_says_that_nothing_was_stored_and_what_was_not_looked_at(page: str) -> None:
    for outside in ("http:", "https:", "<script", "src=", "@import"):
        assert outside not in page
    assert "A draft: no version was stored" in page
    assert HONESTY in unescape(page)
    assert "Newest cohorts: 2024-05 to 2024-05, 400 loans, no outcome looked at" in page
    assert draft_page(drafted(), book=SHOWN_LOANS) == page


def test_what_was_set_by_hand_is_listed_by_key_with_its_warnings(page: str) -> None:
    rows = html_text.rows(part(page, "by-hand"))
    key = "models.scorecard.characteristics"
    assert rows == [
        [f"{key}.annual_income_amount.use", "force"],
        [f"{key}.credit_mix.use", "exclude"],
        [f"{key}.outstanding_debt_amount.cut_points", "0; 600; 601; 1,400"],
        [f"{key}.outstanding_debt_amount.special_values", "<b>no record</b>: -1, never seen: 123,456.5"],
    ]
    assert "outstanding_debt_amount: never seen: 123,456.5: 0 bad and 0 good are too few" in part(page, "by-hand")


def test_texts_of_policy_are_texts_on_the_page(page: str) -> None:
    assert "<b>no record" not in page
    assert "&lt;b&gt;no record&lt;/b&gt;" in page
    assert "<i>the other" not in page
    assert "&lt;i&gt;the other&lt;/i&gt;" in page


def test_every_bin_has_its_numbers_and_a_bar(page: str) -> None:
    debt = next(one for one in drafted().characteristics if one.known.feature == "outstanding_debt_amount")
    shown = html_text.rows(of_characteristic(page, "outstanding_debt_amount"))
    assert len(shown) == len(debt.bins)
    for cells, one in zip(shown, debt.bins, strict=True):
        train, newest = one.samples["train"], one.samples["newest"]
        assert cells[0] == one.words
        assert cells[1:3] == [str(train.n), str(train.n_bad)]
        assert cells[9] == str(newest.n)
        assert f"{one.bin.woe:+.3f}" in cells
        assert str(one.points) in cells
    assert of_characteristic(page, "outstanding_debt_amount").count("<rect") == len(debt.bins)
    assert "Turned round in validation, beyond chance: “over 601 up to 1,400”" in page


def test_why_a_characteristic_is_not_used_stands_with_its_bins_and_in_the_overview(page: str) -> None:
    assert "Not used: excluded by policy." in of_characteristic(page, "credit_mix")
    overview = {row[0]: row for row in html_text.rows(part(page, "characteristics"))}
    assert overview["credit_mix"][1] == "no"
    assert "excluded by policy" in overview["credit_mix"][-1]
    assert overview["annual_income_amount"][1] == "yes"
    assert "by hand: use" in overview["annual_income_amount"][-1]
    assert len(overview) == len(drafted().characteristics)
    links = re.findall(r"href='#(characteristic-\d+)'", page)
    assert len(set(links)) == len(overview)
    assert all(f"id='{link}'" in page for link in links)


def test_the_change_shows_ranking_decisions_and_points(page: str) -> None:
    change = part(page, "change-1")
    ranking = drafted().changes[0].rankings[0]
    rows = html_text.rows(change)
    assert rows[0][:3] == ["validation loans", "500", str(ranking.n_bad)]
    assert rows[0][5] == f"{ranking.gain:+.4f}"
    assert rows[2][-3:] == ["not looked at", rows[2][-2], "not looked at"]
    assert "are left out: the other was trained on them" in change
    assert "Every loan has the same points of every characteristic." in part(page, "change-2")


def test_nothing_by_hand_and_nothing_to_compare_with_are_said() -> None:
    bare = draft_page(replace(drafted(), set_by_hand={}, changes=()), book=SHOWN_LOANS)
    assert NOTHING_COMPARED in bare
    assert "Nothing: all bins and characteristics are those of the fit." in bare


@pytest.mark.parametrize(
    ("woe", "start", "length"), [(1.0, "70.0", "35.0"), (-2.0, "0.0", "70.0"), (0.0, "70.0", "0.0")]
)
def test_a_bar_goes_right_for_safer_and_left_for_riskier_bins(woe: float, start: str, length: str) -> None:
    assert f"<rect x='{start}' y='1' width='{length}'" in woe_bar(woe, 2.0)
