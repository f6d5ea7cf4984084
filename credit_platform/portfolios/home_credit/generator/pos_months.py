"""The rows of POS_CASH_balance of one chunk: the months of contracts with instalments.

Which contracts there are belongs to `contracts`, what was paid to `instalments`.
"""

import numpy as np
import polars as pl

from credit_platform.portfolios.home_credit.generator.contracts import Contracts
from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Integers,
    happens,
    happens_leaning,
    logistic,
    optional,
    places_within,
)

DAYS_PER_MONTH = 30.44
MOST_MONTHS = 96
_KNOWN_RATE, _NO_COUNT_RATE = 0.92, 0.0026
_ARREARS_RATE, _SIGNED_RATE = 0.005, 0.07


def draw_pos_months(
    contracts: Contracts, keys: Integers, applications: Integers, rng: np.random.Generator
) -> pl.DataFrame:
    """The rows, contract by contract, from its first month on; arguments as for instalments.

    A contract in arrears has rows to the end, with days past due that grow; others are late for a month now and then.
    """
    n = contracts.parents.size
    started = np.minimum(np.floor(-contracts.decided / DAYS_PER_MONTH).astype(np.int64), MOST_MONTHS)
    in_arrears = happens_leaning(_ARREARS_RATE, 0.5, contracts.trouble, rng)
    months = np.where(in_arrears, started, np.minimum(started, contracts.kept + 1))
    months = np.where(contracts.is_card | ~happens(_KNOWN_RATE, n, rng), 0, months)
    of, place = np.repeat(np.arange(n), months), places_within(months)
    kept, agreed = contracts.kept[of], contracts.agreed[of]
    past_due, past_due_without_trifles = days_past_due(contracts.trouble, in_arrears, of, place - kept, rng)
    is_ended = (place >= kept) & ~in_arrears[of]
    status = np.select(
        [is_ended, (place == 0) & happens(_SIGNED_RATE, of.size, rng), happens(0.0018, of.size, rng)],
        ["Completed", "Signed", "Demand"],
        "Active",
    )
    status = np.where(happens(0.0006, of.size, rng), "Returned to the store", status)
    is_empty = happens(_NO_COUNT_RATE, of.size, rng)
    agreed_now = np.where(is_ended, np.minimum(kept, agreed), agreed).astype(np.float64)
    return pl.DataFrame(
        {
            "SK_ID_PREV": keys[of],
            "SK_ID_CURR": applications[of],
            "MONTHS_BALANCE": place - started[of],
            "CNT_INSTALMENT": optional(agreed_now, is_empty),
            "CNT_INSTALMENT_FUTURE": optional(np.where(is_ended, 0, np.maximum(agreed - place, 0)) + 0.0, is_empty),
            "NAME_CONTRACT_STATUS": status,
            "SK_DPD": past_due,
            "SK_DPD_DEF": past_due_without_trifles,
        },
        nan_to_null=True,
    )


def days_past_due(
    trouble: Floats,
    in_arrears: Flags,
    of: Integers,
    late: Integers,
    rng: np.random.Generator,
) -> tuple[Integers, Integers]:
    """Days past due of every row, with and without trifling amounts; `late` counts months since arrears began."""
    is_late = rng.random(of.size) < logistic(-4.4 + 1.0 * trouble)[of]
    days = np.where(is_late, np.ceil(rng.exponential(9, of.size)), 0).astype(np.int64)
    days = np.where(in_arrears[of] & (late > 0), days + 30 * late, days)
    is_trifle = rng.random(of.size) < np.where(days > 31, 0.97, 0.6)
    return days, np.where(is_trifle, 0, days)
