"""How the completeness and the volume of the loan book's sources are counted, as SQL over silver.

The views the queries read, and the scores made of the counts, belong to `monitoring.data_quality.score`.
"""

from credit_platform.portfolios.portfolio import DueRows

# A row is due for every loan on book last month that still has instalments to come. Loans are counted when they are
# written: rows on book grow with every cohort of a young book.
LOANS_DUE = DueRows(
    due="""
    select m.snapshot_month, count(*) as n_due, count(now.loan_id) as n_covered
    from as_of as m
    join cases as past
        on past.snapshot_month = m.snapshot_month - interval 1 month
        and past.installment_num < past.tenure and past.balance_amount > 0
    left join cases as now on now.snapshot_month = m.snapshot_month and now.loan_id = past.loan_id
    group by m.snapshot_month
""",
    amount="count(*) filter (where mob = 0)",
    unit="loans written",
)
# A row is due for the customer of every loan written in the month, in this month or an earlier one.
CUSTOMERS_DUE = DueRows(
    due="""
    select m.snapshot_month, count(*) as n_due, count(seen.customer_id) as n_covered
    from as_of as m
    join cases as l on l.snapshot_month = m.snapshot_month and l.mob = 0
    left join (select customer_id, min(snapshot_month) as first_month from silver group by customer_id) as seen
        on seen.customer_id = l.customer_id and seen.first_month <= m.snapshot_month
    group by m.snapshot_month
"""
)
