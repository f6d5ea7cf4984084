"""The verbs about generated books: fidelity, simulate.

Each reads its arguments, calls one function and prints, as in `main`.
"""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape

from credit_platform.cli.arguments import AsJson
from credit_platform.errors import SettingsError
from credit_platform.portfolios.drift import DriftKind
from credit_platform.portfolios.generator import USUAL_CASES, USUAL_FIRST_MONTH, USUAL_MONTHS, USUAL_SEED


def fidelity(
    folder: Annotated[Path, Parameter(help="Folder with the raw files of a real book; nothing is written there.")],
    *,
    seed: Annotated[
        int, Parameter(help="Seed of the generated book; the fixed model learns on seed + 1.")
    ] = USUAL_SEED,
    page: Annotated[Path | None, Parameter(help="Also write an HTML page with every figure here.")] = None,
    strict: Annotated[bool, Parameter(negative="", help="Exit 1 when anything is far apart.")] = False,
    json_: AsJson = False,
) -> int:
    """Measure how near the generated book is to a real one: features, dirt, event rate, attrition, ranking.

    The generated book has the real one's months and number of cases. Every figure comes with n and, where it has one,
    an interval: ok is near, warn a visible difference, breach one that a model would notice.
    """
    from credit_platform.cli.lab.fidelity import fidelity_lines, fidelity_tables
    from credit_platform.lab.fidelity.line import to_frame
    from credit_platform.lab.fidelity.page import fidelity_page
    from credit_platform.lake.files import write_text
    from credit_platform.settings import load_settings

    settings = load_settings()
    lines = fidelity_lines(folder, settings.portfolio, settings.policy.model, seed=seed)
    if page is not None:
        write_text(page, fidelity_page(to_frame(lines), settings.portfolio, seed=seed))
    if json_:
        print(json.dumps(to_frame(lines).to_dicts(), indent=1))
    else:
        for table in fidelity_tables(lines):
            Console().print(table)
        if page is not None:
            print(page)
    return 1 if strict and any(line.status == "breach" for line in lines) else 0


def simulate(
    *,
    drift: Annotated[
        list[str] | None,
        Parameter(
            help=f"What changes: {', '.join(DriftKind)}; several are allowed. Without any, nothing may be detected."
        ),
    ] = None,
    from_: Annotated[
        list[str] | None, Parameter(name="--from", help="First month of the drift, YYYY-MM; one for all or one each.")
    ] = None,
    strength: Annotated[list[float] | None, Parameter(help="Above 0 up to 1; one for all or one each.")] = None,
    leak: Annotated[
        bool, Parameter(negative="", help="Make a source from the outcomes, only of cases whose outcome is known.")
    ] = False,
    first_month: Annotated[str, Parameter(help="First month of the generated book.")] = f"{USUAL_FIRST_MONTH:%Y-%m}",
    months: Annotated[int, Parameter(help="Months of the generated book.")] = USUAL_MONTHS,
    cases_per_month: Annotated[
        int, Parameter(name=("--cases-per-month", "--loans-per-month"), help="New cases a month.")
    ] = USUAL_CASES,
    seed: Annotated[int, Parameter(help="Seed of the generated book.")] = USUAL_SEED,
    out: Annotated[Path, Parameter(help="Folder of the lab: a folder per scenario, and gallery.html.")] = Path("lab"),
    json_: AsJson = False,
) -> int:
    """Simulate drifts in a generated book, run all its months apart from yours, print what was noticed when.

    Writes OUT/SCENARIO, a data folder with its own Dagster history, its page reports/scenario.html, and
    OUT/gallery.html over all scenarios. Exits 1 when a detection requirement is not met, and says which.
    """
    from credit_platform.cli.book import month_argument
    from credit_platform.cli.lab.drifts import drifts_of, history_months
    from credit_platform.cli.lab.simulate import GALLERY, PAGE, Lab, scenario_tables
    from credit_platform.cli.lab.simulate import simulate as run_scenario
    from credit_platform.settings import load_settings

    settings = load_settings()
    portfolio = settings.portfolio
    if portfolio.assigned_months is not None:
        raise SettingsError(
            name="CREDIT_PORTFOLIO",
            reason=f"the data of {portfolio.name} have no calendar, so nothing can begin to drift in a month of theirs",
            fix="Simulate drifts in a book with dates, such as loans; `demo` makes one of this kind.",
        )
    book = portfolio.required_generator.make(
        first_month=month_argument("--first-month", first_month),
        n_months=months,
        cases_per_month=cases_per_month,
        seed=seed,
        history_months=history_months(portfolio, settings.policy.model),
        drifts=drifts_of(portfolio, drift or [], from_ or [], strength or []),
        has_leak=leak,
    )
    console, lab = Console(stderr=json_), Lab(out)
    scenario = run_scenario(settings, console, book, lab=lab)
    if json_:
        print(json.dumps(scenario.to_dict(), indent=1))
    for shown in scenario_tables(scenario):
        console.print(shown, highlight=False, soft_wrap=isinstance(shown, str))
    for failure in scenario.failures:
        console.print(f"[red]{escape(failure)}[/]", highlight=False, soft_wrap=True)
    console.print(f"{out / scenario.name / PAGE}\n{out / GALLERY}", highlight=False, soft_wrap=True)
    return 1 if scenario.failures else 0


def add_lab_verbs(app: App) -> None:
    """Add the verbs of this module to the command line."""

    def agreement(*tokens: Annotated[str, Parameter(allow_leading_hyphen=True, help="As for fidelity.")]) -> int:
        """The former name of `fidelity`."""
        Console(stderr=True).print("`agreement` is now called `fidelity`; the old name goes with the next release.")
        code = app(["fidelity", *tokens], exit_on_error=False, print_error=True, result_action="return_value")
        return code if isinstance(code, int) else 0

    for verb in (fidelity, simulate, agreement):
        app.command(verb)
