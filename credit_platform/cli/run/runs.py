"""Executing jobs in this process, one run per range of months, recorded where the UI sees them.

Which runs a command needs, and in which order, belongs to `backfill`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import dagster as dg
from rich.console import Console
from rich.progress import SpinnerColumn

from credit_platform.automation.jobs import CHAINS_ITSELF, run_reason
from credit_platform.automation.run_problems import failed_check, innermost, step_failure
from credit_platform.cli.printing import progress_bar
from credit_platform.errors import SourceError
from credit_platform.instance.dagster_internals import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
    InMemoryJob,
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
    SerializableErrorInfo,
    execute_run_iterator,
    stored_at_once,
)
from credit_platform.instance.shared_history import asset_key, location_name, run_tags, table_of
from credit_platform.months import month_key, parse_month
from credit_platform.portfolios.portfolio import Portfolio

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class RunOutcome:
    """How one run ended: what went wrong in words, and the months a failed check named."""

    job: str
    run_id: str
    first: date
    last: date
    success: bool
    problems: tuple[str, ...] = ()
    failed_months: tuple[date, ...] = ()
    # Fewer months do not help when a file that may hold any of them cannot be read.
    is_source_unusable: bool = False

    @property
    def span(self) -> str:
        """`2023-01` or `2023-01..2024-12`."""
        first, last = f"{self.first:%Y-%m}", f"{self.last:%Y-%m}"
        return first if first == last else f"{first}..{last}"


@dataclass
class Runner:
    """Runs jobs of one repository, which is of one book, on one instance and shows where they are."""

    repository: dg.RepositoryDefinition
    portfolio: Portfolio
    instance: dg.DagsterInstance
    console: Console
    command: str
    tags: Mapping[str, str] = field(default_factory=dict)
    outcomes: list[RunOutcome] = field(default_factory=list)
    # Whether the command asks for what follows on its runs as well, so that automation need not.
    chains_itself: bool = False

    def run(
        self,
        job: str,
        first: date,
        last: date,
        *,
        assets: Iterable[str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> RunOutcome:
        """Execute a job for all months of a range in one run, and remember how it ended."""
        definition = self.repository.get_job(job)
        selection = frozenset(asset_key(self.portfolio, table) for table in assets) if assets else None
        if selection:
            definition = definition.get_subset(asset_selection=selection)
        # Under another location's name the UI lists a run in no job; without any it leaves the run out of its timeline
        # and refuses to re-execute it.
        location = RegisteredCodeLocationOrigin(location_name(self.portfolio))
        with stored_at_once(self.instance):  # an event for every table and month it plans to make
            run = self.instance.create_run_for_job(
                job_def=definition,
                run_config=QUIET,
                tags=_span_tags(first, last)
                | run_tags(self.portfolio)
                | run_reason(self.command, "asked for on the command line")
                | ({CHAINS_ITSELF: "true"} if self.chains_itself else {})
                | dict(self.tags)
                | dict(tags or {}),
                asset_selection=selection,
                remote_job_origin=RemoteJobOrigin(RemoteRepositoryOrigin(location, "__repository__"), job),
            )
        events = execute_run_iterator(InMemoryJob(definition), run, self.instance)
        span = f"{first:%Y-%m}" if first == last else f"{first:%Y-%m}..{last:%Y-%m}"
        problems, failed_months, is_source_unusable = self._watch(f"{job} {span}", events, len(definition.nodes))
        finished = self.instance.get_run_by_id(run.run_id)
        outcome = RunOutcome(
            job=job,
            run_id=run.run_id,
            first=first,
            last=last,
            success=finished is not None and finished.status == dg.DagsterRunStatus.SUCCESS,
            problems=tuple(dict.fromkeys(problems)),
            failed_months=tuple(sorted(set(failed_months))),
            is_source_unusable=is_source_unusable,
        )
        self.outcomes.append(outcome)
        return outcome

    def _watch(self, label: str, events: Iterable[dg.DagsterEvent], n_steps: int) -> tuple[list[str], list[date], bool]:
        problems: list[str] = []
        failed_months: list[date] = []
        is_source_unusable = False
        if not self.console.is_terminal:
            self.console.print(f"{label} ...")
        with progress_bar(self.console, SpinnerColumn()) as progress:
            task = progress.add_task(label, total=n_steps)
            for event in events:
                if event.is_step_success or event.is_step_failure or event.is_step_skipped:
                    progress.advance(task)
                if event.is_step_failure:
                    problems.extend(step_failure(event))
                    is_source_unusable |= _is_source_error(event.step_failure_data.error)
                if event.is_failure and not event.is_step_failure and not problems:
                    problems.append(innermost(event.job_failure_data.error) or event.message or "the run failed")
                check = failed_check(event)
                if check is not None:
                    problems.append(f"{table_of(self.portfolio, check.asset_key)}: {check.description}")
                    failed_months.extend(_months_of(check))
        return problems, failed_months, is_source_unusable


def _span_tags(first: date, last: date) -> dict[str, str]:
    if first == last:
        return {PARTITION_NAME_TAG: month_key(first)}
    return {ASSET_PARTITION_RANGE_START_TAG: month_key(first), ASSET_PARTITION_RANGE_END_TAG: month_key(last)}


def _is_source_error(error: SerializableErrorInfo | None) -> bool:
    while error is not None:
        if error.cls_name == SourceError.__name__:
            return True
        error = error.cause
    return False


def _months_of(evaluation: dg.AssetCheckEvaluation) -> list[date]:
    named = evaluation.metadata.get("failed_months")
    if named is not None:
        return [parse_month(key) for key in str(named.value).split(", ")]
    return [parse_month(evaluation.partition)] if evaluation.partition else []
