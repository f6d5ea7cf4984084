"""The loan book as a portfolio: four sources, features at application, the label six months on, vintages, roll rates.

Assembly only: what each part says stands in the modules beside this one.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from credit_platform.policy.model_config import LabelPolicy, ModelConfig
from credit_platform.portfolios.feature_set import FeatureInput, FeatureSet
from credit_platform.portfolios.loans.config import LoanModelConfig, loan_label
from credit_platform.portfolios.loans.excluded_columns import excluded_columns
from credit_platform.portfolios.loans.features.catalogue import (
    CATEGORICAL_FEATURES,
    CLICKSTREAM,
    LEVELS,
    NUMERIC_FEATURES,
    SOURCE_FLAGS,
)
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.features.lineage import table_lineage
from credit_platform.portfolios.loans.features.ratios_check import RATIOS_CHECK
from credit_platform.portfolios.loans.features.risk_direction import RISK_DIRECTION, SPLIT_DIRECTION
from credit_platform.portfolios.loans.generator.loan_generator import GENERATOR
from credit_platform.portfolios.loans.gold import FeatureStore, LabelStore, RollRates, Vintages
from credit_platform.portfolios.loans.outcome.arrears import PAST_COLUMNS
from credit_platform.portfolios.loans.outcome.day_count_check import DAY_COUNT_CHECK
from credit_platform.portfolios.loans.outcome.early_outcomes import early_outcomes
from credit_platform.portfolios.loans.outcome.labels import label_loans, reason_without_label
from credit_platform.portfolios.loans.outcome.roll_rates import roll_rates_sql
from credit_platform.portfolios.loans.outcome.vintages import vintages_sql
from credit_platform.portfolios.loans.sources import attributes, clickstream, financials, loan_snapshots
from credit_platform.portfolios.loans.sources.bronze import (
    FeatureClickstream,
    FeaturesAttributes,
    FeaturesFinancials,
    LmsLoanDaily,
)
from credit_platform.portfolios.loans.sources.due_rows import CUSTOMERS_DUE, LOANS_DUE
from credit_platform.portfolios.loans.sources.silver import (
    LOAN_START,
    START_COLUMNS,
    CustomerAttributes,
    CustomerClickstream,
    CustomerFinancials,
    LoanSnapshots,
)
from credit_platform.portfolios.loans.sources.source_cells import SOURCE_CELLS, synonyms
from credit_platform.portfolios.portfolio import Cases, Outcome, Portfolio, PortfolioTable, ProtectedGroups, Words
from credit_platform.portfolios.source import LookBack, Source
from credit_platform.schemas.cleaning.rule import Strategies
from credit_platform.schemas.cleaning.table_cleaning import Cleaned

_LOANS, _ATTRIBUTES = "silver/loan_snapshots", "silver/customer_attributes"
_FINANCIALS, _CLICKSTREAM = "silver/customer_financials", "silver/customer_clickstream"
_NOT_BUILT = "The error names a month of loan snapshots that is not built: build it and this month again."


def _clean_loans(bronze: pl.LazyFrame, config: ModelConfig, strategies: Strategies) -> Cleaned:
    return loan_snapshots.clean_loan_snapshots(bronze, policy=loan_label(config.label), strategies=strategies)


def _clean_loans_after(
    bronze: pl.LazyFrame, config: ModelConfig, strategies: Strategies, past: pl.LazyFrame
) -> Cleaned:
    return loan_snapshots.clean_loan_snapshots(
        bronze, policy=loan_label(config.label), past=past, strategies=strategies
    )


def _clean_attributes(bronze: pl.LazyFrame, _config: ModelConfig, strategies: Strategies) -> Cleaned:
    return attributes.clean_attributes(bronze, strategies=strategies)


def _clean_financials(bronze: pl.LazyFrame, _config: ModelConfig, strategies: Strategies) -> Cleaned:
    return financials.clean_financials(bronze, strategies=strategies)


def _clean_clickstream(bronze: pl.LazyFrame, _config: ModelConfig, strategies: Strategies) -> Cleaned:
    return clickstream.clean_clickstream(bronze, strategies=strategies)


def _features(silver: Mapping[str, pl.LazyFrame], config: ModelConfig) -> pl.LazyFrame:
    return build_feature_store(
        silver[_LOANS],
        silver[_ATTRIBUTES],
        silver[_FINANCIALS],
        silver[_CLICKSTREAM],
        clickstream_months=config.features.history_months(CLICKSTREAM.name),
    )


def _labels(cases: pl.LazyFrame, label: LabelPolicy) -> pl.LazyFrame:
    return label_loans(cases, loan_label(label))


def _vintages(label: LabelPolicy) -> str:
    return vintages_sql(loan_label(label).dpd_threshold)


def _roll_rates(label: LabelPolicy) -> str:
    return roll_rates_sql(loan_label(label).dpd_threshold)


LOANS = Portfolio(
    name="loans",
    sources=(
        Source(
            name="lms_loan_daily",
            bronze=LmsLoanDaily,
            table="loan_snapshots",
            silver=LoanSnapshots,
            clean=_clean_loans,
            rules=(*loan_snapshots.REPAIRS, *LOAN_START.rules, *loan_snapshots.REJECTIONS),
            cells=SOURCE_CELLS["lms_loan_daily"],
            due=LOANS_DUE,
            # Loans are counted when they are written: rows on book grow with every cohort of a young book.
            volume=(pl.col("mob") == 0).sum(),
            must_be_required=True,
            look_back=LookBack((*PAST_COLUMNS, *START_COLUMNS), _clean_loans_after),
        ),
        Source(
            name="features_attributes",
            bronze=FeaturesAttributes,
            table="customer_attributes",
            silver=CustomerAttributes,
            clean=_clean_attributes,
            rules=(*attributes.REPAIRS, *attributes.REJECTIONS),
            flag="has_attributes",
            cells=SOURCE_CELLS["features_attributes"],
            due=CUSTOMERS_DUE,
        ),
        Source(
            name="features_financials",
            bronze=FeaturesFinancials,
            table="customer_financials",
            silver=CustomerFinancials,
            clean=_clean_financials,
            rules=(*financials.REPAIRS, *financials.REJECTIONS),
            flag="has_financials",
            cells=SOURCE_CELLS["features_financials"],
            due=CUSTOMERS_DUE,
        ),
        Source(
            name="feature_clickstream",
            bronze=FeatureClickstream,
            table="customer_clickstream",
            silver=CustomerClickstream,
            clean=_clean_clickstream,
            rules=(*clickstream.REPAIRS, *clickstream.REJECTIONS),
            flag="has_clickstream",
            cells=SOURCE_CELLS["feature_clickstream"],
            due=CUSTOMERS_DUE,
        ),
    ),
    cases=Cases(
        table=_LOANS,
        key="loan_id",
        customer="customer_id",
        noun="loan",
        is_new=pl.col("mob") == 0,
        months_on_book=pl.col("mob"),
        start=LOAN_START,
    ),
    features=FeatureSet(
        schema=FeatureStore,
        inputs=(
            FeatureInput(_LOANS, "month"),
            FeatureInput(_ATTRIBUTES, "history"),
            FeatureInput(_FINANCIALS, "history"),
            FeatureInput(_CLICKSTREAM, CLICKSTREAM.name),
        ),
        build=_features,
        numeric=NUMERIC_FEATURES,
        categorical=CATEGORICAL_FEATURES,
        levels=LEVELS,
        evidence=(CLICKSTREAM,),
        directions=RISK_DIRECTION,
        split_directions=SPLIT_DIRECTION,
        source_flags=SOURCE_FLAGS,
        lineage=table_lineage,
        excluded=excluded_columns(),
    ),
    outcome=Outcome(
        schema=LabelStore, build=_labels, early=early_outcomes, reason_without_label=reason_without_label()
    ),
    words=Words(case="loan", cases="loans", event="default", book="loan book"),
    policy_dir=Path(__file__).parent / "policy",
    config=LoanModelConfig,
    tables=(
        PortfolioTable("vintages", Vintages, _vintages, _NOT_BUILT),
        PortfolioTable("roll_rates", RollRates, _roll_rates, _NOT_BUILT),
    ),
    protected=ProtectedGroups(table=_ATTRIBUTES, column="age"),
    checks=(DAY_COUNT_CHECK, RATIOS_CHECK),
    generator=GENERATOR,
    synonyms=synonyms,
)
