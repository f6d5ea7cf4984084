"""The demo: a generated book, all its months, what happened in it, and where to look.

Generating rows belongs to the portfolio's generator, running the months to `backfill`, judging the history to
`lab.scenarios.scenario`.
"""

from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from credit_platform.cli.book import Book, initialise, newest_delivered
from credit_platform.cli.printing import folding_table
from credit_platform.cli.run.summary import run_backfill
from credit_platform.errors import SettingsError
from credit_platform.lab.scenarios.detections import Detector
from credit_platform.lab.scenarios.page import PHASE_HEADINGS, auc_texts, drift_name
from credit_platform.lab.scenarios.scenario import ModelOutcome, Scenario
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.ground_truth import read_ground_truth, write_ground_truth
from credit_platform.lake.raw.raw_book import has_raw_files, write_book
from credit_platform.months import add_months, months_between
from credit_platform.portfolios.drift import Drift
from credit_platform.portfolios.generator import USUAL_FIRST_MONTH, GeneratedBook, Generator
from credit_platform.reports.wording import ACTIONS, model_name, month_name
from credit_platform.settings import DEFAULT_DATA_DIR, Settings

# There are a year of live months before the drift and, after it, enough for the outcomes of the version that cures it.
_MONTHS_BEFORE_DRIFT = 26
_STRENGTH = 0.7


def run_demo(
    settings: Settings, console: Console, *, n_months: int | None, cases_per_month: int | None, seed: int
) -> int:
    """Make a book where there is none, backfill all of it, print where to look; returns the exit code.

    How many months and cases it has is the portfolio's to say where nobody does.

    Raises:
        SettingsError: there are no raw files, and the portfolio has no generator or policy maps the columns.
    """
    layout = Layout.of(settings.data_dir, settings.raw_dir, settings.portfolio)
    if has_raw_files(layout):
        console.print(f"Using the files in {settings.raw_dir}.")
    else:
        require_contract_form(settings)
        generator = settings.portfolio.required_generator
        made = demo_book(
            generator,
            n_months=generator.demo_months if n_months is None else n_months,
            cases_per_month=generator.demo_cases if cases_per_month is None else cases_per_month,
            seed=seed,
        )
        generate_book(layout, console, made)
    book = Book.of(initialise(settings, automation="running"))
    first, last = book.axis.first_snapshot, newest_delivered(book)
    console.print(f"Book from {first:%Y-%m} to {last:%Y-%m}, first training {book.axis.first_training:%Y-%m}.")
    code = run_backfill(book, console, first=first, last=last, job=None, command="demo")
    _print_story(book, console)
    console.print(_where_to_look(settings), soft_wrap=True)
    return code


def demo_book(generator: Generator, *, n_months: int, cases_per_month: int, seed: int) -> GeneratedBook:
    """The demo's book: the portfolio's drift, where it shows one, begins after a year of live months."""
    begins, kind = add_months(USUAL_FIRST_MONTH, _MONTHS_BEFORE_DRIFT), generator.demo_drift
    drifts = () if kind is None or n_months <= _MONTHS_BEFORE_DRIFT else (Drift(kind, begins, _STRENGTH),)
    return generator.make(
        first_month=USUAL_FIRST_MONTH,
        n_months=n_months,
        cases_per_month=cases_per_month,
        seed=seed,
        drifts=drifts,
    )


def _print_story(book: Book, console: Console) -> None:
    """Print the simulated drift and what was detected of it, where the raw files are unchanged and a model exists."""
    from credit_platform.cli.lab.story import judge

    if book.settings.portfolio.assigned_months is not None:
        return  # its months are drawn, so nothing happens from one to the next
    made = read_ground_truth(book.lake.layout)
    if made is None or not book.lake.months("prediction/" + next(iter(book.settings.policy.model.models))):
        return
    has_early = book.settings.portfolio.outcome.early is not None
    console.print(demo_table(judge(book, made, name="demo"), has_early=has_early))


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
        f"Generated {len(book.months)} months with about {book.cases_per_month} {layout.portfolio.words.cases} "
        f"each (seed {book.seed}) in {layout.raw_dir}."
    )


