"""Roll rates as SQL: how loans moved between delinquency buckets from one month to the next.

The text is run over silver by the gold layer; no connection is opened here.
"""

from __future__ import annotations

_ROLL_RATES = """
WITH transitions AS (
    SELECT
        m.snapshot_month,
        before.dpd_bucket AS from_bucket,
        after.dpd_bucket AS to_bucket,
        count(*) AS n_loans
    FROM as_of AS m
    JOIN loan_snapshots AS after ON after.snapshot_month = m.snapshot_month
    JOIN loan_snapshots AS before
        ON before.loan_id = after.loan_id
        AND before.snapshot_month = m.snapshot_month - to_months(1)
    GROUP BY ALL
)
SELECT
    snapshot_month,
    from_bucket,
    to_bucket,
    n_loans,
    n_loans / sum(n_loans) OVER (PARTITION BY snapshot_month, from_bucket) AS transition_rate,
    from_bucket <> 'current' AND to_bucket = 'current' AS is_cure
FROM transitions
ORDER BY snapshot_month, from_bucket, to_bucket
"""


def roll_rates_sql() -> str:
    """The query behind gold/roll_rates, in DuckDB's dialect.

    It reads `loan_snapshots` (silver/loan_snapshots up to the last wanted month) and `as_of` (snapshot_month, the
    wanted months). Loans on the book in both months count; a cure is any bucket past due back to current.
    """
    return _ROLL_RATES
