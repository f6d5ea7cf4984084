"""The cleaning of a customer's sources by itself: bronze rows in, silver rows and quarantined rows out."""

from __future__ import annotations

import polars as pl

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.schemas.cleaning.rule import Strategies
from credit_platform.schemas.cleaning.strategies import NO_CHANGES
from credit_platform.schemas.cleaning.table_cleaning import Cleaned

CONFIG = LOANS.load_policy().model


def clean_attributes(bronze: pl.LazyFrame, *, strategies: Strategies = NO_CHANGES) -> Cleaned:
    return LOANS.source("features_attributes").clean(bronze, CONFIG, strategies)


def clean_financials(bronze: pl.LazyFrame, *, strategies: Strategies = NO_CHANGES) -> Cleaned:
    return LOANS.source("features_financials").clean(bronze, CONFIG, strategies)


def clean_clickstream(bronze: pl.LazyFrame, *, strategies: Strategies = NO_CHANGES) -> Cleaned:
    return LOANS.source("feature_clickstream").clean(bronze, CONFIG, strategies)
