"""What follows once a person has moved a version: pages that tell of versions drawn again, open cohorts scored again.

Why they are scored again is decided in `promotion` and `rollback`; executing a run belongs to `runs`.
"""

from collections.abc import Sequence
from datetime import date

from rich.console import Console
from rich.markup import escape

from credit_platform.assets.pages.overview import draw_dashboard
from credit_platform.assets.pages.version_documents import document_version
from credit_platform.automation.jobs import SCORE_MONTH
from credit_platform.cli.book import Book
from credit_platform.cli.instance import open_instance
from credit_platform.cli.run.runs import Runner
from credit_platform.errors import ModelStoreError
from credit_platform.instance.shared_history import table_of
from credit_platform.portfolios.tables import DECISIONS


def redraw_pages(book: Book, console: Console, model: str, version: str) -> None:
    """Write the documents of a version and of those whose role it changed, the leaderboard, and the dashboard if any.

    A damaged version among them is told and changes nothing about the decision.

    Raises:
        AuditError: the audit log was tampered with.
    """
    try:
        document_version(book.lake, book.settings.policy, model, version)
    except ModelStoreError as error:
        console.print(f"[yellow]The pages of versions were not drawn:[/] {escape(str(error))}", soft_wrap=True)
    draw_dashboard(book.lake, book.settings.policy)


def score_again(book: Book, console: Console, model: str, months: Sequence[date], *, command: str) -> bool:
    """Run score_month for one model and some months in a row; says whether it succeeded, and what to do if not.

    Where the model is champion in one of them, their decisions are made again with the scores.
    """
    if not months:
        return True
    repository, portfolio = book.repository(), book.settings.portfolio
    with open_instance(book.settings) as instance:
        runner = Runner(repository, portfolio, instance, console, command)
        keys = repository.get_job(SCORE_MONTH).asset_layer.selected_asset_keys
        own = sorted(table_of(portfolio, key) for key in keys if model in key.path)
        config = book.settings.policy.model
        if model in map(config.champion_in, months):
            own.append(DECISIONS)
        outcome = runner.run(SCORE_MONTH, months[0], months[-1], assets=own)
    span = f"--from {months[0]:%Y-%m} --to {months[-1]:%Y-%m}"
    if not outcome.success:
        console.print(
            f"[red]Scoring {outcome.span} again failed[/]: {escape('; '.join(outcome.problems))}\nThe decision stands. "
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
