"""Runs that ended one way or another and say what they made, with nothing made."""

from collections.abc import Iterable

import dagster as dg


def made_by(
    instance: dg.DagsterInstance,
    tables: Iterable[str],
    months: Iterable[str],
    *,
    job: str = "build_month",
    fails: bool = False,
    tags: dict[str, str] | None = None,
) -> str:
    """The id of a run of a job that materialized months of some tables, and then ended."""

    @dg.op
    def make(context: dg.OpExecutionContext) -> None:
        for table in tables:
            for month in months:
                context.log_event(dg.AssetMaterialization(dg.AssetKey(table.split("/")), partition=month))
        if fails:
            message = "the disk is full"
            raise dg.Failure(message)

    @dg.job(name=job)
    def made() -> None:
        make()

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return made.execute_in_process(
        instance=instance, tags=tags, raise_on_error=False, run_config=quiet
    ).dagster_run.run_id
