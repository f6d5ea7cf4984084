"""Which way a risk officer expects each feature to point.

A model that ranks against these expectations would have to be defended loan by loan, so bins, signs and splits are held
to them. Features not named here may point either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Direction = Literal[-1, 1]

# +1: more of it is riskier, -1: more of it is safer.
RISK_DIRECTION: Mapping[str, Direction] = {
    "annual_income_amount": -1,
    "monthly_inhand_salary_amount": -1,
    "n_bank_accounts": 1,
    "n_credit_cards": 1,
    "interest_rate": 1,
    "n_loans": 1,
    "delay_from_due_days": 1,
    "n_delayed_payments": 1,
    "n_credit_inquiries": 1,
    "outstanding_debt_amount": 1,
    "credit_history_months": -1,
    "is_minimum_amount_paid": 1,
    "monthly_balance_amount": -1,
    "debt_to_salary": 1,
    "emi_to_salary": 1,
    "repayment_ability_amount": -1,
    "clickstream_evidence": 1,
}
