"""How completeness and volume of the sources are counted, as SQL over the views of `data_quality.score`.

No customer must buy or comment in a month, so what is due is the customers of the month, as a share to compare by.
"""

from credit_platform.portfolios.source import DueRows
from credit_platform.texts import text_beside

_BY_CUSTOMER = text_beside(__file__, "customers_due.sql")
SALES_DUE = DueRows(
    due=_BY_CUSTOMER.format(since="seen.snapshot_month = c.snapshot_month"),
    amount="count(distinct order_id)",
    unit="orders",
)
FEEDBACK_DUE = DueRows(due=_BY_CUSTOMER.format(since="seen.snapshot_month = c.snapshot_month"), unit="comments")
# Standing facts hold from the month they were delivered in.
CUSTOMERS_DUE = DueRows(
    due=_BY_CUSTOMER.format(since="seen.snapshot_month <= c.snapshot_month"), unit="customers described"
)
