"""Pages of the drift lab: one per scenario, and the gallery with a row for each.

A scenario's page shows its drifts, what was detected when, what cured them; the gallery the same in short, with small
pictures. Judging a scenario belongs to `lab.scenarios.scenario`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import shorten
from typing import Any, get_args

import polars as pl

from credit_platform.lab.scenarios.detection_requirements import Noticed
from credit_platform.lab.scenarios.detections import MEANING
from credit_platform.lab.scenarios.life_story import Auc, Phase
from credit_platform.lab.scenarios.scenario import LEAK, ModelOutcome, Scenario
from credit_platform.lab.scenarios.story_svg import Truth, small_story_svg, story_svg
from credit_platform.portfolios.drift import Drift
from credit_platform.reports.page import Section, page_html, section_of, table_html
from credit_platform.reports.wording import interval_text, model_name, month_name

_STYLE = (
    "<style>.gallery td{min-width:120px;white-space:normal} .gallery .picture{min-width:300px;width:360px} "
    ".gallery .good{color:var(--good)} .gallery .bad{color:var(--bad)} .gallery p{margin:0 0 6px} "
    ".gallery .scroll{max-height:none}</style>"
)
PHASE_HEADINGS = ("Before the drift", "In the drift", "From the cure on")
# Characters shown of what a detector saw, as the gates name every column they know; scenario.json has the whole text.
_N_SHOWN = 240


def drift_name(drift: Drift) -> str:
    """The drift in words, `concept drift (0.7)`."""
    return f"{str(drift.kind).replace('_', ' ')} drift ({drift.strength:g})"


def scenario_page(scenario: Scenario, *, gallery: str) -> str:
    """The page; `gallery` is the relative address of the page that compares scenarios."""
    cases = scenario.portfolio.words.cases
    sections = [
        *(_life(scenario, outcome) for outcome in scenario.models),
        section_of(__file__, "noticed", _noticed_table(scenario)),
        section_of(__file__, "ranking", _auc_table(scenario), cases=cases),
        section_of(__file__, "versions", _versions(scenario)),
    ]
    if scenario.unbuilt:
        rows = [{"month": month_name(month), "why": why} for month, why in sorted(scenario.unbuilt.items())]
        unbuilt = table_html(pl.DataFrame(rows), headings=("Month", "Why"))
        sections.insert(-2, section_of(__file__, "unbuilt", unbuilt))
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
            outcome.story, truths=_truths(scenario), cure=outcome.cure, floors=outcome.floors, last=scenario.last_month
        )
        for outcome in scenario.models
    }


def cure_text(scenario: Scenario, outcome: ModelOutcome) -> str:
    """One sentence on what the drift did to a model and what cured it."""
    name = model_name(outcome.story.model)
    if scenario.begins is None:
        return f"{name}: there was no drift."
    if outcome.asked is None:
        return f"{name}: no retraining was asked for."
    asked = f"{name}: a retraining was asked for in {month_name(outcome.asked)}"
    if outcome.cure is None:
        return f"{asked}; no version has shown yet that it cured it."
    cure = outcome.cure
    return (
        f"{asked}; cured by the version trained as of {month_name(cure.as_of)}, in force from {month_name(cure.first)}."
    )


def auc_texts(outcome: ModelOutcome) -> list[str]:
    """ROC-AUC of a model before the drift, in it, and from the cure on."""
    return [auc_text(outcome.aucs.get(phase), outcome.story.cases) for phase in get_args(Phase)]


def auc_text(auc: Auc | None, cases: str) -> str:
    """The figure with its interval and the cohorts and cases it is computed from."""
    if auc is None or auc.value is None:
        return "unknown: no such cohort has matured"
    return f"{interval_text(auc.value, auc.low, auc.high)}, {auc.n_cohorts} cohorts, {auc.n} {cases}"


def _truths(scenario: Scenario) -> list[Truth]:
    return [Truth(drift_name(drift).capitalize(), drift.first_month) for drift in scenario.drifts]


def _introduction(scenario: Scenario, gallery: str) -> str:
    meaning = scenario.portfolio.required_generator.drifts
    leaks = "".join(f"<li><b>{escape(leak.capitalize())}</b></li>" for leak in scenario.leaks)
    drifts = "".join(
        f"<li><b>{escape(drift_name(drift).capitalize())}</b> from {month_name(drift.first_month)}. "
        f"{escape(meaning[drift.kind])}</li>"
        for drift in scenario.drifts
    )
    failed = scenario.failures
    verdict = f"{len(failed)} detection requirements are not met" if failed else "All detection requirements are met"
    listed = "".join(f"<li>{escape(failure)}</li>" for failure in failed)
    cures = "".join(f"<li>{escape(cure_text(scenario, outcome))}</li>" for outcome in scenario.models)
    span = f"{month_name(scenario.first_month)} to {month_name(scenario.last_month)}"
    look = "bad" if failed else "good"
    return (
        f"<p class='soft'>Generated book of {span}, about {scenario.cases_per_month} "
        f"{scenario.portfolio.words.cases} a month, seed {scenario.seed}. "
        f"<a href='{escape(gallery, quote=True)}'>All scenarios</a></p>"
        "<div class='cards'>"
        f"<div class='card'><p class='verdict'>Simulated drift</p><ul>{leaks}{drifts or '<li>None</li>'}</ul></div>"
        f"<div class='card {look}'><p class='verdict'>{verdict}</p><ul>{listed}{cures}</ul></div>"
        "</div>"
    )


def _life(scenario: Scenario, outcome: ModelOutcome) -> Section:
    picture = story_svg(
        outcome.story, truths=_truths(scenario), cure=outcome.cure, floors=outcome.floors, last=scenario.last_month
    )
    return section_of(__file__, "life", f"<figure>{picture}</figure>", model=model_name(outcome.story.model).lower())


def noticed_texts(row: Noticed) -> tuple[str, ...]:
    """What is required of a detector, its first detection, how late that is, months before the drift, the verdict."""
    first = month_name(row.first.month) if row.first else "never"
    after = "–" if row.months_after is None else str(row.months_after)
    return row.expected, first, after, str(row.alarms_before), row.verdict


def _noticed_table(scenario: Scenario) -> str:
    rows = [
        (
            str(row.detector).replace("_", " "),
            MEANING[row.detector].format(cases=scenario.portfolio.words.cases),
            *noticed_texts(row),
            shorten(row.first.detail, _N_SHOWN, placeholder=" ...") if row.first else "–",
        )
        for row in scenario.noticed
    ]
    headings = (
        "Detector", "Detects when", "Required", "First seen", "Months after", "Months before", "Verdict", "What it saw",
    )  # fmt: skip
    # The table is the main part of the page, so it does not scroll.
    style = "<style>.whole .scroll{max-height:none}</style>"
    return f"{style}<div class='whole'>{table_html(pl.DataFrame(rows, orient='row'), headings=headings)}</div>"


def _auc_table(scenario: Scenario) -> str:
    rows = [[model_name(outcome.story.model), *auc_texts(outcome)] for outcome in scenario.models]
    if not rows:
        return "<p>No model was trained.</p>"
    return table_html(pl.DataFrame(rows, orient="row"), headings=("Model", *PHASE_HEADINGS))


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


@dataclass(frozen=True)
class Exhibit:
    """One scenario: its facts as `Scenario.to_dict` gives them, a small picture per model, its page."""

    facts: Mapping[str, Any]
    pictures: Mapping[str, str]
    page: str


def gallery_page(exhibits: Sequence[Exhibit], *, cases: str) -> str:
    """The page, scenarios by name; `cases` is the portfolio's word for them."""
    rows = "".join(_row(exhibit, cases) for exhibit in sorted(exhibits, key=lambda exhibit: str(exhibit.facts["name"])))
    head = "<th>Scenario</th><th>Cohorts</th><th>First noticed</th><th>Retraining and cure</th><th>Requirements</th>"
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    n_held = sum(bool(exhibit.facts["expectations_hold"]) for exhibit in exhibits)
    return page_html(
        title="Drift lab",
        introduction=f"{_STYLE}<p>{n_held} of {len(exhibits)} scenarios meet their detection requirements.</p>",
        sections=[section_of(__file__, "scenarios", f"<div class='gallery'><div class='scroll'>{table}</div></div>")],
        has_figures=False,
    )


