"""Recorded actions, and what the sensor that reads them asks for in one look."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.repository_definition import RepositoryDefinition

MODELS = ("scorecard", "gradient_boosting")


def report(
    instance: dg.DagsterInstance,
    model: str,
    month: str | None,
    *,
    action: str = "retrain",
    actionable: bool = True,
    version: str = "2024-12-01-abc",
) -> None:
    instance.report_runless_asset_event(
        dg.AssetMaterialization(
            asset_key=dg.AssetKey(["monitoring", model, "action"]),
            partition=month,
            metadata={"action": action, "actionable": actionable, "model_version": version},
        )
    )


def tick(
    repository: RepositoryDefinition, instance: dg.DagsterInstance, cursor: str | None = None
) -> tuple[list[dg.RunRequest], str | None, str | None]:
    """Requests, skip reason and new cursor of one look of the platform's own sensor."""
    return look(repository.get_sensor_def("retrain_on_action"), repository, instance, cursor)


def look(
    sensor: dg.SensorDefinition, repository: RepositoryDefinition, instance: dg.DagsterInstance, cursor: str | None
) -> tuple[list[dg.RunRequest], str | None, str | None]:
    """Requests, skip reason and new cursor of one look of a sensor."""
    with dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository) as context:
        data = sensor.evaluate_tick(context)
    return list(data.run_requests or []), data.skip_message, data.cursor


def keys(requests: list[dg.RunRequest]) -> list[str | None]:
    return [request.run_key for request in requests]
