"""The verbs about generated books: agreement, simulate.

Each reads its arguments, calls one function and prints, as in `main`.
"""

import json
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from credit_platform.cli.arguments import AsJson


def agreement(
    folder: Annotated[Path, Parameter(help="Folder with the four raw files of a real book; nothing is written there.")],
    *,
    seed: Annotated[int, Parameter(help="Seed of the generated book; the fixed model learns on seed + 1.")] = 42,
    page: Annotated[Path | None, Parameter(help="Also write an HTML page with every figure here.")] = None,
    strict: Annotated[bool, Parameter(negative="", help="Exit 1 when anything lies far apart.")] = False,
    json_: AsJson = False,
) -> int:
    """Measure how near the generated book comes to a real one: features, dirt, default rate, attrition, ranking.

    The generated book has the real one's months and number of loans. Every figure comes with n and, where it has one,
    an interval: ok is near, warn a difference one may see, breach one that a model would notice.
    """
    from credit_platform.cli.lab.fidelity import agreement_lines, agreement_tables
    from credit_platform.lab.fidelity.line import to_frame
    from credit_platform.lab.fidelity.page import agreement_page
    from credit_platform.lake.files import write_text
    from credit_platform.settings import load_settings

    lines = agreement_lines(folder, load_settings().policy.model, seed=seed)
    if page is not None:
        write_text(page, agreement_page(to_frame(lines), seed=seed))
    if json_:
        print(json.dumps(to_frame(lines).to_dicts(), indent=1))
    else:
        for table in agreement_tables(lines):
            Console().print(table)
        if page is not None:
            print(page)
    return 1 if strict and any(line.status == "breach" for line in lines) else 0


def simulate(
    *,
    drift: Annotated[
        list[str] | None,
        Parameter(
            help="What is planted: covariate, label, concept, missingness, source_dark, schema_change, seasonal, "
            "volume, label_delay or late_correction; several are allowed. Without any, all must stay silent."
        ),
    ] = None,
    from_: Annotated[
        list[str] | None,
        Parameter(name="--from", help="First month of the drift, YYYY-MM; one for all or one each."),
    ] = None,
    strength: Annotated[list[float] | None, Parameter(help="Above 0 up to 1; one for all or one each.")] = None,
    first_month: Annotated[str, Parameter(help="First month of the generated book.")] = "2021-01",
    months: Annotated[int, Parameter(help="Months of the generated book.")] = 48,
    loans_per_month: Annotated[int, Parameter(help="New loans a month.")] = 300,
    seed: Annotated[int, Parameter(help="Seed of the generated book.")] = 42,
    out: Annotated[Path, Parameter(help="Folder of the lab: a folder per scenario, and gallery.html.")] = Path("lab"),
    json_: AsJson = False,
) -> int:
    """Plant drifts in a generated book, run its whole life apart from yours, print what was noticed when.

    Writes OUT/SCENARIO, a data folder with its own Dagster history, its page reports/scenario.html, and
    OUT/gallery.html over all scenarios. Exits 1 when an expectation does not hold, and says which.
    """
    from credit_platform.cli.book import month_argument
    from credit_platform.cli.lab.drifts import planted_drifts
    from credit_platform.cli.lab.simulate import GALLERY, PAGE, Lab, scenario_tables
    from credit_platform.cli.lab.simulate import simulate as run_scenario
    from credit_platform.portfolios.loans.generator.book import BookSpec
    from credit_platform.settings import DEFAULT_FIRST_MONTH, load_settings

    settings = load_settings()
    spec = BookSpec(
        first_month=month_argument("--first-month", first_month, DEFAULT_FIRST_MONTH),
        n_months=months,
        loans_per_month=loans_per_month,
        clickstream_months=settings.policy.model.features.history_months("clickstream"),
        seed=seed,
        drifts=planted_drifts(drift or [], from_ or [], strength or []),
    )
    console, lab = Console(stderr=json_), Lab(out)
    scenario = run_scenario(settings, console, spec, lab=lab)
    if json_:
        print(json.dumps(scenario.to_dict(), indent=1))
    for shown in scenario_tables(scenario):
        console.print(shown, highlight=False, soft_wrap=isinstance(shown, str))
    for failure in scenario.failures:
        console.print(f"[red]{failure}[/]", highlight=False, soft_wrap=True)
    console.print(f"{out / scenario.name / PAGE}\n{out / GALLERY}", highlight=False, soft_wrap=True)
    return 1 if scenario.failures else 0


def add_lab_verbs(app: App) -> None:
    """Hang the verbs of this module onto the command line."""
    for verb in (agreement, simulate):
        app.command(verb)
