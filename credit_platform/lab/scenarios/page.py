"""The page of one scenario of the drift lab: what was planted, what was noticed when, what cured it.

Judging a scenario belongs to `lab.scenarios.scenario`, comparing several to `gallery`.
"""

from __future__ import annotations

from html import escape
from textwrap import shorten
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.lab.scenarios.detections import MEANING
from credit_platform.lab.scenarios.story_svg import Truth, small_story_svg, story_svg
from credit_platform.portfolios.loans.generator.drift import MEANING as DRIFT_MEANING
from credit_platform.reports.page import Section, page_html, table_html
from credit_platform.reports.wording import interval_text, model_name, month_name

if TYPE_CHECKING:
    from credit_platform.lab.scenarios.life_story import Auc
    from credit_platform.lab.scenarios.scenario import ModelOutcome, Scenario
    from credit_platform.portfolios.loans.generator.drift import Drift

_LEGEND = (
    "Dots are cohorts by month of application, with interval, in the colour of the version that scored them; hollow "
    "ones were part of that version's development sample. Triangles are signs in the month in which they were seen, "
    "grey before the drift. Squares are the month's action: green monitor, orange active monitoring, red retrain, pale "
    "for a backtest. Rest the pointer on a mark to read it."
)


# Characters of what a detector saw; the gates name every column they know, and scenario.json holds it all.
_N_SHOWN = 240


def drift_name(drift: Drift) -> str:
    """The drift in words, `concept drift (0.7)`."""
    return f"{str(drift.kind).replace('_', ' ')} drift ({drift.strength:g})"


def scenario_page(scenario: Scenario, *, gallery: str) -> str:
    """The page; `gallery` is the relative address of the page that compares scenarios."""
    sections = [
        *(_life(scenario, outcome) for outcome in scenario.models),
        Section(
            "What was noticed, and when?",
            "Every detector against the truth. What is expected of it follows from what was planted and how strong.",
            _noticed_table(scenario),
        ),
        Section(
            "How well were loans ranked before, in and after it?",
            "ROC-AUC of live cohorts, mean weighted by loans with its 95 % interval.",
            _auc_table(scenario),
        ),
        Section("Which versions were in force?", "As promoted; months are months of application.", _versions(scenario)),
    ]
    if scenario.unbuilt:
        rows = [{"month": month_name(month), "why": why} for month, why in sorted(scenario.unbuilt.items())]
        unbuilt = table_html(pl.DataFrame(rows), headings=("Month", "Why"))
        sections.insert(
            -2, Section("Which months could not be built?", "A month that fails stops what needs it.", unbuilt)
        )
    return page_html(
        title=f"Scenario {scenario.name}",
        introduction=_introduction(scenario, gallery),
        sections=sections,
        has_figures=False,
    )


def pictures(scenario: Scenario) -> dict[str, str]:
    """A small picture per model, for the gallery."""
    return {
        outcome.story.model: small_story_svg(
            outcome.story,
            truths=_truths(scenario),
            cure=outcome.cure,
            floors=outcome.floors,
            last=scenario.last_month,
        )
        for outcome in scenario.models
    }


def told_cure(scenario: Scenario, outcome: ModelOutcome) -> str:
    """One sentence on what the drift did to a model and what cured it."""
    name = model_name(outcome.story.model)
    if scenario.begins is None:
        return f"{name}: nothing was planted."
    if outcome.asked is None:
        return f"{name}: no retraining was asked for."
    asked = f"{name}: a retraining was asked for in {month_name(outcome.asked)}"
    if outcome.cure is None:
        return f"{asked}; no version has shown yet that it cured it."
    cure = outcome.cure
    return (
        f"{asked}; cured by the version trained as of {month_name(cure.as_of)}, in force from {month_name(cure.first)}."
    )


def auc_text(auc: Auc | None) -> str:
    """The figure with its interval and what it rests on."""
    if auc is None or auc.value is None:
        return "unknown: no such cohort has matured"
    return f"{interval_text(auc.value, auc.low, auc.high, decimals=3)}, {auc.n_cohorts} cohorts, {auc.n} loans"


