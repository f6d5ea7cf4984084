"""How applicants of each credit standing look: the quantiles of every driver.

The four standings are what makes the drivers correlate: within one they are drawn independently. Drawing belongs to
applicants.
"""

from collections.abc import Mapping
from dataclasses import dataclass

PROBABILITIES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

Quantiles = tuple[float, float, float, float, float, float, float]


@dataclass(frozen=True)
class CreditStanding:
    """One kind of applicant: its share of the book, its credit mix, and its quantiles at `PROBABILITIES`."""

    share: float
    credit_mix: str
    minimum_paid_rate: float
    quantiles: Mapping[str, Quantiles]


GOOD = CreditStanding(
    share=0.311,
    credit_mix="Good",
    minimum_paid_rate=0.0,
    quantiles={
        "age": (18, 20, 27, 37, 47, 54, 56),
        "monthly_inhand_salary_amount": (440, 1275, 2530, 4350, 8450, 13050, 15200),
        "n_bank_accounts": (0, 0, 1, 3, 4, 6, 8),
        "n_credit_cards": (0, 1, 3, 4, 6, 7, 8),
        "interest_rate": (1, 1, 3, 6, 9, 12, 12),
        "n_loans": (0, 0, 1, 2, 3, 4, 4),
        "delay_from_due_days": (-5, 0, 5, 9, 14, 25, 35),
        "n_delayed_payments": (-3, 0, 3, 7, 10, 16, 23),
        "changed_credit_limit": (-5.5, 0.7, 3.1, 6.1, 9.2, 11.8, 19),
        "n_credit_inquiries": (0, 0, 2, 4, 5, 8, 9),
        "outstanding_debt_amount": (1, 70, 370, 730, 1130, 1430, 1500),
        "credit_history_months": (188, 197, 240, 296, 352, 393, 404),
    },
)

STEADY = CreditStanding(
    share=0.356,
    credit_mix="Standard",
    minimum_paid_rate=0.73,
    quantiles={
        "age": (14, 17, 25, 33, 41, 52, 56),
        "monthly_inhand_salary_amount": (330, 870, 1750, 3200, 6200, 9900, 12500),
        "n_bank_accounts": (2, 3, 4, 6, 7, 8, 9),
        "n_credit_cards": (2, 3, 4, 5, 6, 7, 9),
        "interest_rate": (1, 5, 9, 13, 17, 20, 20),
        "n_loans": (0, 0, 1, 3, 4, 6, 7),
        "delay_from_due_days": (0, 6, 12, 17, 24, 31, 40),
        "n_delayed_payments": (5, 8, 11, 14, 17, 20, 23),
        "changed_credit_limit": (-6, 1.8, 7, 11, 14.7, 19, 24),
        "n_credit_inquiries": (0, 1, 3, 6, 8, 11, 15),
        "outstanding_debt_amount": (1, 75, 375, 750, 1130, 1430, 1500),
        "credit_history_months": (67, 110, 190, 250, 316, 386, 404),
    },
)

STRETCHED = CreditStanding(
    share=0.094,
    credit_mix="Standard",
    minimum_paid_rate=0.95,
    quantiles={
        "age": (14, 17, 25, 33, 41, 52, 56),
        "monthly_inhand_salary_amount": (330, 700, 1230, 1950, 3700, 7000, 11000),
        "n_bank_accounts": (2, 3, 4, 6, 7, 9, 11),
        "n_credit_cards": (2, 3, 4, 6, 7, 10, 11),
        "interest_rate": (5, 9, 16, 22, 28, 33, 34),
        "n_loans": (0, 1, 3, 4, 6, 7, 7),
        "delay_from_due_days": (2, 8, 14, 21, 30, 52, 64),
        "n_delayed_payments": (5, 8, 11, 14, 17, 20, 23),
        "changed_credit_limit": (-5, 5, 10.5, 13.5, 17, 20.5, 26),
        "n_credit_inquiries": (1, 4, 7, 10, 12, 15, 17),
        "outstanding_debt_amount": (1250, 1330, 1700, 2100, 2430, 2640, 2700),
        "credit_history_months": (67, 72, 100, 140, 205, 300, 400),
    },
)

BAD = CreditStanding(
    share=0.239,
    credit_mix="Bad",
    minimum_paid_rate=1.0,
    quantiles={
        "age": (14, 16, 22, 30, 38, 44, 46),
        "monthly_inhand_salary_amount": (305, 620, 1220, 1850, 4140, 6250, 7300),
        "n_bank_accounts": (6, 6, 7, 8, 9, 10, 11),
        "n_credit_cards": (4, 5, 6, 7, 9, 10, 11),
        "interest_rate": (15, 16, 20, 24, 29, 33, 34),
        "n_loans": (2, 2, 5, 6, 8, 9, 9),
        "delay_from_due_days": (10, 17, 27, 38, 50, 60, 67),
        "n_delayed_payments": (12, 15, 17, 20, 23, 25, 28),
        "changed_credit_limit": (-6, 1.6, 5.9, 14.9, 21.7, 28.5, 35),
        "n_credit_inquiries": (6, 6, 9, 11, 13, 15, 17),
        "outstanding_debt_amount": (1250, 1410, 2150, 2870, 3900, 4770, 5000),
        "credit_history_months": (8, 23, 76, 119, 165, 227, 248),
    },
)

STANDINGS = (GOOD, STEADY, STRETCHED, BAD)
# The shares in the market a covariate drift moves to.
SHIFTED_SHARES = (0.02, 0.08, 0.20, 0.70)
