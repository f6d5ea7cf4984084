"""The rows of credit_card_balance of one chunk: the months of cards.

Which cards there are, and how much of them is used, belongs to `contracts`.
"""

import numpy as np
import polars as pl

from credit_platform.portfolios.home_credit.generator.contracts import Contracts
from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Integers,
    Texts,
    happens,
    happens_leaning,
    optional,
    places_within,
)
from credit_platform.portfolios.home_credit.generator.pos_months import DAYS_PER_MONTH, MOST_MONTHS, days_past_due

_WITHOUT_LIMIT, _NEVER_USED, _ARREARS_RATE, _MINIMUM, _OVERPAID_RATE = 0.4, 0.5, 0.02, 0.05, 0.005
# Of the months with a balance: how many have drawings, and how many of them on average.
_DRAWINGS = {"ATM": (0.29, 1.7), "OTHER": (0.006, 1.1), "POS": (0.22, 5.0)}


def draw_card_months(
    contracts: Contracts, keys: Integers, applications: Integers, rng: np.random.Generator
) -> pl.DataFrame:
    """The rows, card by card, from its first month on; arguments as for instalments."""
    n = contracts.parents.size
    started = np.minimum(np.floor(-contracts.decided / DAYS_PER_MONTH).astype(np.int64), MOST_MONTHS)
    months = np.where(contracts.is_card, started, 0)
    of, place = np.repeat(np.arange(n), months), places_within(months)
    has_no_limit = happens(_WITHOUT_LIMIT, n, rng) & (contracts.use == 0)
    limit = np.where(has_no_limit, 0.0, contracts.amount)[of]
    balance = _balances(contracts, of, place / np.maximum(months[of], 1), rng)
    has_balance = balance > 0
    minimum = np.where(has_balance, np.minimum((limit * _MINIMUM).round(3), balance), 0.0)
    payment: Floats = (minimum * np.exp(rng.exponential(0.45, of.size))).round(3)
    fees = np.where(happens(0.03, of.size, rng), -450.0, 0.0)
    receivable = np.where(has_balance, balance, fees)
    is_unknown = (~has_balance & happens(0.1, of.size, rng)) | (place == 0)
    in_arrears = happens_leaning(_ARREARS_RATE, 0.4, contracts.trouble, rng)
    days, days_without_trifles = days_past_due(contracts.trouble, in_arrears, of, place - months[of] * 2 // 3, rng)
    counts, amounts = _drawings(has_balance, limit, rng)
    never_used = ((contracts.use == 0) & happens(_NEVER_USED, n, rng))[of]
    return pl.DataFrame(
        {
            "SK_ID_PREV": keys[of],
            "SK_ID_CURR": applications[of],
            "MONTHS_BALANCE": place - started[of],
            "AMT_BALANCE": balance,
            "AMT_CREDIT_LIMIT_ACTUAL": limit.astype(np.int64),
            "AMT_DRAWINGS_ATM_CURRENT": optional(amounts["ATM"], never_used),
            "AMT_DRAWINGS_CURRENT": np.sum(list(amounts.values()), axis=0),
            "AMT_DRAWINGS_OTHER_CURRENT": optional(amounts["OTHER"], never_used),
            "AMT_DRAWINGS_POS_CURRENT": optional(amounts["POS"], never_used),
            "AMT_INST_MIN_REGULARITY": optional(minimum, is_unknown),
            "AMT_PAYMENT_CURRENT": optional(payment, never_used | (place == 0)),
            "AMT_PAYMENT_TOTAL_CURRENT": np.where(is_unknown, 0.0, payment),
            "AMT_RECEIVABLE_PRINCIPAL": np.round(balance * 0.965, 3),
            "AMT_RECIVABLE": receivable,
            "AMT_TOTAL_RECEIVABLE": receivable,
            "CNT_DRAWINGS_ATM_CURRENT": optional(counts["ATM"], never_used),
            "CNT_DRAWINGS_CURRENT": np.sum(list(counts.values()), axis=0).astype(np.int64),
            "CNT_DRAWINGS_OTHER_CURRENT": optional(counts["OTHER"], never_used),
            "CNT_DRAWINGS_POS_CURRENT": optional(counts["POS"], never_used),
            "CNT_INSTALMENT_MATURE_CUM": optional((place * (contracts.use > 0)[of]).astype(np.float64), is_unknown),
            "NAME_CONTRACT_STATUS": _statuses(has_balance, rng),
            "SK_DPD": days,
            "SK_DPD_DEF": days_without_trifles,
        },
        nan_to_null=True,
    )


def _balances(contracts: Contracts, of: Integers, age: Floats, rng: np.random.Generator) -> Floats:
    """Balances: while a card is in use its usual share of the limit, give or take; a few overpaid ones else."""
    n = contracts.parents.size
    begins, ends = rng.uniform(0, 0.25, n), rng.uniform(0.55, 1.3, n)
    share = contracts.use[of] * (1 + 0.15 * rng.standard_normal(of.size)) + 0.04
    is_used = (contracts.use[of] > 0) & (age >= begins[of]) & (age <= ends[of]) & (share > 0)
    overpaid = np.where((contracts.use[of] > 0) & happens(_OVERPAID_RATE, of.size, rng), -450.0, 0.0)
    owed = np.rint(np.minimum(share, 1.07) * contracts.amount[of] / 0.045) * 0.045
    return np.where(is_used, owed, overpaid).round(3)


def _drawings(
    has_balance: Flags, limit: Floats, rng: np.random.Generator
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Counts and amounts of drawings by their kind."""
    n, counts, amounts = has_balance.size, dict[str, Floats](), dict[str, Floats]()
    for kind, (share, mean) in _DRAWINGS.items():
        drawn = np.where(has_balance & happens(share, n, rng), rng.geometric(1 / mean, n), 0)
        counts[kind] = drawn.astype(np.float64)
        each = np.maximum(np.rint(limit * rng.gamma(1.2, 0.035, n) / 225) * 225, 225.0)
        amounts[kind] = drawn * each
    return counts, amounts


def _statuses(has_balance: Flags, rng: np.random.Generator) -> Texts:
    n = has_balance.size
    rare = np.where(happens(0.9, n, rng), "Signed", "Sent proposal")
    return np.select(
        [~has_balance & happens(0.062, n, rng), ~has_balance & happens(0.003, n, rng)], ["Completed", rare], "Active"
    )
