"""Features of earlier applications at this lender: what became of them, and what was asked for and granted.

How the contracts that followed were paid is declared in `payment_features`.
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

_APPROVED, _REFUSED = has("contract_status", "Approved"), has("contract_status", "Refused")
_CANCELLED, _UNUSED = has("contract_status", "Canceled"), has("contract_status", "Unused offer")
_AGE = -pl.col("decision_days")
_APPLIED, _CREDIT, _ANNUITY = (pl.col(f"{name}_amount") for name in ("applied", "credit", "annuity"))
_YEAR = 365
_IS_RUNNING = _APPROVED & pl.col("first_due_days").is_not_null() & pl.col("termination_days").is_null()
_REASON = "Your earlier applications at our company that we refused"

# fmt: off
PREVIOUS_FEATURES = ChildTable("silver/previous_applications", "has_previous_application", (
    count("PRV01", "previous_n_applications", pl.len(), "Earlier applications",
        "The number of your earlier applications at our company"),
    count("PRV02", "previous_n_approved", _APPROVED.sum(), "Earlier applications approved",
        "The number of your earlier applications that we approved"),
    count("PRV03", "previous_n_refused", _REFUSED.sum(), "Earlier applications refused",
        "The number of your earlier applications that we refused", direction=1),
    share("PRV04", "previous_approved_rate", rate(_APPROVED), "Share of earlier applications approved",
        "The share of your earlier applications that we approved", direction=-1),
    share("PRV05", "previous_refused_rate", rate(_REFUSED), "Share of earlier applications refused",
        "The share of your earlier applications that we refused", direction=1),
    share("PRV06", "previous_cancelled_rate", rate(_CANCELLED), "Share of earlier applications cancelled",
        "The share of your earlier applications that were cancelled"),
    count("PRV07", "previous_n_applications_12m", (_AGE <= _YEAR).sum(), "Earlier applications in 12 months",
        "The number of your applications at our company in the last year"),
    count("PRV08", "previous_n_refused_12m", (_REFUSED & (_AGE <= _YEAR)).sum(),
        "Earlier applications refused in 12 months", "The number of your applications we refused in the last year",
        direction=1),
    count("PRV09", "previous_n_refused_24m", (_REFUSED & (_AGE <= 2 * _YEAR)).sum(),
        "Earlier applications refused in 24 months", "The number of your applications we refused in the last two years",
        direction=1),
    days("PRV10", "previous_days_since_last_decision", _AGE.min(), "Days since the last decision",
        "The time since we last decided on an application of yours"),
    days("PRV11", "previous_days_since_first_decision", _AGE.max(), "Days since the first decision",
        "The time since you first applied at our company", direction=-1, holds_in_splits=False),
    days("PRV12", "previous_days_since_last_refusal", where(_AGE, _REFUSED).min(), "Days since the last refusal",
        "The time since we last refused an application of yours", direction=-1),
    days("PRV13", "previous_days_since_last_approval", where(_AGE, _APPROVED).min(), "Days since the last approval",
        "The time since we last approved an application of yours"),
    amount("PRV14", "previous_applied_amount_mean", mean(_APPLIED), "Mean credit applied for earlier",
        "The credits you asked for earlier, on average"),
    amount("PRV15", "previous_credit_amount_mean", mean(where(_CREDIT, _APPROVED)), "Mean credit granted earlier",
        "The credits we granted you earlier, on average"),
    amount("PRV16", "previous_credit_amount_max", where(_CREDIT, _APPROVED).max(), "Largest credit granted earlier",
        "The largest credit we granted you earlier"),
    ratio("PRV17", "previous_credit_to_applied",
        over(total(where(_CREDIT, _APPLIED > 0)), total(where(_APPLIED, _CREDIT.is_not_null()))),
        "Credit granted over credit applied for earlier",
        "What we granted you compared with what you asked for earlier"),
    amount("PRV18", "previous_annuity_amount_mean", mean(_ANNUITY), "Mean annuity of earlier applications",
        "The annuities of your earlier applications, on average"),
    number("PRV19", "previous_down_payment_rate_mean", mean(pl.col("down_payment_rate")),
        "Mean down payment of earlier applications", "The down payments of your earlier applications, on average",
        unit="normalised", direction=-1),
    number("PRV20", "previous_n_payments_mean", mean(where(pl.col("n_payments"), _APPROVED)),
        "Mean term of earlier credits", "The terms of your earlier credits at our company, on average", unit="months",
        low=0),
    count("PRV21", "previous_n_running", _IS_RUNNING.sum(), "Earlier credits that still run",
        "The number of credits you are repaying at our company"),
    amount("PRV22", "previous_running_annuity_amount", total(where(_ANNUITY, _IS_RUNNING)),
        "Annuities of earlier credits that still run", "The annuities of the credits you are repaying at our company"),
    share("PRV23", "previous_cash_loan_rate", rate(has("contract_type", "Cash loans")),
        "Share of cash loans among earlier applications", "The share of cash loans among your earlier applications"),
    share("PRV24", "previous_revolving_loan_rate", rate(has("contract_type", "Revolving loans")),
        "Share of revolving loans among earlier applications",
        "The share of credit cards among your earlier applications"),
    share("PRV25", "previous_high_interest_rate", rate(where(has("yield_group", "high"), _APPROVED)),
        "Share of earlier credits with high interest", "The share of your earlier credits with high interest",
        direction=1, holds_in_splits=False),
    share("PRV26", "previous_insured_rate", rate(pl.col("is_insured")), "Share of earlier applications with insurance",
        "The share of your earlier applications with insurance"),
    count("PRV27", "previous_n_refused_for_limit", has("reject_reason", "LIMIT").sum(),
        "Earlier applications refused for their limit", f"{_REASON} because of a limit", direction=1),
    count("PRV28", "previous_n_refused_for_rating", has("reject_reason", "SCO", "SCOFR").sum(),
        "Earlier applications refused for their score", f"{_REASON} because of their rating", direction=1),
    count("PRV29", "previous_n_refused_for_history", has("reject_reason", "HC").sum(),
        "Earlier applications refused for their history", f"{_REASON} because of your history", direction=1),
    days("PRV30", "previous_days_ended_early_mean",
        mean(pl.col("first_planned_last_due_days") - pl.col("last_due_days")),
        "Mean days by which earlier credits ended before they were planned to",
        "How much earlier than planned you repaid your credits at our company, on average"),
))
# fmt: on
