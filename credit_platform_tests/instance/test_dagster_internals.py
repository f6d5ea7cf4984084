"""Each private part of Dagster that the door lets through, in the use the platform makes of it."""

from collections.abc import Iterator
from importlib import import_module

import dagster as dg
import pytest

from credit_platform.instance import dagster_internals as door
from credit_platform_tests import architecture_rules as rules

pytestmark = pytest.mark.filterwarnings("ignore::dagster.PreviewWarning", "ignore::dagster.BetaWarning")

MONTHS = dg.MonthlyPartitionsDefinition(start_date="2023-01-01", end_date="2023-04-01")


@dg.asset
def broken() -> None:
    try:
        int("first")
    except ValueError as error:
        raise RuntimeError from error


@pytest.fixture
def monthly() -> dg.AssetsDefinition:
    @dg.asset(partitions_def=MONTHS, backfill_policy=dg.BackfillPolicy.single_run())
    def monthly() -> None:
        pass

    return monthly


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def job_of(asset: dg.AssetsDefinition) -> dg.JobDefinition:
    return dg.Definitions(
        assets=[asset], jobs=[dg.define_asset_job("job", executor_def=dg.in_process_executor)]
    ).resolve_job_def("job")


def events_of(job: dg.JobDefinition, instance: dg.DagsterInstance, tags: dict[str, str]) -> list[dg.DagsterEvent]:
    run = instance.create_run_for_job(job_def=job, tags=tags)
    return list(door.execute_run_iterator(door.InMemoryJob(job), run, instance))


def test_a_job_of_assets_has_the_type_the_door_names() -> None:
    assert isinstance(dg.define_asset_job("job"), door.UnresolvedAssetJobDefinition)


def test_a_job_runs_in_this_process_for_the_month_its_tag_names(
    monthly: dg.AssetsDefinition, instance: dg.DagsterInstance
) -> None:
    events = events_of(job_of(monthly), instance, {door.PARTITION_NAME_TAG: "2023-02-01"})
    assert [event.partition for event in events if event.is_step_materialization] == ["2023-02-01"]


def test_the_two_range_tags_make_one_run_hold_all_months(
    monthly: dg.AssetsDefinition, instance: dg.DagsterInstance
) -> None:
    tags = {
        door.ASSET_PARTITION_RANGE_START_TAG: "2023-01-01",
        door.ASSET_PARTITION_RANGE_END_TAG: "2023-03-01",
    }
    events = events_of(job_of(monthly), instance, tags)
    assert [e.partition for e in events if e.is_step_materialization] == ["2023-01-01", "2023-02-01", "2023-03-01"]


def test_a_failed_step_says_what_caused_its_error(instance: dg.DagsterInstance) -> None:
    (failure,) = (event for event in events_of(job_of(broken), instance, {}) if event.is_step_failure)
    error = failure.step_failure_data.error
    assert isinstance(error, door.SerializableErrorInfo)
    assert error.cause is not None
    assert error.cause.cause is not None
    assert (error.cause.cls_name, error.cause.cause.cls_name) == ("RuntimeError", "ValueError")


def test_a_failed_check_of_a_month_has_the_status_failed(
    monthly: dg.AssetsDefinition, instance: dg.DagsterInstance
) -> None:
    @dg.asset_check(asset=monthly, partitions_def=MONTHS)
    def is_never_well() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False)

    dg.materialize([monthly, is_never_well], partition_key="2023-01-01", instance=instance, raise_on_error=False)
    key = dg.AssetCheckKey(monthly.key, "is_never_well")
    (info,) = instance.event_log_storage.get_asset_check_partition_info([key])
    assert (info.partition_key, info.latest_execution_status) == (
        "2023-01-01",
        door.AssetCheckExecutionRecordStatus.FAILED,
    )


def test_a_check_s_result_is_about_a_materialization(monthly: dg.AssetsDefinition) -> None:
    target = door.AssetCheckEvaluationTargetMaterializationData(storage_id=1, run_id="run", timestamp=2.0)
    evaluation = dg.AssetCheckEvaluation(
        asset_key=monthly.key,
        check_name="is_never_well",
        passed=False,
        metadata={},
        target_materialization_data=target,
        partition="2023-01-01",
    )
    assert evaluation.target_materialization_data == target


def test_the_tags_of_a_data_version_are_those_that_dagster_writes(instance: dg.DagsterInstance) -> None:
    @dg.asset(code_version="7")
    def versioned() -> dg.Output[int]:
        return dg.Output(1, data_version=dg.DataVersion("content"))

    dg.materialize([versioned], instance=instance)
    event = instance.get_latest_materialization_event(versioned.key)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.tags is not None
    written = event.asset_materialization.tags
    assert written[door.DATA_VERSION_TAG] == "content"
    assert written[door.DATA_VERSION_IS_USER_PROVIDED_TAG] == "true"
    assert written[door.CODE_VERSION_TAG] == "7"


@pytest.mark.parametrize(
    ("tag", "stored"),
    [(door.RUN_KEY_TAG, "dagster/run_key"), (door.MAX_RETRIES_TAG, "dagster/max_retries")],
)
def test_tags_are_those_of_stored_histories(tag: str, stored: str) -> None:
    assert tag == stored


@pytest.mark.parametrize("named", [door.ARTIFACT_STORAGE, door.COMPUTE_LOG_STORAGE])
def test_what_dagster_yaml_names_is_there(named: dict[str, str]) -> None:
    assert isinstance(getattr(import_module(named["module"]), named["class"]), type)


def test_every_name_of_the_door_is_private_to_dagster() -> None:
    names = [name for name in vars(door) if name[0].isalpha() and name[0].isupper() and name.upper() != name]
    assert names
    assert [name for name in names if hasattr(dg, name)] == []


@pytest.mark.parametrize("text", ["from dagster._core.storage import tags", "def f():\n    import dagster._utils"])
def test_another_module_that_reaches_behind_the_door_is_found(text: str) -> None:
    assert rules.imports_private_parts_of_dagster(rules.Module("checks.x", text)) != []
    assert rules.imports_private_parts_of_dagster(rules.Module("instance.x", text)) == []
