"""The sales of one month: purchases cohort by cohort, their products, what is returned.

Which file a purchase comes in, and the dirt, belong to `delivery` and `dirt`.
"""

from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.churn.generator.drift import Change, season
from credit_platform.portfolios.churn.generator.lives import CustomerCohort, Plan, day_of
from credit_platform.portfolios.churn.generator.randomness import Purpose, stream

N_PRODUCTS = 400
RETURN_RATE, COUPON_RATE = 0.01, 0.008
_DAYS_TO_RETURN = 14


@lru_cache(maxsize=8)
def _products(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Every product's price, and the share of purchases up to and with it."""
    price = np.exp(stream(seed, Purpose.PRODUCTS).normal(np.log(6.0), 0.7, N_PRODUCTS))
    popularity = 1.0 / np.arange(4, N_PRODUCTS + 4)
    return price, np.cumsum(popularity) / popularity.sum()


def draw_purchases(cohort: CustomerCohort, index: int, plan: Plan) -> pl.DataFrame:
    """The purchases of a cohort in a month, whoever delivers them.

    Columns: `customer_id`, `place` (the customer's), `day` as a number, `n_lines`, `spending` (factor of prices).
    """
    rng = stream(plan.seed, Purpose.PURCHASES, cohort=cohort.index, step=index)
    people, process, change = cohort.people, plan.process, Change.of(plan.drifts, plan.month(index))
    feeling = cohort.feeling(index)
    begin, end = cohort.present(index, plan)
    swing = 1.0 + (process.season + change.season) * season(plan.month(index))
    is_new = (cohort.joins == begin) & (cohort.index > 0)
    expected = people.rate * np.exp(process.slowing * feeling) * swing * (end - begin) / 30.0
    how_often = rng.poisson(expected) + is_new
    buyer = np.repeat(np.arange(people.n), how_often)
    day = begin[buyer] + np.floor(rng.random(buyer.size) * (end - begin)[buyer]).astype(np.int64)
    # Whoever joins does so by buying.
    is_first = np.diff(buyer, prepend=-1) > 0
    day = np.where(is_first & is_new[buyer], cohort.joins[buyer], day)
    more = people.lines * change.lines * np.exp(process.shrinking * feeling)
    purchases = {
        "customer_id": people.ids[buyer],
        "place": people.place[buyer],
        "day": day,
        "n_lines": 1 + rng.poisson(more[buyer]),
        "spending": people.spending[buyer] * change.prices,
    }
    kept = ~cohort.is_pausing(buyer, day, index)
    schema = {"customer_id": pl.String(), "place": pl.Float64(), "day": pl.Int64()}
    return pl.DataFrame(
        {name: values[kept] for name, values in purchases.items()},
        schema=schema | {"n_lines": pl.Int64(), "spending": pl.Float64()},
    )


def sales_of(purchases: pl.DataFrame, index: int, plan: Plan) -> pl.DataFrame:
    """The lines of all purchases of a month, and their returns: the columns of the file, clean, and `place`."""
    rng = stream(plan.seed, Purpose.LINES, step=index)
    price, popularity = _products(plan.seed)
    of_day = pl.int_range(1, pl.len() + 1).over("customer_id", "day")
    numbered = purchases.sort("customer_id", "day", maintain_order=True).with_columns(
        order_id=pl.format("{}-{}-{}", "customer_id", day_of("day").dt.strftime("%y%m%d"), of_day)
    )
    rows = numbered.select(pl.exclude("n_lines").repeat_by("n_lines").explode())
    n = rows.height
    product = np.searchsorted(popularity, rng.random(n), side="right")
    quantity = np.minimum(rng.geometric(0.8, n), 9)
    amount = price[product] * rows["spending"].to_numpy() * quantity * rng.uniform(0.9, 1.1, n)
    bought = rows.with_columns(
        product_id=pl.Series(np.char.mod("P%04d", product), dtype=pl.String),
        quantity=pl.Series(quantity),
        amount=pl.Series(np.where(rng.random(n) < COUPON_RATE, 0.0, amount)).round(2),
        is_returned=pl.Series(rng.random(n) < RETURN_RATE),
        wait=pl.Series(rng.integers(1, _DAYS_TO_RETURN + 1, n)),
    ).unique(["order_id", "product_id"], keep="first", maintain_order=True)
    returned_on = pl.col("day") + pl.col("wait")
    returned = bought.filter(
        pl.col("is_returned") & (pl.col("amount") > 0) & (returned_on < plan.day(index + 1))
    ).with_columns(order_id=pl.col("order_id") + "-R", day=returned_on, amount=-pl.col("amount"))
    return pl.concat([bought, returned]).with_columns(transaction_date=day_of("day"))
