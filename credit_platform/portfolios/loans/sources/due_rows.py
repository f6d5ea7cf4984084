"""How the completeness and the volume of the loan book's sources are counted, as SQL over silver.

The views the queries read, and the scores made of the counts, belong to `monitoring.data_quality.score`.
"""

from credit_platform.portfolios.loans.outcome.delinquency import LEAST_BALANCE
from credit_platform.portfolios.source import DueRows
from credit_platform.texts import text_beside

# A row is due for every loan on book last month that still has instalments to come. Loans are counted when they are
# written: rows on book grow with every cohort of a young book.
LOANS_DUE = DueRows(
    due=text_beside(__file__, "loans_due.sql").format(least_balance=LEAST_BALANCE),
    amount="count(*) filter (where mob = 0)",
    unit="loans written",
)
# A row is due for the customer of every loan written in the month, in this month or an earlier one.
CUSTOMERS_DUE = DueRows(due=text_beside(__file__, "customers_due.sql"))
