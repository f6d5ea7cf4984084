"""How a month of the service is judged: failures by their interval, times by the bucket the quantile is in."""

from __future__ import annotations

from datetime import date
from math import ceil, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.monitoring.service_month import AnsweredRequests, measure_service, quantile
from credit_platform.policy.action_policy import ServiceThresholds
from credit_platform.schemas.monitoring import ServiceMonth
from credit_platform.statistics.intervals import wilson_interval
from credit_platform_tests.monitoring_rows import thresholds

MAY = date(2024, 5, 1)
SHIPPED: ServiceThresholds = thresholds().service


def measured(
    n: int = 10_000, n_failed: int = 0, *, seconds: dict[str, int] | None = None, size: str = "single"
) -> dict[str, object]:
    answers = {"2xx": n - n_failed, "5xx": n_failed, "broken off": 7}
    one = AnsweredRequests("/v1/predict", size, answers, {"0.005": n} if seconds is None else seconds, n)
    rows = measure_service([one], MAY, thresholds=SHIPPED, confidence=0.95)
    [row] = ServiceMonth.validate(rows, cast=False).to_dicts()
    return row


def test_the_shipped_policy_is_what_the_service_promises() -> None:
    assert (SHIPPED.max_p99_milliseconds, SHIPPED.max_failed_share) == (50, 0.001)


def test_requests_without_an_answer_are_counted_apart() -> None:
    row = measured(n_failed=4)
    assert (row["n"], row["n_failed"], row["n_broken_off"], row["failed_share"]) == (10_000, 4, 7, 0.0004)
    assert (row["ci_low"], row["ci_high"]) == wilson_interval(4, 10_000, 0.95)


@pytest.mark.parametrize(
    ("n", "n_failed", "seconds", "size", "status"),
    [
        (10_000, 0, {"0.05": 10_000}, "single", "ok"),
        (10_000, 0, {"0.05": 9_900, "0.075": 100}, "single", "ok"),
        (10_000, 0, {"0.05": 9_899, "0.075": 101}, "single", "breach"),
        (10_000, 0, {"0.05": 9_000, "inf": 1_000}, "single", "breach"),
        (10_000, 0, {"1.0": 10_000}, "several", "ok"),
        (10_000, 10, None, "single", "ok"),
        (10_000, 12, None, "none", "warn"),
        (10_000, 30, None, "none", "breach"),
        (999, 999, None, "single", "insufficient"),
        (0, 0, {"0.005": 7}, "single", "unknown"),
    ],
)
def test_a_status_follows_from_policy(
    n: int, n_failed: int, seconds: dict[str, int] | None, size: str, status: str
) -> None:
    assert measured(n, n_failed, seconds=seconds, size=size)["status"] == status


def test_a_month_without_service_has_no_rows_and_all_columns() -> None:
    rows = measure_service([], MAY, thresholds=SHIPPED, confidence=0.95)
    assert rows.is_empty()
    ServiceMonth.validate(rows, cast=False)


@given(
    st.lists(st.floats(0, 20), min_size=1, max_size=60),
    st.sampled_from([1, 50, 95, 99, 100]),
)
def test_a_quantile_is_the_bound_of_the_bucket_of_the_request_it_is(times: list[float], share: int) -> None:
    bounds = [0.01, 0.1, 1.0, 10.0, inf]
    buckets = [str(bounds[int(np.searchsorted(bounds, time))]) for time in times]
    seconds = {bucket: buckets.count(bucket) for bucket in buckets}
    exact = sorted(times)[ceil(len(times) * share / 100) - 1]
    bound = bounds[int(np.searchsorted(bounds, exact))]
    assert quantile(seconds, share) == (None if bound == inf else bound * 1000)
