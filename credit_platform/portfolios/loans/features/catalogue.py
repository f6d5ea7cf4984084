"""The names of the features, in the order of the feature store's columns.

How a feature is computed stands in feature_store; age, names and anything of the loan book after application never
enter.
"""

from credit_platform.portfolios.feature_set import EvidenceGroup, Levels

CHANNELS: tuple[str, ...] = tuple(f"fe_{number}" for number in range(1, 21))
CLICKSTREAM_SUMS: tuple[str, ...] = tuple(f"{channel}_sum" for channel in CHANNELS)
CLICKSTREAM_MEANS: tuple[str, ...] = tuple(f"{channel}_mean" for channel in CHANNELS)

# Kinds of other loans as the source lists them, each with the feature that counts it.
LOAN_KINDS: dict[str, str] = {
    "n_auto_loans": "Auto Loan",
    "n_credit_builder_loans": "Credit-Builder Loan",
    "n_debt_consolidation_loans": "Debt Consolidation Loan",
    "n_home_equity_loans": "Home Equity Loan",
    "n_mortgage_loans": "Mortgage Loan",
    "n_not_specified_loans": "Not Specified",
    "n_payday_loans": "Payday Loan",
    "n_personal_loans": "Personal Loan",
    "n_student_loans": "Student Loan",
}

# As the financials deliver them, cleaned.
FINANCIAL_NUMBERS: tuple[str, ...] = (
    "annual_income_amount",
    "monthly_inhand_salary_amount",
    "n_bank_accounts",
    "n_credit_cards",
    "interest_rate",
    "n_loans",
    "delay_from_due_days",
    "n_delayed_payments",
    "changed_credit_limit",
    "n_credit_inquiries",
    "outstanding_debt_amount",
    "credit_utilization_rate",
    "credit_history_months",
    "emi_amount",
    "invested_amount",
    "monthly_balance_amount",
)
NUMERIC_FEATURES: tuple[str, ...] = (
    *FINANCIAL_NUMBERS,
    "is_minimum_amount_paid",
    *LOAN_KINDS,
    "n_financial_products",
    "loans_per_credit_item",
    "debt_to_salary",
    "emi_to_salary",
    "repayment_ability_amount",
    "loan_extent",
    "n_clickstream_months",
)
CATEGORICAL_FEATURES: tuple[str, ...] = ("occupation_group", "credit_mix", "spending_level", "payment_value_size")

# What cleaning leaves of a category; any other text in a file of applications is read as cleaning would read it.
LEVELS: dict[str, Levels] = {
    "occupation_group": Levels(("professional", "technical", "business", "creative", "other"), otherwise="other"),
    "credit_mix": Levels(("Bad", "Standard", "Good")),
    "spending_level": Levels(("Low", "High")),
    "payment_value_size": Levels(("Small", "Medium", "Large")),
}

CLICKSTREAM = EvidenceGroup(
    name="clickstream",
    channels=CHANNELS,
    sums=CLICKSTREAM_SUMS,
    means=CLICKSTREAM_MEANS,
    months="n_clickstream_months",
    table="silver/customer_clickstream",
    flag="has_clickstream",
)

SOURCE_FLAGS: dict[str, str] = {
    "attributes": "has_attributes",
    "clickstream": "has_clickstream",
    "financials": "has_financials",
}
