"""Where people promote: nothing is scored until somebody has, and then what waited is scored.

What follows on a finished run belongs to `follow_on`, promoting to the command line.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from credit_platform.automation.follow_on import span_request
from credit_platform.automation.schedules import CLOSED_BY, sensor_status
from credit_platform.instance.dagster_internals import UnresolvedAssetJobDefinition
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.tables.monthly import Lake
from credit_platform.partitions import MonthlyAxis
from credit_platform.settings import Automation

SCORE_ON_FIRST_PROMOTION = "score_on_first_promotion"


@dataclass(frozen=True)
class FirstPromotions:
    """The first version of every model that went into production, by whoever's decision."""

    lake: Lake
    models: Sequence[str]

    def versions(self) -> dict[str, str]:
        """The version by model; a model none of whose versions was ever promoted is left out."""
        promoted = [record for record in PromotionLog(self.lake.layout).records() if record.promoted]
        return {record.model: record.model_version for record in reversed(promoted) if record.model in self.models}

    def unpromoted(self) -> list[str]:
        """The models that never had a version in force."""
        versions = self.versions()
        return [model for model in self.models if model not in versions]


def score_on_first_promotion(
    axis: MonthlyAxis,
    score_month: UnresolvedAssetJobDefinition,
    promotions: FirstPromotions,
    automation: Automation,
    *,
    is_automatic: bool,
) -> dg.SensorDefinition:
    """Score what waited for the first promotion; `is_automatic` where policy promotes and nothing ever waits."""

    @dg.sensor(
        name=SCORE_ON_FIRST_PROMOTION,
        job=score_month,
        minimum_interval_seconds=60,
        default_status=sensor_status(automation),
        description=(
            "Where promotion.auto_promote is off: once a person has promoted a version of every model, scores all "
            "months that waited for it, in one run. When a tick is red, read its error and run score_month for the "
            "months by hand."
        ),
    )
    def somebody_has_promoted(_context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if is_automatic:
            return dg.SkipReason("promotion.auto_promote is on: no month waits for a person")
        waiting = promotions.unpromoted()
        if waiting:
            return dg.SkipReason(f"nobody has promoted a version of {', '.join(waiting)} yet")
        lake = promotions.lake
        scored = {model: len(lake.months(f"prediction/{model}")) for model in promotions.models}
        if any(scored.values()):
            told = ", ".join(f"{n} months of {model}" for model, n in scored.items())
            return dg.SkipReason(f"{told} are scored already; later ones follow when they are built")
        built = lake.months("gold/feature_store")
        if not built or built[-1] < axis.first_training:
            return dg.SkipReason(f"{axis.first_training:%Y-%m} is not built yet")
        versions = promotions.versions()
        key = ":".join(versions[model] for model in promotions.models)
        return span_request(f"{SCORE_ON_FIRST_PROMOTION}:{key}", (axis.first_scoring, built[-1]), CLOSED_BY)

    return somebody_has_promoted
