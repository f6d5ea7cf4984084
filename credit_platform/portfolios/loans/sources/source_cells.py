"""What the cells of the four raw sources hold: numbers, dates, keys; and what other lenders call their columns.

How such a cell is read and repaired is written with its table beside it; a test holds both together.
"""

from collections.abc import Mapping

import yaml
from pydantic import TypeAdapter

from credit_platform.schemas.source_cells import SourceCells
from credit_platform.texts import text_beside

SOURCE_CELLS: Mapping[str, SourceCells] = {
    "lms_loan_daily": SourceCells(
        key=("loan_id",),
        numbers=("tenure", "installment_num", "loan_amt", "due_amt", "paid_amt", "overdue_amt", "balance"),
        dates=("loan_start_date",),
    ),
    "features_attributes": SourceCells(key=("Customer_ID",), numbers=("Age",)),
    "features_financials": SourceCells(
        key=("Customer_ID",),
        numbers=(
            "Annual_Income",
            "Monthly_Inhand_Salary",
            "Num_Bank_Accounts",
            "Num_Credit_Card",
            "Interest_Rate",
            "Num_of_Loan",
            "Delay_from_due_date",
            "Num_of_Delayed_Payment",
            "Changed_Credit_Limit",
            "Num_Credit_Inquiries",
            "Outstanding_Debt",
            "Credit_Utilization_Ratio",
            "Total_EMI_per_month",
            "Amount_invested_monthly",
            "Monthly_Balance",
        ),
    ),
    "feature_clickstream": SourceCells(
        key=("Customer_ID",), numbers=tuple(f"fe_{channel}" for channel in range(1, 21))
    ),
}


def synonyms() -> Mapping[str, tuple[str, ...]]:
    """What other lenders call a column, by the column."""
    names = TypeAdapter(dict[str, tuple[str, ...]])
    return names.validate_python(yaml.safe_load(text_beside(__file__, "synonyms.yaml")))
