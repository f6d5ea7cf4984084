"""Features of how earlier contracts at this lender were paid: instalments, months of loans, months of cards.

Rows are aggregated per contract first. Shares and means over all rows are made of the contracts' sums; a mean of
contracts counts a short one like a long one.
"""

from collections.abc import Mapping

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
    ratio,
    share,
    where,
    whole,
    whole_total,
    whole_value,
)

_CONTRACT = "previous_application_id"
_YEAR = 365
_MEASURE = "How much of a record there is says nothing about the applicant."


def _n(condition: pl.Expr) -> pl.Expr:
    return condition.sum().cast(pl.Int64)


def _sum(name: str) -> pl.Expr:
    return pl.col(name).sum()


def _windows(name: str, condition: pl.Expr, is_recent: Mapping[str, pl.Expr]) -> dict[str, pl.Expr]:
    """How many rows a condition holds in, in all and in each window."""
    return {name: _n(condition)} | {f"{name}_{window}": _n(condition & recent) for window, recent in is_recent.items()}


_DUE, _PAID = pl.col("due_days"), pl.col("payment_days")
_OWED, _PAYMENT = pl.col("instalment_amount"), pl.col("payment_amount")
_LATE = _PAID - _DUE
_IS_LATE, _IS_PAID = _LATE > 0, _PAID.is_not_null()
_DUE_IN = {"12m": _DUE >= -_YEAR, "24m": _DUE >= -2 * _YEAR}

# fmt: off
INSTALMENT_FEATURES = ChildTable(
    "silver/instalments",
    "has_instalments",
    (
        count("INS01", "instalments_n_payments", _sum("n"), "Payments of instalments",
            "The number of instalments you paid", never_given=_MEASURE),
        count("INS02", "instalments_n_contracts", pl.len(), "Contracts with instalments",
            "The number of your contracts with instalments"),
        share("INS03", "instalments_late_rate", over(_sum("n_late"), _sum("n_paid")),
            "Share of instalments paid after their due day", "The share of instalments you paid late", direction=1),
        share("INS04", "instalments_late_rate_12m", over(_sum("n_late_12m"), _sum("n_paid_12m")),
            "Share of instalments paid after their due day in 12 months",
            "The share of instalments you paid late in the last year", direction=1),
        share("INS05", "instalments_late_rate_24m", over(_sum("n_late_24m"), _sum("n_paid_24m")),
            "Share of instalments paid after their due day in 24 months",
            "The share of instalments you paid late in the last two years", direction=1),
        share("INS06", "instalments_late_30_rate", over(_sum("n_late_30"), _sum("n_paid")),
            "Share of instalments paid 30 or more days after their due day",
            "The share of instalments you paid a month late or later", direction=1),
        days("INS07", "instalments_days_late_mean", over(_sum("days_late"), _sum("n_paid")),
            "Mean days of payments after their due day", "The number of days your instalments were late on average",
            direction=1),
        days("INS08", "instalments_days_late_max", pl.col("days_late_max").max(),
            "Most days of a payment after its due day", "The number of days your latest instalment was late",
            direction=1),
        days("INS09", "instalments_days_late_12m_max", pl.col("days_late_max_12m").max(),
            "Most days of a payment after its due day in 12 months",
            "The number of days your latest instalment of the last year was late", direction=1),
        days("INS10", "instalments_days_early_mean", over(_sum("days_early"), _sum("n_paid")),
            "Mean days of payments before their due day", "The number of days your instalments were early on average",
            direction=-1, holds_in_splits=False),
        days("INS11", "instalments_days_since_last_late", -pl.col("last_late").max(),
            "Days since an instalment that was paid late fell due", "The time since you last paid an instalment late",
            direction=-1),
        days("INS12", "instalments_days_since_last_payment", -pl.col("last_payment").max(),
            "Days since the last payment", "The time since you last paid an instalment"),
        count("INS13", "instalments_n_unpaid", _sum("n_unpaid"), "Instalments without a payment",
            "The number of instalments you did not pay", direction=1),
        share("INS14", "instalments_underpaid_rate", over(_sum("n_underpaid"), _sum("n_paid")),
            "Share of payments below the instalment", "The share of payments that were less than the instalment",
            direction=1, holds_in_splits=False),
        ratio("INS15", "instalments_paid_to_owed", over(whole_total("paid"), whole_total("owed")),
            "Amount paid over instalments agreed", "What you paid compared with the instalments agreed"),
        amount("INS16", "instalments_amount_mean", over(whole_total("owed"), _sum("n_owed")), "Mean instalment agreed",
            "The instalments of your earlier contracts, on average"),
        share("INS17", "instalments_contract_late_rate_mean", mean(over(pl.col("n_late"), pl.col("n_paid"))),
            "Mean over contracts of the share of instalments paid late",
            "The share of instalments you paid late on each contract, on average", direction=1),
        share("INS18", "instalments_contract_late_rate_max", over(pl.col("n_late"), pl.col("n_paid")).max(),
            "Largest share of instalments of a contract paid late",
            "The share of instalments you paid late on your worst contract", direction=1),
        count("INS19", "instalments_calendar_version_max", pl.col("version").max(),
            "Largest version of a payment calendar", "How often the payment plan of a contract of yours was changed"),
    ),
    parts={
        "n": pl.len().cast(pl.Int64),
        **_windows("n_paid", _IS_PAID, _DUE_IN),
        **_windows("n_late", _IS_LATE, _DUE_IN),
        "n_late_30": _n(_LATE >= 30),
        "days_late": _LATE.clip(0).cast(pl.Int64).sum(),
        "days_early": (-_LATE).clip(0).cast(pl.Int64).sum(),
        "days_late_max": _LATE.clip(0).max(),
        "days_late_max_12m": where(_LATE.clip(0), _DUE_IN["12m"]).max(),
        "last_late": where(_DUE, _IS_LATE).max(),
        "last_payment": _PAID.max(),
        "n_unpaid": _n(_PAID.is_null()),
        "n_underpaid": _n(_IS_PAID & (_PAYMENT < _OWED)),
        "owed": whole(_OWED),
        "paid": whole(_PAYMENT),
        "n_owed": _OWED.count().cast(pl.Int64),
        "version": pl.col("calendar_version").max(),
    },
    part_key=_CONTRACT,
)

