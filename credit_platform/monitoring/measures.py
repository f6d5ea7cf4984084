"""One monitored figure with its interval and status, the long table of such figures, and the SQL of their history.

Which figures there are belongs in `performance` and `stability`; what follows from them in `action`. Of the history the
text only: connecting, and making the views it reads, is the caller's work.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from math import isfinite
from typing import Any, Literal, Self

import polars as pl

from credit_platform.policy.action_policy import DecisionMode
from credit_platform.policy.monitoring_thresholds import MetricThreshold
from credit_platform.schemas.monitoring import Measures
from credit_platform.scoring.governance.life_cycle import Provenance
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.statistics.intervals import Interval
from credit_platform.texts import text_beside

# The tables of a model that history is made of, by the last part of their keys.
LAYERS = ("performance", "stability", "estimate", "estimate_backtest", "early_reads")

# Only what pages show: of stability figures of the whole month, the CSI of every feature and the share of every source,
# of the performance by sources how loans are ranked. An early read is shown in the month it became known; the open
# cohorts are read again in every later month and would repeat it.
_OBSERVED = {
    "performance": "select 'performance' as layer, * from performance where segment = 'all' "
    "or metric in ('roc_auc', 'roc_auc_degradation')",
    "stability": "select 'stability' as layer, * from stability "
    "where segment = 'all' or metric in ('csi', 'source_share')",
    "estimate": "select 'estimate' as layer, * from estimate where segment = 'all'",
    "estimate_backtest": "select 'estimate_backtest' as layer, * exclude (estimated), estimated as expected "
    "from estimate_backtest",
    "early_reads": "select 'early_reads' as layer, * from early_reads "
    "where read_month = snapshot_month or segment = 'all_reads'",
}
PRESENT, NO_SOURCE = "sources_present", "no source"
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

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """The subject of a row of a table of measures."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__})


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
    identity = {name: pl.lit(value) for name, value in asdict(subject).items()}
    own = {name: dtype for name, dtype in SCHEMA.items() if name not in identity}
    return (
        pl.DataFrame([measure.row() for measure in measures], schema=own, orient="row")
        .with_columns(**identity)
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
        .sort("metric", "segment")
    )


def by_sources(loans: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Scored loans by the segment of their sources: short names joined by +, `no source` without any."""
    parts = loans.partition_by(PRESENT, as_dict=True)
    return {str(present) or NO_SOURCE: part for (present,), part in sorted(parts.items())}


def band_status(value: float | None, *, warn: float, breach: float) -> Status:
    """Status of a figure that should stay low: a warning from `warn` on, a breach from `breach` on.

    >>> band_status(0.12, warn=0.10, breach=0.25)
    'warn'
    """
    if value is None or not isfinite(value):
        return "unknown"
    return "breach" if value >= breach else "warn" if value >= warn else "ok"


def floor_status(value: float | None, *, warn: float | None, breach: float | None) -> Status:
    """Status of a figure that should stay high: a warning below `warn`, a breach below `breach` if there is one.

    Without a `warn` nothing but a breach is known.

    >>> floor_status(0.75, warn=0.80, breach=0.75)
    'warn'
    """
    if value is None or not isfinite(value):
        return "unknown"
    if breach is not None and value < breach:
        return "breach"
    return "unknown" if warn is None else "warn" if value < warn else "ok"


def metric_status(
    value: float | None, ci_high: float | None, *, threshold: MetricThreshold, decision_mode: DecisionMode
) -> Status:
    """Status of a metric against both floors; under `ci_upper` only an interval wholly below a floor counts.

    Whether a shortfall persists needs other months and is no matter of one figure's status.
    """
    held = ci_high if decision_mode == "ci_upper" and ci_high is not None else value
    return floor_status(held, warn=threshold.data_science_threshold, breach=threshold.business_threshold)


def history_sql(layers: Sequence[str]) -> str:
    """The query over some layers, one view per layer under its name, and the table `as_of(snapshot_month)`.

    A view holds the table of all models in all months up to the last one asked for. The query gives the columns of
    `schemas.monitoring.MonitoringHistory` for every month of `as_of`.
    """
    observed = "\nunion all by name\n".join(_OBSERVED[layer] for layer in layers)
    return text_beside(__file__, "history.sql").format(observed=observed)
