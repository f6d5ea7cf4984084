"""What one look of every sensor and schedule costs on a book of ten years with the history of its runs.

The tables are copies of the newest months of a built book, which is enough: a look reads file names, row counts,
actions, raw files and the history. `make bench` prints it; alone: `ten_years BUILT_DATA_DIR`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import dagster as dg
import polars as pl
from dagster._core.definitions.repository_definition import RepositoryDefinition
from dagster._core.events import DagsterEvent, DagsterEventType, StepMaterializationData
from dagster._core.test_utils import create_run_for_test
from rich.console import Console

from credit_platform.assets.asset_spec import asset_key
from credit_platform.automation.jobs import STARTED_BY
from credit_platform.cli.instance import open_instance
from credit_platform.code_location import build_definitions
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_key, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import Settings
from credit_platform_tests.benchmark.measuring import cost_of_script

FIRST, N_MONTHS, LOANS_PER_MONTH = date(2015, 1, 1), 120, 300
MONTHS = month_range(FIRST, add_months(FIRST, N_MONTHS - 1))
# Every job of a month ran so often, and of so many runs one failed.
_RUNS_PER_JOB, _RUNS_PER_FAILURE = 3, 10
Line = tuple[str, str, str]


def look_lines(built_data_dir: Path, root: Path) -> list[Line]:
    """Make the book below `root` from the months of a built one and measure: `(what, measured, bar)`."""
    with _ten_years(built_data_dir, root) as (settings, instance):
        repository = build_definitions(LOANS, settings).get_repository_def()
        costs: dict[str, list[float]] = {}
        cursors: dict[str, str | None] = {}
        for is_changed in (False, False, True):
            for file in settings.raw_dir.glob("*.csv") if is_changed else ():
                file.touch()
            for name, cost in _looks(repository, instance, cursors):
                costs.setdefault(name, []).append(cost)
        n_runs = instance.get_runs_count()
    measured = {name: " / ".join(f"{cost:.2f}" for cost in each) for name, each in costs.items()}
    lines = [("a look at ten years: files new / same / changed", f"{n_runs} runs in the history", "")]
    return lines + [(f"look of {name}", f"{said} CPU s", "2 CPU s each") for name, said in measured.items()]


def _looks(
    repository: RepositoryDefinition, instance: dg.DagsterInstance, cursors: dict[str, str | None]
) -> Iterator[tuple[str, float]]:
    for sensor in sorted(repository.sensor_defs, key=lambda each: each.name):
        with dg.build_sensor_context(
            instance=instance, cursor=cursors.get(sensor.name), repository_def=repository
        ) as context:
            begin = time.process_time()
            cursors[sensor.name] = sensor.evaluate_tick(context).cursor
            yield sensor.name, time.process_time() - begin
    for schedule in sorted(repository.schedule_defs, key=lambda each: each.name):
        with dg.build_schedule_context(
            instance=instance, scheduled_execution_time=datetime.now(tz=UTC), repository_def=repository
        ) as context:
            begin = time.process_time()
            schedule.evaluate_tick(context)
            yield schedule.name, time.process_time() - begin


@contextmanager
def _ten_years(built_data_dir: Path, root: Path) -> Iterator[tuple[Settings, dg.DagsterInstance]]:
    raw_dir, policy = root / "raw", LOANS.load_policy()
    cost_of_script("generate", {}, str(raw_dir), str(N_MONTHS), str(LOANS_PER_MONTH), month_key(FIRST))
    settled = policy.model.model_copy(update={"close": policy.model.close.model_copy(update={"settle_seconds": 0})})
    settings = Settings(
        data_dir=root / "data",
        raw_dir=raw_dir,
        first_month=FIRST,
        last_month=None,
        is_book_known=True,
        policy_dir=None,
        automation="running",
        policy=replace(policy, model=settled),
    )
    lake, axis = Lake.at(settings.data_dir, raw_dir, portfolio=LOANS), settings.axis()
    built = Lake.at(built_data_dir, portfolio=LOANS)
    starts = {"prediction": axis.first_scoring, "monitoring": axis.first_outcome}
    # The newest month is built and waits for the rest.
    newest = {"": MONTHS[-1], "prediction": MONTHS[-2], "monitoring": MONTHS[-2]}
    jobs: dict[str, list[str]] = {"build_month": [], "score_month": [], "monitor_month": []}
    for table in _tables_of(built_data_dir):
        is_of_model = table.count("/") == 2
        layer = table.partition("/")[0] if is_of_model or table.startswith("prediction/") else ""
        _copy(built, lake, table, [month for month in MONTHS if starts.get(layer, FIRST) <= month <= newest[layer]])
        jobs[{"": "build_month", "prediction": "score_month", "monitoring": "monitor_month"}[layer]].append(table)
    for as_of in [month for month in MONTHS if month >= axis.first_training][::3]:
        for model in policy.model.models:
            effective = add_months(as_of, 1)
            record = PromotionRecord(
                model, f"{as_of}-a", as_of, effective, promoted=True, actor="policy", reasons=("ok",)
            )
            PromotionLog(lake.layout).append(record)
    with open_instance(settings) as instance:
        for n, (month, job) in enumerate(product(MONTHS, jobs), start=1):
            before = ["FAILURE" if n % _RUNS_PER_FAILURE == 0 else "SUCCESS"] + ["SUCCESS"] * (_RUNS_PER_JOB - 2)
            for status in before:
                _remember(instance, job, month, (), dg.DagsterRunStatus(status))
            _remember(instance, job, month, jobs[job], dg.DagsterRunStatus.SUCCESS)
        yield settings, instance


def _tables_of(data_dir: Path) -> list[str]:
    layers = ("bronze", "silver", "quarantine", "gold", "prediction", "monitoring")
    folders = {file.parent for layer in layers for file in (data_dir / layer).rglob("*.parquet")}
    return sorted(folder.relative_to(data_dir).as_posix() for folder in folders)


def _copy(built: Lake, lake: Lake, table: str, months: Sequence[date]) -> None:
    newest = built.layout.month_file(table, built.months(table)[-1])
    lake.layout.table(table).mkdir(parents=True, exist_ok=True)
    rows = pl.read_parquet(newest) if table.endswith("/action") else None
    for month in months:
        file = lake.layout.month_file(table, month)
        if rows is None:
            shutil.copyfile(newest, file)
        else:
            rows.with_columns(snapshot_month=pl.lit(month)).write_parquet(file)


def _remember(
    instance: dg.DagsterInstance, job: str, month: date, tables: Sequence[str], status: dg.DagsterRunStatus
) -> None:
    tags = {"dagster/partition": month_key(month), STARTED_BY: "month_close"}
    run = create_run_for_test(instance, job, tags=tags, status=status)
    for table in tables:
        made = StepMaterializationData(dg.AssetMaterialization(asset_key(table), partition=month_key(month)))
        event = DagsterEvent(DagsterEventType.ASSET_MATERIALIZATION.value, job, event_specific_data=made)
        instance.report_dagster_event(event, run.run_id)


def main(built_data_dir: Path) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="credit-benchmark-") as folder:
        for line in look_lines(built_data_dir, Path(folder)):
            Console(width=140).print(*line, sep="   ")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