_DPD, _MONTH = pl.col("dpd"), pl.col("balance_month")
_IS_DPD = (_DPD > 0).fill_null(value=False)
_RECENT = {"12m": _MONTH >= -12, "24m": _MONTH >= -24}
_DELINQUENCY = {
    "n": pl.len().cast(pl.Int64),
    "n_12m": _n(_RECENT["12m"]),
    "n_dpd": _n(_IS_DPD),
    "n_dpd_12m": _n(_IS_DPD & _RECENT["12m"]),
    "dpd_max": _DPD.max(),
    "last_dpd": where(_MONTH, _IS_DPD).max(),
}
POS_FEATURES = ChildTable(
    "silver/pos_months",
    "has_pos",
    (
        count("POS01", "pos_n_months", _sum("n"), "Months of earlier loans",
            "The number of months you had loans at our company", never_given=_MEASURE),
        count("POS02", "pos_n_contracts", pl.len(), "Earlier loans with months",
            "The number of your loans at our company"),
        share("POS03", "pos_dpd_rate", over(_sum("n_dpd"), _sum("n")), "Share of months of earlier loans past due",
            "The share of months in which you were late with a loan at our company", direction=1),
        share("POS04", "pos_dpd_rate_12m", over(_sum("n_dpd_12m"), _sum("n_12m")),
            "Share of months of earlier loans past due in 12 months",
            "The share of months in which you were late with a loan at our company in the last year", direction=1),
        count("POS05", "pos_n_dpd_24m", _sum("n_dpd_24m"), "Months of earlier loans past due in 24 months",
            "The number of months in which you were late with a loan at our company in the last two years",
            direction=1),
        days("POS06", "pos_dpd_max", pl.col("dpd_max").max(), "Most days past due of an earlier loan",
            "The number of days you were overdue with a loan at our company", direction=1),
        days("POS07", "pos_dpd_tolerant_max", pl.col("dpd_tolerant_max").max(),
            "Most days past due of an earlier loan, small debts not counted",
            "The number of days you were overdue with a loan at our company, small debts left out", direction=1),
        number("POS08", "pos_months_since_dpd", -pl.col("last_dpd").max(), "Months since an earlier loan was past due",
            "The time since you were last late with a loan at our company", direction=-1, unit="months", low=0),
        share("POS09", "pos_contract_dpd_rate_mean", mean(over(pl.col("n_dpd"), pl.col("n"))),
            "Mean over earlier loans of the share of months past due",
            "The share of months in which you were late with each loan at our company, on average", direction=1),
        count("POS10", "pos_n_completed", _n(pl.col("n_completed") > 0), "Earlier loans completed",
            "The number of loans at our company that you completed"),
        number("POS11", "pos_term_mean", mean(pl.col("term_max")), "Mean term of earlier loans in instalments",
            "The number of instalments of your loans at our company, on average", unit="instalments", low=0),
        number("POS12", "pos_instalments_left_min", pl.col("left_min").min(),
            "Fewest instalments left on an earlier loan",
            "The number of instalments you had left on a loan at our company", unit="instalments", low=0),
        number("POS13", "pos_months_since_last", -pl.col("last_month").max(),
            "Months since an earlier loan last had a balance", "The time since you last had a loan at our company",
            unit="months", low=0),
    ),
    parts={
        **_DELINQUENCY,
        "n_dpd_24m": _n(_IS_DPD & _RECENT["24m"]),
        "dpd_tolerant_max": pl.col("dpd_tolerant").max(),
        "last_month": _MONTH.max(),
        "n_completed": _n(has("contract_status", "Completed")),
        "term_max": pl.col("n_instalments").max(),
        "left_min": pl.col("n_instalments_left").min(),
    },
    part_key=_CONTRACT,
)

