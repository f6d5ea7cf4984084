"""Churn as a portfolio: sales, feedback and customers; a case is a customer and a month; the label is what comes after.

Assembly only: what each part says stands in the modules beside this one.
"""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.cases import Cases
from credit_platform.portfolios.churn.cases import HANDED_IN, MADE_OF_SALES
from credit_platform.portfolios.churn.checks import REACH_CHECK, READ_CHECK
from credit_platform.portfolios.churn.config import ChurnModelConfig
from credit_platform.portfolios.churn.excluded_columns import REASONS
from credit_platform.portfolios.churn.features.feature_store import CASES, INPUTS, CustomerFeatures, build_feature_store
from credit_platform.portfolios.churn.features.lineage import table_lineage
from credit_platform.portfolios.churn.generator.churn_generator import GENERATOR
from credit_platform.portfolios.churn.outcome import NOT_REACHED, ChurnStore, churned
from credit_platform.portfolios.churn.sources.customers import CUSTOMERS
from credit_platform.portfolios.churn.sources.feedback import FEEDBACK_RAW
from credit_platform.portfolios.churn.sources.sales import SALES
from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.portfolios.portfolio import Outcome, Portfolio, Words
from credit_platform.portfolios.source_columns import excluded_columns

_FOLDER = Path(__file__).parent
# The tables of pipelines that keep them in a database, under their names.
_VIEWS = {
    "SALES": "select * from silver.sales",
    "CUSTOMERS": "select * from silver.customers",
    "FEEDBACK_SENTIMENT": (
        "select customer_id, feedback_id, feedback_date, sentiment, snapshot_month from silver.feedback"
    ),
    "CUSTOMER_FEATURES": "select * from gold.feature_store",
    "CUSTOMER_FEATURES_LABELED": (
        "select features.*, labels.label, labels.label_def, labels.window_end "
        "from gold.feature_store as features join gold.label_store as labels "
        "on labels.customer_month = features.customer_month and labels.cohort = features.snapshot_month"
    ),
}
SOURCES = (SALES, FEEDBACK_RAW, CUSTOMERS)


def _features(silver: Mapping[str, pl.LazyFrame], _config: ModelConfig) -> pl.LazyFrame:
    return build_feature_store(silver)


CHURN = Portfolio(
    name="churn",
    sources=SOURCES,
    cases=Cases(
        table=CASES,
        key="customer_month",
        customer="customer_id",
        noun="customer",
        # A customer is a case of its own in every month.
        is_new=pl.lit(value=True),
        months_on_book=pl.lit(0, pl.Int32),
        made=MADE_OF_SALES,
        applied=HANDED_IN,
    ),
    features=FeatureSet(
        schema=CustomerFeatures,
        inputs=INPUTS,
        build=_features,
        lineage=lambda: table_lineage(SOURCES),
        excluded=excluded_columns(SOURCES, REASONS),
    ).with_declared(),
    outcome=Outcome(schema=ChurnStore, build=churned, reason_without_label=pl.lit(NOT_REACHED)),
    words=Words(
        case="customer",
        cases="customers",
        event="churn",
        book="customer base",
        fail="churn",
        written="active",
        originated="active",
        lent="yearly revenue",
        booked="left alone",
        bads="churners",
        goods="loyal customers",
        declined="made an offer",
        approved="left alone",
        missed="the offer",
    ),
    policy_dir=_FOLDER / "policy",
    policy_base=_FOLDER.parent / "loans" / "policy",
    config=ChurnModelConfig,
    checks=(REACH_CHECK, READ_CHECK),
    views=_VIEWS,
    generator=GENERATOR,
)
