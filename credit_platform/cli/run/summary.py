"""What a backfill did, in words and a table a person can act on.

Deciding what to run belongs to `backfill`.
"""

import time
from collections.abc import Callable
from datetime import date

import polars as pl
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from credit_platform.assets.monitoring.evidently_page import NEWEST_MONTH_TAG
from credit_platform.automation.jobs import BUILD_MONTH, MONITOR_MONTH, SCORE_MONTH, TRAIN_MODELS
from credit_platform.cli.alerts import dispatcher_of
from credit_platform.cli.book import Book
from credit_platform.cli.instance import open_instance
from credit_platform.cli.printing import folding_table
from credit_platform.cli.run.backfill import Backfill
from credit_platform.cli.run.restatement import rebuild_command, replaced_by, restatement_table, spans, stale_tables
from credit_platform.cli.run.runs import Runner
from credit_platform.lake.files import sweep_parts
from credit_platform.lake.governance.promotions import PromotionLog, promotions_kept
from credit_platform.lake.raw.deliveries import REPLACE_TAG
from credit_platform.lake.tables.catalog import monthly_tables, refresh_datamart
from credit_platform.months import month_key

# No single file takes an hour to write.
_ABANDONED_AFTER_SECONDS = 3600
ACTIONS = ("monitor", "active_monitoring", "retrain")


def run_backfill(
    book: Book,
    console: Console,
    *,
    first: date,
    last: date,
    job: str | None,
    command: str = "backfill",
    is_replacing: bool = False,
    carry_out: Callable[[Backfill], None] | None = None,
) -> int:
    """Run a backfill, print what happened, and return the exit code; `carry_out` runs what it decides to.

    Raises:
        SettingsError: the range does not lie in the book.
    """
    book.require(first, last)
    _mend(book)
    repository = book.repository()
    with open_instance(book.settings) as instance:
        tags = {NEWEST_MONTH_TAG: month_key(last)} | ({REPLACE_TAG: "true"} if is_replacing else {})
        runner = Runner(repository, book.settings.portfolio, instance, console, command, tags)
        backfill = Backfill(book, runner)
        if carry_out is not None:
            carry_out(backfill)
        elif job is None:
            backfill.everything(first, last)
        else:
            backfill.one_job(job, first, last)
    console.print(runs_table(runner))
    _print_restatement(book, runner)
    if job in {None, MONITOR_MONTH}:
        _tell(book, console)
    if last >= book.axis.first_training and job is None:
        console.print(models_table(book))
    elif job is None:
        console.print(f"No model yet: the first training is possible in {book.axis.first_training:%Y-%m}.")
    if not backfill.failed:
        return 0
    console.print(failures_table(backfill))
    return 1


def _tell(book: Book, console: Console) -> None:
    """Tell people of the newest actions, as the sensor does where a daemon runs."""
    dispatcher = dispatcher_of(book)
    dispatcher.catch_up()
    n_open = len(dispatcher.log.open_alerts())
    if n_open:
        console.print(f"{n_open} alerts are open; see them with `credit-platform alerts`.")


def _mend(book: Book) -> None:
    """Put right what killed processes can leave: temporary files, and tables without a view."""
    layout = book.lake.layout
    sweep_parts(layout.data_dir, older_than_seconds=_ABANDONED_AFTER_SECONDS, now=time.time())
    if monthly_tables(layout):
        refresh_datamart(layout)


def _print_restatement(book: Book, runner: Runner) -> None:
    """Say what was built on rows that these runs replaced."""
    replaced = replaced_by(book.lake, runner.outcomes)
    if not replaced:
        return
    stale = stale_tables(runner.repository, book.lake, replaced, runner.outcomes)
    if not stale:
        runner.console.print(
            f"Replaced rows of {len(replaced)} source months; everything built on them was built again."
        )
        return
    runner.console.print(restatement_table(replaced, stale))
    runner.console.print(f"To build it again, run:\n{rebuild_command(stale)}", soft_wrap=True)
    runner.console.print(
        f"What was known before is kept: credit-platform replay --as-of {replaced[0].month:%Y-%m}", soft_wrap=True
    )


def runs_table(runner: Runner) -> Table:
    """Runs per job: how many, over which months, how many failed."""
    table = Table(title="Runs")
    for column in ("job", "runs", "months", "failed runs"):
        table.add_column(column, justify="right" if column != "job" else "left")
    for job in (BUILD_MONTH, TRAIN_MODELS, SCORE_MONTH, MONITOR_MONTH):
        outcomes = [outcome for outcome in runner.outcomes if outcome.job == job]
        if outcomes:
            first, last = min(o.first for o in outcomes), max(o.last for o in outcomes)
            failed = sum(not outcome.success for outcome in outcomes)
            table.add_row(job, str(len(outcomes)), f"{first:%Y-%m}..{last:%Y-%m}", str(failed))
    return table


def models_table(book: Book) -> Table:
    """Per model: versions trained, the one in force, how many months had each action, and the latest."""
    table = folding_table("Models", "model", "versions", "in force", "months by action", "latest action")
    records = PromotionLog(book.lake.layout).records()
    for model in book.settings.policy.model.models:
        promoted = promotions_kept(records, model)
        versions = {r.model_version for r in records if r.model == model}
        months = book.lake.months(f"monitoring/{model}/action")
        actions = book.lake.scan(f"monitoring/{model}/action", months).collect() if months else pl.DataFrame()
        counts: dict[str, int] = dict(actions.group_by("action").len().iter_rows()) if actions.height else {}
        latest = actions.sort("snapshot_month").row(-1, named=True) if actions.height else None
        table.add_row(
            model,
            str(len(versions)),
            f"{promoted[-1].model_version}\nsince {promoted[-1].effective_month:%Y-%m}" if promoted else "none",
            "\n".join(f"{action} {counts[action]}" for action in ACTIONS if action in counts) or "none",
            f"{latest['snapshot_month']:%Y-%m}\n{latest['action']}" if latest else "none yet",
        )
    return table


def failures_table(backfill: Backfill) -> Table:
    """What is missing, and why."""
    table = Table(title="[red]Missing")
    table.add_column("job", no_wrap=True)
    table.add_column("month", no_wrap=True)
    table.add_column("why")
    months: dict[tuple[str, str], list[date]] = {}
    for (job, month), reason in sorted(backfill.failed.items(), key=lambda item: (item[0][1], item[0][0])):
        months.setdefault((job, reason), []).append(month)
    for (job, reason), failed in months.items():
        table.add_row(job, spans(failed), escape(reason))
    return table
