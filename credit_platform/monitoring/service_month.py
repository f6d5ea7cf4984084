"""How the service answered in a month: failures with their interval, times, and whether policy is met.

Reading what was counted belongs to `lake.governance.service_minutes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil, isinf

import polars as pl

from credit_platform.monitoring.measures import Status
from credit_platform.policy.action_policy import ServiceThresholds
from credit_platform.schemas.monitoring import ServiceMonth
from credit_platform.statistics.intervals import wilson_interval

BROKEN_OFF = "broken off"
_SHARES = (50, 95, 99)


@dataclass(frozen=True)
class AnsweredRequests:
    """The requests of a month of one endpoint and size.

    Attributes:
        endpoint: its path.
        size: `none`, `single` or `several` records in each.
        answers: by class of status, `broken off` included.
        seconds: by the upper bound of the bucket, `inf` for the last.
        records: in all of them.
    """

    endpoint: str
    size: str
    answers: Mapping[str, int]
    seconds: Mapping[str, int]
    records: int


def measure_service(
    requests: list[AnsweredRequests], month: date, *, thresholds: ServiceThresholds, confidence: float
) -> pl.DataFrame:
    """The rows of `monitoring/service` of a month, by endpoint and size; none without requests.

    Failures are a breach where their interval lies wholly above the limit, and a warning where only the share does.
    Times are judged of single records alone, by the upper bound of the bucket that the quantile is in.
    """
    rows = [_row(one, thresholds, confidence) for one in requests]
    schema = {name: column.dtype for name, column in ServiceMonth.columns().items()}
    return pl.DataFrame([{"snapshot_month": month, **row} for row in rows], schema=schema).sort("endpoint", "size")


def _row(one: AnsweredRequests, thresholds: ServiceThresholds, confidence: float) -> dict[str, object]:
    n = sum(count for status, count in one.answers.items() if status != BROKEN_OFF)
    n_failed = one.answers.get("5xx", 0)
    share, interval = n_failed / n if n else None, wilson_interval(n_failed, n, confidence)
    low, high = (None, None) if interval is None else interval
    quantiles = {f"p{share}_milliseconds": quantile(one.seconds, share) for share in _SHARES}
    slowest = quantiles["p99_milliseconds"]
    is_slow = one.size == "single" and (slowest is None or slowest > thresholds.max_p99_milliseconds)
    status: Status = "unknown"
    if share is not None and low is not None:
        is_surely_failing = low > thresholds.max_failed_share
        status = "breach" if is_slow or is_surely_failing else "warn" if share > thresholds.max_failed_share else "ok"
        status = status if n >= thresholds.min_requests else "insufficient"
    return {
        "endpoint": one.endpoint,
        "size": one.size,
        "n": n,
        "n_broken_off": one.answers.get(BROKEN_OFF, 0),
        "n_failed": n_failed,
        "n_records": one.records,
        "failed_share": share,
        "ci_low": low,
        "ci_high": high,
        **quantiles,
        "status": status,
    }


def quantile(seconds: Mapping[str, int], share: int) -> float | None:
    """Milliseconds that a share of the requests, in percent, took at most; None without any or beyond the last bucket.

    >>> quantile({"0.01": 98, "0.05": 1, "inf": 1}, 99)
    50.0
    """
    wanted, counted = ceil(sum(seconds.values()) * share / 100), 0
    for bound, n in sorted((float(bound), n) for bound, n in seconds.items()):
        counted += n
        if counted >= wanted:
            return None if isinf(bound) else round(bound * 1000, 3)
    return None
