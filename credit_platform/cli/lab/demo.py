"""The demo: a generated book, all its months, and where to look.

Generating rows belongs to the portfolio's generator, running the months to `backfill`.
"""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from credit_platform.cli.book import Book, initialise, newest_delivered
from credit_platform.cli.run.summary import run_backfill
from credit_platform.errors import SettingsError
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.ground_truth import read_ground_truth, write_ground_truth
from credit_platform.lake.raw.raw_book import has_raw_files, write_book
from credit_platform.months import add_months
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.generator import USUAL_FIRST_MONTH, GeneratedBook
from credit_platform.settings import DEFAULT_DATA_DIR, Settings

# There are a year of live months before the drift and, after it, enough for the outcomes of the version that cures it.
_MONTHS_BEFORE_DRIFT = 26
_STRENGTH = 0.7


def run_demo(settings: Settings, console: Console, *, n_months: int, cases_per_month: int, seed: int) -> int:
    """Make a book where there is none, backfill all of it, print where to look; returns the exit code.

    Raises:
        SettingsError: there are no raw files, and the portfolio has no generator or policy maps the columns.
    """
    layout = Layout.of(settings.data_dir, settings.raw_dir, settings.portfolio)
    if has_raw_files(layout):
        console.print(f"Using the files in {settings.raw_dir}.")
    else:
        require_contract_form(settings)
        drift = Drift(DriftKind.CONCEPT, add_months(USUAL_FIRST_MONTH, _MONTHS_BEFORE_DRIFT), _STRENGTH)
        made = settings.portfolio.required_generator.make(
            first_month=USUAL_FIRST_MONTH,
            n_months=n_months,
            cases_per_month=cases_per_month,
            seed=seed,
            drifts=(drift,) if n_months > _MONTHS_BEFORE_DRIFT else (),
        )
        generate_book(layout, console, made)
    book = Book.of(initialise(settings, automation="running"))
    first, last = book.axis.first_snapshot, newest_delivered(book)
    console.print(f"Book from {first:%Y-%m} to {last:%Y-%m}, first training {book.axis.first_training:%Y-%m}.")
    code = run_backfill(book, console, first=first, last=last, job=None, command="demo")
    _print_story(book, console)
    console.print(_where_to_look(settings), soft_wrap=True)
    return code


def _print_story(book: Book, console: Console) -> None:
    """Print the simulated drift and what was detected of it, where the raw files are unchanged and a model exists."""
    from credit_platform.cli.lab.demo_story import demo_table
    from credit_platform.cli.lab.story import judge

    made = read_ground_truth(book.lake.layout)
    if made is None or not book.lake.months("prediction/" + next(iter(book.settings.policy.model.models))):
        return
    console.print(demo_table(judge(book, made, name="demo")))


def require_contract_form(settings: Settings) -> None:
    """Refuse to generate a book, which is written in the contract's form, under a policy that reads another.

    Raises:
        SettingsError: policy maps the files of a source.
    """
    mapped = [name for name, form in settings.policy.model.sources.items() if form.model_dump(exclude={"required"})]
    if mapped:
        raise SettingsError(
            name="CREDIT_POLICY_DIR",
            reason=f"it maps the files of {', '.join(mapped)}, and a generated book has the contract's own columns",
            fix="Name a folder with the same policy without the map (sources in model_config.yaml).",
        )


def generate_book(layout: Layout, console: Console, book: GeneratedBook) -> None:
    """Write the raw files of a generated book, with progress."""
    columns = (TextColumn("generating the book"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("book", total=len(book.months))
        write_book(layout, book, on_month=lambda: progress.advance(task))
    write_ground_truth(layout, book)
    console.print(
        f"Generated {len(book.months)} months with about {book.cases_per_month} new {layout.portfolio.words.cases} "
        f"each (seed {book.seed}) in {layout.raw_dir}."
    )


def _where_to_look(settings: Settings) -> str:
    data = settings.data_dir
    folder = "" if data == DEFAULT_DATA_DIR else f" DATA={data}"
    return (
        f"Look at [bold]{data / 'reports' / 'monitoring_dashboard.html'}[/] in a browser, and start the UI with "
        f"[bold]make ui{folder}[/]: http://127.0.0.1:3000\nQuery [bold]{data / 'datamart.duckdb'}[/] with DuckDB."
    )
