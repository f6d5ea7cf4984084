"""How completeness and volume of the sources are counted.

Nothing but the application is due for everybody: many applicants have no history with the bureau or the lender, so what
is due of a child table is a row of any kind for the applications of the month, as a share to compare months by.
"""

from credit_platform.portfolios.source import DueRows
from credit_platform.texts import text_beside

APPLICATIONS_DUE = DueRows(
    due="select snapshot_month, count(*) as n_due, count(*) as n_covered from cases group by snapshot_month",
    unit="applications",
)
CHILDREN_DUE = DueRows(
    due=text_beside(__file__, "children_due.sql"),
    amount="count(distinct application_id)",
    unit="applications with rows",
)
# The bureau's months name the credit and not the application.
BUREAU_MONTHS_DUE = DueRows(
    due=text_beside(__file__, "bureau_months_due.sql"),
    amount="count(distinct bureau_credit_id)",
    unit="credits with months",
)