def _truths(scenario: Scenario) -> list[Truth]:
    return [Truth(drift_name(drift).capitalize(), drift.first_month) for drift in scenario.drifts]


def _introduction(scenario: Scenario, gallery: str) -> str:
    planted = "".join(
        f"<li><b>{escape(drift_name(drift).capitalize())}</b> from {month_name(drift.first_month)}. "
        f"{escape(DRIFT_MEANING[drift.kind])}</li>"
        for drift in scenario.drifts
    )
    failed = scenario.failures
    verdict = "Everything was noticed as expected" if not failed else f"{len(failed)} of the expectations do not hold"
    listed = "".join(f"<li>{escape(failure)}</li>" for failure in failed)
    cures = "".join(f"<li>{escape(told_cure(scenario, outcome))}</li>" for outcome in scenario.models)
    span = f"{month_name(scenario.first_month)} to {month_name(scenario.last_month)}"
    look = "bad" if failed else "good"
    return (
        f"<p class='soft'>Generated book of {span}, about {scenario.loans_per_month} new loans a month, seed "
        f"{scenario.seed}. "
        f"<a href='{escape(gallery, quote=True)}'>All scenarios</a></p>"
        "<div class='cards'>"
        f"<div class='card'><p class='verdict'>What was planted</p><ul>{planted or '<li>Nothing</li>'}</ul></div>"
        f"<div class='card {look}'><p class='verdict'>{verdict}</p><ul>{listed}{cures}</ul></div>"
        "</div>"
    )


def _life(scenario: Scenario, outcome: ModelOutcome) -> Section:
    picture = story_svg(
        outcome.story,
        truths=_truths(scenario),
        cure=outcome.cure,
        floors=outcome.floors,
        last=scenario.last_month,
    )
    return Section(f"The life of {model_name(outcome.story.model).lower()}", _LEGEND, f"<figure>{picture}</figure>")


def _noticed_table(scenario: Scenario) -> str:
    rows = [
        {
            "detector": str(row.detector).replace("_", " "),
            "raises": MEANING[row.detector],
            "expected": row.expected,
            "first": month_name(row.first.month) if row.first else "never",
            "after": "–" if row.months_after is None else str(row.months_after),
            "before": str(row.alarms_before),
            "verdict": row.verdict,
            "detail": shorten(row.first.detail, _N_SHOWN, placeholder=" ...") if row.first else "–",
        }
        for row in scenario.noticed
    ]
    headings = (
        "Detector", "Raises when", "Expected", "First seen", "Months after", "Months before", "Verdict", "What it saw",
    )  # fmt: skip
    # All of it is the point of the page, so nothing of it scrolls.
    style = "<style>.whole .scroll{max-height:none}</style>"
    return f"{style}<div class='whole'>{table_html(pl.DataFrame(rows), headings=headings)}</div>"


def _auc_table(scenario: Scenario) -> str:
    rows = [
        {
            "model": model_name(outcome.story.model),
            "before": auc_text(outcome.aucs.get("before")),
            "during": auc_text(outcome.aucs.get("during")),
            "after": auc_text(outcome.aucs.get("after")),
        }
        for outcome in scenario.models
    ]
    if not rows:
        return "<p>No model was trained.</p>"
    return table_html(pl.DataFrame(rows), headings=("Model", "Before the drift", "In the drift", "From the cure on"))


def _versions(scenario: Scenario) -> str:
    rows = [
        {
            "model": model_name(outcome.story.model),
            "version": version.name,
            "as_of": month_name(version.as_of),
            "first": month_name(version.first),
            "last": month_name(version.last) if version.last else "now",
            "role": "cured the drift" if version == outcome.cure else "",
        }
        for outcome in scenario.models
        for version in outcome.story.versions
    ]
    if not rows:
        return "<p>No version was promoted.</p>"
    headings = ("Model", "Version", "Trained as of", "In force from", "until", "")
    return table_html(pl.DataFrame(rows), headings=headings)
