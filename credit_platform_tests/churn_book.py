"""A small churn book with short windows and a process of its own, and its folders, as `small_book` has of the loans.

Customers come, buy at a rate of their own and leave for good; comments of those about to leave sound worse. The
fixtures that make and live it are in conftest.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from credit_platform.months import add_months, month_range
from credit_platform.portfolios.churn.portfolio import CHURN
from credit_platform.portfolios.churn.sources.silver import AGE_GROUPS, HOME_OWNERSHIP, INCOME_GROUPS
from credit_platform_tests.small_book import WITHOUT_PICTURES, BookFolders

FIRST, N_MONTHS = date(2023, 1, 1), 14
LAST = add_months(FIRST, N_MONTHS - 1)
# Trained on three cohorts; the outcome of the last of six is known two months later. Live scores a month after that.
FIRST_TRAINING = add_months(FIRST, 7)
CUSTOMERS, SEED = 400, 5
MODEL_CONFIG = """
windows:
  relative: {train: 3, validation: 1, test: 1, oot: 1}
  triggered: {train: 3, validation: 1, test: 1, oot: 1}
retraining: {every_months: 6}
selection: {min_samples: 50}
gates: {min_oot_roc_auc: 0.5, max_oot_test_gap: 0.5, max_train_validation_gap: 0.5}
"""


def write_churn_book(
    folder: Path, *, first: date = FIRST, n_months: int = N_MONTHS, n_customers: int = CUSTOMERS, seed: int = SEED
) -> None:
    """Write the raw files of some months: one of sales and one of feedback a month, and one of customers."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    until = (add_months(first, n_months) - first).days
    customers = pl.DataFrame(
        {
            "customer_id": [f"{10_000 + n}" for n in range(n_customers)],
            # Two thirds are there from the begin.
            "came": np.where(rng.random(n_customers) < 2 / 3, 0, rng.integers(0, until, n_customers)),
            "stays": rng.exponential(600, n_customers).astype(int) + 30,
            "a_day": rng.gamma(4, 0.05, n_customers),
        }
    ).with_columns(left=pl.col("came") + pl.col("stays"))
    sales, feedback = _sales(customers, first, until, rng), _feedback(customers, first, until, rng)
    for month in month_range(first, add_months(first, n_months - 1)):
        for name, rows, day in (("sales", sales, "transaction_date"), ("feedback_raw", feedback, "feedback_date")):
            own = rows.filter(pl.col(day).dt.month_start() == month)
            own.write_csv(folder / f"{name}_{month:%Y_%m}.csv")
    _facts(customers, rng).write_csv(folder / "customers.csv")


def _sales(customers: pl.DataFrame, first: date, until: int, rng: np.random.Generator) -> pl.DataFrame:
    """One row per order and product: each day a customer is there brings an order with the customer's own chance."""
    days = customers.join(pl.DataFrame({"day": np.arange(until)}), how="cross")
    is_there = (pl.col("day") >= pl.col("came")) & (pl.col("day") < pl.col("left"))
    orders = days.filter(is_there, pl.Series(rng.random(days.height)) < pl.col("a_day")).sort("day", "customer_id")
    orders = orders.with_columns(
        order_id=pl.int_range(pl.len()) + 500_000, n=pl.Series(rng.integers(1, 3, len(orders)))
    )
    lines = orders.select("customer_id", "order_id", "day", product_id=pl.int_ranges(0, "n")).explode("product_id")
    n = lines.height
    amount, is_return = np.round(rng.lognormal(2, 0.7, n), 2), rng.random(n) < 0.01
    return lines.select(
        "customer_id",
        "order_id",
        product_id=pl.Series(rng.integers(0, 40, n)) * 10 + pl.col("product_id"),
        transaction_date=pl.lit(first) + pl.duration(days="day"),
        quantity=pl.Series(rng.integers(1, 4, n)),
        amount=pl.Series(np.where(is_return, -amount, amount)),
    )


def _feedback(customers: pl.DataFrame, first: date, until: int, rng: np.random.Generator) -> pl.DataFrame:
    """Comments of a third of the customers, with the number that the lender's own engine gave them."""
    days = (
        customers.sample(fraction=1 / 3, seed=SEED)
        .sort("customer_id")
        .join(pl.DataFrame({"day": np.arange(until)}), how="cross")
    )
    is_there = (pl.col("day") >= pl.col("came")) & (pl.col("day") < pl.col("left"))
    made = days.filter(is_there, pl.Series(rng.random(days.height)) < 0.02).sort("day", "customer_id")
    mood = np.where((made["left"] - made["day"]) < 60, -0.4, 0.3) + rng.normal(0, 0.25, made.height)
    sentiment = np.round(np.clip(mood, -1, 1), 2)
    return made.select(
        "customer_id",
        feedback_id=pl.int_range(pl.len()) + 900_000,
        feedback_date=pl.lit(first) + pl.duration(days="day"),
        comment=pl.Series(np.where(sentiment > 0, "Good service, thank you", "Bad service, far too slow")),
        sentiment=pl.Series(sentiment),
    )


def _facts(customers: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Standing facts of two thirds of the customers, some cells empty."""
    known = customers.select("customer_id").head(customers.height * 2 // 3)
    levels = {
        "age_group": AGE_GROUPS,
        "gender": ("F", "M", ""),
        "income_group": INCOME_GROUPS,
        "home_ownership": (*HOME_OWNERSHIP, "Unknown"),
        "marital_status": ("Married", "Unmarried", "Unknown"),
        "household_size": ("1", "2", "3", "4", "5+"),
        "kids_count": ("0", "1", "2", "3+"),
    }
    return known.with_columns(pl.Series(name, rng.choice(names, known.height)) for name, names in levels.items())


def make_churn_book(root: Path) -> BookFolders:
    """Write the policy and the raw files of the small book below `root`."""
    folders = BookFolders(root / "data", root / "raw", root / "policy", CHURN, FIRST, LAST)
    folders.policy_dir.mkdir(parents=True)
    (folders.policy_dir / "model_config.yaml").write_text(MODEL_CONFIG)
    (folders.policy_dir / "monitoring_thresholds.yaml").write_text(WITHOUT_PICTURES)
    write_churn_book(folders.raw_dir)
    return folders
