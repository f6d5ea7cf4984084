"""The sensor that trains a model when its action says so.

What follows on a finished run belongs to `follow_on`. The sensor decides from recorded events alone, so that a second
look at the same events asks for nothing new.
"""

import json
from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from credit_platform.assets.declaration import asset_key
from credit_platform.automation.schedules import sensor_status
from credit_platform.lending.months import month_key, parse_month
from credit_platform.partitions import MonthlyAxis
from credit_platform.settings import Automation

RETRAIN_ON_ACTION = "retrain_on_action"
_EVENTS_PER_TICK = 200


def retrain_on_action(
    axis: MonthlyAxis, train_models: UnresolvedAssetJobDefinition, models: Sequence[str], automation: Automation
) -> dg.SensorDefinition:
    """Asks for one training per model, month and version whose action says `retrain`."""

    @dg.sensor(
        name=RETRAIN_ON_ACTION,
        job=train_models,
        minimum_interval_seconds=30,
        default_status=sensor_status(automation),
        description=(
            "Trains a model as of the month whose action says retrain, once per model, month and version. It reads "
            "every recorded action since its last look, so no month is lost when several arrive at once."
        ),
    )
    def action_asks_for_training(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        cursor: dict[str, int] = json.loads(context.cursor) if context.cursor else {}
        requests: list[dg.RunRequest] = []
        seen = 0
        for model in models:
            key = asset_key(f"monitoring/{model}/action")
            events = context.instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=key, after_storage_id=cursor.get(model)),
                limit=_EVENTS_PER_TICK,
                ascending=True,
            ).records
            for event in events:
                seen += 1
                cursor[model] = event.storage_id
                requests.extend(_request(model, event, axis))
        if not requests:
            return dg.SensorResult(
                skip_reason=f"{seen} new actions, none asks for retraining", cursor=json.dumps(cursor, sort_keys=True)
            )
        return dg.SensorResult(run_requests=requests, cursor=json.dumps(cursor, sort_keys=True))

    return action_asks_for_training


def _request(model: str, event: dg.EventLogRecord, axis: MonthlyAxis) -> list[dg.RunRequest]:
    materialization = event.asset_materialization
    if materialization is None or event.partition_key is None:
        return []
    said = {name: value.value for name, value in materialization.metadata.items()}
    if said.get("action") != "retrain" or said.get("actionable") is not True:
        return []
    month = parse_month(event.partition_key)
    if month < axis.first_training:
        return []
    return [
        dg.RunRequest(
            run_key=f"retrain:{model}:{month_key(month)}:{said.get('model_version')}",
            partition_key=month_key(month),
            asset_selection=[asset_key(f"model/{model}")],
            tags={"credit_platform/started_by": RETRAIN_ON_ACTION, "credit_platform/model": model},
        )
    ]
