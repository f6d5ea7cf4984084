"""Every table of the platform by asset key, with its schema class.

The classes stand in the modules of their layers; nothing is declared here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import dataframely as dy

from credit_platform.portfolios.loans.gold import FeatureStore, LabelStore, RollRates, Vintages
from credit_platform.portfolios.loans.sources.bronze import (
    FeatureClickstream,
    FeaturesAttributes,
    FeaturesFinancials,
    LmsLoanDaily,
)
from credit_platform.portfolios.loans.sources.silver import (
    CustomerAttributes,
    CustomerClickstream,
    CustomerFinancials,
    LoanSnapshots,
)
from credit_platform.schemas.champion_challenger import ChampionChallenger
from credit_platform.schemas.early_warning import EarlyReads, Estimate, EstimateBacktest
from credit_platform.schemas.evidence import CohortCalendar, DataQuality
from credit_platform.schemas.monitoring import (
    Action,
    FairLending,
    MonitoringHistory,
    Overrides,
    Performance,
    RowBalance,
    Stability,
)
from credit_platform.schemas.prediction import Prediction

TABLES: Mapping[str, type[dy.Schema]] = {
    "bronze/lms_loan_daily": LmsLoanDaily,
    "bronze/features_attributes": FeaturesAttributes,
    "bronze/features_financials": FeaturesFinancials,
    "bronze/feature_clickstream": FeatureClickstream,
    "silver/loan_snapshots": LoanSnapshots,
    "silver/customer_attributes": CustomerAttributes,
    "silver/customer_financials": CustomerFinancials,
    "silver/customer_clickstream": CustomerClickstream,
    "gold/feature_store": FeatureStore,
    "gold/label_store": LabelStore,
    "gold/vintages": Vintages,
    "gold/roll_rates": RollRates,
    "gold/cohort_calendar": CohortCalendar,
    "monitoring/row_balance": RowBalance,
    "monitoring/data_quality": DataQuality,
    "monitoring/history": MonitoringHistory,
    "monitoring/champion_challenger": ChampionChallenger,
    "monitoring/overrides": Overrides,
}

# Tables every model has one of, by the last part of their key; `prediction/<model>` has no last part.
MODEL_TABLES: Mapping[str, type[dy.Schema]] = {
    "prediction": Prediction,
    "performance": Performance,
    "stability": Stability,
    "action": Action,
    "fair_lending": FairLending,
    "estimate": Estimate,
    "early_reads": EarlyReads,
    "estimate_backtest": EstimateBacktest,
}

Begins = Literal["snapshot", "scoring", "outcome"]
_FROM_SCORING = frozenset({"prediction", "stability", "estimate", "early_reads"})
_FROM_OUTCOME = frozenset(
    {"performance", "action", "fair_lending", "estimate_backtest", "history", "champion_challenger", "overrides"}
)


def begins_with(table: str) -> Begins:
    """Which month a table begins with: the book's first snapshot, the first scored month, or the first outcome read."""
    layer, part = table.split("/", maxsplit=1)
    own = "prediction" if layer == "prediction" else part.rsplit("/", maxsplit=1)[-1]
    if own in _FROM_SCORING:
        return "scoring"
    return "outcome" if own in _FROM_OUTCOME else "snapshot"


_LINEAGE_COLUMNS = ("snapshot_month", "source_file", "source_line")

# The columns a raw file must hold, in their order: the bronze schema without what the platform adds.
SOURCE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    table.removeprefix("bronze/"): tuple(name for name in schema.column_names() if name not in _LINEAGE_COLUMNS)
    for table, schema in TABLES.items()
    if table.startswith("bronze/")
}
