"""Home Credit as a portfolio: seven relational sources, features at application, the delivered label, no calendar.

Assembly only: what each part says stands in the modules beside this one.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl

from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.cases import Cases
from credit_platform.portfolios.feature_set import FeatureInput, FeatureSet
from credit_platform.portfolios.home_credit.config import HomeCreditModelConfig
from credit_platform.portfolios.home_credit.excluded_columns import REASONS
from credit_platform.portfolios.home_credit.features.feature_store import ApplicationFeatures, build_feature_store
from credit_platform.portfolios.home_credit.features.lineage import table_lineage
from credit_platform.portfolios.home_credit.generator.home_credit_generator import GENERATOR
from credit_platform.portfolios.home_credit.outcome import TO_COME, TargetStore, delivered_targets
from credit_platform.portfolios.home_credit.sources.application import APPLICATION
from credit_platform.portfolios.home_credit.sources.bureau import BUREAU, BUREAU_BALANCE
from credit_platform.portfolios.home_credit.sources.payments import (
    CREDIT_CARD_BALANCE,
    INSTALLMENTS_PAYMENTS,
    POS_CASH_BALANCE,
)
from credit_platform.portfolios.home_credit.sources.previous_application import PREVIOUS_APPLICATION
from credit_platform.portfolios.portfolio import AssignedMonths, Outcome, Portfolio, ProtectedGroups, Words
from credit_platform.portfolios.source import CaseLink
from credit_platform.portfolios.source_columns import excluded_columns

_FOLDER = Path(__file__).parent
_BY_APPLICATION = CaseLink("SK_ID_CURR")
_CHILDREN = (BUREAU, PREVIOUS_APPLICATION, INSTALLMENTS_PAYMENTS, POS_CASH_BALANCE, CREDIT_CARD_BALANCE)
# To have no row in a table says something of the applicant, not that the table was lost: no flag asks for all of them.
SOURCES = (
    replace(APPLICATION, link=_BY_APPLICATION, stems=("application_train", "application_test")),
    *(replace(source, link=_BY_APPLICATION, flag=None) for source in _CHILDREN),
    replace(BUREAU_BALANCE, link=CaseLink("SK_ID_BUREAU", through=BUREAU.name), flag=None),
)
_APPLICATIONS = "silver/applications"


def _features(silver: Mapping[str, pl.LazyFrame], _config: ModelConfig) -> pl.LazyFrame:
    return build_feature_store(silver)


HOME_CREDIT = Portfolio(
    name="home_credit",
    sources=SOURCES,
    cases=Cases(
        table=_APPLICATIONS,
        key="application_id",
        customer="customer_id",
        noun="application",
        # An application is a row of its own month and of no other.
        is_new=pl.lit(value=True),
        months_on_book=pl.lit(0, pl.Int32),
    ),
    features=FeatureSet(
        schema=ApplicationFeatures,
        inputs=tuple(FeatureInput(f"silver/{source.table}", "month") for source in SOURCES),
        build=_features,
        lineage=lambda: table_lineage(SOURCES),
        excluded=excluded_columns(SOURCES, REASONS),
    ).with_declared(),
    outcome=Outcome(schema=TargetStore, build=delivered_targets, is_awaited=TO_COME),
    words=Words(
        case="application",
        cases="applications",
        event="default",
        book="book of applications",
        fail="default",
        lent="credit",
        booked="granted",
    ),
    policy_dir=_FOLDER / "policy",
    # What a lender's policy says of closing, promoting, alerting is the same for both books.
    policy_base=_FOLDER.parent / "loans" / "policy",
    config=HomeCreditModelConfig,
    protected=ProtectedGroups(table=_APPLICATIONS, age=(pl.col("birth_days").neg() / 365.25).floor().cast(pl.Int32)),
    generator=GENERATOR,
    assigned_months=AssignedMonths(label="TARGET", date="snapshot_date"),
)
