"""The gold tables: features at application, labels, and the portfolio tables made of loan snapshots.

Nothing fitted to data belongs here: centring, bins and imputation live with a model version. Amounts are in the
currency of the book.
"""

import dataframely as dy
import polars as pl

from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM_MEANS, CLICKSTREAM_SUMS
from credit_platform.portfolios.loans.features.feature_columns import FeatureColumns
from credit_platform.schemas.made_columns import schema_of

BUCKETS = ("current", "1-29", "30-59", "60-89", "90-119", "120+")
_THRESHOLD = "the label's dpd_threshold or more"
LABEL_BASES = ("observed", "repaid", "left_past_due")
ENDED_BUCKETS = ("closed", "ended_unpaid", "missing")


def _channel_sum(number: int) -> dy.Float64:
    return dy.Float64(
        description=f"Sum of clickstream channel {number} over the months seen, activity; 0 without history"
    )


def _channel_mean(number: int) -> dy.Float64:
    said = f"Mean of clickstream channel {number} over the months seen, activity per month"
    return dy.Float64(nullable=True, description=said)


def _share(description: str) -> dy.Float64:
    return dy.Float64(min=0, max=1, description=f"{description}, share 0..1")


def _cure_rate(description: str) -> dy.Float64:
    said = f"{description}, share 0..1; null for the current ones"
    return dy.Float64(nullable=True, min=0, max=1, description=said)


class _Applications(dy.Schema):
    """The loan."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of application (the cohort)")
    loan_id = dy.String(primary_key=True, min_length=1, description="Identifier of the loan")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")


_Channels = schema_of(
    {
        **{name: _channel_sum(number) for number, name in enumerate(CLICKSTREAM_SUMS, start=1)},
        **{name: _channel_mean(number) for number, name in enumerate(CLICKSTREAM_MEANS, start=1)},
    }
)


class FeatureStore(_Applications, FeatureColumns, _Channels):
    """One row per loan at application (MOB 0), with what was known by then."""

    has_attributes = dy.Bool(description="Whether attributes were known by application")
    has_financials = dy.Bool(description="Whether financials were known by application")
    has_clickstream = dy.Bool(description="Whether any clickstream was seen by application")
    sources_present = dy.String(description="Names of the sources present, joined by +, sorted; empty without any")

    @dy.rule()
    def clickstream_is_present_when_months_were_seen(cls) -> pl.Expr:
        """The flag and the number of months agree."""
        return cls.has_clickstream.col == (cls.n_clickstream_months.col > 0)

    @dy.rule()
    def sources_present_agrees_with_the_flags(cls) -> pl.Expr:
        """The text names as many sources as there are flags set."""
        n_flags = cls.has_attributes.col.cast(pl.UInt32) + cls.has_financials.col + cls.has_clickstream.col
        n_names = cls.sources_present.col.str.count_matches("[a-z]+")
        return n_names == n_flags


class LabelStore(dy.Schema):
    """One row per loan of the cohort that is as old as the label in this month, and whose outcome is known."""

    loan_id = dy.String(primary_key=True, min_length=1, description="Identifier of the loan")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")
    label = dy.Int8(is_in=(0, 1), description="1 when the loan defaulted by the definition in label_def, else 0")
    label_def = dy.String(min_length=1, description="Definition of default, such as 30dpd_6mob")
    dpd = dy.Int32(
        min=0,
        description="Days past due the label was made of, days: in the loan's last row up to the label's month, or the "
        "most of any of its rows where the definition begins with ever",
    )
    cohort = dy.Date(resolution="1mo", description="Month of origination, first day")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month the label was observed, first day")
    label_basis = dy.String(
        check=lambda column: column.is_in([*LABEL_BASES]),
        description="What the label follows from. observed: the loan's state in this month, or an earlier one that "
        "settles it; repaid: it left before, with no balance and nothing overdue; left_past_due: it left before, last "
        "seen past due by the threshold",
    )

    @dy.rule()
    def features_precede_outcome(cls) -> pl.Expr:
        """The application lies before the month of the outcome."""
        return cls.cohort.col < cls.snapshot_month.col


class Vintages(dy.Schema):
    """One row per month, cohort and month on book: delinquency of the cohort as of that month."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month the table is as of, first day")
    cohort = dy.Date(primary_key=True, resolution="1mo", description="Month of origination, first day")
    mob = dy.Int32(primary_key=True, min=0, description="Months on book, months since origination")
    n_loans = dy.Int64(min=1, description="Loans of the cohort, count")
    n_ever_30dpd = dy.Int64(
        min=0, description=f"Loans ever {_THRESHOLD} days past due (shipped: 30) up to this month on book, count"
    )
    ever_30dpd_rate = _share(f"Loans ever {_THRESHOLD} days past due")
    n_30dpd = dy.Int64(
        min=0,
        description=f"Loans {_THRESHOLD} days past due at this month on book, or in their last row before it, count",
    )
    current_30dpd_rate = _share(f"Loans {_THRESHOLD} days past due at this month on book, or when they left")
    ever_30dpd_amount_rate = _share(f"Amount lent to loans ever {_THRESHOLD} days past due, of the amount lent")

    @dy.rule()
    def outcomes_precede_as_of_month(cls) -> pl.Expr:
        """Nothing observed after the month is in its table."""
        n_months = (cls.snapshot_month.col.dt.year() - cls.cohort.col.dt.year()) * 12 + (
            cls.snapshot_month.col.dt.month().cast(pl.Int32) - cls.cohort.col.dt.month().cast(pl.Int32)
        )
        return cls.mob.col <= n_months

    @dy.rule()
    def counts_nest(cls) -> pl.Expr:
        """Loans past due now were past due ever, and both are loans of the cohort."""
        return (cls.n_30dpd.col <= cls.n_ever_30dpd.col) & (cls.n_ever_30dpd.col <= cls.n_loans.col)


