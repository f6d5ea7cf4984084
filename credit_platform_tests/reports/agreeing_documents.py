"""Reads everything that was written about a model and a month, and says where two documents do not agree.

Every document is read as people and programs read it, from its file. Pages that a lean life left out are drawn first.
"""

from __future__ import annotations

import csv
import html
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from io import StringIO

from credit_platform.assets.pages.month_pages import draw_month_page
from credit_platform.assets.pages.overview import DASHBOARD, draw_dashboard
from credit_platform.lake.governance.alert_log import AlertLog
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.action.action import RESOLVED_STEPS, ROLLBACK_STEP
from credit_platform.policy.load import Policy
from credit_platform.reports.dashboard.overview import model_title
from credit_platform.reports.documents.action_report import history_csv
from credit_platform.reports.wording import ACTIONS, month_name, number_text, plain_lines, transition_text, words

_ROLLBACK_REASON = "rollback: advised"
_Row = Mapping[str, object]


def disagreements(lake: Lake, policy: Policy) -> list[str]:
    """`model month: document: what it says, what the table of actions says`, for every pair that does not agree."""
    return list(_found(lake, policy))


def _found(lake: Lake, policy: Policy) -> Iterator[str]:
    dashboard = lake.layout.report(DASHBOARD)
    if not dashboard.is_file():
        draw_dashboard(lake, policy)
    cards, timeline = _cards(dashboard.read_text()), _table(dashboard.read_text(), "timeline")
    digests = {
        event.month: event.body
        for record in AlertLog(lake.layout).records().values()
        if (event := record.event).kind == "digest"
    }
    for model, spec in policy.model.models.items():
        table = f"monitoring/{model}/action"
        months = lake.months(table)
        actions = lake.scan(table, months).sort("snapshot_month").collect()
        history = {row["snapshot_month"]: row for row in csv.DictReader(StringIO(history_csv(actions)))}
        name = model_title(model, spec.alias)
        for row in actions.to_dicts():
            month: date = row["snapshot_month"]
            where = f"{model} {month:%Y-%m}"
            stem = f"actions/{spec.alias}_action_{month:%Y_%m_%d}"
            as_json = json.loads(lake.layout.report(f"{stem}.json").read_text())
            said = {
                "JSON": _of_json(as_json),
                "TXT": _of_text(lake.layout.report(f"{stem}.txt").read_text()),
                "history": _of_history(history[month_name(month)]),
                "month page": _of_page(_month_page(lake, policy, month), name),
                "dashboard": _of_timeline(timeline, month, name),
            }
            expected = _expected(row)
            for document, facts in said.items():
                yield from (
                    f"{where}: {document}: {fact} {value!r}, the table {expected[fact]!r}"
                    for fact, value in facts.items()
                    if value != expected[fact]
                )
            yield from (f"{where}: digest lacks {line!r}" for line in _not_in(digests.get(month), row))
            yield from (f"{where}: {told}" for told in _misleading(as_json, row))
            yield from (f"{where}: {told}" for told in _wrong_numbers(lake, policy, model, name, row))
        if months:
            yield from (
                f"{model}: card: {told}" for told in _card_differs(cards.get(model, ""), actions.to_dicts()[-1])
            )


def _expected(row: _Row) -> dict[str, object]:
    reasons = str(row["reasons"]).split("\n")
    return {
        "verdict": words("verdicts")[str(row["state"]) if row["actionable"] else "backtest"],
        "version": row["model_version"],
        "cohort": month_name(row["cohort"]),  # type: ignore[arg-type]
        "action": row["action"],
        "action in words": ACTIONS[str(row["action"])],
        "rule": row["rule_action"],
        "acted on": bool(row["actionable"]),
        "state": row["state"],
        "state in words": str(row["state"]).replace("_", " "),
        "transition": row["transition"],
        "transition in words": transition_text(str(row["transition"])),
        "rollback": row["rollback_within"],
        "reasons": reasons,
        "reasons in words": plain_lines(row["reasons"]),
    }


def _of_json(content: dict[str, object]) -> dict[str, object]:
    change, rollback = content["transition"], content["rollback"]
    assert isinstance(change, dict)
    assert isinstance(rollback, dict)
    return {
        "version": content["model_version"],
        "cohort": str(content["cohort"])[:7],
        "action": content["action"],
        "rule": content["rule_action"],
        "acted on": content["actionable"],
        "state": content["state"],
        "transition": f"{change['before'] or 'not judged'} -> {change['after']}: {change['why']}",
        "rollback": rollback["within"],
        "reasons": content["reasons"],
    }


def _of_text(text: str) -> dict[str, object]:
    lines = dict(line.split(":", 1) for line in text.split("\n\n")[1].splitlines())
    why = text.split("\nWhy\n")[1].split("\n\nNext steps", maxsplit=1)[0]
    return {
        "verdict": lines["Verdict"].strip(),
        "action in words": text.splitlines()[0].rpartition(": ")[2],
        "version": lines["Version"].strip(),
        "cohort": lines["Cohort"].split()[0],
        "acted on": lines["Acted on"].strip() == "yes",
        "transition": lines["State"].strip(),
        "rollback": re.split(r" \(", lines["Rollback"].strip())[0],
        "reasons": [line.removeprefix("  - ") for line in why.splitlines()],
    }


