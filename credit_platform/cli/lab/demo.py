"""The demo: a generated book, its whole life, and where to look.

Generating rows belongs to `synthetic`, running the book's life to `backfill`.
"""

from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from credit_platform.cli.book import Book, initialise, newest_delivered
from credit_platform.cli.run.summary import run_backfill
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.ground_truth import read_planted, write_planted
from credit_platform.lake.raw.raw_book import has_raw_files, write_book
from credit_platform.months import add_months
from credit_platform.portfolios.loans.generator.book import BookSpec, generate_month, months_of
from credit_platform.portfolios.loans.generator.drift import Drift, DriftKind
from credit_platform.settings import DEFAULT_DATA_DIR, Settings

# Late enough for a year of live months before it, early enough for the cure's own outcomes after it.
_MONTHS_BEFORE_DRIFT = 26
_STRENGTH = 0.7


def run_demo(settings: Settings, console: Console, *, n_months: int, loans_per_month: int, seed: int) -> int:
    """Make a book where there is none, backfill all of it, print where to look; returns the exit code."""
    layout = Layout(settings.data_dir, settings.raw_dir, settings.portfolio)
    if has_raw_files(layout):
        console.print(f"Using the files in {settings.raw_dir}.")
    else:
        plain = BookSpec(n_months=n_months, loans_per_month=loans_per_month, seed=seed)
        generate_book(layout, console, replace(plain, drifts=_planted(plain)))
    book = Book.of(initialise(settings, automation="running"))
    first, last = book.axis.first_snapshot, newest_delivered(book)
    console.print(f"Book from {first:%Y-%m} to {last:%Y-%m}, first training {book.axis.first_training:%Y-%m}.")
    code = run_backfill(book, console, first=first, last=last, job=None, command="demo")
    _tell_story(book, console)
    console.print(_where_to_look(settings), soft_wrap=True)
    return code


def _tell_story(book: Book, console: Console) -> None:
    """Print what was planted and what became of it; nothing where the files are somebody's own, or no model is."""
    from credit_platform.cli.lab.demo_story import demo_table
    from credit_platform.cli.lab.story import judge

    spec = read_planted(book.lake.layout)
    if spec is None or not book.lake.months("prediction/" + next(iter(book.settings.policy.model.models))):
        return
    console.print(demo_table(judge(book, spec, name="demo")))


def _planted(spec: BookSpec) -> tuple[Drift, ...]:
    """The drift of the demo's book; none where the book ends before it."""
    first = add_months(spec.first_month, _MONTHS_BEFORE_DRIFT)
    return (Drift(DriftKind.CONCEPT, first, _STRENGTH),) if first <= spec.last_month else ()


def generate_book(layout: Layout, console: Console, spec: BookSpec) -> None:
    """Write the raw files of a generated book, with progress."""
    months = months_of(spec)
    columns = (TextColumn("generating the book"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("book", total=len(months))
        book = (generate_month(spec, month) for month in months)
        write_book(layout, book, on_month=lambda: progress.advance(task))
    write_planted(layout, spec)
    console.print(
        f"Generated {len(months)} months with about {spec.loans_per_month} new loans each (seed {spec.seed}) "
        f"in {layout.raw_dir}."
    )


def _where_to_look(settings: Settings) -> str:
    data = settings.data_dir
    folder = "" if data == DEFAULT_DATA_DIR else f" DATA={data}"
    return (
        f"Look at [bold]{data / 'reports' / 'monitoring_dashboard.html'}[/] in a browser, and start the UI with "
        f"[bold]make ui{folder}[/]: http://127.0.0.1:3000\nQuery [bold]{data / 'datamart.duckdb'}[/] with DuckDB."
    )
