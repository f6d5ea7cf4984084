"""Roll rates as SQL: how loans moved between delinquency buckets from one month to the next, ended or cured.

The text is run over silver by the gold layer; no connection is opened here.
"""

from credit_platform.portfolios.loans.outcome.delinquency import LEAST_BALANCE
from credit_platform.texts import text_beside


def roll_rates_sql(dpd_threshold: int) -> str:
    """The query behind gold/roll_rates, in DuckDB's dialect; `dpd_threshold` is the label's.

    It reads `loan_snapshots` (silver/loan_snapshots up to the last wanted month) and `as_of` (snapshot_month, the
    wanted months). Every loan of the month before counts, by number and by the amount lent; a cure is any bucket past
    due back to current. The cure rates are of the bucket left, so every row of a bucket has the same. Amounts are added
    as decimals: their sum does not depend on threads.

    A loan without a row this month went to one of three buckets, by its last row: `ended_unpaid` when it was past due
    by the threshold, as its label has it, or its term was over with a balance left, `closed` when nothing was
    outstanding, `missing` when it had a balance and a term to run. The loan file has no word for a write-off, so
    `ended_unpaid` holds what was written off, sold or is still collected elsewhere; a `missing` row was not delivered
    or lies in quarantine.
    """
    return text_beside(__file__, "roll_rates.sql").format(dpd_threshold=dpd_threshold, least_balance=LEAST_BALANCE)
