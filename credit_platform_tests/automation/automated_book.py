"""A book whose sensors are asked by turns, and whose runs are carried out, as the daemon does both: in this process.

What people do between looks, and what must come of it, stands in the tests. The real daemon is in the campaigns.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

import dagster as dg
import polars as pl
from dagster._core.storage.tags import RUN_KEY_TAG

from credit_platform.automation.run_spans import run_span
from credit_platform.code_location import build_definitions
from credit_platform.lake.raw.arrivals import read_arrivals
from credit_platform.months import month_key
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import BookFolders

SENSORS = ("build_on_delivery", "continue_on_month_built", "retrain_on_action", "alert_on_failed_run")
SOURCES = ("lms_loan_daily", "features_attributes", "features_financials", "feature_clickstream")


def deliver(source_of: BookFolders, book: BookFolders, first: date, last: date, *sources: str) -> None:
    """Put the rows of some months of another book's files into files of their own, old enough to be whole."""
    book.raw_dir.mkdir(parents=True, exist_ok=True)
    for source in sources or SOURCES:
        rows = pl.read_csv(source_of.raw_dir / f"{source}.csv", infer_schema=False)
        within = pl.col("snapshot_date").str.slice(0, 7).is_between(pl.lit(f"{first:%Y-%m}"), pl.lit(f"{last:%Y-%m}"))
        name = f"{source}_{first:%Y_%m}.csv" if first == last else f"{source}.csv"
        rows.filter(within).write_csv(book.raw_dir / name)


@dataclass
class AutomatedBook:
    """One book, its instance, and what its sensors remember."""

    book: BookFolders
    instance: dg.DagsterInstance
    last: date | None = date(2024, 8, 1)
    cursors: dict[str, str | None] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        settings = self.book.settings(self.last)
        quick = settings.policy.model.close.model_copy(update={"settle_seconds": 0})
        model = settings.policy.model.model_copy(update={"close": quick})
        policy = replace(settings.policy, model=model)
        self.repository = build_definitions(LOANS, settings.model_copy(update={"policy": policy})).get_repository_def()

    def look(self, sensor: str) -> list[dg.RunRequest]:
        """Ask a sensor once; a request whose run key was seen before is dropped, as the daemon does."""
        definition = self.repository.get_sensor_def(sensor)
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursors.get(sensor), repository_def=self.repository
        ) as context:
            data = definition.evaluate_tick(context)
        self.cursors[sensor] = data.cursor
        self.said[sensor] = data.skip_message or ""
        known = {run.tags.get(RUN_KEY_TAG) for run in self.instance.get_runs()}
        return [request for request in data.run_requests or [] if request.run_key not in known]

    def run(self, job: str, tags: dict[str, str], assets: list[dg.AssetKey] | None = None) -> dg.DagsterRun:
        """Carry out a run of a job with these tags, whatever comes of it."""
        definition = self.repository.get_job(job)
        if assets:
            definition = definition.get_subset(asset_selection=frozenset(assets))
        ended = definition.execute_in_process(
            instance=self.instance,
            tags=tags,
            partition_key=tags.get("dagster/partition"),
            raise_on_error=False,
        )
        return ended.dagster_run

    def build(self, month: date, **tags: str) -> dg.DagsterRun:
        """Build a month as a person who clicks does."""
        return self.run("build_month", {"dagster/partition": month_key(month), **tags})

    def until_quiet(self, *sensors: str, most: int = 40) -> list[str]:
        """Look by turns until nobody asks for anything; the runs as `job first..last`, in order."""
        done: list[str] = []
        for _ in range(most):
            asked = [(sensor, request) for sensor in sensors or SENSORS for request in self.look(sensor)]
            if not asked:
                return done
            for sensor, request in asked:
                (targets,) = {target.job_name for target in self.repository.get_sensor_def(sensor).targets[:1]}
                job = request.job_name or str(targets)
                tags = {**request.tags, RUN_KEY_TAG: str(request.run_key)}
                if request.partition_key:
                    tags["dagster/partition"] = request.partition_key
                span = run_span(tags)
                assert span is not None
                first, last = (f"{month:%Y-%m}" for month in span)
                self.run(job, tags, list(request.asset_selection or []) or None)
                done.append(f"{job} {first}" if first == last else f"{job} {first}..{last}")
        message = f"the sensors never came to rest: {done}"
        raise AssertionError(message)

    def told(self) -> list[str]:
        """Titles of everything told, in order."""
        from credit_platform.lake.governance.alert_log import AlertLog

        return [record.event.title for record in AlertLog(self.book.layout).records().values()]

    def asked(self) -> dict[str, str]:
        """The content each month was last asked to be built from."""
        return {month: asked.content for month, asked in read_arrivals(self.book.layout).asked.items()}
