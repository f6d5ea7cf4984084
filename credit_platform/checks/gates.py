"""Gate checks: whether a delivered month of a source may be built on.

What a month must look like is written in monitoring.source_gates and was judged when the delivery arrived, before
bronze was written; these checks report it, and stop the month when a gate failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg

from credit_platform.checks.monthly import SHIPPED, monthly_check
from credit_platform.lake.raw.delivery_log import Receipt, read_receipts
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy
from credit_platform.portfolios.portfolio import MonthResult, Portfolio
from credit_platform.texts import description_of

GATE_CHECK = "delivery_may_be_built_on"


def gate_checks(
    portfolio: Portfolio, axis: MonthlyAxis, policy: CheckPolicy = SHIPPED
) -> list[dg.AssetChecksDefinition]:
    """The gate check of every source, blocking.

    One check for all gates of a source: each result of a month is a write to Dagster's history, which costs more than
    all gates together take to evaluate.
    """
    return [
        monthly_check(
            f"bronze/{source.name}",
            GATE_CHECK,
            _Gates(source.name),
            axis=axis.snapshot_months,
            is_blocking=True,
            policy=policy,
            description=description_of(__file__, GATE_CHECK),
        )
        for source in portfolio.sources
    ]


@dataclass(frozen=True)
class _Gates:
    source: str

    def __call__(self, lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        receipts = read_receipts(lake.layout, self.source, months)
        return {month: self._result(month, receipts.get(month)) for month in months}

    def _result(self, month: date, receipt: Receipt | None) -> MonthResult:
        if receipt is None:
            said = f"{month:%Y-%m}: no delivery was received; materialize bronze/{self.source} for this month."
            return MonthResult(passed=False, description=said, metadata={})
        metadata = {**receipt.numbers, "failed_gates": ", ".join(receipt.failures) or "none"}
        if receipt.failures:
            return MonthResult(passed=False, description=" ".join(receipt.failures.values()), metadata=metadata)
        where = f"in {', '.join(receipt.files)}" if receipt.files else "and the source is optional"
        said = f"{month:%Y-%m}: {receipt.rows:,} rows {where}."
        return MonthResult(passed=True, description=said, metadata=metadata)
