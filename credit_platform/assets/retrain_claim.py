"""Who carries out a retraining when several runs were started for it: the first, and the others leave it to that one.

A key names the model, the month and the version the action was about. Asking for the training belongs to
`automation.retraining`.
"""

import dagster as dg

# Run tag of each model: the key of the retraining this run carries out.
RETRAIN_TAG = "credit_platform/retrain_{model}"
# Run tag of a run that found another one at the same retraining: the other's id.
LEFT_TO_TAG = "credit_platform/left_to"
_ENDED_IN_VAIN = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


def retrain_key(model: str, month: str, version: str) -> str:
    """The same action gives the same key."""
    return f"retrain:{model}:{month}:{version}"


def runs_at(instance: dg.DagsterInstance, model: str, key: str) -> list[dg.DagsterRun]:
    """The runs started for a retraining that did not leave it to another, oldest first."""
    filters = dg.RunsFilter(tags={RETRAIN_TAG.format(model=model): key})
    records = sorted(instance.get_run_records(filters=filters), key=lambda record: record.storage_id)
    return [record.dagster_run for record in records if LEFT_TO_TAG not in record.dagster_run.tags]


def left_to(context: dg.AssetExecutionContext, model: str) -> str | None:
    """The run to leave the training to, if this one was started for a retraining that an older run is at or has done.

    Two daemons that look at one instance may both start a run before either sees the other's.
    """
    key = context.run.tags.get(RETRAIN_TAG.format(model=model))
    if key is None:
        return None
    older = [run for run in runs_at(context.instance, model, key) if run.status not in _ENDED_IN_VAIN]
    if not older or older[0].run_id == context.run.run_id:
        return None
    context.instance.add_run_tags(context.run.run_id, {LEFT_TO_TAG: older[0].run_id})
    return older[0].run_id
