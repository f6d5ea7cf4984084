"""The judgement about outcomes: the bad rate of a cohort beside those before it.

It warns and never blocks. Whether labels are mature is a gate and stands in `label_gates`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.checks.monthly import monthly_check
from credit_platform.checks.reporting import MonthResult
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.bands import bad_rate_band
from credit_platform.months import add_months
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.check_policy import BadRateBand, CheckPolicy
from credit_platform.texts import description_of

BAD_RATE_CHECK = "bad_rate_stays_in_its_band"
_LABELS = "gold/label_store"


def bad_rate_check(axis: MonthlyAxis, policy: CheckPolicy) -> dg.AssetChecksDefinition:
    """Warns when a cohort's bad rate lies outside what the cohorts before it and chance explain."""
    band = policy.bad_rate

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        first = add_months(months[0], -band.mean_months)
        known = [month for month in lake.months(_LABELS) if first <= month <= months[-1]]
        counted = (
            lake.scan(_LABELS, known)
            .group_by("snapshot_month")
            .agg(n_bad=pl.col("label").cast(pl.Int64).sum(), n=pl.len())
            .collect()
        )
        outcomes = {month: (n_bad, n) for month, n_bad, n in counted.iter_rows()}
        return {month: _bad_rate_result(month, outcomes, band) for month in months}

    return monthly_check(
        _LABELS,
        BAD_RATE_CHECK,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=False,
        policy=policy,
        description=description_of(
            __file__, BAD_RATE_CHECK, standard_errors=band.standard_errors, mean_months=band.mean_months
        ),
    )


def _bad_rate_result(month: date, outcomes: Mapping[date, tuple[int, int]], policy: BadRateBand) -> MonthResult:
    n_bad, n = outcomes.get(month, (0, 0))
    if not n:
        return MonthResult(passed=True, description=f"{month:%Y-%m}: no cohort has matured.", metadata={"n_loans": 0})
    first = add_months(month, -policy.mean_months)
    earlier = [found for other, found in sorted(outcomes.items()) if first <= other < month]
    band = bad_rate_band(n, earlier, standard_errors=policy.standard_errors)
    rate = n_bad / n
    counts: dict[str, int | float | str] = {"n_loans": n, "bad_rate": rate}
    if band is None or band.n_months < policy.min_months:
        said = f"{rate:.1%} of {n:,} loans are bad; too few earlier cohorts to compare with"
        return MonthResult(passed=True, description=f"{month:%Y-%m}: {said}.", metadata=counts)
    passed = band.holds(rate)
    return MonthResult(
        passed=passed,
        description=(
            f"{month:%Y-%m}: {rate:.1%} of {n:,} loans are bad, {'within' if passed else 'outside'} "
            f"{band.low:.1%} to {band.high:.1%}, as the {band.n_months} cohorts before it have {band.mean:.1%}."
        ),
        metadata=counts | {"band_low": band.low, "band_high": band.high, "earlier_mean": band.mean},
    )
