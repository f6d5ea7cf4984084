"""The rows of installments_payments of one chunk: what was due on contracts before the application, and what was paid.

Which contracts there are belongs to `contracts`.
"""

import numpy as np
import polars as pl

from credit_platform.portfolios.home_credit.generator.contracts import DAYS_PER_INSTALMENT, Contracts
from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Integers,
    happens,
    happens_leaning,
    leaning,
    level,
    optional,
    places_within,
)

# Days between an instalment and its payment, by the share of payments that are made earlier.
_SHARES = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.7, 0.915, 0.95, 0.97, 0.99, 0.998, 1.0)
_DAYS_LATE = (-352.0, -65.0, -32.0, -26.0, -14.0, -5.0, 0.0, 0.4, 3.4, 5.4, 17.0, 31.0, 330.0)
_LATENESS_OF_TROUBLE = 0.5
_SPLIT_RATE, _SAME_DAY_RATE, _OVERPAID_RATE, _UNPAID_RATE = 0.045, 0.3, 0.013, 0.0001
_PART_KINDS = (0.02, 0.35, 0.5, 0.95)
_CARD_MINIMUM = 0.05


def draw_instalments(
    contracts: Contracts, keys: Integers, applications: Integers, rng: np.random.Generator
) -> pl.DataFrame:
    """The rows, contract by contract; `keys` and `applications` are SK_ID_PREV and SK_ID_CURR of every contract.

    Some instalments are paid in two parts, some of them on one day and equal; one that was not paid before the
    application has neither a day nor an amount of payment.
    """
    due = np.ceil(-contracts.first_due / DAYS_PER_INSTALMENT).astype(np.int64)
    due = np.where(contracts.is_card, np.where(contracts.use > 0, due, 0), np.minimum(due, contracts.kept)).clip(0)
    of, number = np.repeat(np.arange(due.size), due), places_within(due)
    is_split = happens_leaning(_SPLIT_RATE, 0.3, contracts.trouble[of], rng)
    parts = np.where(is_split, 2, 1)
    rows = np.repeat(np.arange(of.size), parts)
    part = places_within(parts)
    of, number, is_split = of[rows], number[rows], is_split[rows]
    share, is_same_day = _shares(is_split, part, rows, rng)
    due_on = contracts.first_due[of] + DAYS_PER_INSTALMENT * number
    amount, version = _amounts(contracts, of, number)
    paid = np.round(amount * share * np.where(happens(_OVERPAID_RATE, of.size, rng), rng.uniform(1, 3, of.size), 1), 3)
    late = _lateness(contracts.trouble, of, rows, rng)
    late += np.where((part > 0) & ~is_same_day, rng.geometric(0.1, of.size), 0)
    paid_on = due_on + late
    is_unpaid = (paid_on >= 0) | happens(_UNPAID_RATE, of.size, rng)
    return pl.DataFrame(
        {
            "SK_ID_PREV": keys[of],
            "SK_ID_CURR": applications[of],
            "NUM_INSTALMENT_VERSION": version,
            "NUM_INSTALMENT_NUMBER": number + 1,
            "DAYS_INSTALMENT": due_on.astype(np.float64),
            "DAYS_ENTRY_PAYMENT": optional(paid_on, is_unpaid),
            "AMT_INSTALMENT": amount,
            "AMT_PAYMENT": optional(paid, is_unpaid),
        },
        nan_to_null=True,
    )


def _lateness(trouble: Floats, of: Integers, instalments: Integers, rng: np.random.Generator) -> Floats:
    """Days late of every row, negative when early, the same for both parts of an instalment."""
    _, first = np.unique(instalments, return_index=True)
    scores = leaning(trouble[of[first]], _LATENESS_OF_TROUBLE, rng)
    return np.rint(np.interp(level(scores), _SHARES, _DAYS_LATE))[instalments]


def _shares(
    is_split: Flags,
    part: Integers,
    instalments: Integers,
    rng: np.random.Generator,
) -> tuple[Floats, Flags]:
    """The share of its instalment that every row pays, and whether both parts are paid on one day."""
    n = int(instalments[-1]) + 1 if instalments.size else 0
    first = np.array(_PART_KINDS)[rng.integers(0, len(_PART_KINDS), n)]
    first = np.where(first == 0.5, 0.5, first * rng.uniform(0.9, 1.05, n))[instalments]
    share = np.where(is_split, np.where(part == 0, first, 1 - first), 1.0)
    return share, happens(_SAME_DAY_RATE, n, rng)[instalments]


def _amounts(contracts: Contracts, of: Integers, number: Integers) -> tuple[Floats, Floats]:
    """What is due, and the version of the plan: 0 for cards, another one for the last of a contract that ends early."""
    is_card = contracts.is_card[of]
    is_last = ~is_card & (number + 1 == contracts.kept[of]) & (contracts.kept < contracts.agreed)[of]
    remaining = (contracts.agreed - contracts.kept)[of] + 1.0
    usual = np.where(is_card, contracts.amount[of] * _CARD_MINIMUM * contracts.use[of], contracts.amount[of])
    amount = np.round(usual * np.where(is_last, remaining, 1.0) / 0.045) * 0.045
    return np.maximum(amount.round(3), 0.045), np.where(is_card, 0.0, np.where(is_last, 2.0, 1.0))
