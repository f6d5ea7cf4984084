"""The command line `credit-platform`: one function per verb; those about versions stand in `life_cycle`.

Verbs read their arguments, call one function and print; what they do is written in the modules beside this one.
Exit codes: 0 success, 1 a failure that was explained, 2 wrong usage.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter
from rich.console import Console
from rich.markup import escape

from credit_platform.cli.arguments import AnyModel, AsJson, From, To
from credit_platform.cli.backup.verbs import add_upkeep_verbs
from credit_platform.cli.column_map import add_map_verb
from credit_platform.cli.lab.verbs import add_lab_verbs
from credit_platform.cli.new_portfolio.verb import add_new_portfolio_verb
from credit_platform.cli.run.verbs import add_pipeline_verbs
from credit_platform.cli.serve.verbs import add_serve_verbs
from credit_platform.cli.ui import add_ui_verb
from credit_platform.cli.versions.verbs import add_verbs
from credit_platform.errors import CreditPlatformError, SettingsError
from credit_platform.lake.storage_faults import storage_error
from credit_platform.lake.tables.monthly import StrayFileWarning
from credit_platform.previous_release import old_names_on_stderr

app = App(
    name="credit-platform",
    help="A lender's monthly credit-default cycle: four files in, a decision per model and month out.",
    version_flags=["--version"],
)

Replace = Annotated[
    bool,
    Parameter(negative="", help="Take other rows for months built already, and record it in audit/deliveries.jsonl."),
]
for add_to in (
    add_verbs,
    add_pipeline_verbs,
    add_lab_verbs,
    add_upkeep_verbs,
    add_map_verb,
    add_new_portfolio_verb,
    add_ui_verb,
    add_serve_verbs,
):
    add_to(app)


@app.command
def init(
    *,
    first_month: Annotated[str | None, Parameter(help="First month of the book.")] = None,
    last_month: Annotated[str | None, Parameter(help="Last month of the book, included.")] = None,
    open_ended: Annotated[bool, Parameter(negative="", help="No last month: new months open by the calendar.")] = False,
) -> int:
    """Write the book's months to platform.yaml: given, as they were, or read from the loan file. Deletes nothing."""
    from credit_platform.cli.book import Book, initialise, month_argument
    from credit_platform.settings import load_settings

    settings = initialise(
        load_settings(),
        first=month_argument("--first-month", first_month) if first_month else None,
        last=month_argument("--last-month", last_month) if last_month else None,
        is_open_ended=open_ended,
    )
    axis = Book.of(settings).axis
    until = f"{axis.last:%Y-%m}" if axis.last else "open-ended"
    print(
        f"{settings.platform_file}: {axis.first_snapshot:%Y-%m} to {until}, first training {axis.first_training:%Y-%m}"
    )
    return 0


@app.command
def demo(
    *,
    months: Annotated[int | None, Parameter(help="Months of the generated book; the usual ones without.")] = None,
    cases: Annotated[int | None, Parameter(name=("--cases", "--loans"), help="New cases a month; likewise.")] = None,
    seed: Annotated[int, Parameter(help="Seed of the generated book.")] = 42,
) -> int:
    """Generate a book if the raw folder is empty, run its whole life, and say where to look."""
    from credit_platform.cli.lab.demo import run_demo
    from credit_platform.settings import load_settings

    return run_demo(load_settings(), Console(), n_months=months, cases_per_month=cases, seed=seed)


@app.command
def backfill(
    *,
    from_: From = None,
    to: To = None,
    job: str | None = None,
    replace: Replace = False,
    missing: Annotated[bool, Parameter(negative="", help="Only what is not there or failed; see status.")] = False,
) -> int:
    """Materialize everything a range of months can have, in order; exits 1 and says what is missing if a month fails.

    Without --from it begins with the book, without --to it ends with it: where the book is open-ended, with the newest
    month of the loan file.

    Parameters
    ----------
    job
        Only this job: build_month, score_month, monitor_month or train_models.
    """
    from credit_platform.cli.book import known_book, month_argument, newest_delivered
    from credit_platform.cli.run.backfill import JOBS
    from credit_platform.cli.run.fill import Extent, run_missing
    from credit_platform.cli.run.summary import run_backfill

    if job is not None and job not in JOBS:
        raise SettingsError(name="--job", reason=f"no job {job!r}", fix=f"Choose one of {', '.join(JOBS)}.")
    book = known_book()
    first = month_argument("--from", from_) if from_ is not None else book.axis.first_snapshot
    last = month_argument("--to", to) if to is not None else book.axis.last
    if missing:
        return run_missing(book, Console(), Extent(first, last, job), is_replacing=replace)
    # The loan file is read only where nothing else says how far to go.
    last = last or newest_delivered(book)
    return run_backfill(book, Console(), first=first, last=last, job=job, is_replacing=replace)


@app.command
def timeline(*, json_: AsJson = False) -> int:
    """Print what can run in which month, and why not earlier."""
    from credit_platform.cli.book import open_book
    from credit_platform.cli.timeline import phases, timeline_table

    book = open_book()
    if json_:
        print(json.dumps([phase.as_dict() for phase in phases(book)], indent=1))
    else:
        Console().print(timeline_table(book))
    return 0


@app.command
def alerts(
    *,
    send: Annotated[bool, Parameter(negative="", help="First tell what nobody has heard of yet.")] = False,
    json_: AsJson = False,
) -> int:
    """Print the open alerts; exits 1 while a channel refuses a message."""
    from credit_platform.cli.alerts import show_alerts
    from credit_platform.cli.book import known_book

    return show_alerts(known_book(), Console(), is_json=json_, is_sending=send)


