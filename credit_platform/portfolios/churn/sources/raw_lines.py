"""The bronze tables: what a source sent, month by month, as text.

Nothing is read, repaired or judged here; that is silver's part.
"""

import dataframely as dy

from credit_platform.schemas.personal_data import PII


def _text(description: str) -> dy.String:
    return dy.String(nullable=True, description=f"{description}, as text")


class _WhereFrom(dy.Schema):
    """Where a row came from."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month the row belongs to, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")


class _SaleCells(dy.Schema):
    customer_id = _text("Identifier of the customer")
    order_id = _text("Identifier of the order or basket")
    product_id = _text("Identifier of the product")
    transaction_date = _text("Day of the purchase")
    quantity = _text("Units bought")
    amount = _text("Amount paid; negative of a return")


class SaleLines(_SaleCells, _WhereFrom):
    """One row per line of the sales files, untouched."""


class _FeedbackCells(dy.Schema):
    customer_id = _text("Identifier of the customer")
    feedback_id = _text("Identifier of the comment")
    feedback_date = _text("Day of the comment")
    comment = dy.String(nullable=True, metadata=PII, description="What the customer wrote, as text")
    sentiment = _text("Sentiment by the lender's own engine, where one delivers it")


class FeedbackLines(_FeedbackCells, _WhereFrom):
    """One row per line of the feedback files, untouched."""


class _CustomerCells(dy.Schema):
    customer_id = _text("Identifier of the customer")
    age_group = _text("Age, in groups")
    gender = _text("Gender")
    income_group = _text("Income per year, in groups")
    home_ownership = _text("Whether the home is owned")
    marital_status = _text("Marital status")
    household_size = _text("Persons in the household")
    kids_count = _text("Children in the household")


class ShopperLines(_CustomerCells, _WhereFrom):
    """One row per line of the customers file, untouched."""
