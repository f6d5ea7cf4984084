"""Running a job, or some of its tables, for some months: what the other facades do where they build something.

Recorded in the book's run history like a run of the command line. What a job makes is written with the assets.
"""

from collections.abc import Sequence
from datetime import date
from io import StringIO

from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.instance import open_instance
from credit_platform.cli.run.runs import Runner
from credit_platform.errors import TableError
from credit_platform.months import month_range

STARTED_BY_PYTHON = "python"


def quiet_console() -> Console:
    """A console whose text is kept, for the error of a failure."""
    return Console(file=StringIO(), width=200)


def said_on(console: Console) -> str:
    """What was printed on a console that keeps its text."""
    stream = console.file
    return stream.getvalue().strip() if isinstance(stream, StringIO) else "a step failed, see above"


def run_months(book: Book, job: str, first: date, last: date, assets: Sequence[str] | None = None) -> list[date]:
    """Run a job, or only some of its assets by key, for a range of months in one run; the months.

    Raises:
        SettingsError: the range does not lie in the book.
        TableError: a step or a check failed; the message says which and why.
    """
    book.require(first, last)
    with open_instance(book.settings) as instance:
        runner = Runner(book.repository(), book.settings.portfolio, instance, quiet_console(), STARTED_BY_PYTHON)
        outcome = runner.run(job, first, last, assets=assets)
    months = month_range(first, last)
    if not outcome.success:
        raise TableError(
            table=", ".join(assets or [job]),
            months=outcome.failed_months or months,
            reason="; ".join(outcome.problems) or "the run failed",
            fix="Mend the cause and call this again; what was there before is unchanged.",
        )
    return months
