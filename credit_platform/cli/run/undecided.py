"""Decisions of months that are scored and have none, made without scoring them again.

An earlier release kept no table of decisions, and a run may end between a month's scores and its decisions. What a
decision is belongs to `assets.models.decisions`.
"""

from datetime import date

from rich.console import Console

from credit_platform.assets.models.decisions import undecided_months
from credit_platform.automation.jobs import SCORE_MONTH, WHY
from credit_platform.automation.run_spans import spans_of
from credit_platform.cli.book import Book
from credit_platform.cli.instance import open_instance
from credit_platform.cli.run.runs import Runner
from credit_platform.portfolios.tables import DECISIONS


def decide_scored_months(book: Book, console: Console, command: str, first: date, last: date | None = None) -> None:
    """Make the decisions that scored months of a range lack, to its end or to the newest; says which."""
    scored = undecided_months(book.lake, book.settings.policy.model)
    months = [month for month in scored if first <= month and (last is None or month <= last)]
    if not months:
        return
    repository = book.repository()
    with open_instance(book.settings) as instance:
        runner = Runner(repository, book.settings.portfolio, instance, console, command)
        for span in spans_of(months):
            outcome = runner.run(SCORE_MONTH, *span, assets=[DECISIONS], tags={WHY: "scored months had no decisions"})
            how = f"failed: {'; '.join(outcome.problems)}" if outcome.problems else "made from what was scored"
            console.print(f"Decisions of {outcome.span}: {how}.", soft_wrap=True, markup=False)
