"""What was detected, month by month: one detection per detector and month, read from the tables of monitoring.

Deciding what to do about it belongs to `monitoring`, comparing it with the ground truth to `detection_requirements`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl

from credit_platform.monitoring.early_warning.early_findings import early_performance_findings, estimate_findings
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds


class Detector(StrEnum):
    """What can detect a drift, in the order in which it can be known."""

    DELIVERY = "delivery"
    MISSING_VALUES = "missing_values"
    FEATURES = "features"
    SCORES = "scores"
    ESTIMATE = "estimate"
    EARLY_READS = "early_reads"
    OUTCOME = "outcome"
    UNMEASURED = "unmeasured"
    RETRAIN = "retrain"


# When each detects something; `cases` is the portfolio's word.
MEANING: Mapping[Detector, str] = {
    Detector.DELIVERY: "a source's month is empty, unreadable or of another size",
    Detector.MISSING_VALUES: "a feature is missing more often than in development",
    Detector.FEATURES: "CSI of a feature at or above the alert",
    Detector.SCORES: "PSI of the scores at or above the alert",
    Detector.ESTIMATE: "the outcome is estimated below a threshold",
    Detector.EARLY_READS: "young {cases} begin worse, or in another order, than earlier cohorts",
    Detector.OUTCOME: "the realised ROC-AUC is below its business threshold",
    Detector.UNMEASURED: "an outcome that should be known cannot be measured",
    Detector.RETRAIN: "the action is retrain",
}


@dataclass(frozen=True)
class Detection:
    """What a detector found in one month, in words in `detail`; `model` is None for what concerns all."""

    detector: Detector
    month: date
    detail: str
    model: str | None = None


@dataclass(frozen=True, eq=False)
class ModelRecord:
    """What monitoring has stored about one model, all months of its tables; `cases` is the portfolio's word."""

    model: str
    cases: str
    performance: pl.DataFrame
    stability: pl.DataFrame
    estimate: pl.DataFrame
    estimate_backtest: pl.DataFrame
    early_reads: pl.DataFrame
    action: pl.DataFrame


@dataclass(frozen=True)
class DeliveredMonth:
    """What was delivered for a month of a source: its rows, and the failures of the gates by gate."""

    source: str
    month: date
    rows: int
    failures: Mapping[str, str]


def delivery_detections(deliveries: list[DeliveredMonth]) -> list[Detection]:
    """A detection for every month of a source that a gate refused or that is empty."""
    return [
        Detection(Detector.DELIVERY, one.month, f"{one.source}: {'; '.join(one.failures.values()) or 'no row'}")
        for one in sorted(deliveries, key=lambda one: (one.month, one.source))
        if one.failures or not one.rows
    ]


def model_detections(record: ModelRecord, thresholds: MonitoringThresholds) -> list[Detection]:
    """Everything detected about one model by month, none of it in cohorts that a version was developed on."""
    found = [
        *_stability_detections(record),
        *_early_detections(record, thresholds),
        *_outcome_detections(record),
        *(
            Detection(Detector.RETRAIN, row["snapshot_month"], str(row["reasons"]).split("\n")[0], record.model)
            for row in record.action.filter(pl.col("actionable"), pl.col("action") == "retrain").iter_rows(named=True)
        ),
    ]
    order = list(Detector)
    return sorted(found, key=lambda one: (one.month, order.index(one.detector)))


def _stability_detections(record: ModelRecord) -> Iterator[Detection]:
    # Scores by the sources of loans are the same scores once more.
    is_once = (pl.col("metric") != "psi") | (pl.col("segment") == "all")
    breached = record.stability.filter(is_once, pl.col("status") == "breach", pl.col("sample_role") == "post")
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
            yield Detection(detector, month, f"{', '.join(named[:3])}{more}", record.model)


def _early_detections(record: ModelRecord, thresholds: MonitoringThresholds) -> Iterator[Detection]:
    reads = _by_month(record.early_reads)
    for month, rows in reads.items():
        findings = [found for found in early_performance_findings(rows, thresholds=thresholds) if found.is_live]
        if findings:
            yield Detection(Detector.EARLY_READS, month, findings[0].reason, record.model)
    backtests = _by_month(record.estimate_backtest)
    for month, rows in _by_month(record.estimate).items():
        is_live = set(rows.get_column("sample_role")) == {"post"}
        backtest = backtests.get(month, record.estimate_backtest.clear())
        findings = estimate_findings(
            rows, backtest, model=record.model, thresholds=thresholds, is_live=is_live, cases=record.cases
        )
        if findings and is_live:
            yield Detection(Detector.ESTIMATE, month, findings[0].reason, record.model)


def _outcome_detections(record: ModelRecord) -> Iterator[Detection]:
    aucs = record.performance.filter(metric="roc_auc", segment="all", sample_role="post").sort("snapshot_month")
    for row in aucs.iter_rows(named=True):
        cohort = f"cohort {row['cohort']:%Y-%m}"
        if row["status"] == "breach":
            detail = f"ROC-AUC {row['value']:.3f} of {cohort}, {row['n']} {record.cases}"
            yield Detection(Detector.OUTCOME, row["snapshot_month"], detail, record.model)
        elif row["status"] in {"insufficient", "unknown"}:
            detail = f"{cohort}: {row['n']} {record.cases} with an outcome, status {row['status']}"
            yield Detection(Detector.UNMEASURED, row["snapshot_month"], detail, record.model)


def _by_month(frame: pl.DataFrame) -> dict[date, pl.DataFrame]:
    parts = frame.sort("snapshot_month").partition_by("snapshot_month", as_dict=True, maintain_order=True)
    return {month: rows for (month,), rows in parts.items()}
