"""The monitoring tables of what is known before the outcome: estimates, their backtest, early reads.

How a figure is computed belongs to the monitoring package.
"""

import dataframely as dy
import polars as pl

from credit_platform.months import months_between_expr
from credit_platform.schemas.monitoring import Measures, OutcomeMeasures


def _p_value(description: str) -> dy.Float64:
    return dy.Float64(nullable=True, min=0, max=1, description=f"{description}; null where there is too little to test")


class Estimate(Measures):
    """One row per scoring month, version, metric and segment: what the outcome of the month's {words.cases} is expected to be.

    Estimated from the default probabilities alone, so it cannot see that {words.cases} behave otherwise than they did.
    Segment all is every {words.case}; the other segments are values of `sources_present`.
    """  # noqa: E501 - the first line is the description

    @dy.rule()
    def cohort_is_the_month(cls) -> pl.Expr:
        """An estimate is made at once, so it is always of the newest cohort."""
        return pl.col("cohort") == pl.col("snapshot_month")


class EstimateBacktest(OutcomeMeasures):
    """One row per outcome month, version, metric and segment: the realised metric minus its estimate."""

    estimated = dy.Float64(nullable=True, description="The estimate made six months earlier; null where there is none")
    realised = dy.Float64(
        nullable=True, description="The metric by the labels; null where the {words.cases} do not define it"
    )
    mean_absolute_error = dy.Float64(
        nullable=True, min=0, description="Mean distance of the last outcome months; null without any to compare"
    )
    n_months = dy.Int64(min=0, description="Outcome months in the mean, count")
    may_be_shown = dy.Bool(description="Whether the mean distance is within policy; where not, estimates are hidden")

    @dy.rule()
    def value_is_realised_minus_estimated(cls) -> pl.Expr:
        """The figure is the distance of the two it is made of."""
        gap = (pl.col("realised") - pl.col("estimated") - pl.col("value")).abs()
        return pl.col("value").is_null() | (gap < 1e-9).fill_null(value=False)


class EarlyPerformance(Measures):
    """One row per month, open cohort, version, metric and early label: how {words.cases} pay before their outcome.

    Cohorts younger than the label only. A read is judged in the month it becomes known and stays as it was; segment
    all_reads takes the newest read of every open cohort together. A ROC-AUC is held against cohorts with a like mix of
    sources; where too few are alike, the segments `<early label> with <sources_present>` are tested in its place, and
    otherwise shown beside it.
    """

    cohort = dy.Date(
        primary_key=True, resolution="1mo", description="Month of origination of the {words.cases}, first day"
    )
    read_month = dy.Date(resolution="1mo", description="Month in whose snapshot the {words.cases} were read, first day")
    mob = dy.Int32(min=1, description="Months on book at the read, months since origination")
    expected = dy.Float64(nullable=True, min=0, max=1, description="The figure of earlier cohorts; null with too few")
    p_value = _p_value("Chance of a figure at least as bad had nothing changed")
    holm_p_value = _p_value("The same, corrected for all reads that became known in the month (Holm)")
    n_history_cohorts = dy.Int64(min=0, description="Earlier cohorts the figure is held against, count")
    rate_correlation = dy.Float64(
        nullable=True, min=-1, max=1, description="Correlation over earlier cohorts of this rate with the bad rate"
    )
    label_correlation = dy.Float64(
        nullable=True,
        min=-1,
        max=1,
        description="Correlation over earlier {words.cases} of this early label with the label",
    )

    @dy.rule()
    def nothing_is_read_before_its_month(cls) -> pl.Expr:
        """A cohort is read at its month on book, and that month has come."""
        is_reached = months_between_expr(pl.col("cohort"), pl.col("read_month")) == pl.col("mob")
        return is_reached & (pl.col("read_month") <= pl.col("snapshot_month"))

    @dy.rule()
    def correction_never_lowers_a_p_value(cls) -> pl.Expr:
        """A corrected p-value is given with its own and is not below it."""
        both = pl.col("holm_p_value") >= pl.col("p_value")
        return (pl.col("p_value").is_null() & pl.col("holm_p_value").is_null()) | both.fill_null(value=False)
