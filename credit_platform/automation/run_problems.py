"""What went wrong in a run, in the words of the error that began it.

Telling people belongs to `alert_delivery`; what the command line prints of its own runs to `cli.run.runs`.
"""

from collections.abc import Sequence

import dagster as dg

from credit_platform.errors import CreditPlatformError
from credit_platform.instance.dagster_internals import SerializableErrorInfo
from credit_platform.lake.storage_faults import explained_text

# Errors of the platform say what to do; what caused them is for the log.
_EXPLAINED = {error.__name__ for error in CreditPlatformError.__subclasses__()}


def innermost(error: SerializableErrorInfo | None) -> str | None:
    """The message of the error that began a chain, or of the platform's own in it, without the name of its class.

    An error of the operating system is said as the platform says it, with what to do.
    """
    while error is not None and error.cause is not None and error.cls_name not in _EXPLAINED:
        error = error.cause
    if error is None:
        return None
    text = error.message.strip().removeprefix(f"{error.cls_name}: ")
    # Dagster prefixes the class with its module.
    head, _, rest = text.partition(": ")
    said = rest if "." in head and " " not in head and rest else text
    fault = explained_text(said) if error.cls_name not in _EXPLAINED else None
    return str(fault) if fault is not None else said


def step_failure(event: dg.DagsterEvent) -> list[str]:
    """The innermost error of a failed step in one line; none where its blocking check has said it."""
    message = innermost(event.step_failure_data.error)
    if message is None:
        return [f"{event.step_key} failed"]
    return [] if "blocking" in message and "check" in message else [f"{event.step_key}: {message}"]


def failed_check(event: dg.DagsterEvent) -> dg.AssetCheckEvaluation | None:
    """The blocking check that an event says has stopped a run; None for any other event, and where it only warned."""
    if event.event_type != dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        return None
    evaluation = event.asset_check_evaluation_data
    is_stopping = evaluation.blocking and evaluation.severity == dg.AssetCheckSeverity.ERROR
    return evaluation if is_stopping and not evaluation.passed else None


def problems_of(instance: dg.DagsterInstance, run_id: str) -> Sequence[str]:
    """What failed checks and steps of a finished run say, each once; nothing where the run died without a word."""
    kinds = {dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.STEP_FAILURE}
    events = [log.get_dagster_event() for log in instance.all_logs(run_id, of_type=kinds)]
    said: list[str] = []
    for event in events:
        check = failed_check(event)
        if check is not None:
            said.append(f"{check.asset_key.to_user_string()}: {check.check_name}: {check.description}")
        elif event.is_step_failure:
            said += step_failure(event)
    return list(dict.fromkeys(said))
