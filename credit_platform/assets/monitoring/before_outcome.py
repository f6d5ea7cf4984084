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
    found = {
        part: lake.scan(f"monitoring/{model}/{part}", [month]).collect()
        for part in lake.layout.tables.parts(("estimate", "early_reads", "estimate_backtest"))
    }
    estimate, early_reads = found["estimate"], found.get("early_reads")
    is_live = set(estimate["sample_role"]) == {"post"}
    return [
        *estimate_findings(estimate, found["estimate_backtest"], model=model, thresholds=thresholds, is_live=is_live),
        *(early_read_findings(early_reads, thresholds=thresholds) if early_reads is not None else ()),
    ]
