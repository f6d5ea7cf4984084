from __future__ import annotations

from datetime import date

import dagster as dg
import pytest

from credit_platform.checks.reporting import run_result
from credit_platform.portfolios.portfolio import MonthResult

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN
STOPPED = MonthResult(passed=False, description="stopped.", metadata={})
WARNED = MonthResult(passed=False, description="warned.", metadata={}, is_warning=True)
SOUND = MonthResult(passed=True, description="sound.", metadata={})


@pytest.mark.parametrize(
    ("results", "severity", "failed"),
    [
        ((SOUND, WARNED, STOPPED), ERROR, "2023-03-01"),
        ((SOUND, WARNED, WARNED), WARN, "2023-02-01, 2023-03-01"),
        ((SOUND, SOUND, SOUND), ERROR, "none"),
    ],
)
def test_a_range_names_the_months_that_stop_it_before_those_that_warn(
    results: tuple[MonthResult, ...], severity: dg.AssetCheckSeverity, failed: str
) -> None:
    said = run_result({date(2023, n, 1): result for n, result in enumerate(results, start=1)}, ERROR)
    assert (said.severity, said.metadata["failed_months"].value) == (severity, failed)
