"""The rows of generated churn books without their dirt, and the cases of a month with their labels, as plain Polars."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from credit_platform.months import add_months

if TYPE_CHECKING:
    from datetime import date

    from credit_platform.portfolios.churn.generator.book import ChurnBook

_DAYS_ACTIVE, _DAYS_AHEAD = 90, 30


def files(book: ChurnBook) -> dict[str, pl.DataFrame]:
    """The whole files by source, as text."""
    months = [book.rows(month) for month in book.months]
    return {
        name: pl.concat([month[name] for month in months if name in month])
        for name in ("sales", "feedback_raw", "customers")
    }


def clean_sales(sales: pl.DataFrame) -> pl.DataFrame:
    """Typed sales, every line once, without those that cannot be read."""
    return (
        sales.with_columns(
            pl.col("customer_id").str.strip_chars(),
            pl.col("transaction_date").str.to_date("%Y-%m-%d", strict=False),
            pl.col("amount").str.strip_suffix("_").cast(pl.Float64, strict=False),
            pl.col("quantity").cast(pl.Int64, strict=False),
        )
        .drop_nulls()
        .unique(["order_id", "product_id"], maintain_order=True)
    )


def cases(sales: pl.DataFrame, month: date) -> pl.DataFrame:
    """The customers active as of a month's end: `customer_id, recency, purchases, is_churned`, from clean sales."""
    snapshot = add_months(month, 1) - timedelta(days=1)
    age = (pl.lit(snapshot) - pl.col("transaction_date")).dt.total_days()
    bought = sales.filter(pl.col("amount") >= 0)
    later = bought.filter(age.is_between(-_DAYS_AHEAD, -1))["customer_id"].unique()
    return (
        bought.filter(age.is_between(0, _DAYS_ACTIVE - 1))
        .group_by("customer_id")
        .agg(recency=age.min(), purchases=pl.col("order_id").n_unique())
        .with_columns(is_churned=~pl.col("customer_id").is_in(later.implode()))
        .sort("customer_id")
    )


def roc_auc(is_bad: pl.Series, score: pl.Series) -> float:
    """The chance that a bad one has a higher score than a good one, by ranks."""
    from scipy.stats import rankdata

    bad = is_bad.to_numpy()
    ranks, n_bad = rankdata(score.to_numpy()), int(np.count_nonzero(bad))
    return float((ranks[bad].sum() - n_bad * (n_bad + 1) / 2) / (n_bad * (bad.size - n_bad)))


def mean(values: pl.Series) -> float:
    """The mean of numbers or flags."""
    return float(values.to_numpy().mean())
