"""The verbs that keep a data folder well: doctor, backup, restore, prune.

Each reads its arguments, calls one function and prints, as in `main`.
"""

from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from credit_platform.cli.arguments import AsJson


def doctor(
    *,
    port: Annotated[int, Parameter(help="The port the UI is to listen on.")] = 3000,
    mend: Annotated[
        bool, Parameter(negative="", help="First put right what needs no decision: leftovers, torn lines, views.")
    ] = False,
    json_: AsJson = False,
) -> int:
    """Look at Python, libraries, system, run history and data, and say how to mend each; exits 1 if any is broken."""
    from credit_platform.cli.doctor import show_findings

    return show_findings(Console(), port=port, is_json=json_, is_mending=mend)


def add_upkeep_verbs(app: App) -> None:
    """Add the verbs of this module to the command line."""
    for verb in (doctor,):
        app.command(verb)
