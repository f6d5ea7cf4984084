WITH snapshots AS (
    SELECT
        loan_id,
        mob,
        dpd >= {dpd_threshold} AS is_30dpd,
        CAST(loan_amount AS DECIMAL(18, 2)) AS loan_amount,
        CAST(date_trunc('month', loan_start_date) AS DATE) AS cohort
    FROM loan_snapshots
),
spans AS (
    SELECT
        cohort,
        mob,
        is_30dpd,
        lead(mob) OVER (PARTITION BY cohort, loan_id ORDER BY mob) AS next_mob
    FROM snapshots
),
loans AS (
    SELECT
        cohort,
        loan_id,
        min(mob) AS first_mob,
        min(mob) FILTER (WHERE is_30dpd) AS first_30dpd_mob,
        arg_min(loan_amount, mob) AS loan_amount
    FROM snapshots
    GROUP BY ALL
),
observed AS (
    SELECT m.cohort, m.mob, count(s.mob) AS n_30dpd
    FROM (SELECT DISTINCT cohort, mob FROM snapshots) AS m
    LEFT JOIN spans AS s
        ON s.cohort = m.cohort
        AND s.is_30dpd
        AND s.mob <= m.mob
        AND (s.next_mob IS NULL OR s.next_mob > m.mob)
    GROUP BY ALL
),
curves AS (
    SELECT
        o.cohort,
        o.mob,
        o.n_30dpd,
        count(*) AS n_loans,
        count(*) FILTER (WHERE l.first_30dpd_mob <= o.mob) AS n_ever_30dpd,
        coalesce(sum(l.loan_amount) FILTER (WHERE l.first_30dpd_mob <= o.mob), 0) AS ever_30dpd_amount,
        sum(l.loan_amount) AS amount
    FROM observed AS o
    JOIN loans AS l ON l.cohort = o.cohort AND l.first_mob <= o.mob
    GROUP BY ALL
)
SELECT
    m.snapshot_month,
    c.cohort,
    c.mob,
    c.n_loans,
    c.n_ever_30dpd,
    c.n_ever_30dpd / c.n_loans AS ever_30dpd_rate,
    c.n_30dpd,
    c.n_30dpd / c.n_loans AS current_30dpd_rate,
    CASE
        WHEN c.amount > 0 THEN CAST(c.ever_30dpd_amount AS DOUBLE) / CAST(c.amount AS DOUBLE)
        ELSE 0.0
    END AS ever_30dpd_amount_rate
FROM as_of AS m
JOIN curves AS c ON c.cohort + to_months(c.mob) <= m.snapshot_month
ORDER BY m.snapshot_month, c.cohort, c.mob
