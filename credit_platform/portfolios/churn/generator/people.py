"""Who the customers are: their profiles, how often and how much they buy, how much they say; and `customers.csv`.

What becomes of a customer from month to month belongs to `lives`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.churn.generator.purchase_process import PurchaseProcess

# Level to its share, rising with the score that chooses it.
_AGE: Mapping[str, float] = {
    "19-24": 0.06, "25-34": 0.18, "35-44": 0.25, "45-54": 0.33, "55-64": 0.09, "65+": 0.09,
}  # fmt: skip
_INCOME: Mapping[str, float] = {
    "Under 15K": 0.08, "15-24K": 0.09, "25-34K": 0.10, "35-49K": 0.21, "50-74K": 0.24, "75-99K": 0.12,
    "100-124K": 0.04, "125-149K": 0.05, "150-174K": 0.04, "175-199K": 0.01, "200-249K": 0.01, "250K+": 0.01,
}  # fmt: skip
_HOME: Mapping[str, float] = {
    "Renter": 0.06, "Probable Renter": 0.02, "": 0.17, "Unknown": 0.10, "Probable Homeowner": 0.02, "Homeowner": 0.63,
}  # fmt: skip
_MARITAL: Mapping[str, float] = {"Unmarried": 0.40, "": 0.05, "Unknown": 0.12, "Married": 0.43}
_SIZE: Mapping[str, float] = {"1": 0.32, "2": 0.40, "3": 0.13, "4": 0.07, "5+": 0.08}
_KIDS: Mapping[str, float] = {"0": 0.64, "1": 0.20, "2": 0.07, "3+": 0.09}
_GENDER: Mapping[str, float] = {"F": 0.52, "M": 0.43, "": 0.05}

# Ids look unsorted: an odd factor modulo a power of two is one-to-one.
ID_SPACE = 1 << 28
# From about this logarithm of `spending` on somebody buys dear things: a third do.
_DEAR = 0.12
_ID_FACTOR, _ID_OFFSET = 158_391_907, 7_919


@dataclass(frozen=True, eq=False)
class People:
    """The customers of one cohort, one value each.

    Attributes:
        ids: As the files have them.
        rows: Their rows of `customers.csv`, text columns.
        is_delivered: Whether the file has that row; most lenders know the profile of a part of their customers only.
        rate: Purchases in 30 days, when satisfaction is 0.
        is_dear: How far they are those who buy dear things, 0 to 1.
        lines: Products of a purchase beside the first, when satisfaction is 0.
        spending: What their products cost, as a factor.
        profile_risk: What the profile adds to the logit of leaving.
        talk: Feedback in 30 days; 0 for most.
        place: Evenly distributed between 0 and 1, by which a part of the customers is chosen.
    """

    ids: NDArray[np.str_]
    rows: pl.DataFrame
    is_delivered: NDArray[np.bool_]
    rate: NDArray[np.float64]
    is_dear: NDArray[np.float64]
    lines: NDArray[np.float64]
    spending: NDArray[np.float64]
    profile_risk: NDArray[np.float64]
    talk: NDArray[np.float64]
    place: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Number of customers."""
        return self.rate.size


def draw_people(numbers: NDArray[np.int64], process: PurchaseProcess, rng: np.random.Generator) -> People:
    """The customers of these running numbers, which are unique in the book."""
    from scipy.special import ndtr

    n = numbers.size
    age, wealth, family = rng.standard_normal((3, n))
    income = 0.35 * age + 0.94 * wealth
    is_settled = 0.4 * age + 0.4 * wealth + 0.82 * rng.standard_normal(n)
    base = rng.gamma(process.rate_shape, 1.0, n)
    ids = customer_ids(numbers)
    columns = {
        "customer_id": ids,
        "age_group": _levels(_AGE, ndtr(age)),
        "gender": _levels(_GENDER, rng.random(n)),
        "income_group": _levels(_INCOME, ndtr(income)),
        "home_ownership": _levels(_HOME, ndtr(is_settled)),
        "marital_status": _levels(_MARITAL, ndtr(0.5 * family + 0.87 * rng.standard_normal(n))),
        "household_size": _levels(_SIZE, ndtr(family)),
        "kids_count": _levels(_KIDS, ndtr(0.8 * family + 0.6 * rng.standard_normal(n))),
    }
    talk = rng.gamma(1.5, process.talk / 1.5, n)
    is_delivered = rng.random(n) < process.known_share
    lines = rng.gamma(2.0, process.lines / 2.0, n) * np.exp(0.2 * family)
    spending = np.exp(0.2 * income + 0.25 * rng.standard_normal(n))
    return People(
        ids=ids,
        rows=pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String())).with_columns(
            pl.exclude("customer_id").replace("", None)
        ),
        is_delivered=is_delivered,
        rate=base * process.rate / process.rate_shape * np.exp(0.15 * family),
        is_dear=np.asarray(ndtr((np.log(spending) - _DEAR) / 0.08)),
        lines=lines,
        spending=spending,
        profile_risk=process.profile * -(0.6 * age + 0.8 * is_settled),
        talk=np.where(rng.random(n) < process.silent_share, 0.0, talk),
        place=rng.random(n),
    )


def customer_ids(numbers: NDArray[np.int64]) -> NDArray[np.str_]:
    """`C` and nine digits."""
    return np.char.mod("C%09d", (numbers * _ID_FACTOR + _ID_OFFSET) % ID_SPACE)


def _levels(shares: Mapping[str, float], level: NDArray[np.float64]) -> NDArray[np.str_]:
    """The level of each probability, the first below the share of the first."""
    ends = np.cumsum(list(shares.values()))[:-1]
    return np.array(list(shares))[np.searchsorted(ends, level, side="right")]
