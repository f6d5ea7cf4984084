"""What must be noticed of each planted fault and what must stay silent, measured on a life that has been lived.

Living it belongs to planted_life, choosing seeds and lengths to the campaign.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from credit_platform.assets.models.training import read_cohorts
from credit_platform.checks.judgements_features import DARK_SOURCE_CHECK
from credit_platform.checks.judgements_sources import VOLUME_CHECK
from credit_platform.checks.label_gates import MATURITY_CHECK
from credit_platform.monitoring.early_warning.early_findings import early_performance_findings, estimate_findings
from credit_platform.months import add_months, month_range, months_between
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.version import FittedVersion, fit_version
from credit_platform_tests.campaigns.planted_life import FIRST_LIVE_OUTCOME, MODELS, START, outcome_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from credit_platform.scoring.training.windows import Windows
    from credit_platform_tests.campaigns.planted_life import PlantedLife

N_DRIFTED_COHORTS = 4
CLOSE_AUC = 0.02
_PERFORMANCE_RULES = r"(?m)^(below_business_threshold|below_data_science_threshold|degraded_against_out_of_time):"
FIRST_OUTCOME = outcome_of(START)


@dataclass(frozen=True)
class Bar:
    """One thing asked of the platform: what was measured, and whether that is what was asked."""

    model: str
    asked: str
    measured: str
    holds: bool


def quiet_bars(life: PlantedLife, model: str) -> list[Bar]:
    """Without a drift: no retraining, at most one month of closer watch, over all live outcomes."""
    actions = life.table(model, "action").filter(pl.col("snapshot_month") >= FIRST_LIVE_OUTCOME, "actionable")
    n_watched, n_retrained = (actions.filter(action=name).height for name in ("active_monitoring", "retrain"))
    return [
        Bar(model, "no retrain", f"{n_retrained} in {actions.height} months", n_retrained == 0),
        Bar(model, "at most one active_monitoring", f"{n_watched} in {actions.height} months", n_watched <= 1),
    ]


def covariate_bars(life: PlantedLife, model: str) -> list[Bar]:
    """Other applicants: the indices raise in the month itself, performance never does."""
    now = life.table(model, "stability").filter(snapshot_month=START)
    psi = now.filter(metric="psi", segment="all").row(0, named=True)
    n_csi = now.filter(metric="csi", status="breach").height
    return [
        Bar(model, "score PSI raises in the month", f"{psi['value']:.2f} {psi['status']}", psi["status"] != "ok"),
        Bar(model, "feature CSI raises in the month", f"{n_csi} features at the alert", n_csi > 0),
        _performance_is_silent(life, model),
    ]


def concept_bars(life: PlantedLife, model: str) -> list[Bar]:
    """Other causes of default: early reads raise in time, estimates do not, and retraining cures it."""
    reads = _first(_live_reads(life, model))
    latest = add_months(FIRST_OUTCOME, -2)
    estimated = [month for month in _estimates_below(life, model) if START <= month <= FIRST_OUTCOME]
    retrain = _first(_months_of(life, model, "retrain"))
    return [
        Bar(model, f"early reads raise {START:%Y-%m} to {latest:%Y-%m}", _named(reads), _within(reads, START, latest)),
        Bar(model, "estimates stay silent until the outcome", _named(_first(estimated)), not estimated),
        Bar(model, "retrain follows the outcome", _named(retrain), retrain is not None and retrain >= FIRST_OUTCOME),
        recovery_bar(life, model),
    ]


def recovery_bar(life: PlantedLife, model: str) -> Bar:
    """The first version trained on enough drifted cohorts, against a model trained on as many drifted loans."""
    asked = f"version with {N_DRIFTED_COHORTS} drifted cohorts within {CLOSE_AUC} of a model of drifted loans"
    config = life.book.settings.policy.model
    for record in life.promotions(model):
        stored = life.lake.versions.read(model, record.model_version)
        n_drifted = sum(cohort >= START for cohort in stored.windows.train)
        cohort = _first_mature(life, model, record.model_version)
        if n_drifted < N_DRIFTED_COHORTS or cohort is None:
            continue
        own = _auc(stored.fitted(config), loans := read_cohorts(life.lake, [cohort], config.label))
        other = _auc(_trained_on_drifted_loans(life, model, stored.windows, cohort), loans)
        measured = f"{record.model_version} on cohort {cohort:%Y-%m}: {own:.3f} against {other:.3f}"
        return Bar(model, asked, measured, own >= other - CLOSE_AUC)
    return Bar(model, asked, "no such version scored a cohort that is mature", holds=False)


def label_delay_bars(life: PlantedLife, model: str) -> list[Bar]:
    """Labels do not arrive: nothing is computed of them, it is said, and new loans are scored all the same."""
    figures = life.table(model, "performance").filter(pl.col("snapshot_month") >= START, segment="all")
    statuses = set(figures.filter(metric="roc_auc")["status"])
    actions = life.table(model, "action").filter(pl.col("snapshot_month") >= START)
    said = actions.filter(pl.col("reasons").str.contains("(?m)^not_measurable:"))
    red = life.checks[MATURITY_CHECK]
    return [
        Bar(model, "ROC-AUC is unknown", ", ".join(sorted(statuses)) or "not there", statuses == {"unknown"}),
        Bar(
            model,
            "the action is active_monitoring, because nothing can be measured",
            f"{said.height} of {actions.height} months",
            said.height == actions.height > 0 and set(said["action"]) == {"active_monitoring"},
        ),
        Bar(model, "the check of labels is red", f"{sum(red.values())} of {len(red)} months", bool(red.get(START))),
        Bar(model, "new loans are scored", *_scored(life, model)),
    ]


def dark_bars(life: PlantedLife, model: str) -> list[Bar]:
    """A source is gone: raised in the month itself, and new loans are scored without it.

    Loans of the first months have a history of it, so what is red is the volume delivered, not yet the coverage.
    """
    raised = _first(sorted({*_red(life.checks[VOLUME_CHECK]), *_red(life.checks[DARK_SOURCE_CHECK])}))
    return [
        Bar(model, "a dark source is raised in the month", _named(raised), raised == START),
        Bar(model, "new loans are scored", *_scored(life, model)),
    ]


def volume_bars(life: PlantedLife, model: str) -> list[Bar]:
    """Half the loans: the sources raise in the month itself, performance stays silent."""
    gates = [month for _, month in life.failed if month >= START]
    raised = _first(sorted({*_red(life.checks[VOLUME_CHECK]), *gates}))
    return [
        Bar(model, "the volume is raised in the month", _named(raised), raised == START),
        _performance_is_silent(life, model),
    ]


BARS: Mapping[str, Callable[[PlantedLife, str], list[Bar]]] = {
    "none": quiet_bars,
    "covariate": covariate_bars,
    "concept": concept_bars,
    "label_delay": label_delay_bars,
    "source_dark": dark_bars,
    "volume": volume_bars,
}


def bars_of(life: PlantedLife, fault: str) -> list[Bar]:
    """All bars of one fault, model by model."""
    return [bar for model in MODELS for bar in BARS[fault](life, model)]


def _performance_is_silent(life: PlantedLife, model: str) -> Bar:
    """No outcome that becomes known from the drift on speaks for an action."""
    actions = life.table(model, "action").filter(pl.col("snapshot_month") >= START)
    raised = actions.filter(pl.col("reasons").str.contains(_PERFORMANCE_RULES))
    measured = f"{raised.height} of {actions.height} outcome months raised"
    return Bar(model, "performance stays silent", measured, raised.is_empty() and actions.height > 0)


def _scored(life: PlantedLife, model: str) -> tuple[str, bool]:
    scored = [month for month in life.lake.months(f"prediction/{model}") if month >= START]
    return f"{len(scored)} months", START in scored


def _months_of(life: PlantedLife, model: str, action: str) -> list[date]:
    found = life.table(model, "action").filter("actionable", pl.col("snapshot_month") >= START, action=action)
    return found.sort("snapshot_month")["snapshot_month"].to_list()


def _live_reads(life: PlantedLife, model: str) -> list[date]:
    thresholds = life.book.settings.policy.monitoring
    reads = life.table(model, "early_reads").filter(pl.col("snapshot_month") >= FIRST_LIVE_OUTCOME)
    return [
        month
        for month, rows in _by_month(reads)
        if any(found.is_live for found in early_performance_findings(rows, thresholds=thresholds))
    ]


def _estimates_below(life: PlantedLife, model: str) -> list[date]:
    thresholds = life.book.settings.policy.monitoring
    estimate, backtest = life.table(model, "estimate"), life.table(model, "estimate_backtest")
    return [
        month
        for month, rows in _by_month(estimate)
        if estimate_findings(
            rows, backtest.filter(snapshot_month=month), model=model, thresholds=thresholds, is_live=True, cases="loans"
        )
    ]


def _by_month(frame: pl.DataFrame) -> Iterable[tuple[date, pl.DataFrame]]:
    parts = frame.sort("snapshot_month").partition_by("snapshot_month", as_dict=True, maintain_order=True)
    return [(month, rows) for (month,), rows in parts.items()]


def _first_mature(life: PlantedLife, model: str, version: str) -> date | None:
    """The first cohort a version scored in use whose outcome is known."""
    aucs = life.table(model, "performance").filter(
        metric="roc_auc", segment="all", model_version=version, sample_role="post", provenance="live"
    )
    return _first(sorted(aucs["cohort"].to_list()))


def _trained_on_drifted_loans(life: PlantedLife, model: str, windows: Windows, scored: date) -> FittedVersion:
    """A model of as many drifted cohorts as the version was trained on, by the same algorithm.

    Those of its own window where others are among them; where all are drifted, the next ones, so that it is another
    model and not the same one again.
    """
    drifted = [cohort for cohort in windows.train if cohort >= START]
    train, validation = drifted, list(windows.validation)
    if len(drifted) == len(windows.train):
        first = add_months(windows.train[-1], 1)
        train = month_range(first, add_months(first, len(drifted) - 1))
        validation = [add_months(train[-1], 1)]
        assert scored not in (*train, *validation)
    config = life.book.settings.policy.model
    samples = [read_cohorts(life.lake, cohorts, config.label) for cohorts in (train, validation)]
    return fit_version(model, samples[0], samples[1], config, portfolio=LOANS)


def _auc(fitted: FittedVersion, loans: pl.DataFrame) -> float:
    return float(roc_auc_score(loans["label"].to_numpy(), np.asarray(fitted.predict(loans))))


def _red(months: Mapping[date, bool]) -> list[date]:
    return sorted(month for month, is_red in months.items() if is_red and month >= START)


def _first(months: list[date]) -> date | None:
    return months[0] if months else None


def _within(month: date | None, first: date, last: date) -> bool:
    return month is not None and first <= month <= last


def _named(month: date | None) -> str:
    return "never" if month is None else f"{month:%Y-%m}, {months_between(START, month):+d} months"
