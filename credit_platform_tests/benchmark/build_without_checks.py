"""`build_month` for a range of months with its checks left out, on the book that the settings name.

Started as a process of its own, so that its cost compares with the command's: `build_without_checks FIRST LAST`.
"""

from __future__ import annotations

import sys
from datetime import date

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._core.storage.tags import ASSET_PARTITION_RANGE_END_TAG, ASSET_PARTITION_RANGE_START_TAG

from credit_platform.automation.jobs import BUILD_MONTH
from credit_platform.cli.instance import open_instance
from credit_platform.code_location import build_definitions
from credit_platform.months import month_key, parse_month
from credit_platform.settings import load_settings


def build(first: date, last: date) -> None:
    """Run the assets of the job, and none of its checks, for all months in one run."""
    settings = load_settings()
    # A subset of the job without its checks would run them all the same, so they are left out of the definitions.
    whole = build_definitions(settings.portfolio, settings)
    unchecked = dg.Definitions(assets=whole.assets, jobs=whole.jobs, resources=whole.resources, executor=whole.executor)
    bare = unchecked.get_repository_def().get_job(BUILD_MONTH)
    tags = {ASSET_PARTITION_RANGE_START_TAG: month_key(first), ASSET_PARTITION_RANGE_END_TAG: month_key(last)}
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with open_instance(settings) as instance:
        run = instance.create_run_for_job(job_def=bare, run_config=quiet, tags=tags)
        events = list(execute_run_iterator(InMemoryJob(bare), run, instance))
    if any(event.is_failure for event in events):
        sys.exit(1)


if __name__ == "__main__":
    build(parse_month(sys.argv[1]), parse_month(sys.argv[2]))
