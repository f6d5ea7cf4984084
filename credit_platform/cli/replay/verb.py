"""The verb `replay`: asks, shows how far it is, prints, and says by its exit code whether all is as it was known.

What is found and how belongs to `replay`, `replay_corrections` and `replay_tables`.
"""

import json
import warnings
from datetime import date

import dagster as dg
from rich.console import Console
from rich.markup import escape

from credit_platform.cli.book import Book, models_named, require_month_between
from credit_platform.cli.printing import progress_bar
from credit_platform.cli.replay.corrections import late_corrections
from credit_platform.cli.replay.replay import Replay, replay_month
from credit_platform.cli.replay.tables import (
    corrections_table,
    findings,
    notes,
    replay_dict,
    replay_table,
    restatement_table,
)


def run_replay(book: Book, console: Console, *, month: date, model: str | None, is_json: bool) -> int:
    """Replay a month and print what was found; the exit code.

    Raises:
        SettingsError: the month does not lie in the book, or there is no such model.
        ReplayError: nothing was built for the month.
        AuditError: the audit log was tampered with.
    """
    models = models_named(book, model)
    require_month_between(
        "--as-of",
        month,
        book.axis.first_snapshot,
        book.axis.last,
        what="does not lie in the book,",
        fix="Choose one of its months.",
    )
    replay = _replayed(book, month, models)
    repository = book.repository()
    corrections = late_corrections(book, replay, repository)
    if is_json:
        print(json.dumps(replay_dict(replay, corrections), indent=1, default=str))
        return 0 if replay.is_sound else 1
    console.print(replay_table(replay))
    for table in (corrections_table(replay, corrections), restatement_table(replay)):
        if table is not None:
            console.print(table)
    for line in notes(replay):
        console.print(escape(line), soft_wrap=True, highlight=False)
    for line in findings(replay):
        console.print(f"[red]{escape(line)}[/]", soft_wrap=True, highlight=False)
    console.print(_verdict(replay), soft_wrap=True, highlight=False)
    return 0 if replay.is_sound else 1


def _replayed(book: Book, month: date, models: list[str]) -> Replay:
    console = Console(stderr=True)
    with warnings.catch_warnings(), progress_bar(console) as progress:
        # Cutting jobs down to some assets is a preview feature of Dagster.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        task = progress.add_task("reading the log", total=None)

        def show(table: str, n_editions: int) -> None:
            progress.update(task, description=table, total=n_editions, advance=1)

        return replay_month(book, month, models, on_table=show)


def _verdict(replay: Replay) -> str:
    n_unsound = sum(not found.is_sound for found in replay.tables)
    n_editions = sum(len(found.proofs) for found in replay.tables)
    more = f" in {n_editions} editions" if n_editions > len(replay.tables) else ""
    if replay.is_sound:
        return f"All {len(replay.tables)} tables{more} of {replay.month:%Y-%m} are what was known when they were made."
    return (
        f"[red]{n_unsound} of {len(replay.tables)} tables{more} of {replay.month:%Y-%m} are not proven to be what was "
        "known.[/]"
    )