def _of_history(line: Mapping[str, str]) -> dict[str, object]:
    return {
        "version": line["model_version"],
        "cohort": line["cohort"],
        "action": line["action"],
        "rule": line["rule_action"],
        "acted on": line["actionable"] == "yes",
        "state": line["state"],
        "transition": line["transition"].replace(" | ", "\n"),
        "rollback": line["rollback_within"],
        "reasons": line["reasons"].split(" | "),
    }


def _of_page(page: str, name: str) -> dict[str, object]:
    _, action, acted, transition, reasons, rollback = next(r for r in _table(page, "action") if r[0] == name)
    return {
        "action in words": action,
        "acted on": acted == "yes",
        "transition in words": transition,
        "reasons in words": reasons,
        "rollback": rollback,
    }


def _of_timeline(rows: list[list[str]], month: date, name: str) -> dict[str, object]:
    found = next(row for row in rows if row[0] == month_name(month) and name.startswith(row[2]))
    return {
        "cohort": found[1],
        "action in words": found[3],
        "state in words": found[4],
        "acted on": found[5] == "yes",
        "reasons in words": found[6],
    }


def _not_in(digest: str | None, row: _Row) -> list[str]:
    """What a digest that was sent lacks of the month's decision."""
    if digest is None:
        return []
    told = "" if row["actionable"] else " (backtest)"
    state = str(row["transition"]).partition(": ")[0]
    lines = [f"{row['model']} {row['model_version']}: {row['action']}{told}", f"  State: {state}"]
    lines += [f"  {reason}" for reason in str(row["reasons"]).split("\n")]
    return [line for line in lines if line not in digest.splitlines()]


def _misleading(content: dict[str, object], row: _Row) -> Iterator[str]:
    notification, reasons = content["notification"], str(row["reasons"])
    assert isinstance(notification, dict)
    if row["state"] == "resolved":
        if "pagerduty" in notification["channels"] or content["next_steps"] != list(RESOLVED_STEPS):
            yield f"an emergency about a version that was replaced: {notification}, {content['next_steps']}"
        if row["rollback_within"] != "none":
            yield f"a rollback from a version that was replaced, within {row['rollback_within']}"
    rollback, steps = content["rollback"], content["next_steps"]
    assert isinstance(rollback, dict)
    assert isinstance(steps, list)
    is_advised = row["rollback_within"] not in {"none", "unknown"}
    if is_advised != (_ROLLBACK_REASON in reasons) or is_advised != (rollback["to"] is not None):
        yield f"rollback {row['rollback_within']} to {rollback['to']}, and the reasons: {reasons}"
    if is_advised and f"version {rollback['to']} would rank" not in reasons:
        yield f"rollback to {rollback['to']}, which the reasons do not name: {reasons}"
    if (ROLLBACK_STEP in steps) != (is_advised and row["action"] == "retrain"):
        yield f"rollback {row['rollback_within']}, and the next steps: {steps}"


def _wrong_numbers(lake: Lake, policy: Policy, model: str, name: str, row: _Row) -> Iterator[str]:
    """The month's ROC-AUC in the reasons and on the page, and the statuses of figures of the same ranking."""
    month = row["snapshot_month"]
    assert isinstance(month, date)
    measured = lake.scan(f"monitoring/{model}/performance", [month]).collect()
    known = {each["metric"]: each for each in measured.filter(segment="all").to_dicts()}
    auc = known["roc_auc"]["value"]
    for said in re.findall(r"(?:^|[:,] )roc_auc (0\.\d+)(?! of)", str(row["reasons"]), flags=re.MULTILINE):
        if said != number_text(auc):
            yield f"the reasons say ROC-AUC {said}, performance {number_text(auc)}"
    shown = [r for r in _table(_month_page(lake, policy, month), "outcome") if r[:2] == [name, "ROC-AUC"]]
    if auc is not None and not any(r[2].startswith(number_text(auc)) for r in shown):
        yield f"the page says ROC-AUC {shown}, performance {number_text(auc)}"
    statuses = {metric: known[metric]["status"] for metric in ("roc_auc", "gini", "ks")}
    if len(set(statuses.values())) > 1:
        yield f"figures of one ranking are judged differently: {statuses}"


def _card_differs(card: str, row: _Row) -> Iterator[str]:
    headline = words("verdicts")[str(row["state"]) if row["actionable"] else "backtest"]
    if f"<p class='verdict'>{html.escape(headline)}</p>" not in card:
        yield f"{headline!r} is not in it: {card[:400]}"
    if not row["actionable"] and "<dt>Fit for use</dt><dd><ul><li>Not known</li>" not in card:
        yield "fit for use, though judged only on months it was developed with"


def _month_page(lake: Lake, policy: Policy, month: date) -> str:
    file = lake.layout.month_page(month)
    if not file.is_file():
        draw_month_page(lake, policy, month)
    return file.read_text()


def _cards(page: str) -> dict[str, str]:
    return dict(re.findall(r"<article [^>]*id='verdict_(\w+)'>(.*?)</article>", page, re.DOTALL))


def _table(page: str, section: str) -> list[list[str]]:
    """The cells of the tables of a section, by row."""
    found = re.search(rf"<section id='{section}'>(.*?)</section>", page, re.DOTALL)
    assert found is not None, f"no section {section}"
    rows = re.findall(r"<tr>(.*?)</tr>", found[1], re.DOTALL)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL) for row in rows]
    return [[html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in row] for row in cells if row]