class RollRates(dy.Schema):
    """One row per month and pair of delinquency buckets: loans that moved from one to the other since last month.

    Loans that ended have buckets of their own; the loan file does not say which of them were written off.
    """

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month the loans arrived in, first day")
    from_bucket = dy.String(
        primary_key=True,
        check=lambda column: column.is_in([*BUCKETS]),
        description="Days past due last month, in buckets",
    )
    to_bucket = dy.String(
        primary_key=True,
        check=lambda column: column.is_in([*BUCKETS, *ENDED_BUCKETS]),
        description="Days past due this month, in buckets; closed: repaid; ended_unpaid: gone past due by the label's "
        "threshold, or term over with a balance left; missing: no row this month, delivered or usable, though the loan "
        "runs",
    )
    n_loans = dy.Int64(min=1, description="Loans that made the transition, count")
    transition_rate = _share("Loans of from_bucket that made the transition")
    transition_amount_rate = _share("Amount lent to loans of from_bucket that made the transition, of the amount lent")
    is_cure = dy.Bool(description="Whether loans past due last month are current again")
    cure_rate = _cure_rate("Loans of from_bucket that are current again")
    cure_amount_rate = _cure_rate("Amount lent to loans of from_bucket that are current again, of the amount lent")

    @dy.rule()
    def only_buckets_past_due_cure(cls) -> pl.Expr:
        """Loans that were current have nothing to cure; every bucket past due has its cure rates, 0 included."""
        is_past_due = cls.from_bucket.col != "current"
        return (cls.cure_rate.col.is_not_null() == is_past_due) & (
            cls.cure_amount_rate.col.is_not_null() == is_past_due
        )

    @dy.rule()
    def a_cure_is_a_transition(cls) -> pl.Expr:
        """Where a bucket cured, its cure rate is the rate of that transition."""
        return ~cls.is_cure.col | (cls.cure_rate.col == cls.transition_rate.col).fill_null(value=False)
