"""Who carries out a retraining when several runs were started for it: the first that gets to it and lives.

A key names the model, the month and the version the action was about. Asking for the training belongs to
`automation.retraining`, the turns and what is done to `lake.governance.retrainings`.
"""

from collections.abc import Callable, Sequence

import dagster as dg

from credit_platform.instance.dagster_internals import RUN_KEY_TAG
from credit_platform.lake.governance.retrainings import Done, Retraining, show_life
from credit_platform.lake.layout import Layout

# Run tag of each model: the key of the retraining this run carries out.
RETRAIN_TAG = "credit_platform/retrain_{model}"
# Run tag of a run that found the retraining done: the id of the run that did it.
LEFT_TO_TAG = "credit_platform/left_to"


def retrain_key(model: str, month: str, version: str) -> str:
    """The same action gives the same key."""
    return f"retrain:{model}:{month}:{version}"


def run_records_at(instance: dg.DagsterInstance, model: str, key: str) -> list[dg.RunRecord]:
    """The runs started for a retraining, oldest first."""
    filters = dg.RunsFilter(tags={RETRAIN_TAG.format(model=model): key})
    return sorted(instance.get_run_records(filters=filters), key=lambda record: record.storage_id)


def attempts_in(records: Sequence[dg.RunRecord]) -> int:
    """How often a retraining was tried: runs that two daemons started for one request are one attempt."""
    runs = [record.dagster_run for record in records]
    return len({run.tags.get(RUN_KEY_TAG, run.run_id) for run in runs if LEFT_TO_TAG not in run.tags})


def train_once(context: dg.AssetExecutionContext, layout: Layout, model: str, train: Callable[[], str]) -> Done | None:
    """Train unless this run was started for a retraining that is done; returns what it came to then.

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
    show_life(layout, run_id)
    with retraining.turn():
        done = retraining.done()
        if done is not None:
            if done.run_id != run_id:
                context.instance.add_run_tags(run_id, {LEFT_TO_TAG: done.run_id})
            return done
        run = context.instance.get_run_by_id(run_id)
        if run is not None and run.is_finished:
            # Ending well now would look as if something had been trained.
            message = f"{key}: this run was given up as dead, another attempt takes its place"
            raise dg.Failure(message)
        retraining.finish(Done(train(), run_id))
    return None
