"""The one door to Dagster's private parts: names of `dagster._core` and `dagster._utils` that it exports nowhere.

Everything else takes them from here, so that a release of Dagster that moves one breaks this module and its tests
alone. What the platform's run history can do and Dagster's own cannot is asked for here too. `run_history` imports the
private parts of the SQLite storage itself, since they load SQLAlchemy. What Dagster exports (`dg.DagsterEvent`,
`dg.AssetCheckEvaluation`, `dg.RepositoryDefinition`) does not belong here.
"""

from contextlib import AbstractContextManager, nullcontext

import dagster as dg
from dagster._core import remote_origin
from dagster._core.definitions import data_version, unresolved_asset_job_definition
from dagster._core.definitions import metadata as _metadata
from dagster._core.definitions.asset_checks import asset_check_evaluation
from dagster._core.definitions.job_base import InMemoryJob as _InMemoryJob
from dagster._core.execution import api, backfill
from dagster._core.scheduler import instigation
from dagster._core.storage import tags
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as _CheckStatus
from dagster._utils import error

# The type of what `define_asset_job` returns.
UnresolvedAssetJobDefinition = unresolved_asset_job_definition.UnresolvedAssetJobDefinition

# The months of a run: one, or a range that the job's backfill policy carries out in a single run.
PARTITION_NAME_TAG = tags.PARTITION_NAME_TAG
ASSET_PARTITION_RANGE_START_TAG = tags.ASSET_PARTITION_RANGE_START_TAG
ASSET_PARTITION_RANGE_END_TAG = tags.ASSET_PARTITION_RANGE_END_TAG
# Two runs that two daemons started for one request carry the same run key.
RUN_KEY_TAG = tags.RUN_KEY_TAG
# How often a run may be started again by itself.
MAX_RETRIES_TAG = tags.MAX_RETRIES_TAG

# The code location and job to which the UI assigns a run that the command line executed.
RegisteredCodeLocationOrigin = remote_origin.RegisteredCodeLocationOrigin
RemoteRepositoryOrigin, RemoteJobOrigin = remote_origin.RemoteRepositoryOrigin, remote_origin.RemoteJobOrigin

# A version of the data that follows from their content, reported for each month of a range.
CODE_VERSION_TAG = data_version.CODE_VERSION_TAG
DATA_VERSION_TAG = data_version.DATA_VERSION_TAG
# Followed by an asset key: where the event lies that a materialization was made of.
INPUT_EVENT_POINTER_TAG_PREFIX = data_version.INPUT_EVENT_POINTER_TAG_PREFIX
DATA_VERSION_IS_USER_PROVIDED_TAG = data_version.DATA_VERSION_IS_USER_PROVIDED_TAG

# The materialization that a check's result for one month of a range is about.
AssetCheckEvaluationTargetMaterializationData = asset_check_evaluation.AssetCheckEvaluationTargetMaterializationData
# The stored status of a check's newest result for a month.
AssetCheckExecutionRecordStatus = _CheckStatus
# What a piece of metadata may be before Dagster makes a value of it.
RawMetadataValue = _metadata.RawMetadataValue
# What an instance keeps of a sensor: its cursor among other things.
SensorInstigatorData = instigation.SensorInstigatorData
# Which backfills are under way: they start runs of their own for some time.
BulkActionStatus, BulkActionsFilter = backfill.BulkActionStatus, backfill.BulkActionsFilter
# The type of a step's error in an event, with the error that caused it.
SerializableErrorInfo = error.SerializableErrorInfo

# Executing a job in this process while its events are watched; `execute_in_process` returns at the end only.
InMemoryJob = _InMemoryJob
execute_run_iterator = api.execute_run_iterator

# What dagster.yaml must name to have artifacts and the output of runs in a folder of its own.
ARTIFACT_STORAGE = {"module": "dagster._core.storage.root", "class": "LocalArtifactStorage"}
COMPUTE_LOG_STORAGE = {"module": "dagster._core.storage.local_compute_log_manager", "class": "LocalComputeLogManager"}


def stored_at_once(instance: dg.DagsterInstance) -> AbstractContextManager[None]:
    """A block whose events are stored in one piece; one by one by a run history that is not the platform's."""
    return getattr(instance.event_log_storage, "one_transaction", nullcontext)()