def _where_to_look(settings: Settings) -> str:
    data = settings.data_dir
    folder = "" if data == DEFAULT_DATA_DIR else f" DATA={data}"
    # A book of one's own is run where its package is, not where the Makefile is.
    is_ones_own = ":" in settings.portfolio_name
    ui = f"CREDIT_DATA_DIR={data} credit-platform ui" if is_ones_own else f"make ui{folder}"
    return (
        f"Look at [bold]{data / 'reports' / 'monitoring_dashboard.html'}[/] in a browser, and start the UI with "
        f"[bold]{ui}[/]: http://127.0.0.1:3000\nQuery [bold]{data / 'datamart.duckdb'}[/] with DuckDB."
    )


def demo_table(scenario: Scenario, *, has_early: bool) -> Table:
    """The history of the book, one column per model; `has_early` where outcomes are read before the label."""
    rows = [("months by action", [_actions(outcome) for outcome in scenario.models])]
    if scenario.drifts:
        drifts = "\n".join(f"{drift_name(drift)} from {month_name(drift.first_month)}" for drift in scenario.drifts)
        early = [_seen(scenario, one, Detector.EARLY_READS) for one in scenario.models]
        rows = [
            ("simulated drift", [drifts for _ in scenario.models]),
            *([("first seen in early payments", early)] if has_early else []),
            ("first seen in an outcome", [_seen(scenario, one, Detector.OUTCOME) for one in scenario.models]),
            ("retraining asked for", [_seen(scenario, one, Detector.RETRAIN) for one in scenario.models]),
            ("cured by", [_cure(scenario, outcome) for outcome in scenario.models]),
            *(
                (f"ROC-AUC {phase[0].lower()}{phase[1:]}", [auc_texts(outcome)[place] for outcome in scenario.models])
                for place, phase in enumerate(PHASE_HEADINGS)
            ),
            *rows,
        ]
    rows.append(("versions in force", [_versions(outcome) for outcome in scenario.models]))
    title = f"What happened from {month_name(scenario.first_month)} to {month_name(scenario.last_month)}"
    models = (model_name(outcome.story.model) for outcome in scenario.models)
    return folding_table(title, "", *models, rows=((name, *cells) for name, cells in rows))


def _seen(scenario: Scenario, outcome: ModelOutcome, detector: Detector) -> str:
    begins = scenario.begins
    found = outcome.story.first_detection(detector, begins) if begins else None
    if begins is None or found is None:
        # Early performance is known before a case matures; nothing else can detect the drift until then.
        is_too_early = detector != Detector.EARLY_READS and not _is_outcome_known(scenario, outcome)
        return f"not by {month_name(scenario.last_month)}{_too_early(scenario) if is_too_early else ''}"
    return f"{month_name(found.month)}, {_after(months_between(begins, found.month))}"


def _cure(scenario: Scenario, outcome: ModelOutcome) -> str:
    cure, begins = outcome.cure, scenario.begins
    if cure is None or begins is None:
        if outcome.asked is None and not _is_outcome_known(scenario, outcome):
            return f"nothing yet{_too_early(scenario)}"
        return _not_yet(outcome)
    return (
        f"version {cure.name}, trained as of {month_name(cure.as_of)}, in force from {month_name(cure.first)}, "
        f"{_after(months_between(begins, cure.first))}"
    )


def _too_early(scenario: Scenario) -> str:
    return f": the first {scenario.portfolio.words.cases} of the drift have not matured yet"


def _is_outcome_known(scenario: Scenario, outcome: ModelOutcome) -> bool:
    """Whether a cohort of the drift has matured."""
    begins = scenario.begins
    return begins is not None and any(known.cohort >= begins for known in outcome.story.outcomes)


def _not_yet(outcome: ModelOutcome) -> str:
    newest = outcome.story.versions[-1] if outcome.story.versions else None
    if outcome.asked is None:
        return "nothing: no retraining was asked for"
    if newest is None or newest.as_of < outcome.asked:
        return "nothing yet: no version trained since was promoted"
    return f"not shown yet: version {newest.name}, in force from {month_name(newest.first)}, waits for its outcomes"


def _after(months: int) -> str:
    return "at once" if months == 0 else f"{months} month{'' if months == 1 else 's'} after it began"


def _actions(outcome: ModelOutcome) -> str:
    counts = Counter(action.action for action in outcome.story.actions)
    return ", ".join(f"{name.lower()} {counts[action]}" for action, name in ACTIONS.items() if counts[action])


def _versions(outcome: ModelOutcome) -> str:
    return "\n".join(
        f"{version.name}: {month_name(version.first)} to {month_name(version.last) if version.last else 'now'}"
        for version in outcome.story.versions
    )
