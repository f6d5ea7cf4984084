"""The gallery of the drift lab: one row per scenario, with small pictures, what was detected when, what cured it.

Judging scenarios belongs to `lab.scenarios.scenario`, the page of a single one to `page`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from credit_platform.reports.page import page_html, section_of
from credit_platform.reports.wording import model_name

_STYLE = (
    "<style>.gallery td{min-width:120px;white-space:normal} .gallery .picture{min-width:300px;width:360px} "
    ".gallery .good{color:var(--good)} .gallery .bad{color:var(--bad)} .gallery p{margin:0 0 6px} "
    ".gallery .scroll{max-height:none}</style>"
)


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
    about = f"<p><b>{name}</b></p><p>{drifts or 'no drift'}</p><p class='soft'>{about}</p>"
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
