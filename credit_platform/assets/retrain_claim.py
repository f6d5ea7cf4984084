"""Who carries out a retraining when several runs were started for it: the first that gets to it and lives.

A key names the model, the month and the version the action was about. Asking for the training belongs to
`automation.retraining`, the turns and what is done to `lake.retrainings`.
"""

from collections.abc import Callable, Sequence

import dagster as dg
from dagster._core.storage.tags import RUN_KEY_TAG

from credit_platform.lake.layout import Layout
from credit_platform.lake.retrainings import Done, Retraining

# Run tag of each model: the key of the retraining this run carries out.
RETRAIN_TAG = "credit_platform/retrain_{model}"
# Run tag of a run that found the retraining done: the id of the run that did it.
LEFT_TO_TAG = "credit_platform/left_to"
ENDED_IN_VAIN = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def retrain_key(model: str, month: str, version: str) -> str:
    """The same action gives the same key."""
    return f"retrain:{model}:{month}:{version}"


def run_records_at(instance: dg.DagsterInstance, model: str, key: str) -> list[dg.RunRecord]:
    """The runs started for a retraining that did not leave it to another, oldest first."""
    filters = dg.RunsFilter(tags={RETRAIN_TAG.format(model=model): key})
    records = sorted(instance.get_run_records(filters=filters), key=lambda record: record.storage_id)
    return [record for record in records if LEFT_TO_TAG not in record.dagster_run.tags]


def attempts_in(records: Sequence[dg.RunRecord]) -> int:
    """How often a retraining was tried: runs that two daemons started for one request are one attempt."""
    return len({run.tags.get(RUN_KEY_TAG, run.run_id) for run in (record.dagster_run for record in records)})


def train_once(context: dg.AssetExecutionContext, layout: Layout, model: str, train: Callable[[], str]) -> str | None:
    """Train unless this run was started for a retraining that another has done; returns that other run's id.

    Two daemons that look at one instance may start two runs, or one run in two processes, before either sees the
    other's. They take turns. A run whose process died left its turn, and one that was given up as dead finds that out
    before it trains. `train` says which version it made.

    Raises:
        Failure: the run was given up as dead.
    """
    key = context.run.tags.get(RETRAIN_TAG.format(model=model))
    if key is None:
        train()
        return None
    retraining, run_id = Retraining(layout, key), context.run.run_id
    with retraining.turn():
        done = retraining.done()
        if done is not None and not _ended_in_vain(context.instance, done.run_id):
            if done.run_id != run_id:
                context.instance.add_run_tags(run_id, {LEFT_TO_TAG: done.run_id})
            return done.run_id
        if _ended_in_vain(context.instance, run_id):
            # Ending well now would look as if something had been trained.
            message = f"{key}: this run was given up as dead, another attempt takes its place"
            raise dg.Failure(message)
        retraining.finish(Done(train(), run_id))
    return None


def _ended_in_vain(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and run.status in ENDED_IN_VAIN
