"""The page of a drafted scorecard: what was fitted, what it would change, and the bins of every characteristic.

What is shown is computed in `scoring.scorecard.draft`; a bin's row is written in `bins`, the frame is `page`.
"""

from collections.abc import Iterator
from dataclasses import replace
from html import escape

import polars as pl

from credit_platform.portfolios.portfolio import Words
from credit_platform.reports.page import Section, calendar_html, facts_html, page_html, section_of, table_html
from credit_platform.reports.scorecard_draft.bins import anchor_of, characteristic_html, shift_text
from credit_platform.reports.shown_book import ShownBook
from credit_platform.reports.wording import interval_text, model_name, month_name, setting_text
from credit_platform.reports.wording import words as said
from credit_platform.scoring.scorecard.document import Characteristic
from credit_platform.scoring.scorecard.draft import (
    NEWEST,
    VALIDATION,
    DraftCharacteristic,
    SampleFacts,
    ScorecardDraft,
)
from credit_platform.scoring.scorecard.draft_change import DecisionsChanged, DraftChange

HONESTY = (
    "Outcomes are those of training and validation. Test and out-of-time cohorts were not read: the version is "
    "judged by them after training, and bins chosen by looking at them would make its figures too good. The same "
    "happens to validation after many drafts, so decide by what is known of a characteristic and not by the last digit."
)
NOTHING_COMPARED = "No version is in force and nothing is set by hand, so there is nothing to compare the draft with."


def draft_page(draft: ScorecardDraft, *, book: ShownBook) -> str:
    """The page as one self-contained HTML text; the same draft of the same book gives the same text."""
    numbered = list(enumerate(draft.characteristics))
    used = [(place, one) for place, one in numbered if one.known.dropped is None]
    dropped = [(place, one) for place, one in numbered if one.known.dropped is not None]
    return page_html(
        title=f"Draft of {model_name(draft.model).lower()} as of {month_name(draft.month)}",
        introduction=_introduction(draft, len(used), len(dropped), book),
        sections=[
            section_of(__file__, "by_hand", _by_hand(draft), book),
            *(_change_section(change, place, book) for place, change in enumerate(draft.changes, start=1)),
            section_of(__file__, "overview", _overview(draft), book),
            section_of(__file__, "used", _bins(draft, used, book.words.heading), book),
            section_of(
                __file__,
                "dropped",
                _bins(draft, dropped, book.words.heading) or "<p>Every characteristic is used.</p>",
                book,
            ),
        ],
        has_figures=False,
    )


def _introduction(draft: ScorecardDraft, n_used: int, n_dropped: int, book: ShownBook) -> str:
    turned = sum(
        each.is_beyond_chance for one in draft.characteristics if not one.known.dropped for each in one.inversions
    )
    by_hand, n_warnings = bool(draft.set_by_hand), len(draft.warnings)
    rows = [
        ("Model", [f"{draft.model} ({draft.alias}); policy {draft.policy_sha256[:12]}"]),
        ("Samples", [_sample_text(name, facts, book.words.cases) for name, facts in draft.samples.items()]),
        ("ROC-AUC", [_auc_text(name, facts) for name, facts in draft.samples.items() if facts.n_bad is not None]),
        ("Characteristics", [f"{n_used} in use, {n_dropped} not used"]),
        ("Set by hand", [f"{len(draft.set_by_hand)} keys of policy, {n_warnings} warnings" if by_hand else "Nothing"]),
        ("Bins in use", [f"{turned} neighbours turned round in validation beyond chance"]),
    ]
    if not draft.changes:
        rows.append(("Change", [NOTHING_COMPARED]))
    look = "watch" if n_warnings or turned else "unknown"
    return (
        f"<p class='soft'>{escape(HONESTY)}</p>\n{calendar_html(book)}<div class='cards'><article class='card {look}'>"
        f"<p class='verdict'>A draft: no version was stored</p>{facts_html(rows)}</article></div>"
    )


def _sample_text(name: str, facts: SampleFacts, cases: str) -> str:
    first, last = month_name(facts.cohorts[0]), month_name(facts.cohorts[-1])
    bads = "no outcome looked at" if facts.n_bad is None else f"{facts.n_bad} bad, {facts.n_bad / facts.n:.1%}"
    return f"{said('draft_samples')[name]}: {first} to {last}, {facts.n} {cases}, {bads}"


def _auc_text(name: str, facts: SampleFacts) -> str:
    return f"{said('draft_samples')[name]}: {interval_text(facts.auc, *(facts.auc_interval or (None, None)))}"


def _by_hand(draft: ScorecardDraft) -> str:
    if not draft.set_by_hand:
        return "<p>Nothing: all bins and characteristics are those of the fit.</p>"
    rows = [(key, setting_text(value)) for key, value in draft.set_by_hand.items()]
    table = pl.DataFrame(rows, schema={"key": pl.String, "value": pl.String}, orient="row")
    warnings = "".join(f"<li class='warning'>Warning: {escape(one)}.</li>" for one in draft.warnings)
    return table_html(table, headings=["Key in model_config.yaml", "Value"]) + (
        f"<ul>{warnings}</ul>" if warnings else ""
    )


def _change_section(change: DraftChange, place: int, book: ShownBook) -> Section:
    told = f"Validation {book.words.cases} are of cohorts {', '.join(map(month_name, change.cohorts)) or 'none'}."
    if change.left_out:
        told += f" Those of {', '.join(map(month_name, change.left_out))} are left out: the other was trained on them."
    words = book.words
    parts = [_rankings(change, words), _decisions(change.decisions, words), _changed_characteristics(change, words)]
    section = section_of(__file__, "change", "".join(parts), book, against=change.against, cohorts=told, place=place)
    return replace(section, anchor=section.anchor.format(place=place))


