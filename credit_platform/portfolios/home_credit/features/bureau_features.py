"""Features of credits at other lenders and of their months, as the credit bureau reports them.

What compares them with the application is declared in `application_features`.
"""

import polars as pl

from credit_platform.portfolios.home_credit.features.declared_feature import (
    ChildTable,
    amount,
    count,
    days,
    has,
    mean,
    number,
    over,
    rate,
    ratio,
    share,
    total,
    where,
)

_ACTIVE, _CLOSED = has("credit_status", "Active"), has("credit_status", "Closed")
_CARD, _MORTGAGE = has("credit_type", "Credit card"), has("credit_type", "Mortgage")
_DEBT, _CREDIT, _LIMIT = (pl.col(f"{name}_amount") for name in ("debt", "credit", "limit"))
_AGE = -pl.col("credit_days")
_YEAR = 365
_IS_OVERDUE = (pl.col("overdue_days") > 0).fill_null(value=False)
_HAS_DEBT = _DEBT.is_not_null()

# fmt: off
BUREAU_FEATURES = ChildTable("silver/bureau_credits", "has_bureau", (
    count("BUR01", "bureau_n_credits", pl.len(), "Credits at other lenders",
        "The number of your credits at other lenders"),
    count("BUR02", "bureau_n_active", _ACTIVE.sum(), "Running credits at other lenders",
        "The number of credits you are repaying at other lenders", direction=1, holds_in_splits=False),
    count("BUR03", "bureau_n_closed", _CLOSED.sum(), "Closed credits at other lenders",
        "The number of credits you have closed at other lenders"),
    count("BUR04", "bureau_n_sold_or_bad", has("credit_status", "Sold", "Bad debt").sum(),
        "Credits at other lenders sold or written off",
        "The number of your credits that other lenders sold or wrote off", direction=1),
    share("BUR05", "bureau_active_rate", rate(_ACTIVE), "Share of credits at other lenders that run",
        "The share of your credits at other lenders that you are still repaying", direction=1),
    count("BUR06", "bureau_n_credit_types", pl.col("credit_type").drop_nulls().n_unique(),
        "Kinds of credit at other lenders", "The number of kinds of credit you have at other lenders"),
    count("BUR07", "bureau_n_credit_cards", _CARD.sum(), "Credit cards at other lenders",
        "The number of your credit cards of other lenders"),
    count("BUR08", "bureau_n_mortgages", _MORTGAGE.sum(), "Mortgages at other lenders",
        "The number of your mortgages at other lenders"),
    count("BUR09", "bureau_n_microloans", has("credit_type", "Microloan").sum(), "Microloans at other lenders",
        "The number of your microloans at other lenders", direction=1),
    days("BUR10", "bureau_days_since_last_credit", _AGE.min(), "Days since the last credit at another lender",
        "The time since you took your last credit at another lender", direction=-1),
    days("BUR11", "bureau_days_since_first_credit", _AGE.max(), "Days since the first credit at another lender",
        "The time since you took your first credit at another lender", direction=-1, holds_in_splits=False),
    days("BUR12", "bureau_credit_age_days_mean", mean(_AGE), "Mean age of credits at other lenders",
        "The time since you took your credits at other lenders, on average", direction=-1),
    count("BUR13", "bureau_n_credits_12m", (_AGE <= _YEAR).sum(), "Credits taken at other lenders in 12 months",
        "The number of credits you took at other lenders in the last year", direction=1),
    days("BUR14", "bureau_days_since_last_end", -pl.col("end_days").max(),
        "Days since a credit at another lender ended", "The time since your last credit at another lender ended"),
    amount("BUR15", "bureau_credit_amount", total(_CREDIT), "Amount of all credits at other lenders",
        "The amount of all your credits at other lenders"),
    amount("BUR16", "bureau_credit_amount_max", _CREDIT.max(), "Largest credit at another lender",
        "The amount of your largest credit at another lender"),
    amount("BUR17", "bureau_debt_amount", total(_DEBT), "Debt at other lenders", "The amount you owe other lenders",
        direction=1, holds_in_splits=False),
    ratio("BUR18", "bureau_debt_to_credit", over(total(_DEBT), total(where(_CREDIT, _HAS_DEBT))),
        "Debt over amount of credits at other lenders", "What you still owe of your credits at other lenders",
        direction=1),
    ratio("BUR19", "bureau_card_debt_to_limit",
        over(total(where(_DEBT, _CARD & _LIMIT.is_not_null())), total(where(_LIMIT, _CARD & _HAS_DEBT))),
        "Debt over limits of credit cards of other lenders",
        "How much of the limits of your credit cards of other lenders you use", direction=1, holds_in_splits=False),
    amount("BUR20", "bureau_overdue_amount", total(pl.col("overdue_amount")), "Amount overdue at other lenders",
        "The amount you are overdue with at other lenders", direction=1),
    amount("BUR21", "bureau_max_overdue_amount", pl.col("max_overdue_amount").max(),
        "Most that was ever overdue at another lender", "The most you were ever overdue with at another lender",
        direction=1, holds_in_splits=False),
    days("BUR22", "bureau_overdue_days_max", pl.col("overdue_days").max(), "Most days past due at another lender",
        "The number of days you are overdue at another lender", direction=1),
    count("BUR23", "bureau_n_overdue", _IS_OVERDUE.sum(), "Credits at other lenders past due",
        "The number of credits at other lenders with which you are overdue", direction=1),
    count("BUR24", "bureau_n_prolongations", pl.col("n_prolongations").sum(),
        "Prolongations of credits at other lenders", "How often your credits at other lenders were prolonged",
        direction=1, holds_in_splits=False),
    amount("BUR25", "bureau_annuity_amount", total(where(pl.col("annuity_amount"), _ACTIVE)),
        "Annuities of running credits at other lenders", "The annuities you pay other lenders"),
    days("BUR26", "bureau_days_left_max", where(pl.col("planned_end_days"), _ACTIVE).max(),
        "Days until the last running credit at another lender ends",
        "The time you will be repaying your credits at other lenders"),
    share("BUR27", "bureau_ended_early_rate", rate(where(pl.col("end_days") < pl.col("planned_end_days"), _CLOSED)),
        "Share of closed credits at other lenders that ended early",
        "The share of your credits at other lenders that you repaid early"),
))