@app.command
def status(*, json_: AsJson = False) -> int:
    """Print which months every table has, the versions in force and the latest actions."""
    from credit_platform.cli.book import open_book
    from credit_platform.cli.status import status_report, status_tables
    from credit_platform.lake.renamed_models import to_migrate

    book = open_book()
    report, reason = status_report(book), to_migrate(book.lake.layout)
    if reason is not None:
        Console(stderr=True, soft_wrap=True).print(f"[yellow]To do first:[/] {reason}.", highlight=False)
    if json_:
        print(json.dumps(report, indent=1, default=str))
    else:
        for table in status_tables(report):
            Console().print(table)
    return 0


@app.command
def explain(
    case: Annotated[str, Parameter(help="Id of the case (the loan), as in gold/feature_store.")],
    *,
    model: Annotated[str | None, Parameter(help="One model by its name or alias; both without.")] = None,
    cohort: Annotated[str | None, Parameter(help="Month of application, where an id was used again.")] = None,
    notice: Annotated[
        bool,
        Parameter(negative=(), help="The notice of its decline, with the reasons; by the champion without --model."),
    ] = False,
    json_: AsJson = False,
) -> int:
    """Print why a case has its score: what every feature added, the reasons, and its peers; makes the score again."""
    from credit_platform.cli.book import month_argument, open_book
    from credit_platform.cli.versions.explain import explain_case, explanation_dict, explanation_lines
    from credit_platform.cli.versions.notice import print_notice

    month = month_argument("--cohort", cohort) if cohort else None
    if notice:
        return print_notice(open_book(), case, model=model, cohort=month, is_json=json_)
    found = explain_case(open_book(), case, model=model, cohort=month)
    if json_:
        print(json.dumps(explanation_dict(found), indent=1, default=str))
    else:
        for line in explanation_lines(found):
            Console(soft_wrap=isinstance(line, str)).print(line, highlight=False)
    return 0


@app.command
def replay(
    *,
    as_of: Annotated[str, Parameter(help="The month to make again, YYYY-MM.")],
    model: AnyModel = None,
    json_: AsJson = False,
) -> int:
    """Make a month again from what was known then, hold it against what is stored, show what was corrected since."""
    from credit_platform.cli.book import month_argument, open_book
    from credit_platform.cli.replay.verb import run_replay

    month = month_argument("--as-of", as_of)
    return run_replay(open_book(), Console(), month=month, model=model, is_json=json_)


@app.command(name="override-action")
def override_action(
    *,
    model: Annotated[str, Parameter(help="Name or alias of the model.")],
    month: Annotated[str, Parameter(help="Month of the action, YYYY-MM.")],
    to: Annotated[str, Parameter(help="monitor, active_monitoring or retrain.")],
    reason: Annotated[str, Parameter(help="Why, in words.")],
    approver: Annotated[str, Parameter(help="Who decided.")],
) -> int:
    """Put a person's decision in place of the rules' about a month; logged in the audit log, and obeyed."""
    from credit_platform.cli.book import known_book, month_argument
    from credit_platform.cli.versions.override_action import Wish, override_action

    book = known_book()
    wish = Wish(model, month_argument("--month", month), to, reason, approver)
    return override_action(book, Console(), wish)


@app.command
def dictionary(
    *,
    file: Annotated[Path | None, Parameter(help="Where to write it; beside the package's other pages without.")] = None,
) -> int:
    """Write the data dictionary of the book, generated from the schemas and the cleaning rules."""
    from credit_platform.lake.files import write_text
    from credit_platform.reports.documents.data_dictionary import data_dictionary, dictionary_file
    from credit_platform.settings import load_settings

    portfolio = load_settings().portfolio
    file = file or Path("credit_platform", dictionary_file(portfolio))
    write_text(file, data_dictionary(portfolio))
    print(file)
    return 0


@app.command
def clean(*, yes: Annotated[bool, Parameter(negative="", help="Really delete.")] = False) -> int:
    """Delete what the platform wrote, tables to run history; raw files stay unless the demo made them."""
    from credit_platform.cli.clean import delete_generated, generated_paths
    from credit_platform.cli.instance import forget_runs, shares_history
    from credit_platform.settings import load_settings

    settings = load_settings()
    paths, is_shared = generated_paths(settings), shares_history(settings)
    if not yes:
        runs = [f"the runs of {settings.portfolio.name}, in a history with those of other books"] if is_shared else []
        print("\n".join([*map(str, paths), *runs, "Nothing deleted; add --yes to delete the above."]))
        return 1
    if is_shared:
        forget_runs(settings)
    delete_generated(paths)
    print(f"Deleted {len(paths)} entries below {settings.data_dir}.")
    return 0


def _say(error: CreditPlatformError) -> None:
    Console(stderr=True, soft_wrap=True).print(f"[red]error:[/] {escape(str(error))}", highlight=False)


def main() -> None:
    """Entry point: explains failures in one line and exits with the documented code."""
    try:
        with old_names_on_stderr(StrayFileWarning):
            code = app(exit_on_error=False, print_error=True, result_action="return_value")
    except CycloptsError:
        sys.exit(2)
    except CreditPlatformError as error:
        _say(error)
        sys.exit(2 if isinstance(error, SettingsError) and str(error).startswith("--") else 1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        found = storage_error(error)
        if found is None:
            raise
        _say(found)
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