def _rankings(change: DraftChange, words: Words) -> str:
    rows = [
        (
            one.loans,
            one.n,
            one.n_bad,
            one.draft_auc,
            one.other_auc,
            None if one.gain is None else f"{one.gain:+.4f}",
            None if one.interval is None else f"{one.interval[0]:+.4f} to {one.interval[1]:+.4f}",
        )
        for one in change.rankings
    ]
    schema = {
        "loans": pl.String, "n": pl.Int64, "n_bad": pl.Int64, "draft": pl.Float64, "other": pl.Float64,
        "gain": pl.String, "interval": pl.String,
    }  # fmt: skip
    if not rows:
        return f"<p>Ranking is unknown: the other was trained on all validation {words.cases}.</p>"
    table = pl.DataFrame(rows, schema=schema, orient="row")
    headings = ["ROC-AUC on", words.heading, "Bad", "Draft", "Other", "Gain", "Interval of the gain"]
    return table_html(table, headings=headings, decimals={"draft": 4, "other": 4}, missing="unknown")


def _decisions(decisions: tuple[DecisionsChanged, ...], words: Words) -> str:
    rows = [
        (
            one.loans,
            one.n,
            f"{one.approved_before / one.n:.1%}",
            f"{one.approved_now / one.n:.1%}",
            one.now_declined,
            one.now_declined_bad,
            one.now_approved,
            one.now_approved_bad,
        )
        for one in decisions
    ]
    numbers = ("now_declined", "now_declined_bad", "now_approved", "now_approved_bad")
    schema = {
        "loans": pl.String, "n": pl.Int64, "before": pl.String, "now": pl.String,
        **dict.fromkeys(numbers, pl.Int64),
    }  # fmt: skip
    headings = [
        *("Decisions on", words.heading, "Approved by\nthe other", "Approved by\nthe draft"),
        *("Newly\ndeclined", "Bad\namong them", "Newly\napproved", "Bad\namong them"),
    ]
    return table_html(pl.DataFrame(rows, schema=schema, orient="row"), headings=headings, missing="not looked at")


def _changed_characteristics(change: DraftChange, words: Words) -> str:
    if change.characteristics is None:
        return "<p>The other version has no points, so bins and points are not compared.</p>"
    if not change.characteristics:
        return f"<p>Every {words.case} has the same points of every characteristic.</p>"
    rows = [
        (
            one.feature,
            _use_text(one.before),
            _use_text(one.now),
            f"{one.bins_before} → {one.bins_now}",
            one.iv_before,
            one.iv_now,
            one.mean_points,
            one.most_points,
        )
        for one in change.characteristics
    ]
    schema = {
        "feature": pl.String, "before": pl.String, "now": pl.String, "bins": pl.String, "iv_before": pl.Float64,
        "iv_now": pl.Float64, "mean": pl.Float64, "most": pl.Int64,
    }  # fmt: skip
    headings = [
        *("Characteristic", "In the other", "In the draft", "Bins", "IV in\nthe other", "IV in\nthe draft"),
        *(f"Points changed,\nmean of {words.cases}", f"Most of\nany {words.case}"),
    ]
    return table_html(pl.DataFrame(rows, schema=schema, orient="row"), headings=headings, decimals={"mean": 2})


def _use_text(known: Characteristic | None) -> str:
    if known is None:
        return "not there"
    return "used" if known.dropped is None else f"not used: {known.dropped}"


def _overview(draft: ScorecardDraft) -> str:
    rows = [
        (
            one.known.feature,
            "yes" if one.known.dropped is None else "no",
            one.training_iv,
            one.validation_iv,
            one.known.weight if one.known.dropped is None else None,
            one.known.variance_inflation,
            shift_text(one.shift.get(VALIDATION)),
            shift_text(one.shift.get(NEWEST)),
            _turned_text(one),
            "; ".join(_remarks(one)),
        )
        for one in draft.characteristics
    ]
    texts = ("validation_shift", "newest_shift", "turned", "remark")
    numbers = ("iv", "validation_iv", "weight", "vif")
    schema = {
        "feature": pl.String, "used": pl.String, **dict.fromkeys(numbers, pl.Float64),
        **dict.fromkeys(texts, pl.String),
    }  # fmt: skip
    headings = [
        *("Characteristic", "Used", "IV", "Validation\nIV", "Weight", "Variance\ninflation"),
        *("Shift to\nvalidation", "Shift to\nnewest", "Turned", "Remark"),
    ]
    return table_html(
        pl.DataFrame(rows, schema=schema, orient="row"),
        headings=headings,
        links={"feature": [f"#{anchor_of(place)}" for place in range(len(rows))]},
    )


def _turned_text(one: DraftCharacteristic) -> str:
    if not one.inversions:
        return ""
    return f"{len(one.inversions)} ({sum(each.is_beyond_chance for each in one.inversions)} beyond chance)"


def _remarks(one: DraftCharacteristic) -> Iterator[str]:
    keys = ", ".join(key.rpartition(".")[2] for key in one.known.by_hand)
    if keys:
        yield f"by hand: {keys}"
    if one.known.dropped:
        yield one.known.dropped
    yield from one.warnings


def _bins(draft: ScorecardDraft, some: list[tuple[int, DraftCharacteristic]], counted: str) -> str:
    return "\n".join(characteristic_html(one, place, list(draft.samples), counted) for place, one in some)