# A month with a number has a known status; 0 is not past due.
_STATUS = pl.col("status").cast(pl.Int8, strict=False)
_MONTH = pl.col("balance_month")
_KNOWN, _LATE = pl.col("n_known").sum(), pl.col("n_late").sum()
BUREAU_MONTH_FEATURES = ChildTable(
    "silver/bureau_months",
    "has_bureau_balance",
    (
        count("BBM01", "bureau_balance_n_months", pl.col("n").sum(), "Months reported by other lenders",
            "The number of months other lenders report about you",
            never_given="How long others have been reporting says nothing about the applicant."),
        number("BBM02", "bureau_balance_worst_status", pl.col("worst").max(),
            "Worst status of a month at another lender, 0 to 5", "The worst month of your credits at other lenders",
            direction=1, unit="status", low=0),
        number("BBM03", "bureau_balance_worst_status_12m", pl.col("worst_12m").max(),
            "Worst status of a month at another lender in 12 months, 0 to 5",
            "The worst month of your credits at other lenders in the last year", direction=1, unit="status", low=0),
        share("BBM04", "bureau_balance_late_rate", over(_LATE, _KNOWN), "Share of months past due at other lenders",
            "The share of months in which you were late at other lenders", direction=1),
        share("BBM05", "bureau_balance_late_rate_12m", over(pl.col("n_late_12m").sum(), pl.col("n_known_12m").sum()),
            "Share of months past due at other lenders in 12 months",
            "The share of months in which you were late at other lenders in the last year", direction=1),
        share("BBM06", "bureau_balance_late_rate_24m", over(pl.col("n_late_24m").sum(), pl.col("n_known_24m").sum()),
            "Share of months past due at other lenders in 24 months",
            "The share of months in which you were late at other lenders in the last two years", direction=1),
        share("BBM07", "bureau_balance_credit_late_rate_mean", mean(over(pl.col("n_late"), pl.col("n_known"))),
            "Mean over credits at other lenders of the share of months past due",
            "How often you were late on each of your credits at other lenders, on average", direction=1),
        share("BBM08", "bureau_balance_closed_rate", over(pl.col("n_closed").sum(), pl.col("n").sum()),
            "Share of months reported as closed", "The share of months in which your credits were already closed"),
        share("BBM09", "bureau_balance_unknown_rate", over(pl.col("n_unknown").sum(), pl.col("n").sum()),
            "Share of months whose status is not known", "The share of months of which other lenders do not say more",
            never_given="A gap in the records of others, which the applicant neither made nor can fill."),
        number("BBM10", "bureau_balance_months_since_late", -pl.col("last_late").max(),
            "Months since a month past due at another lender", "The time since you were last late at another lender",
            direction=-1, unit="months", low=0),
    ),
    parts={
        "n": pl.len().cast(pl.Int64),
        "n_known": _STATUS.count().cast(pl.Int64),
        "n_late": (_STATUS > 0).sum().cast(pl.Int64),
        "n_known_12m": where(_STATUS, _MONTH >= -12).count().cast(pl.Int64),
        "n_late_12m": ((_STATUS > 0) & (_MONTH >= -12)).sum().cast(pl.Int64),
        "n_known_24m": where(_STATUS, _MONTH >= -24).count().cast(pl.Int64),
        "n_late_24m": ((_STATUS > 0) & (_MONTH >= -24)).sum().cast(pl.Int64),
        "n_closed": has("status", "C").sum().cast(pl.Int64),
        "n_unknown": has("status", "X").sum().cast(pl.Int64),
        "worst": _STATUS.max(),
        "worst_12m": where(_STATUS, _MONTH >= -12).max(),
        "last_late": where(_MONTH, _STATUS > 0).max(),
    },
    part_key="bureau_credit_id",
    owners="silver/bureau_credits",
)
# fmt: on
