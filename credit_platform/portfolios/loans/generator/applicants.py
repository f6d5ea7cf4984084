"""The true features of the applicants of one cohort, before any dirt and before any text.

Defaults, clickstream and the form of the source files do not belong here.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.loans.features.feature_columns import LOAN_KINDS
from credit_platform.portfolios.loans.generator.credit_tiers import PROBABILITIES, SHIFTED_SHARES, credit_tiers
from credit_platform.portfolios.loans.generator.randomness import choose
from credit_platform.portfolios.loans.sources.attributes import OCCUPATION_GROUPS

MOST_LOANS = 9
OCCUPATIONS = tuple(sorted(OCCUPATION_GROUPS))
_MONEY = ("monthly_inhand_salary_amount", "changed_credit_limit", "outstanding_debt_amount")
_INCOME_TO_SALARY = (0.68, 0.86, 0.965, 1.003, 1.05, 1.2, 1.45)
_EMI_PER_LOAN_TO_SALARY = (0.0037, 0.0051, 0.0063, 0.0077, 0.009, 0.0103, 0.011)
_INVESTED_TO_SALARY = (0.006, 0.018, 0.027, 0.0445, 0.073, 0.1175, 0.154)
_UTILIZATION_RATE = (21.5, 24.2, 28.1, 32.4, 36.6, 40.3, 45.0)
_UNUSUAL_EMI_RATE = 0.025
_LARGEST_EMI = 1800.0
_LOWEST_INCOME, _HIGHEST_INCOME = 7_000.0, 180_000.0
# Customers who spend little and in small payments keep most of their month's money.
_KEPT_AMOUNT = {("Low", "Small"): 290.0, ("Low", "Medium"): 280.0, ("Low", "Large"): 270.0}
_KEPT_AMOUNT |= {("High", "Small"): 260.0, ("High", "Medium"): 250.0, ("High", "Large"): 240.0}


def draw_applicants(n: int, rng: np.random.Generator, *, shift: float = 0.0) -> pl.DataFrame:
    """`n` applicants, one row each, columns named as in the cleaned tables; money in the loan's currency.

    `shift`, 0 to 1, moves the mix: more applicants of the poorer standings, fuller cards, fewer trades.
    """
    standings = credit_tiers()
    standing = rng.choice(len(standings), size=n, p=_shares(shift))
    columns = {name: _quantile_draw(name, standing, rng) for name in standings[0].quantiles}
    for name, values in columns.items():
        columns[name] = np.round(values, 2) if name in _MONEY else np.rint(values)
    salary = np.round(columns["monthly_inhand_salary_amount"] * 12, 2) / 12
    n_loans = columns["n_loans"].astype(np.int64)
    pays_minimum = rng.random(n) < np.array([one.minimum_paid_rate for one in standings])[standing]
    columns |= {
        "monthly_inhand_salary_amount": salary,
        "annual_income_amount": _annual_income(salary, rng),
        "credit_utilization_rate": _interpolate(_UTILIZATION_RATE, _upper(rng.random(n), shift)),
    }
    frame = pl.DataFrame(columns).with_columns(
        credit_mix=pl.Series(np.array([one.credit_mix for one in standings])[standing]),
        is_minimum_amount_paid=pl.Series(pays_minimum),
        occupation=pl.Series(choose(rng, _trades(shift), n)),
        **_loan_kinds(n, rng),
    )
    return frame.with_columns(_month_of_money(salary, n_loans, rng))


def _shares(shift: float) -> list[float]:
    """The share of every standing: as in the book without a shift, as in the shifted market with a full one."""
    return [
        (1 - shift) * one.share + shift * shifted for one, shifted in zip(credit_tiers(), SHIFTED_SHARES, strict=True)
    ]


def _upper(levels: NDArray[np.float64], shift: float) -> NDArray[np.float64]:
    """Levels from 0 to 1 pressed towards 1."""
    return levels ** (1 / (1 + 2 * shift)) if shift else levels


def _trades(shift: float) -> tuple[str, ...]:
    """The occupations of the market; a shift loses up to two thirds of them."""
    return OCCUPATIONS[: len(OCCUPATIONS) - round(10 * shift)]


def _quantile_draw(name: str, standing: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    levels = rng.random(standing.size)
    drawn = np.empty(standing.size)
    for code, one in enumerate(credit_tiers()):
        rows = standing == code
        drawn[rows] = _interpolate(one.quantiles[name], levels[rows])
    return drawn


def _interpolate(quantiles: tuple[float, ...], levels: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.interp(levels, PROBABILITIES, quantiles)


def _annual_income(salary: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Twelve salaries, give or take; nobody reports less than the lowest or more than the highest income."""
    income: NDArray[np.float64] = salary * 12 * _interpolate(_INCOME_TO_SALARY, rng.random(salary.size))
    income = np.where(income > _HIGHEST_INCOME, np.minimum(salary * 12, _HIGHEST_INCOME) * 0.98, income)
    income[income < _LOWEST_INCOME] = _LOWEST_INCOME + 0.2 * income[income < _LOWEST_INCOME]
    return income.round(2)


def _loan_kinds(n: int, rng: np.random.Generator) -> dict[str, pl.Series]:
    """Nine candidate kinds per applicant; the first `n_loans` of them are the ones the applicant has."""
    return {
        f"loan_kind_{slot}": pl.Series(choose(rng, tuple(LOAN_KINDS.values()), n)) for slot in range(1, MOST_LOANS + 1)
    }


def _month_of_money(
    salary: NDArray[np.float64], n_loans: NDArray[np.int64], rng: np.random.Generator
) -> list[pl.Series]:
    """Spending behaviour, instalments, investment and what is left, which add up to a tenth of the salary and a bit."""
    n = salary.size
    wealth = np.interp(np.log(salary), (6.3, 7.0, 7.5, 8.0, 8.6, 9.2), (0.0, 0.1, 0.3, 0.5, 0.8, 1.0))
    is_high = rng.random(n) < np.minimum(0.14 + 0.62 * wealth, 0.6)
    size_level = rng.random(n)
    is_small = size_level < np.where(is_high, 0.42 - 0.32 * wealth, 0.70 - 0.42 * wealth)
    is_large = size_level > np.where(is_high, 0.78 - 0.18 * wealth, 0.88 - 0.20 * wealth)
    spending = np.where(is_high, "High", "Low")
    size = np.select([is_small, is_large], ["Small", "Large"], "Medium")
    kept = np.select([(spending == s) & (size == v) for s, v in _KEPT_AMOUNT], list(_KEPT_AMOUNT.values()))
    usual = n_loans * salary * _interpolate(_EMI_PER_LOAN_TO_SALARY, rng.random(n))
    unusual = rng.uniform(0, _LARGEST_EMI, n)
    emi = np.where(rng.random(n) < _UNUSUAL_EMI_RATE, unusual, usual)
    available = salary * 0.1 + kept - usual
    invested = np.minimum(
        salary * _interpolate(_INVESTED_TO_SALARY, rng.random(n)), available * rng.uniform(0.5, 0.9, n)
    )
    return [
        pl.Series("spending_level", spending),
        pl.Series("payment_value_size", size),
        pl.Series("emi_amount", emi),
        pl.Series("invested_amount", invested),
        pl.Series("monthly_balance_amount", available - invested),
    ]
