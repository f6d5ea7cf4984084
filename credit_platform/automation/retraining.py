"""The sensor that trains a model when its action says so: once, and again when the training failed.

What follows on a finished run belongs to `follow_on`. The sensor decides from recorded events and runs alone, so that a
second look at the same events asks for nothing new.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from credit_platform.assets.declaration import asset_key
from credit_platform.assets.retrain_claim import RETRAIN_TAG, retrain_key, runs_at
from credit_platform.automation.schedules import sensor_status
from credit_platform.lending.months import month_key, parse_month
from credit_platform.partitions import MonthlyAxis
from credit_platform.settings import Automation

RETRAIN_ON_ACTION = "retrain_on_action"
_EVENTS_PER_TICK = 200


@dataclass(frozen=True)
class Wanted:
    """A retraining that an action asked for, and how often a run was asked for it."""

    model: str
    month: str
    version: str
    asked: int = 0

    @property
    def key(self) -> str:
        """What makes it the same retraining."""
        return retrain_key(self.model, self.month, self.version)

    def request(self) -> dg.RunRequest:
        """Ask for a run; a further attempt has a run key of its own, or Dagster would take it for the first."""
        return dg.RunRequest(
            run_key=self.key if not self.asked else f"{self.key}:attempt{self.asked + 1}",
            partition_key=self.month,
            asset_selection=[asset_key(f"model/{self.model}")],
            tags={
                "credit_platform/started_by": RETRAIN_ON_ACTION,
                "credit_platform/model": self.model,
                RETRAIN_TAG.format(model=self.model): self.key,
            },
        )


@dataclass
class _Cursor:
    """The last action seen of each model, and the retrainings that are not done yet."""

    seen: dict[str, int] = field(default_factory=dict)
    pending: dict[str, Wanted] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> "_Cursor":
        content = json.loads(text) if text else {"seen": {}, "pending": []}
        wanted = [Wanted(**one) for one in content["pending"]]
        return cls(content["seen"], {one.key: one for one in wanted})

    def text(self) -> str:
        pending = [asdict(one) for one in self.pending.values()]
        return json.dumps({"seen": self.seen, "pending": pending}, sort_keys=True)

    def take_in(self, instance: dg.DagsterInstance, model: str, axis: MonthlyAxis) -> int:
        """Read the actions recorded since the last look; says how many."""
        events = instance.fetch_materializations(
            dg.AssetRecordsFilter(
                asset_key=asset_key(f"monitoring/{model}/action"), after_storage_id=self.seen.get(model)
            ),
            limit=_EVENTS_PER_TICK,
            ascending=True,
        ).records
        for event in events:
            self.seen[model] = event.storage_id
            wanted = _wanted(model, event, axis)
            if wanted is not None:
                self.pending.setdefault(wanted.key, wanted)
        return len(events)


def retrain_on_action(
    axis: MonthlyAxis,
    train_models: UnresolvedAssetJobDefinition,
    models: Sequence[str],
    automation: Automation,
    *,
    max_attempts: int,
) -> dg.SensorDefinition:
    """Asks for one training per model, month and version whose action says `retrain`."""

    @dg.sensor(
        name=RETRAIN_ON_ACTION,
        job=train_models,
        minimum_interval_seconds=30,
        default_status=sensor_status(automation),
        description=(
            "Trains a model as of the month whose action says retrain, once per model, month and version. It reads "
            "every recorded action since its last look, so no month is lost when several arrive at once. A training "
            f"that fails is asked for again, {max_attempts} times in all; alert_on_failed_run tells people of each "
            "failure. When a tick is red, read its error; the next tick begins where the last good one ended."
        ),
    )
    def action_asks_for_training(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor = _Cursor.read(context.cursor)
        n_seen = sum(cursor.take_in(context.instance, model, axis) for model in models)
        requests: list[dg.RunRequest] = []
        notes: list[str] = []
        for key, wanted in list(cursor.pending.items()):
            standing = _standing(context.instance, wanted, max_attempts)
            if standing == "due":
                requests.append(wanted.request())
                cursor.pending[key] = Wanted(wanted.model, wanted.month, wanted.version, wanted.asked + 1)
            elif standing == "under way":
                notes.append(f"{key} is under way")
            else:
                del cursor.pending[key]
                notes.append(f"{key} {standing}")
        if requests:
            return dg.SensorResult(run_requests=requests, cursor=cursor.text())
        told = "; ".join(notes) or "none asks for retraining"
        return dg.SensorResult(skip_reason=f"{n_seen} new actions, {told}", cursor=cursor.text())

    return action_asks_for_training


def _standing(instance: dg.DagsterInstance, wanted: Wanted, max_attempts: int) -> str:
    """`due`, `under way`, or how the retraining ended."""
    runs = runs_at(instance, wanted.model, wanted.key)
    if any(run.status == dg.DagsterRunStatus.SUCCESS for run in runs):
        return "is done"
    if any(not run.is_finished for run in runs):
        return "under way"
    if len(runs) < wanted.asked:
        return "under way"  # asked for, not yet recorded as a run
    if len(runs) >= max_attempts:
        return f"failed {len(runs)} times, last in run {runs[-1].run_id}; train the month by hand once it is mended"
    return "due"


def _wanted(model: str, event: dg.EventLogRecord, axis: MonthlyAxis) -> Wanted | None:
    materialization = event.asset_materialization
    if materialization is None or event.partition_key is None:
        return None
    said = {name: value.value for name, value in materialization.metadata.items()}
    if said.get("action") != "retrain" or said.get("actionable") is not True:
        return None
    month = parse_month(event.partition_key)
    if month < axis.first_training:
        return None
    return Wanted(model, month_key(month), str(said.get("model_version")))