_BALANCE, _LIMIT = pl.col("balance_amount"), pl.col("limit_amount")
_USE = over(_BALANCE, _LIMIT)
_DRAWN, _ATM = pl.col("drawings_amount"), pl.col("atm_drawings_amount")
_MINIMUM, _CARD_PAYMENT = pl.col("minimum_payment_amount"), pl.col("total_payment_amount")
_IS_DUE = (_MINIMUM > 0) & _CARD_PAYMENT.is_not_null()
CARD_FEATURES = ChildTable(
    "silver/card_months",
    "has_card",
    (
        count("CRD01", "card_n_months", _sum("n"), "Months of credit cards",
            "The number of months you had our credit cards", never_given=_MEASURE),
        ratio("CRD02", "card_utilisation_mean", over(whole_total("use"), _sum("n_use")),
            "Mean balance over limit of cards", "How much of the limit of our credit cards you used, on average",
            direction=1),
        ratio("CRD03", "card_utilisation_max", pl.col("use_max").max(), "Largest balance over limit of cards",
            "How much of the limit of our credit cards you used at most", direction=1),
        ratio("CRD04", "card_utilisation_12m_mean", over(whole_total("use_12m"), _sum("n_use_12m")),
            "Mean balance over limit of cards in 12 months",
            "How much of the limit of our credit cards you used in the last year", direction=1),
        ratio("CRD05", "card_contract_utilisation_mean", mean(over(whole_value("use"), pl.col("n_use"))),
            "Mean over cards of balance over limit",
            "How much of the limit of each of our credit cards you used, on average", direction=1),
        amount("CRD06", "card_balance_amount_mean", over(whole_total("balance"), _sum("n_balance")),
            "Mean balance of cards", "The balance of our credit cards, on average"),
        amount("CRD07", "card_limit_amount_max", pl.col("limit_max").max(), "Largest limit of a card",
            "The limit of our credit cards", direction=-1, holds_in_splits=False),
        amount("CRD08", "card_drawings_amount_mean", over(whole_total("drawn"), _sum("n_drawn")),
            "Mean drawings of a month", "What you drew with our credit cards in a month, on average"),
        ratio("CRD09", "card_atm_drawings_rate", over(whole_total("atm_of_drawn"), whole_total("drawn_of_atm")),
            "Share of drawings at cash machines", "The share of cash in what you drew with our credit cards",
            direction=1),
        ratio("CRD10", "card_payment_to_minimum", over(whole_total("paid_of_due"), whole_total("due")),
            "Paid over smallest payments due",
            "What you paid on our credit cards compared with the smallest payments due"),
        share("CRD11", "card_below_minimum_rate", over(_sum("n_below"), _sum("n_due")),
            "Share of months in which less than due was paid",
            "The share of months in which you paid less than was due on our credit cards", direction=1),
        share("CRD12", "card_dpd_rate", over(_sum("n_dpd"), _sum("n")), "Share of months of cards past due",
            "The share of months in which you were late with our credit cards", direction=1),
        share("CRD13", "card_dpd_rate_12m", over(_sum("n_dpd_12m"), _sum("n_12m")),
            "Share of months of cards past due in 12 months",
            "The share of months in which you were late with our credit cards in the last year", direction=1),
        days("CRD14", "card_dpd_max", pl.col("dpd_max").max(), "Most days past due of a card",
            "The number of days you were overdue with our credit cards", direction=1),
        number("CRD15", "card_months_since_dpd", -pl.col("last_dpd").max(), "Months since a card was past due",
            "The time since you were last late with our credit cards", direction=-1, unit="months", low=0),
    ),
    parts={
        **_DELINQUENCY,
        "use": whole(_USE),
        "n_use": _USE.count().cast(pl.Int64),
        "use_max": _USE.max(),
        "use_12m": whole(where(_USE, _RECENT["12m"])),
        "n_use_12m": where(_USE, _RECENT["12m"]).count().cast(pl.Int64),
        "balance": whole(_BALANCE),
        "n_balance": _BALANCE.count().cast(pl.Int64),
        "limit_max": _LIMIT.max(),
        "drawn": whole(_DRAWN),
        "n_drawn": _DRAWN.count().cast(pl.Int64),
        "atm_of_drawn": whole(where(_ATM, _DRAWN.is_not_null())),
        "drawn_of_atm": whole(where(_DRAWN, _ATM.is_not_null())),
        "due": whole(where(_MINIMUM, _IS_DUE)),
        "paid_of_due": whole(where(_CARD_PAYMENT, _IS_DUE)),
        "n_due": _n(_IS_DUE),
        "n_below": _n(_IS_DUE & (_CARD_PAYMENT < _MINIMUM)),
    },
    part_key=_CONTRACT,
)
# fmt: on
