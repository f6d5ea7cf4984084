"""The sensor that trains a model when its action says so: once, and again when the training failed.

What follows on a built month belongs to `continuing`. The sensor decides from recorded events and runs alone, so that a
second look at the same events asks for nothing new.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

import dagster as dg

from credit_platform.assets.models.retrain_claim import (
    LEFT_TO_TAG,
    RETRAIN_TAG,
    attempts_in,
    retrain_key,
    run_records_at,
)
from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.jobs import TRAIN_MODELS, run_reason
from credit_platform.automation.schedules import sensor_status
from credit_platform.instance.dagster_internals import UnresolvedAssetJobDefinition
from credit_platform.instance.shared_history import asset_key
from credit_platform.lake.book_file import Automation
from credit_platform.lake.governance.retrainings import Retraining, is_alive
from credit_platform.lake.layout import Layout
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.action.alerts import failure_key, recovery_event
from credit_platform.months import month_key, parse_month
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import RetrainingPolicy
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.texts import description_of

RETRAIN_ON_ACTION = "retrain_on_action"
_EVENTS_PER_TICK = 200
_UNDER_WAY = "is under way"
_DONE = "is done"
# Asked for and not seen as a run: as a rule the next look finds it. A request that got lost is made once more.
_UNSEEN = "is asked for"
_LOOKS_UNTIL_ASKED_AGAIN = 10


@dataclass(frozen=True)
class Wanted:
    """A retraining that an action asked for, the attempts asked for so far, and the looks the last is waited for."""

    model: str
    month: str
    version: str
    asked: int = 0
    waited: int = 0

    @property
    def key(self) -> str:
        """What makes it the same retraining."""
        return retrain_key(self.model, self.month, self.version)

    def request(self, attempt: int, portfolio: Portfolio) -> dg.RunRequest:
        """Ask for a run; a further attempt has a run key of its own, or Dagster would take it for the first."""
        return dg.RunRequest(
            run_key=self.key if attempt == 1 else f"{self.key}:attempt{attempt}",
            partition_key=self.month,
            asset_selection=[asset_key(portfolio, f"model/{self.model}")],
            tags={
                **run_reason(RETRAIN_ON_ACTION, f"action retrain in {self.month} about version {self.version}"),
                "credit_platform/attempt": str(attempt),
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

    def take_in(self, instance: dg.DagsterInstance, model: str, axis: MonthlyAxis, portfolio: Portfolio) -> int:
        """Read the actions recorded since the last look; says how many."""
        events = instance.fetch_materializations(
            dg.AssetRecordsFilter(
                asset_key=asset_key(portfolio, f"monitoring/{model}/action"), after_storage_id=self.seen.get(model)
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
    lake: Lake,
    policy: RetrainingPolicy,
    dispatcher: AlertDispatcher | None = None,
) -> dg.SensorDefinition:
    """Asks for one training per model, month and version whose action says `retrain`.

    With a `dispatcher`, people who were told of failed attempts are told when one has done the work.
    """

    @dg.sensor(
        name=RETRAIN_ON_ACTION,
        job=train_models,
        minimum_interval_seconds=30,
        default_status=sensor_status(automation),
        description=description_of(__file__, RETRAIN_ON_ACTION, max_attempts=policy.max_attempts),
    )
    def action_asks_for_training(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor = _Cursor.read(context.cursor)
        portfolio = lake.layout.portfolio
        n_seen = sum(cursor.take_in(context.instance, model, axis, portfolio) for model in models)
        requests: list[dg.RunRequest] = []
        notes: list[str] = []
        for key, wanted in list(cursor.pending.items()):
            due = _attempt_due(context.instance, lake.layout, wanted, policy)
            if isinstance(due, int):
                requests.append(wanted.request(due, portfolio))
                cursor.pending[key] = replace(wanted, asked=due, waited=0)
            elif due == _UNSEEN:
                cursor.pending[key] = replace(wanted, waited=wanted.waited + 1)
                notes.append(f"{key} {due}")
            else:
                if due != _UNDER_WAY:
                    del cursor.pending[key]
                if due == _DONE and dispatcher is not None:
                    _close_alert(context.instance, wanted, dispatcher)
                notes.append(f"{key} {due}")
        if requests:
            return dg.SensorResult(run_requests=requests, cursor=cursor.text())
        told = "; ".join(notes) or "none asks for retraining"
        return dg.SensorResult(skip_reason=f"{n_seen} new actions, {told}", cursor=cursor.text())

    return action_asks_for_training


def _attempt_due(instance: dg.DagsterInstance, layout: Layout, wanted: Wanted, policy: RetrainingPolicy) -> int | str:
    """The attempt that is due now, or a sentence: under way, or how the retraining ended."""
    records = run_records_at(instance, wanted.model, wanted.key)
    if _is_done([record.dagster_run for record in records], Retraining(layout, wanted.key)):
        return _DONE
    unfinished = [record for record in records if not record.dagster_run.is_finished]
    dead = [record for record in unfinished if _is_dead(record, layout, policy)]
    for record in dead:
        _give_up(instance, record.dagster_run.run_id, wanted, policy)
    if len(unfinished) > len(dead):
        return _UNDER_WAY
    n_tried = attempts_in(records)
    if n_tried < wanted.asked and wanted.waited < _LOOKS_UNTIL_ASKED_AGAIN:
        return _UNSEEN
    if n_tried >= policy.max_attempts:
        last = records[-1].dagster_run.run_id
        return f"failed {n_tried} times, last in run {last}; train the month by hand once it is mended"
    return n_tried + 1


def _close_alert(instance: dg.DagsterInstance, wanted: Wanted, dispatcher: AlertDispatcher) -> None:
    """End the alert of attempts that failed, as soon as one has done the work."""
    month = parse_month(wanted.month)
    key = failure_key(TRAIN_MODELS, month, wanted.model)
    opened = [record.event for record in dispatcher.log.open_alerts() if record.event.key == key]
    runs = [record.dagster_run for record in run_records_at(instance, wanted.model, wanted.key)]
    done = [run.run_id for run in runs if run.is_success]
    if opened and done:
        end = recovery_event(TRAIN_MODELS, month, done[-1], model=wanted.model, audience=opened[0].audience)
        dispatcher.tell([end])


def _is_done(runs: Sequence[dg.DagsterRun], retraining: Retraining) -> bool:
    succeeded = [run for run in runs if run.status == dg.DagsterRunStatus.SUCCESS]
    if retraining.done() is None:
        return any(LEFT_TO_TAG not in run.tags for run in succeeded)
    # A run that was killed when it had trained is followed by one that finds the training done.
    return bool(succeeded)


def _is_dead(record: dg.RunRecord, layout: Layout, policy: RetrainingPolicy) -> bool:
    run = record.dagster_run
    # Before a run is started it waits for its turn, or for Dagster's run monitoring to give it up.
    if run.status not in {dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING}:
        return False
    seconds = (datetime.now(tz=UTC) - record.update_timestamp).total_seconds()
    return seconds > policy.dead_after_seconds and not is_alive(layout, run.run_id)


def _give_up(instance: dg.DagsterInstance, run_id: str, wanted: Wanted, policy: RetrainingPolicy) -> None:
    run = instance.get_run_by_id(run_id)
    # It may have ended since it was looked at.
    if run is not None and not run.is_finished:
        why = f"{wanted.key}: no sign of the run for {policy.dead_after_seconds} s, and its process does not live."
        instance.report_run_failed(run, why)


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
