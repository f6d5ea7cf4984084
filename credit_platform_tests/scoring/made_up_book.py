"""A small made-up book of accounts with two histories, visits and calls; neither its key nor a column is a loan's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from credit_platform.policy.model_config import FeaturePolicy, ModelConfig, ModelSpec
from credit_platform.policy.reason_codes import ReasonCatalogue, ReasonCode
from credit_platform.portfolios.feature_set import EvidenceGroup
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import Portfolio, Words

VISITS = EvidenceGroup(
    name="visits",
    channels=("length", "pages"),
    sums=("total_length", "total_pages"),
    means=("mean_length", "mean_pages"),
    months="n_visit_months",
    table="silver/visits",
    flag="has_visits",
)
CALLS = EvidenceGroup(
    name="calls",
    channels=("minutes",),
    sums=("total_minutes",),
    means=("mean_minutes",),
    months="n_call_months",
    table="silver/calls",
    flag="has_calls",
)
ALGORITHMS = {
    "scorecard": {"C": 1.0, "max_iter": 1000, "min_iv": 0.001},
    "logistic_regression": {"C": 1.0, "max_iter": 1000},
    "gradient_boosting": {"n_estimators": 30, "num_leaves": 8},
    "random_forest": {"n_estimators": 30, "num_leaves": 8},
}


class HistoryPolicy(FeaturePolicy):
    """How far back the histories are summed."""

    visits_months: int = 12
    calls_months: int = 6


def book_of(*groups: EvidenceGroup) -> Portfolio:
    """The book with some of its groups; months of visits are a feature, months of calls are not."""
    features = replace(
        LOANS.features,
        numeric=("balance", "age_of_account", *([VISITS.months] if VISITS in groups else [])),
        categorical=("region",),
        evidence=groups,
        source_flags={},
        directions={"balance": 1, VISITS.feature: 1, CALLS.feature: 1},
        split_directions={"balance": 1, VISITS.feature: 1, CALLS.feature: 1},
    )
    return replace(
        LOANS,
        name="accounts",
        cases=replace(LOANS.cases, table="silver/accounts", key="account_id", customer="owner_id", noun="account"),
        features=features,
        words=Words(case="account", cases="accounts", event="default", book="account book"),
    )


def config_for(portfolio: Portfolio) -> ModelConfig:
    """The shipped numbers with one model per algorithm, named as the algorithm."""
    specs = {name: ModelSpec(alias=f"{name}_model", algorithm=name, params=it) for name, it in ALGORITHMS.items()}
    shipped = LOANS.load_policy().model
    assert portfolio.name == "accounts"
    return shipped.model_copy(update={"models": specs, "features": HistoryPolicy()})


def reasons_for(portfolio: Portfolio) -> ReasonCatalogue:
    """A reason for every feature, its code the place among the explained features."""
    return ReasonCatalogue(
        value_unknown="not known to us",
        reasons={
            feature: ReasonCode(
                code=f"A{place}", internal=f"the {feature}", consumer=f"your {feature} was high", is_given=True
            )
            for place, feature in enumerate(portfolio.features.explained)
        },
    )


def make_accounts(n: int, *, seed: int) -> pl.DataFrame:
    """Feature store rows with labels: balance, pages and minutes are related to default; histories may be missing."""
    random = np.random.default_rng(seed)
    bad = random.random(n) < 0.3
    columns: dict[str, np.ndarray] = {}
    for group, effects in ((VISITS, (0.0, 0.8)), (CALLS, (-0.9,))):
        months = random.integers(0, 7, n)
        columns[group.months] = months.astype(np.int32)
        for name, effect in zip(group.sums, effects, strict=True):
            columns[name] = months * (2.0 + effect * bad) + np.sqrt(months) * random.normal(0, 1, n)
    return pl.DataFrame(
        {
            "snapshot_month": [date(2023, 6, 1)] * n,
            "account_id": [f"A{seed}_{row:05d}" for row in range(n)],
            "owner_id": [f"O{seed}_{row:05d}" for row in range(n)],
            "balance": 100.0 * bad + random.normal(500, 100, n),
            "age_of_account": random.integers(0, 90, n),
            "region": random.choice(["north", "south"], n),
            **columns,
            "sources_present": ["accounts"] * n,
            "label": bad.astype(np.int8),
        }
    )
