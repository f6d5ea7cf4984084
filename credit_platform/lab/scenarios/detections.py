"""What raised, month by month: one sign per detector and month, read from what monitoring has stored.

Deciding what to do about a sign belongs to `action`, holding signs against a planted change to `expectations`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.monitoring.early_warning.early_findings import early_read_findings, estimate_findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from credit_platform.policy.monitoring_thresholds import MonitoringThresholds


class Detector(StrEnum):
    """What can raise, in the order in which it can be known."""

    DELIVERY = "delivery"
    MISSING_VALUES = "missing_values"
    FEATURES = "features"
    SCORES = "scores"
    ESTIMATE = "estimate"
    EARLY_READS = "early_reads"
    OUTCOME = "outcome"
    UNMEASURED = "unmeasured"
    RETRAIN = "retrain"


MEANING: Mapping[Detector, str] = {
    Detector.DELIVERY: "a source's month is empty, unreadable or of another size",
    Detector.MISSING_VALUES: "a feature is missing more often than in development",
    Detector.FEATURES: "CSI of a feature at or above the alert",
    Detector.SCORES: "PSI of the scores at or above the alert",
    Detector.ESTIMATE: "the outcome is estimated below a threshold",
    Detector.EARLY_READS: "young loans begin to pay worse, or in another order, than earlier cohorts",
    Detector.OUTCOME: "the realised ROC-AUC is below its business threshold",
    Detector.UNMEASURED: "an outcome that should be known cannot be measured",
    Detector.RETRAIN: "the action is retrain",
}


@dataclass(frozen=True)
class Sign:
    """One detector raised in one month; `detail` names what it saw, `model` is None for what concerns all."""

    detector: Detector
    month: date
    detail: str
    model: str | None = None


@dataclass(frozen=True, eq=False)
class ModelRecord:
    """What monitoring has stored about one model: all months of its tables, whole frames."""

    model: str
    performance: pl.DataFrame
    stability: pl.DataFrame
    estimate: pl.DataFrame
    estimate_backtest: pl.DataFrame
    early_reads: pl.DataFrame
    action: pl.DataFrame


@dataclass(frozen=True)
class Delivered:
    """What was delivered for a month of a source: rows, and what the gates said of it, by gate."""

    source: str
    month: date
    rows: int
    failures: Mapping[str, str]


def delivery_signs(deliveries: list[Delivered]) -> list[Sign]:
    """A sign for every month of a source that a gate refused or that is empty."""
    return [
        Sign(Detector.DELIVERY, one.month, f"{one.source}: {'; '.join(one.failures.values()) or 'no row'}")
        for one in sorted(deliveries, key=lambda one: (one.month, one.source))
        if one.failures or not one.rows
    ]


def model_signs(record: ModelRecord, thresholds: MonitoringThresholds) -> list[Sign]:
    """Every sign about one model by month; cohorts a version was developed on raise nothing."""
    found = [
        *_stability_signs(record),
        *_early_signs(record, thresholds),
        *_outcome_signs(record),
        *(
            Sign(Detector.RETRAIN, row["snapshot_month"], str(row["reasons"]).split("\n")[0], record.model)
            for row in record.action.filter(pl.col("actionable"), pl.col("action") == "retrain").iter_rows(named=True)
        ),
    ]
    order = list(Detector)
    return sorted(found, key=lambda sign: (sign.month, order.index(sign.detector)))


def _stability_signs(record: ModelRecord) -> Iterator[Sign]:
    breached = record.stability.filter(pl.col("status") == "breach", pl.col("sample_role") == "post")
    for metric, detector in (
        ("null_rate", Detector.MISSING_VALUES),
        ("csi", Detector.FEATURES),
        ("psi", Detector.SCORES),
    ):
        by_month = (
            breached.filter(metric=metric)
            .sort("value", descending=True)
            .group_by("snapshot_month", maintain_order=True)
            .agg("segment", "value")
        )
        for month, segments, values in by_month.iter_rows():
            named = [f"{segment} {value:.2f}" for segment, value in zip(segments, values, strict=True)]
            more = f" and {len(named) - 3} more" if len(named) > 3 else ""
            yield Sign(detector, month, f"{', '.join(named[:3])}{more}", record.model)


def _early_signs(record: ModelRecord, thresholds: MonitoringThresholds) -> Iterator[Sign]:
    reads = _by_month(record.early_reads)
    for month, rows in reads.items():
        findings = [found for found in early_read_findings(rows, thresholds=thresholds) if found.is_live]
        if findings:
            yield Sign(Detector.EARLY_READS, month, findings[0].reason, record.model)
    backtests = _by_month(record.estimate_backtest)
    for month, rows in _by_month(record.estimate).items():
        is_live = set(rows.get_column("sample_role")) == {"post"}
        backtest = backtests.get(month, record.estimate_backtest.clear())
        findings = estimate_findings(rows, backtest, model=record.model, thresholds=thresholds, is_live=is_live)
        if findings and is_live:
            yield Sign(Detector.ESTIMATE, month, findings[0].reason, record.model)


def _outcome_signs(record: ModelRecord) -> Iterator[Sign]:
    aucs = record.performance.filter(metric="roc_auc", segment="all", sample_role="post").sort("snapshot_month")
    for row in aucs.iter_rows(named=True):
        cohort = f"cohort {row['cohort']:%Y-%m}"
        if row["status"] == "breach":
            detail = f"ROC-AUC {row['value']:.3f} of {cohort}, {row['n']} loans"
            yield Sign(Detector.OUTCOME, row["snapshot_month"], detail, record.model)
        elif row["status"] in {"insufficient", "unknown"}:
            detail = f"{cohort}: {row['n']} loans with an outcome, status {row['status']}"
            yield Sign(Detector.UNMEASURED, row["snapshot_month"], detail, record.model)


def _by_month(frame: pl.DataFrame) -> dict[date, pl.DataFrame]:
    parts = frame.sort("snapshot_month").partition_by("snapshot_month", as_dict=True, maintain_order=True)
    return {month: rows for (month,), rows in parts.items()}
