"""The loan book as a portfolio: four sources, features at application, the label six months on, vintages, roll rates.

Assembly only: what each part says stands in the modules beside this one.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from credit_platform.policy.model_config import LabelPolicy, ModelConfig
from credit_platform.portfolios.cases import Cases
from credit_platform.portfolios.feature_set import FeatureInput, FeatureSet
from credit_platform.portfolios.loans.config import LoanModelConfig, loan_label
from credit_platform.portfolios.loans.excluded_columns import REASONS, WHOLE_SOURCES
from credit_platform.portfolios.loans.features.catalogue import CLICKSTREAM, SOURCE_FLAGS
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.features.lineage import table_lineage
from credit_platform.portfolios.loans.features.ratios_check import RATIOS_CHECK
from credit_platform.portfolios.loans.generator.loan_generator import GENERATOR
from credit_platform.portfolios.loans.gold import FeatureStore, LabelStore, RollRates, Vintages
from credit_platform.portfolios.loans.outcome.day_count_check import DAY_COUNT_CHECK
from credit_platform.portfolios.loans.outcome.early_outcomes import early_outcomes
from credit_platform.portfolios.loans.outcome.labels import label_loans, reason_without_label
from credit_platform.portfolios.loans.outcome.roll_rates import roll_rates_sql
from credit_platform.portfolios.loans.outcome.vintages import vintages_sql
from credit_platform.portfolios.loans.sources.attributes import FEATURES_ATTRIBUTES
from credit_platform.portfolios.loans.sources.clickstream import FEATURE_CLICKSTREAM
from credit_platform.portfolios.loans.sources.financials import FEATURES_FINANCIALS
from credit_platform.portfolios.loans.sources.loan_snapshots import APPLIED_FOR, LMS_LOAN_DAILY
from credit_platform.portfolios.loans.sources.silver import LOAN_START
from credit_platform.portfolios.loans.sources.synonyms import synonyms
from credit_platform.portfolios.portfolio import Outcome, Portfolio, PortfolioTable, ProtectedGroups, Words
from credit_platform.portfolios.source_columns import excluded_columns

SOURCES = (LMS_LOAN_DAILY, FEATURES_ATTRIBUTES, FEATURES_FINANCIALS, FEATURE_CLICKSTREAM)
_LOANS, _ATTRIBUTES = "silver/loan_snapshots", "silver/customer_attributes"
_FINANCIALS, _CLICKSTREAM = "silver/customer_financials", "silver/customer_clickstream"
_NOT_BUILT = "The error names a month of loan snapshots that is not built: build it and this month again."


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
    sources=SOURCES,
    cases=Cases(
        table=_LOANS,
        key="loan_id",
        customer="customer_id",
        noun="loan",
        is_new=pl.col("mob") == 0,
        months_on_book=pl.col("mob"),
        start=LOAN_START,
        applied=APPLIED_FOR,
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
        evidence=(CLICKSTREAM,),
        source_flags=SOURCE_FLAGS,
        lineage=lambda: table_lineage(SOURCES),
        excluded=excluded_columns(SOURCES, REASONS, whole=WHOLE_SOURCES),
    ).with_declared(),
    outcome=Outcome(
        schema=LabelStore, build=_labels, early=early_outcomes, reason_without_label=reason_without_label()
    ),
    words=Words(
        case="loan",
        cases="loans",
        event="default",
        book="loan book",
        fail="default",
        written="written",
        originated="originated",
        lent="loan",
        booked="booked",
    ),
    policy_dir=Path(__file__).parent / "policy",
    config=LoanModelConfig,
    tables=(
        PortfolioTable("vintages", Vintages, _vintages, _NOT_BUILT),
        PortfolioTable("roll_rates", RollRates, _roll_rates, _NOT_BUILT),
    ),
    protected=ProtectedGroups(table=_ATTRIBUTES, age=pl.col("age")),
    checks=(DAY_COUNT_CHECK, RATIOS_CHECK),
    generator=GENERATOR,
    synonyms=synonyms,
)
