"""Every feature of this book: column, direction, reason in one entry, in the order of the feature store's columns.

How the numbers of a customer's purchases and comments are counted is written in `feature_store`; what is a ratio of
others has its formula here. Directions are those everybody expects: who bought lately and often comes back.
"""

from typing import Unpack

import dataframely as dy
import polars as pl
from typing_extensions import TypedDict

from credit_platform.portfolios.churn.sources.silver import HOME_OWNERSHIP, HOUSEHOLD_SIZES, INCOME_GROUPS, KIDS_COUNTS
from credit_platform.portfolios.feature_set import Direction, Feature, Levels

MONTHS = (1, 2, 3)
FEEDBACK_MONTHS = (2, 3, 4)
# Beyond it a ratio of amounts tells nothing.
_LARGEST_RATIO = 1e9


class _AlsoSaid(TypedDict, total=False, closed=True):
    """What else a feature may say: see `Feature`."""

    direction: Direction
    holds_in_splits: bool
    formula: pl.Expr


def _number(
    code: str, internal: str, consumer: str, unit: str, low: float | None = None, **said: Unpack[_AlsoSaid]
) -> dy.Float64:
    feature = Feature(code, internal, consumer, **said)
    return dy.Float64(nullable=True, min=low, description=f"{internal}, {unit}", metadata={"feature": feature})


def _count(code: str, internal: str, consumer: str, **said: Unpack[_AlsoSaid]) -> dy.Int32:
    feature = Feature(code, internal, consumer, **said)
    return dy.Int32(nullable=True, min=0, description=f"{internal}, count", metadata={"feature": feature})


def _category(code: str, internal: str, consumer: str, names: tuple[str, ...], *, is_ordered: bool) -> dy.String:
    feature = Feature(code, internal, consumer, levels=Levels(names, is_ordered=is_ordered))
    meaning = f"{internal}: {', '.join(names)}"
    return dy.String(nullable=True, min_length=1, description=meaning, metadata={"feature": feature})


def _over(part: str, whole: pl.Expr) -> pl.Expr:
    """A part over a whole; null where the whole is not positive."""
    ratio = pl.col(part) / pl.when(whole > 0).then(whole)
    return pl.when(ratio.abs() <= _LARGEST_RATIO).then(ratio)


def _spent(days: str) -> str:
    return f"What you have spent in the last {days}"


# fmt: off
class CustomerFeatureColumns(dy.Schema):
    """What is known of a customer on the last day of the month."""

    days_since_purchase = _count("REC01", "Days since the last purchase", "How long ago you last bought something",
        direction=1)
    amount_7d = _number("AMT01", "Amount spent in the last 7 days", _spent("week"), "currency units", direction=-1,
        holds_in_splits=False)
    amount_1m = _number("AMT02", "Amount spent in the month", _spent("month"), "currency units", direction=-1,
        holds_in_splits=False)
    amount_2m = _number("AMT03", "Amount spent in two months", _spent("two months"), "currency units", direction=-1,
        holds_in_splits=False)
    amount_3m = _number("AMT04", "Amount spent in three months", _spent("three months"), "currency units", direction=-1,
        holds_in_splits=False)
    n_orders_7d = _count("ORD01", "Orders in the last 7 days", "How often you bought in the last week", direction=-1)
    n_orders_1m = _count("ORD02", "Orders in the month", "How often you bought in the last month", direction=-1)
    n_orders_2m = _count("ORD03", "Orders in two months", "How often you bought in the last two months", direction=-1)
    n_orders_3m = _count("ORD04", "Orders in three months", "How often you bought in the last three months",
        direction=-1)
    n_purchase_days_3m = _count("ORD05", "Days with a purchase in three months",
        "On how many days you bought in the last three months", direction=-1)
    n_purchase_weeks_3m = _count("ORD06", "Weeks with a purchase in three months",
        "In how many weeks you bought in the last three months", direction=-1)
    n_products_3m = _count("PRD01", "Different products in three months", "How many different products you bought")
    mean_order_amount_3m = _number("AMT05", "Mean amount of an order in three months", "What your orders amount to",
        "currency units", formula=_over("amount_3m", pl.col("n_orders_3m")))
    returned_share_3m = _number("RET01", "Amount returned over amount bought in three months",
        "How much of what you bought you have returned", "share", 0)
    mean_gap_days = _number("GAP01", "Mean days between days with a purchase, in three months",
        "How much time lies between your purchases", "days", 0, direction=1, holds_in_splits=False)
    largest_gap_days = _count("GAP02", "Most days between days with a purchase, in three months",
        "The longest time between two of your purchases")
    recency_over_gap = _number("GAP03", "Days since the last purchase over the mean days between purchases",
        "How long ago you last bought, for one who buys as often as you", "ratio", 0, direction=1,
        holds_in_splits=False, formula=_over("days_since_purchase", pl.col("mean_gap_days")))
    amount_trend = _number("TRD01", "Amount of the month over the monthly mean of three months",
        "How your spending has changed", "ratio", direction=-1, holds_in_splits=False,
        formula=_over("amount_1m", pl.col("amount_3m") / 3))
    orders_trend = _number("TRD02", "Orders of the month over the monthly mean of three months",
        "How often you buy, compared with before", "ratio", 0, direction=-1, holds_in_splits=False,
        formula=_over("n_orders_1m", pl.col("n_orders_3m") / 3))
    n_feedback_4m = _count("FDB01", "Comments in four months", "How often you wrote to us")
    days_since_feedback = _count("FDB02", "Days since the last comment, of four months",
        "How long ago you last wrote to us")
    sentiment_last = _number("SEN01", "Sentiment of the last comment, of four months", "How your last comment sounded",
        "-1..1", -1, direction=-1)
    sentiment_mean_2m = _number("SEN02", "Mean sentiment of the comments of two months",
        "How your comments of the last two months sounded", "-1..1", -1, direction=-1)
    sentiment_mean_3m = _number("SEN03", "Mean sentiment of the comments of three months",
        "How your comments of the last three months sounded", "-1..1", -1, direction=-1)
    sentiment_mean_4m = _number("SEN04", "Mean sentiment of the comments of four months",
        "How your comments of the last four months sounded", "-1..1", -1, direction=-1)
    sentiment_low_2m = _number("SEN05", "Lowest sentiment of the comments of two months",
        "Your worst comment of the last two months", "-1..1", -1, direction=-1)
    sentiment_low_3m = _number("SEN06", "Lowest sentiment of the comments of three months",
        "Your worst comment of the last three months", "-1..1", -1, direction=-1)
    sentiment_low_4m = _number("SEN07", "Lowest sentiment of the comments of four months",
        "Your worst comment of the last four months", "-1..1", -1, direction=-1)
    income_group = _category("PRO01", "Income in groups", "Your income", INCOME_GROUPS, is_ordered=True)
    home_ownership = _category("PRO02", "Whether the home is owned", "Your home", HOME_OWNERSHIP, is_ordered=False)
    household_size = _category("PRO03", "Persons in the household", "The size of your household", HOUSEHOLD_SIZES,
        is_ordered=True)
    kids_count = _category("PRO04", "Children in the household", "The size of your household", KIDS_COUNTS,
        is_ordered=True)
# fmt: on
