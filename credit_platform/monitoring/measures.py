"""One monitored figure with its interval and status, and the long table made of such figures.

Which figures there are belongs in `performance` and `stability`; what follows from them in `action`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Literal

import polars as pl

from credit_platform.policy.action_policy import DecisionMode
from credit_platform.policy.monitoring_thresholds import MetricThreshold
from credit_platform.schemas.monitoring import Measures
from credit_platform.scoring.governance.life_cycle import Provenance
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.statistics.intervals import Interval

Status = Literal["ok", "warn", "breach", "insufficient", "unknown"]

SCHEMA = {name: column.dtype for name, column in Measures.columns().items()}


@dataclass(frozen=True)
class Subject:
    """What is monitored: one version's predictions of one cohort, looked at in one month."""

    snapshot_month: date
    cohort: date
    model: str
    model_version: str
    sample_role: SampleRole
    provenance: Provenance


@dataclass(frozen=True)
class Measure:
    """One figure. A value that is None or not finite has no interval and its status is unknown."""

    metric: str
    value: float | None
    n: int
    status: Status
    segment: str = "all"
    n_bad: int | None = None
    interval: Interval | None = None

    def row(self) -> dict[str, str | float | int | None]:
        """The figure's own columns of the monitoring table."""
        is_known = self.value is not None and isfinite(self.value)
        interval = self.interval if is_known else None
        return {
            "metric": self.metric,
            "segment": self.segment,
            "value": self.value if is_known else None,
            "ci_low": None if interval is None else interval.low,
            "ci_high": None if interval is None else interval.high,
            "n": self.n,
            "n_bad": self.n_bad,
            "status": self.status if is_known else "unknown",
        }


def measures_frame(measures: Sequence[Measure], subject: Subject) -> pl.DataFrame:
    """The measures of one subject as rows of the monitoring table, by metric and segment."""
    identity = {
        "snapshot_month": pl.lit(subject.snapshot_month),
        "cohort": pl.lit(subject.cohort),
        "model": pl.lit(subject.model),
        "model_version": pl.lit(subject.model_version),
        "sample_role": pl.lit(subject.sample_role),
        "provenance": pl.lit(subject.provenance),
    }
    own = {name: dtype for name, dtype in SCHEMA.items() if name not in identity}
    return (
        pl.DataFrame([measure.row() for measure in measures], schema=own, orient="row")
        .with_columns(**identity)
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
        .sort("metric", "segment")
    )


def band_status(value: float | None, *, warn: float, breach: float) -> Status:
    """Status of a figure that should stay low: a warning from `warn` on, a breach from `breach` on.

    >>> band_status(0.12, warn=0.10, breach=0.25)
    'warn'
    """
    if value is None or not isfinite(value):
        return "unknown"
    return "breach" if value >= breach else "warn" if value >= warn else "ok"


def floor_status(value: float | None, *, warn: float, breach: float | None) -> Status:
    """Status of a figure that should stay high: a warning below `warn`, a breach below `breach` if there is one.

    >>> floor_status(0.75, warn=0.80, breach=0.75)
    'warn'
    """
    if value is None or not isfinite(value):
        return "unknown"
    if breach is not None and value < breach:
        return "breach"
    return "warn" if value < warn else "ok"


def metric_status(
    value: float | None,
    ci_high: float | None,
    *,
    threshold: MetricThreshold,
    decision_mode: DecisionMode,
) -> Status:
    """Status of a metric against both floors; under `ci_upper` only an interval wholly below a floor counts.

    Whether a shortfall persists needs other months and is no matter of one figure's status.
    """
    held = ci_high if decision_mode == "ci_upper" and ci_high is not None else value
    return floor_status(held, warn=threshold.data_science_threshold, breach=threshold.business_threshold)
