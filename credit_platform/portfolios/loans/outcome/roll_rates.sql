WITH transitions AS (
    SELECT
        m.snapshot_month,
        before.dpd_bucket AS from_bucket,
        CASE
            WHEN after.loan_id IS NOT NULL THEN after.dpd_bucket
            WHEN before.dpd >= {dpd_threshold} THEN 'ended_unpaid'
            WHEN before.balance_amount < {least_balance} THEN 'closed'
            WHEN before.mob >= before.tenure THEN 'ended_unpaid'
            ELSE 'missing'
        END AS to_bucket,
        count(*) AS n_loans,
        sum(CAST(before.loan_amount AS DECIMAL(18, 2))) AS amount
    FROM as_of AS m
    JOIN loan_snapshots AS before ON before.snapshot_month = m.snapshot_month - to_months(1)
    LEFT JOIN loan_snapshots AS after
        ON after.loan_id = before.loan_id
        AND after.loan_start_date = before.loan_start_date
        AND after.snapshot_month = m.snapshot_month
    GROUP BY ALL
),
left_buckets AS (
    SELECT
        *,
        from_bucket <> 'current' AND to_bucket = 'current' AS is_cure,
        sum(n_loans) OVER (PARTITION BY snapshot_month, from_bucket) AS n_left,
        sum(amount) OVER (PARTITION BY snapshot_month, from_bucket) AS amount_left
    FROM transitions
),
rates AS (
    SELECT
        *,
        n_loans / n_left AS transition_rate,
        CASE WHEN amount_left > 0 THEN CAST(amount AS DOUBLE) / CAST(amount_left AS DOUBLE) ELSE 0.0 END
            AS transition_amount_rate
    FROM left_buckets
)
SELECT
    snapshot_month,
    from_bucket,
    to_bucket,
    n_loans,
    transition_rate,
    transition_amount_rate,
    is_cure,
    CASE
        WHEN from_bucket <> 'current'
        THEN coalesce(max(transition_rate) FILTER (WHERE is_cure) OVER (PARTITION BY snapshot_month, from_bucket), 0.0)
    END AS cure_rate,
    CASE
        WHEN from_bucket <> 'current'
        THEN coalesce(
            max(transition_amount_rate) FILTER (WHERE is_cure) OVER (PARTITION BY snapshot_month, from_bucket), 0.0
        )
    END AS cure_amount_rate
FROM rates
ORDER BY snapshot_month, from_bucket, to_bucket