def _row(exhibit: Exhibit, cases: str) -> str:
    facts = exhibit.facts
    drifts = "<br>".join(
        f"{escape(drift['kind'].replace('_', ' '))} {drift['strength']:g} from {drift['first_month'][:7]}"
        for drift in facts["drifts"]
    )
    name = f"<a href='{escape(exhibit.page, quote=True)}'>{escape(facts['name'])}</a>"
    months = f"{facts['first_month'][:7]} to {facts['last_month'][:7]}"
    about = f"{months}, {facts[f'{cases}_per_month']} {cases} a month, seed {facts['seed']}"
    pictures = "".join(
        f"<p class='soft'>{escape(model_name(model))}</p>{picture}" for model, picture in exhibit.pictures.items()
    )
    leak = f"<p>{escape(LEAK)}</p>" if facts.get("leak") else ""
    changes = f"{leak}<p>{drifts}</p>" if drifts or leak else "<p>no drift</p>"
    about = f"<p><b>{name}</b></p>{changes}<p class='soft'>{about}</p>"
    cells = (about, _noticed(facts), _cures(facts), _verdict(facts))
    first, *others = (f"<td>{cell}</td>" for cell in cells)
    return f"<tr>{first}<td class='picture'>{pictures or 'no model'}</td>{''.join(others)}</tr>\n"


def _noticed(facts: Mapping[str, Any]) -> str:
    seen = [row for row in facts["noticed"] if row["first_seen"] is not None]
    if not seen:
        return "nothing detected"
    ordered = sorted(seen, key=lambda row: row["first_seen"])
    return "".join(
        f"<p>{escape(row['detector'].replace('_', ' '))}: {row['first_seen'][:7]}{_after(row['months_after'])}</p>"
        for row in ordered
    )


def _after(months: int | None) -> str:
    if months is None:
        return ""
    return ", at once" if months == 0 else f", after {months} month{'' if months == 1 else 's'}"


def _cures(facts: Mapping[str, Any]) -> str:
    texts = []
    for model in facts["models"]:
        asked, cured = model["retraining_asked_in"], model["cured_from"]
        text = "no retraining asked for"
        if asked:
            text = f"asked for in {asked[:7]}, not cured yet"
        if cured:
            text = f"asked for in {asked[:7]}, cured from {cured[:7]}{_after(model['months_to_cure'])}"
        texts.append(f"<p>{escape(model_name(model['model']))}: {text}</p>")
    return "".join(texts)


def _verdict(facts: Mapping[str, Any]) -> str:
    if facts["expectations_hold"]:
        return "<p class='good'>all met</p>"
    return "".join(f"<p class='bad'>{escape(failure)}</p>" for failure in facts["failures"])
