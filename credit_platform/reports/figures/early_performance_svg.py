"""A small picture of how cohorts begin to pay, for places that show a picture but run no script.

How a cohort is read belongs in `monitoring.early_warning.early_outcomes`, interactive figures in `figures`.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from credit_platform.monitoring.early_warning.early_outcomes import CohortReading
from credit_platform.reports.figures.svg import trend_svg
from credit_platform.statistics.intervals import jeffreys_interval


def early_performance_svg(
    reads: Sequence[CohortReading], measured: pl.DataFrame, *, month: date, confidence: float
) -> str:
    """The rate of the latest early label by cohort, as far as it is known in a month, with what was expected last.

    Args:
        reads: Of all cohorts; those read after `month` are not drawn.
        measured: The month's early reads.
        month: The month.
        confidence: Level of the intervals.
    """
    latest = max((read.mob for read in reads), default=0)
    drawn = sorted(
        (read for read in reads if read.mob == latest and read.read_month <= month and read.n),
        key=lambda read: (read.cohort, read.read),
    )
    drawn = [read for read in drawn if read.read == drawn[0].read]
    intervals = [jeffreys_interval(read.n_bad, read.n, confidence) for read in drawn]
    name = drawn[0].read if drawn else "early reads"
    expected = measured.filter(segment=name, metric="bad_rate").sort("cohort").get_column("expected").drop_nulls()
    return trend_svg(
        [read.cohort for read in drawn],
        [read.n_bad / read.n for read in drawn],
        title=f"{name}: bad rate by cohort",
        low=[None if interval is None else interval.low for interval in intervals],
        high=[None if interval is None else interval.high for interval in intervals],
        levels=[round(float(expected[-1]), 4)] if expected.len() else [],
    )
