"""Arrears laid against what was due in each month, oldest first: how much a loan has missed, and since when.

Days and buckets made of them stand in `delinquency`.
"""

import polars as pl

from credit_platform.months import months_between_expr
from credit_platform.portfolios.loans.config import DelinquencyPolicy
from credit_platform.portfolios.loans.outcome.delinquency import (
    MAX_INSTALLMENTS_MISSED,
    days_past_due,
    dpd_bucket,
    first_missed_date,
    instalment_amount,
)

PAST_COLUMNS = (
    "loan_id",
    "loan_start_date",
    "snapshot_month",
    "due_amount",
    "overdue_amount",
    "loan_amount",
    "tenure",
)
# An id may be used again: a loan is known by the day it began as well.
_LOAN = ["loan_id", "loan_start_date"]
_ROW, _SPELL = [*_LOAN, "snapshot_month"], [*_LOAN, "spell"]


def with_delinquency(rows: pl.LazyFrame, past: pl.LazyFrame | None, policy: DelinquencyPolicy) -> pl.LazyFrame:
    """Count what every loan has missed, and its days past due.

    What is overdue is laid against the instalments due since the loan was last current, oldest first. What no row
    explains (a book that begins later, a month left out) counts in instalments of the row nearest to it. As payments
    settle the oldest instalment first, a loan that has missed n is behind by its n latest ones: days past due run from
    a month before the n-th latest, and go on through months in which nothing is due.

    Args:
        rows: silver/loan_snapshots of some months, in their order.
        past: `PAST_COLUMNS` of the months before, as far as they are known.
        policy: due day, materiality and day count.

    Returns:
        The rows with `n_installments_missed`, `first_missed_date`, `dpd` and `dpd_bucket`.
    """
    missed = _missed(rows, past, policy)
    return (
        rows.drop("n_installments_missed", "first_missed_date", "dpd", "dpd_bucket", strict=False)
        .join(missed, on=_ROW, how="left", maintain_order="left")
        .with_columns(pl.col("n_installments_missed").fill_null(0))
        .with_columns(first_missed_date=first_missed_date(pl.col("months_behind")))
        .with_columns(dpd=days_past_due(day_count=policy.day_count))
        .with_columns(dpd_bucket=dpd_bucket())
        .drop("months_behind")
    )


def _missed(rows: pl.LazyFrame, past: pl.LazyFrame | None, policy: DelinquencyPolicy) -> pl.LazyFrame:
    """Instalments missed and months behind of every row in arrears."""
    behind = _in_arrears(_known(rows, past), policy).with_columns(
        # What was overdue before the first row of the spell fell due.
        unknown=(pl.col("arrears") - pl.col("due") - pl.col("tolerance")).first().over(_SPELL).clip(lower_bound=0),
        first_instalment=pl.col("instalment").first().over(_SPELL),
        laid=pl.col("due").cum_sum().over(_SPELL),
        last_due_month=pl.coalesce(
            pl.when(pl.col("due") > 0).then("snapshot_month").forward_fill().over(_SPELL),
            pl.col("snapshot_month").first().over(_SPELL),
        ),
    )
    dues = behind.filter(pl.col("due") > 0).select(
        *_SPELL, due_month="snapshot_month", before=pl.col("laid") - pl.col("due")
    )
    reached = (
        behind.select(*_ROW, "spell", amount=pl.col("material") - pl.col("unknown"))
        .join(dues, on=_SPELL)
        .filter(pl.col("due_month") <= pl.col("snapshot_month"), pl.col("before").round(6) < pl.col("amount").round(6))
        .group_by(_ROW)
        .agg(n_due=pl.len().cast(pl.Float64))
    )
    before = pl.min_horizontal("material", "unknown") / pl.col("first_instalment")
    beyond = (pl.col("arrears") - pl.col("unknown") - pl.col("laid")).clip(lower_bound=0) / pl.col("instalment")
    n_missed = before.round(6).ceil() + pl.col("n_due").fill_null(0) + beyond.round(6).floor()
    months_idle = months_between_expr(pl.col("last_due_month"), pl.col("snapshot_month"))
    return (
        behind.join(reached, on=_ROW, how="left")
        .with_columns(n_installments_missed=n_missed.clip(1, MAX_INSTALLMENTS_MISSED).cast(pl.Int32))
        .select(*_ROW, "n_installments_missed", months_behind=pl.col("n_installments_missed") + months_idle)
    )


def _known(rows: pl.LazyFrame, past: pl.LazyFrame | None) -> pl.LazyFrame:
    now = rows.select(PAST_COLUMNS)
    if past is None:
        return now
    overdue = now.filter(pl.col("overdue_amount") > 0).select(_LOAN).unique()
    return pl.concat([past.select(PAST_COLUMNS).join(overdue, on=_LOAN, how="semi"), now])


def _in_arrears(known: pl.LazyFrame, policy: DelinquencyPolicy) -> pl.LazyFrame:
    """The rows with more overdue than is immaterial, numbered by spell: months in arrears without one between them."""
    if policy.due_day == "counts":
        due, arrears = pl.col("due_amount"), pl.col("overdue_amount")
    else:
        # What falls due on the day of a snapshot is past due in the next one.
        due = pl.col("due_amount").shift(1).over(_LOAN).fill_null(pl.col("instalment"))
        arrears = (pl.col("overdue_amount") - pl.col("due_amount")).clip(lower_bound=0)
    floor = pl.col("instalment") * policy.materiality.relative
    return (
        known.sort(_ROW)
        .with_columns(instalment=instalment_amount())
        .with_columns(due=due, arrears=arrears, tolerance=pl.max_horizontal(floor, pl.lit(policy.materiality.absolute)))
        .with_columns(material=pl.col("arrears") - pl.col("tolerance"))
        .with_columns(spell=(pl.col("material") <= 0).cum_sum().over(_LOAN))
        .filter(pl.col("material") > 0)
    )
