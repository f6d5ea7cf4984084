"""The asset graph as readable JSON, for comparison with the committed one.

`python -m credit_platform_tests.graph_snapshot --write` writes the file again; what is compared stands in
test_graph_snapshot.
"""

from __future__ import annotations

import json
import re
import sys
from datetime import date
from pathlib import Path

import dagster as dg
from dagster._core.definitions.repository_definition import RepositoryDefinition

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import Settings

FILE = Path(__file__).with_name("graph_snapshot.json")
COMMAND = "python -m credit_platform_tests.graph_snapshot --write"
_BREAK = r"\s*\n\s*"
Entry = dict[str, object]


def snapshot_settings(folder: Path = Path("data")) -> Settings:
    """A book of two years under the shipped policy."""
    return Settings(
        data_dir=folder,
        raw_dir=folder / "raw",
        first_month=date(2023, 1, 1),
        last_month=date(2024, 12, 1),
        is_book_known=True,
        policy_dir=None,
        automation="stopped",
        policy=LOANS.load_policy(),
    )


def _mapping(mapping: dg.PartitionMapping | None) -> str:
    if mapping is None:
        return "same month"
    if isinstance(mapping, dg.TimeWindowPartitionMapping):
        offsets = f"{mapping.start_offset}..{mapping.end_offset}"
        short = ", short windows allowed" if mapping.allow_nonexistent_upstream_partitions else ""
        return "same month" if offsets == "0..0" and not short else f"months {offsets}{short}"
    return type(mapping).__name__


def _months(partitions: dg.PartitionsDefinition | None) -> list[str]:
    keys = partitions.get_partition_keys() if partitions else []
    return [keys[0], keys[-1]] if keys else []


def _assets(repository: RepositoryDefinition) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for definition in repository.assets_defs_by_key.values():
        for spec in definition.specs:
            policy = definition.backfill_policy
            found[spec.key.to_user_string()] = {
                "group": spec.group_name,
                "kinds": sorted(spec.kinds),
                "owners": list(spec.owners),
                "months": _months(spec.partitions_def),
                "reads": {dep.asset_key.to_user_string(): _mapping(dep.partition_mapping) for dep in spec.deps},
                "range in one run": policy is not None and policy.max_partitions_per_run is None,
            }
    return dict(sorted(found.items()))


def _checks(repository: RepositoryDefinition) -> dict[str, Entry]:
    specs = [spec for checks in repository.asset_checks_defs_by_key.values() for spec in checks.check_specs]
    return {
        f"{spec.asset_key.to_user_string()}: {spec.name}": {
            "blocking": spec.blocking,
            "months": _months(spec.partitions_def),
        }
        for spec in sorted(specs, key=lambda spec: (spec.asset_key.path, spec.name))
    }


def _jobs(repository: RepositoryDefinition) -> dict[str, Entry]:
    jobs = [job for job in repository.get_all_jobs() if not job.name.startswith("__")]
    return {
        job.name: {
            "assets": sorted(key.to_user_string() for key in job.asset_layer.selected_asset_keys),
            "months": _months(job.partitions_def),
        }
        for job in sorted(jobs, key=lambda job: job.name)
    }


def _automation(repository: RepositoryDefinition) -> dict[str, Entry]:
    schedules: Entry = {
        schedule.name: {
            "cron": schedule.cron_schedule,
            "job": schedule.job_name,
            "starts": schedule.default_status.value,
        }
        for schedule in repository.schedule_defs
    }
    sensors: Entry = {
        sensor.name: {
            "kind": sensor.sensor_type.value,
            "jobs": sorted(target.job_name for target in sensor.targets),
            "starts": sensor.default_status.value,
        }
        for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name)
    }
    return {"schedules": schedules, "sensors": sensors}


def graph_snapshot() -> Entry:
    """Assets, checks, jobs, schedules and sensors of the shipped platform."""
    from credit_platform.code_location import build_definitions

    repository = build_definitions(LOANS, snapshot_settings()).get_repository_def()
    return {
        "assets": _assets(repository),
        "checks": _checks(repository),
        "jobs": _jobs(repository),
        **_automation(repository),
    }


def as_text(snapshot: Entry) -> str:
    """The snapshot as the text of the file."""
    text = json.dumps(snapshot, indent=1)
    # Lists of names on one line, so that an asset is a few lines and not twenty.
    return re.sub(r"\[([^\[\]{}]*)\]", lambda found: f"[{re.sub(_BREAK, ' ', found[1]).strip()}]", text) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(f"usage: {COMMAND}")
    FILE.write_text(as_text(graph_snapshot()), encoding="utf-8")
