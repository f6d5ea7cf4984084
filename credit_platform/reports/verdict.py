"""The verdict on each model in plain words: is it fit for use, since when, why, and what was done.

Deciding belongs in `monitoring.action`; laying the words out in `dashboard`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.lending.months import add_months
from credit_platform.reports.wording import VERDICTS, month_name, plain

if TYPE_CHECKING:
    from datetime import date

N_REASONS = 4


@dataclass(frozen=True)
class Verdict:
    """What a reader needs to know of one model first."""

    model: str
    state: str
    headline: str
    since: str
    why: tuple[str, ...]
    done: tuple[str, ...]


def verdict_on(model: str, *, snapshot_month: date, actions: pl.DataFrame, versions: pl.DataFrame) -> Verdict:
    """Read the verdict off the model's actions and versions as known in a month.

    Args:
        model: Name of the model.
        snapshot_month: The month looked back from; later rows are ignored.
        actions: Rows of `schemas.monitoring.Action`.
        versions: `model`, `model_version`, `effective_month`, `oot_roc_auc`, one row per promotion.
    """
    own = actions.filter((pl.col("model") == model) & (pl.col("snapshot_month") <= snapshot_month))
    months = own.sort("snapshot_month")
    done = _versions_told(model, snapshot_month, versions) + _retrainings_told(months)
    if months.is_empty():
        return Verdict(model, "unknown", VERDICTS["unknown"], "", ("no loan scored by it is old enough yet",), done)
    latest = months.row(-1, named=True)
    headline = VERDICTS[latest["state"]]
    if not latest["actionable"]:
        headline += " (backtest: judged on months it was developed with)"
    reasons = [plain(reason) for reason in latest["reasons"].split("\n")]
    why = tuple(reasons[:N_REASONS])
    if len(reasons) > N_REASONS:
        why = (*why, f"and {len(reasons) - N_REASONS} more in the table of actions")
    if latest["state"] in {"retraining", "resolved"}:
        done = (*done, latest["transition"].partition(": ")[2])
    return Verdict(model, latest["state"], headline, _since(months), why, done)


def _since(months: pl.DataFrame) -> str:
    """First month of the unbroken run of the latest state."""
    states = months.get_column("state").to_list()
    dates = months.get_column("snapshot_month").to_list()
    first = len(states) - 1
    while first > 0 and states[first - 1] == states[-1] and dates[first - 1] == add_months(dates[first], -1):
        first -= 1
    n = len(states) - first
    return f"{month_name(dates[first])}, {n} month{'s' if n > 1 else ''}; last judged in {month_name(dates[-1])}"


def _versions_told(model: str, snapshot_month: date, versions: pl.DataFrame) -> tuple[str, ...]:
    own = versions.filter(model=model).sort("effective_month")
    in_force = own.filter(pl.col("effective_month") <= snapshot_month)
    told = [
        f"version {row['model_version']} in force since {month_name(row['effective_month'])}{_auc(row['oot_roc_auc'])}"
        for row in in_force.tail(1).iter_rows(named=True)
    ]
    told += [
        f"version {row['model_version']} takes effect in {month_name(row['effective_month'])}{_auc(row['oot_roc_auc'])}"
        for row in own.filter(pl.col("effective_month") > snapshot_month).iter_rows(named=True)
    ]
    return tuple(told) or ("no version has been promoted",)


def _retrainings_told(months: pl.DataFrame) -> tuple[str, ...]:
    asked = months.filter((pl.col("action") == "retrain") & pl.col("actionable")).get_column("snapshot_month").to_list()
    if not asked:
        return ("no retraining was asked for",)
    named = ", ".join(month_name(month) for month in asked[-3:])
    return (f"retraining was asked for in {'..., ' if len(asked) > 3 else ''}{named}",)


def _auc(value: float | None) -> str:
    return "" if value is None else f" (out-of-time ROC-AUC {value:.3f})"
