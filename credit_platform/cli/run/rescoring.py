"""Scoring a model's open cohorts again after another version has come into force in them.

Why they are scored again is decided in `promotion` and `rollback`; executing a run belongs to `runs`.
"""

from collections.abc import Sequence
from datetime import date

from rich.console import Console

from credit_platform.automation.jobs import SCORE_MONTH
from credit_platform.cli.book import Book
from credit_platform.cli.instance import open_instance
from credit_platform.cli.run.runs import Runner


def score_again(book: Book, console: Console, model: str, months: Sequence[date], *, command: str) -> bool:
    """Run score_month for one model and some months in a row; says whether it succeeded, and what to do if not."""
    if not months:
        return True
    repository = book.repository()
    with open_instance(book.settings) as instance:
        runner = Runner(repository, instance, console, command)
        keys = repository.get_job(SCORE_MONTH).asset_layer.selected_asset_keys
        own = sorted(key.to_user_string() for key in keys if model in key.path)
        outcome = runner.run(SCORE_MONTH, months[0], months[-1], assets=own)
    span = f"--from {months[0]:%Y-%m} --to {months[-1]:%Y-%m}"
    if not outcome.success:
        console.print(
            f"[red]Scoring {outcome.span} again failed[/]: {'; '.join(outcome.problems)}\nThe decision stands. "
            f"When this is mended, run: credit-platform backfill --job score_month {span}",
            soft_wrap=True,
        )
        return False
    console.print(
        f"Scored {outcome.span} again. For the figures of these months on the pages, run: "
        f"credit-platform backfill --job monitor_month {span}",
        soft_wrap=True,
    )
    return True
