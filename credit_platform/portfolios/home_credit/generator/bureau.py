"""The credit bureau's rows of one chunk: credits at other lenders, and their months.

How badly somebody pays comes from `applicants`; the loans of this lender have modules of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from credit_platform.portfolios.home_credit.generator.applicants import Applicants
from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Integers,
    Leaning,
    Quantiles,
    Texts,
    choose,
    happens,
    happens_leaning,
    interpolated,
    leaning,
    level,
    logistic,
    optional,
    places_within,
)
from credit_platform.portfolios.home_credit.generator.keys import MOST_CHILDREN
from credit_platform.texts import yaml_beside

_MORE_CREDITS, _SPREAD = 4.65, 1.15
_DAYS_CREDIT: Quantiles = (-2922, -2863, -2667, -1665, -987, -478, -130, -35, -1)
_DAYS_PER_MONTH, _MOST_MONTHS = 30.44, 96
_LONG_CARD, _SOLD_RATE = 0.004, 0.0038
_WITH_MONTHS, _OVERPAID_RATE = 0.455, 0.001


@dataclass(frozen=True)
class CreditKind:
    """A kind of credit: weight and lean, and median and spread of amount and term."""

    weight: tuple[float, float]
    amount: tuple[float, float]
    term: tuple[float, float]


@dataclass(frozen=True)
class _Columns:
    kinds: Mapping[str, CreditKind]
    currencies: Leaning


@cache
def _columns() -> _Columns:
    return yaml_beside(__file__, "bureau.yaml", _Columns)


@dataclass(frozen=True, eq=False)
class DrawnCredits:
    """The credits of one chunk, one value each.

    Attributes:
        parents: The place of its applicant in the chunk.
        places: Its place among the credits of its applicant.
        rows: The columns of the file after the two keys.
        trouble: How badly it is paid.
        days_closed: Day of its closing before the application; 0 where it is not closed.
        has_months: Whether the bureau delivers its months.
    """

    parents: Integers
    places: Integers
    rows: pl.DataFrame
    trouble: Floats
    days_closed: Floats
    has_months: Flags


def draw_credits(applicants: Applicants, rng: np.random.Generator) -> DrawnCredits:
    """The credits of everybody the bureau knows, at least one each."""
    more = rng.poisson(rng.gamma(_SPREAD, _MORE_CREDITS / _SPREAD, applicants.n))
    counts = np.where(applicants.has_bureau, np.minimum(1 + more, MOST_CHILDREN), 0)
    parents = np.repeat(np.arange(applicants.n), counts)
    trouble = leaning(applicants.trouble[parents], 0.8, rng)
    n = parents.size
    kind, amount, term = _kinds(trouble, rng)
    is_card = kind == "Credit card"
    opened = np.rint(interpolated(_DAYS_CREDIT, level(leaning(applicants.trouble[parents], 0.17, rng))))
    planned = opened + term
    closes = np.rint(
        opened + term * np.where(is_card, rng.gamma(1.5, 0.9, n), np.minimum(rng.beta(2.5, 0.8, n) * 1.15, 1))
    )
    closes = np.maximum(closes + happens_leaning(0.06, 0.5, trouble, rng) * np.rint(rng.exponential(80, n)), opened + 1)
    is_sold = happens(_SOLD_RATE, n, rng)
    is_closed = (closes < 0) & ~is_sold
    remaining = np.clip(1 - opened / np.minimum(opened - closes, -1.0), 0.02, 1)
    use = np.where(
        is_card, logistic(0.2 + 0.9 * trouble + rng.standard_normal(n)), remaining * rng.uniform(0.8, 1.05, n)
    )
    owes = ~is_closed & ~is_sold & ~happens(0.17, n, rng)
    is_overdue = owes & happens_leaning(0.003, 1.1, trouble, rng)
    overdue_days = np.where(
        is_overdue, np.ceil(rng.exponential(25, n) + happens(0.1, n, rng) * rng.exponential(400, n)), 0
    )
    was_overdue = happens_leaning(0.2, 0.75, trouble, rng)
    worst = np.where(was_overdue, np.round(np.exp(8.6 + 1.4 * rng.standard_normal(n)), 3), 0.0)
    updated = np.where(is_closed, closes * rng.beta(6, 1, n) ** 1.2, -rng.gamma(0.8, 45, n))
    ends = np.where(is_card & happens(_LONG_CARD / 0.226, n, rng), 31_000 + rng.integers(-200, 200, n), planned)
    no_end = happens(np.where(is_card, 0.2, np.where(kind == "Microloan", 0.36, 0.01)), n, rng)
    limit = np.where(is_card & happens(0.24, n, rng), np.round(amount * (1 - np.clip(use, 0, 1)), 3), 0.0)
    annuity = np.where(happens(0.43, n, rng), np.rint(amount / np.maximum(term / 30, 3) * 2) / 2, 0.0)
    overpaid = np.where(happens(_OVERPAID_RATE, n, rng), -np.round(rng.exponential(1_500, n), 3), 0.0)
    debt = np.where(owes, np.round(amount * use * 2) / 2, overpaid)
    rows = {
        "CREDIT_ACTIVE": np.where(is_sold, "Sold", np.where(is_closed, "Closed", "Active")),
        "CREDIT_CURRENCY": choose(_columns().currencies, trouble, rng),
        "DAYS_CREDIT": opened.astype(np.int64),
        "CREDIT_DAY_OVERDUE": overdue_days.astype(np.int64),
        "DAYS_CREDIT_ENDDATE": optional(ends, no_end),
        "DAYS_ENDDATE_FACT": optional(closes, ~is_closed),
        "AMT_CREDIT_MAX_OVERDUE": optional(worst, happens(0.66, n, rng)),
        "CNT_CREDIT_PROLONG": happens_leaning(0.0035, 0.4, trouble, rng).astype(np.int64),
        "AMT_CREDIT_SUM": amount,
        "AMT_CREDIT_SUM_DEBT": optional(debt, happens(np.where(is_closed, 0.165, 0.115), n, rng)),
        "AMT_CREDIT_SUM_LIMIT": optional(limit, happens(0.36, n, rng)),
        "AMT_CREDIT_SUM_OVERDUE": np.where(is_overdue, np.round(amount * rng.beta(1, 12, n), 3), 0.0),
        "CREDIT_TYPE": kind,
        "DAYS_CREDIT_UPDATE": np.rint(np.minimum(updated, -1)).astype(np.int64),
        "AMT_ANNUITY": optional(annuity, happens(0.66, n, rng)),
    }
    return DrawnCredits(
        parents=parents,
        places=places_within(counts),
        rows=pl.DataFrame(rows, nan_to_null=True),
        trouble=trouble,
        days_closed=np.where(is_closed, closes, 0.0),
        has_months=happens(_WITH_MONTHS, applicants.n, rng)[parents] & happens(0.97, n, rng),
    )


def _kinds(trouble: Floats, rng: np.random.Generator) -> tuple[Texts, Floats, Floats]:
    """Kind, amount and term in days of every credit; one in six cards has no amount."""
    kinds = _columns().kinds
    chosen = choose({name: kind.weight for name, kind in kinds.items()}, trouble, rng)
    medians, spreads, terms, term_spreads = (np.empty(trouble.size) for _ in range(4))
    for name, kind in kinds.items():
        own = chosen == name
        medians[own], spreads[own] = kind.amount
        terms[own], term_spreads[own] = kind.term
    amount = medians * np.exp(spreads * rng.standard_normal(trouble.size))
    round_amount, fine = np.rint(amount / 4500) * 4500, np.rint(amount * 2) / 2
    amount = np.where(happens(0.45, amount.size, rng) & (round_amount > 0), round_amount, fine)
    amount = np.where((chosen == "Credit card") & happens(0.16, amount.size, rng), 0.0, amount)
    return chosen, amount, np.rint(np.maximum(terms * np.exp(term_spreads * rng.standard_normal(trouble.size)), 5))


def draw_bureau_months(known: DrawnCredits, keys: Integers, rng: np.random.Generator) -> pl.DataFrame:
    """The rows of bureau_balance, newest first; `keys` are those of all known.

    After its closing a credit is `C`; before, months are unknown (`X`), in time (`0`) or late, and a credit written off
    stays at `5`.
    """
    opened = known.rows["DAYS_CREDIT"].to_numpy()
    first = np.minimum((-opened / _DAYS_PER_MONTH).astype(np.int64), _MOST_MONTHS)
    closed = np.ceil(-known.days_closed / _DAYS_PER_MONTH).astype(np.int64)
    is_short = happens(0.3, opened.size, rng) & (closed > 0)
    last = np.where(is_short, closed - 1, 0).clip(0, first)
    of_credit = np.flatnonzero(known.has_months)
    counts = (first - last + 1)[of_credit]
    rows = np.repeat(of_credit, counts)
    months_ago = last[rows] + places_within(counts)
    unknown_share = np.where(
        happens(0.45, opened.size, rng), rng.beta(4, 1, opened.size), rng.beta(0.6, 4, opened.size)
    )
    written_off = happens_leaning(0.006, 0.9, known.trouble, rng) * rng.integers(1, 40, opened.size)
    chance, how_late = rng.random((2, rows.size), dtype=np.float32)
    is_late = chance < logistic(-4.3 + 0.9 * known.trouble)[rows].astype(np.float32)
    is_unknown = chance > (1 - unknown_share)[rows].astype(np.float32)
    late = 1 + np.searchsorted(np.array([0.84, 0.93, 0.965, 0.98], dtype=np.float32), how_late)
    status = np.where(is_late, late, np.where(is_unknown, 6, 0))
    status = np.where((months_ago < closed[rows]) & (closed[rows] > 0), 7, status)
    status = np.where(months_ago < written_off[rows], 5, status)
    texts = pl.Series(["0", "1", "2", "3", "4", "5", "X", "C"])
    return pl.DataFrame({"SK_ID_BUREAU": keys[rows], "MONTHS_BALANCE": -months_ago, "STATUS": texts.gather(status)})
