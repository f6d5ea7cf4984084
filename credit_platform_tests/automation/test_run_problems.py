from __future__ import annotations

import dagster as dg
import pytest

from credit_platform.automation.run_problems import failed_check

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@pytest.mark.parametrize(
    ("is_blocking", "severity", "is_told"), [(True, ERROR, True), (True, WARN, False), (False, ERROR, False)]
)
def test_a_gate_that_only_warned_is_none_of_what_stopped_a_run(
    severity: dg.AssetCheckSeverity, *, is_blocking: bool, is_told: bool
) -> None:
    @dg.asset
    def rows() -> None: ...

    @dg.asset_check(asset=rows, blocking=is_blocking)
    def gate() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=severity)

    ended = dg.materialize([rows, gate], raise_on_error=False)
    assert any(failed_check(event) is not None for event in ended.all_events) is is_told
