"""The verbs about generated books: agreement.

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
    from credit_platform.cli.agreement import agreement_lines, agreement_tables
    from credit_platform.lake.files import write_text
    from credit_platform.reports.agreement import agreement_page
    from credit_platform.settings import load_settings
    from credit_platform.synthetic.agreement_line import to_frame

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


def add_lab_verbs(app: App) -> None:
    """Hang the verbs of this module onto the command line."""
    for verb in (agreement,):
        app.command(verb)
