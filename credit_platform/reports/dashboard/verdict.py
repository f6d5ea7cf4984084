"""The verdict on each model in plain words: is it fit for use, since when, why, and what was done.

Deciding belongs in `monitoring.action.action`; laying the words out in `dashboard`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

import polars as pl

from credit_platform.months import add_months, months_between
from credit_platform.portfolios.portfolio import Words
from credit_platform.reports.wording import month_name, plain
from credit_platform.reports.wording import words as said
from credit_platform.scoring.governance.promotion import AS_NEWEST

N_REASONS = 4
# A book in trouble trains every month: more than so many versions in a row that came to nothing are counted.
_TOLD_ONE_BY_ONE = 2
UNFIT = frozenset({"retrain_required", "retraining"})
Fit = Literal["yes", "in doubt", "no", "not known"]
_FIT_IN_STATE: Mapping[str, Fit] = {
    "healthy": "yes",
    "watch": "yes",
    "active_monitoring": "in doubt",
    "resolved": "not known",
}


@dataclass(frozen=True)
class ModelVerdict:
    """What a reader needs to know of one model first; `first_signs` is what was seen before a model failed."""

    model: str
    state: str
    fit: Fit
    headline: str
    since: str
    first_signs: tuple[str, ...]
    why: tuple[str, ...]
    done: tuple[str, ...]


@dataclass(frozen=True)
class _Spell:
    """An unbroken run of months in which a model was not fit for use."""

    first: date
    last: date

    @property
    def n_months(self) -> int:
        return months_between(self.first, self.last) + 1


def verdict_on(
    model: str, *, snapshot_month: date, actions: pl.DataFrame, versions: pl.DataFrame, words: Words
) -> ModelVerdict:
    """Read the verdict off the model's actions and versions as known in a month.

    Only what can be acted on says whether a model is fit for use: never the months that its version was developed with.

    Args:
        model: Name of the model.
        snapshot_month: The month looked back from; later rows are ignored.
        actions: Rows of `schemas.monitoring.Action`.
        versions: Decisions about versions, as `overview.VERSIONS_SCHEMA`.
        words: What the book calls its cases.
    """
    own = versions.filter(model=model)
    months = actions.filter((pl.col("model") == model) & (pl.col("snapshot_month") <= snapshot_month))
    months = months.sort("snapshot_month")
    if months.is_empty():
        why = (f"no {words.case} scored by it is old enough yet",)
        done = _in_force(own, snapshot_month)
        return ModelVerdict(model, "unknown", "not known", said("verdicts")["unknown"], "", (), why, done)
    latest = months.row(-1, named=True)
    is_live = latest["actionable"]
    headline = said("verdicts")[latest["state"] if is_live else "backtest"]
    spells = _spells(months)
    spell = spells[-1] if spells and is_live and latest["state"] in UNFIT | {"resolved"} else None
    return ModelVerdict(
        model=model,
        state=latest["state"],
        fit=_FIT_IN_STATE.get(latest["state"], "no") if is_live else "not known",
        headline=headline,
        since=_since(months, spells, words),
        first_signs=() if spell is None else _first_detections(months, spell),
        why=_why(months, spell),
        done=_done(months, own, snapshot_month, spell),
    )


def _spells(months: pl.DataFrame) -> list[_Spell]:
    found: list[_Spell] = []
    for month in months.filter("actionable", pl.col("state").is_in(list(UNFIT)))["snapshot_month"].to_list():
        if found and add_months(found[-1].last, 1) == month:
            found[-1] = _Spell(found[-1].first, month)
        else:
            found.append(_Spell(month, month))
    return found


def _since(months: pl.DataFrame, spells: list[_Spell], words: Words) -> str:
    """First month of the unbroken run of the verdict, and earlier months in which the model had failed."""
    latest = months.row(-1, named=True)
    judged = (
        f"last judged in {month_name(latest['snapshot_month'])}, on {words.cases} {words.written} in "
        f"{month_name(latest['cohort'])}"
    )
    if latest["actionable"] and latest["state"] in UNFIT:
        spell = spells.pop()
        told = f"{month_name(spell.first)} ({_months(spell.n_months)})"
    else:
        first, n = _run(months)
        told = f"{month_name(first)} ({_months(n)})"
    earlier = [f"not fit for use from {month_name(each.first)} to {month_name(each.last)}" for each in spells]
    return "; ".join([told, judged, *(f"before that {text}" for text in reversed(earlier))])


def _run(months: pl.DataFrame) -> tuple[date, int]:
    states, dates = months["state"].to_list(), months["snapshot_month"].to_list()
    first = len(states) - 1
    while first > 0 and states[first - 1] == states[-1] and dates[first - 1] == add_months(dates[first], -1):
        first -= 1
    return dates[first], len(states) - first


def _months(n: int) -> str:
    return f"{n} month{'s' if n > 1 else ''}"


def _first_detections(months: pl.DataFrame, spell: _Spell) -> tuple[str, ...]:
    """The months of active monitoring that led up to a failure."""
    states = dict(months.select("snapshot_month", "state").rows())
    first = spell.first
    while states.get(add_months(first, -1)) == "active_monitoring":
        first = add_months(first, -1)
    if first == spell.first:
        return ("none: the months before gave no reason for active monitoring",)
    reasons = months.filter(snapshot_month=first).item(0, "reasons").split("\n")
    ahead = months_between(first, spell.first)
    return (f"{month_name(first)}, {_months(ahead)} before it failed: {plain(reasons[0])}",)


def _why(months: pl.DataFrame, spell: _Spell | None) -> tuple[str, ...]:
    latest = months.row(-1, named=True)
    reasons = [plain(reason) for reason in latest["reasons"].split("\n")]
    told = reasons[:N_REASONS]
    if len(reasons) > N_REASONS:
        told.append(f"and {len(reasons) - N_REASONS} more in the table of actions")
    if spell is None or spell.first == latest["snapshot_month"]:
        return tuple(told)
    first = months.filter(snapshot_month=spell.first).item(0, "reasons").split("\n")
    failed = f"{month_name(spell.first)}, when it failed: {plain(first[0])}"
    return failed, f"{month_name(latest['snapshot_month'])}: {told[0]}", *told[1:]


def _done(months: pl.DataFrame, own: pl.DataFrame, snapshot_month: date, spell: _Spell | None) -> tuple[str, ...]:
    told = [_asked(months)]
    if spell is not None:
        tried = own.filter((pl.col("as_of") >= spell.first) & (pl.col("as_of") <= snapshot_month))
        told += _all_tried(tried.rows(named=True))
        if tried.is_empty():
            told.append("no version has been trained since")
    if months.item(-1, "actionable") and months.item(-1, "state") in UNFIT | {"resolved"}:
        told.append(plain(months.item(-1, "transition").partition(": ")[2]))
    told += _in_force(own, snapshot_month)
    overridden = months.filter(pl.col("action") != pl.col("rule_action")).tail(3)
    told += [
        f"{month_name(row['snapshot_month'])}: a person decided {row['action'].replace('_', ' ')}, "
        f"where the rules said {row['rule_action'].replace('_', ' ')}"
        for row in overridden.iter_rows(named=True)
    ]
    return tuple(dict.fromkeys(told))


def _asked(months: pl.DataFrame) -> str:
    asked = months.filter((pl.col("action") == "retrain") & pl.col("actionable"))["snapshot_month"].to_list()
    if not asked:
        return "no retraining was asked for"
    if len(asked) > 3:
        return f"retraining was asked for in {len(asked)} months from {month_name(asked[0])} to {month_name(asked[-1])}"
    return f"retraining was asked for in {', '.join(month_name(month) for month in asked)}"


def _all_tried(rows: list[dict[str, object]]) -> list[str]:
    """What came of every training, in order; long stretches without a new version are told by the newest of them."""
    told = list[str]()
    for is_kept_out, stretch in groupby(rows, key=lambda row: not (row["promoted"] or row["is_rollback"])):
        group = list(stretch)
        if is_kept_out and len(group) > _TOLD_ONE_BY_ONE:
            first, last = (f"{row['as_of']:%Y-%m}" for row in (group[0], group[-1]))
            told.append(f"{len(group)} versions trained as of {first} to {last} were not promoted; the newest of them:")
            group = group[-1:]
        told += [_tried(row) for row in group]
    return told


def _tried(row: dict[str, object]) -> str:
    trained = f"version {row['model_version']}, trained as of {row['as_of']:%Y-%m}"
    if row["is_rollback"]:
        return f"rolled back to {trained}, from {row['effective_month']:%Y-%m} on, by {row['actor']}"
    if row["promoted"]:
        how = "as interim " if row["is_interim"] else ""
        return f"{trained}, was promoted {how}from {row['effective_month']:%Y-%m} on{_auc(row)}"
    return f"{trained}, was not promoted: {plain(str(row['reasons']).split(chr(10))[0])}"


def _in_force(own: pl.DataFrame, snapshot_month: date) -> tuple[str, ...]:
    standing = own.filter(pl.col("promoted") & pl.col("stands")).sort("effective_month")
    told = [
        f"version {row['model_version']} in force {'as interim ' if row['is_interim'] else ''}since "
        f"{month_name(row['effective_month'])}{_auc(row)}"
        for row in standing.filter(pl.col("effective_month") <= snapshot_month).tail(1).iter_rows(named=True)
    ]
    told += [
        f"version {row['model_version']} takes effect in {month_name(row['effective_month'])}{_auc(row)}"
        for row in standing.filter(pl.col("effective_month") > snapshot_month).iter_rows(named=True)
    ]
    return tuple(told) or ("no version has been promoted",)


def _auc(row: Mapping[str, object]) -> str:
    judged, whole = row["oot_roc_auc"], row.get("oot_with_all_sources")
    if not isinstance(judged, float):
        return ""
    second = f" {AS_NEWEST}, {whole:.4f} with all sources" if isinstance(whole, float) else ""
    return f" (out-of-time ROC-AUC {judged:.4f}{second})"
