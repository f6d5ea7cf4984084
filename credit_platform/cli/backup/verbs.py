"""The verbs that keep a data folder well: doctor, backup, restore, migrate, prune.

Each reads its arguments, calls one function and prints, as in `main`.
"""

from pathlib import Path
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
    from credit_platform.cli.doctor.doctor import show_findings

    return show_findings(Console(), port=port, is_json=json_, is_mending=mend)


def backup(
    target: Annotated[Path, Parameter(help="A file ending in .tar.gz, or a folder; must not be there yet.")],
    *,
    without_raw: Annotated[bool, Parameter(negative="", help="Leave the delivered files out.")] = False,
) -> int:
    """Copy the data folder with its run history, while runs go on; credit-platform restore takes it back."""
    from credit_platform.cli.backup.backup import back_up
    from credit_platform.settings import load_settings

    return back_up(load_settings(), Console(), target, with_raw=not without_raw)


def restore(
    source: Annotated[Path, Parameter(help="What credit-platform backup wrote, or a restore left that was killed.")],
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Verify the backup, change nothing.")] = False,
    yes: Annotated[bool, Parameter(negative="", help="Put it in place of the book that is there.")] = False,
    without_raw: Annotated[bool, Parameter(negative="", help="Leave its raw files out.")] = False,
    replace_raw: Annotated[
        bool, Parameter(negative="", help="Delete raw files that differ from those of the backup, and take these.")
    ] = False,
    despite_runs: Annotated[
        bool, Parameter(negative="", help="The runs that seem to be under way are dead; go on.")
    ] = False,
) -> int:
    """Verify a backup and put it into the data folder; a folder that holds a book is refused without --yes."""
    from credit_platform.cli.backup.restore import Consent, restore
    from credit_platform.settings import load_settings

    consent = Consent(to_replace=yes, to_replace_raw=replace_raw, without_raw=without_raw, despite_runs=despite_runs)
    return restore(load_settings(), Console(), source, consent, is_dry_run=dry_run)


def migrate(
    *,
    dry_run: Annotated[bool, Parameter(negative="", help="Say what would be done, change nothing.")] = False,
    despite_runs: Annotated[
        bool, Parameter(negative="", help="The runs that seem to be under way are dead; go on.")
    ] = False,
) -> int:
    """Bring a data folder of the previous release to the names of this one; broken off, it goes on when run again."""
    from credit_platform.cli.migrate.migrate import migrate
    from credit_platform.settings import load_settings

    return migrate(load_settings(), Console(), is_dry_run=dry_run, despite_runs=despite_runs)


def prune(
    *,
    keep_months: Annotated[int, Parameter(help="Keep the run history of this month and so many before it.")] = 12,
    yes: Annotated[bool, Parameter(negative="", help="Really delete.")] = False,
) -> int:
    """Delete old runs that nothing rests on and what runs printed; tables, versions and decisions are never touched."""
    from credit_platform.cli.backup.prune import prune
    from credit_platform.errors import SettingsError
    from credit_platform.settings import load_settings

    if keep_months < 1:
        raise SettingsError(name="--keep-months", reason=f"{keep_months} is less than 1", fix="Keep one month or more.")
    return prune(load_settings(), Console(), keep_months=keep_months, is_doing=yes)


def add_upkeep_verbs(app: App) -> None:
    """Add the verbs of this module to the command line."""
    for verb in (doctor, backup, restore, migrate, prune):
        app.command(verb)
