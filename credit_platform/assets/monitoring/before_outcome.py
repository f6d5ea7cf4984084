"""What the tables of early warning speak for in a month, as the action takes it.

Making these tables belongs to `early_warning`, judging their rows to `monitoring.early_warning.early_findings`.
"""

from datetime import date

from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.action.findings import Finding
from credit_platform.monitoring.early_warning.early_findings import early_read_findings, estimate_findings
from credit_platform.policy.monitoring_thresholds import MonitoringThresholds


def found_before_outcome(lake: Lake, model: str, month: date, thresholds: MonitoringThresholds) -> list[Finding]:
    """Findings in the estimate and early reads of the month, the newest known in it.

    Raises:
        MissingMonthsError: one of the month's tables has no file.
    """
    estimate, early_reads, backtest = (
        lake.scan(f"monitoring/{model}/{part}", [month]).collect()
        for part in ("estimate", "early_reads", "estimate_backtest")
    )
    is_live = set(estimate["sample_role"]) == {"post"}
    return [
        *estimate_findings(estimate, backtest, model=model, thresholds=thresholds, is_live=is_live),
        *early_read_findings(early_reads, thresholds=thresholds),
    ]
