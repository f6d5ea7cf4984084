"""The verb `ui`: Dagster's own UI and daemon on the instance that the command line writes to, for one book or several.

Serving belongs to `webserver`.
"""

import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

from cyclopts import App, Parameter

from credit_platform.cli.instance import prepare_home
from credit_platform.errors import SettingsError
from credit_platform.portfolios.tables import key_prefix
from credit_platform.settings import Settings, child_environment, dagster_home, load_settings


def add_ui_verb(app: App) -> None:
    """Register the verb with the command line."""
    app.command(ui)


def ui(
    *,
    port: Annotated[int, Parameter(help="Port on 127.0.0.1.")] = 3000,
    portfolio: Annotated[
        list[str] | None,
        Parameter(help="A book to show, as CREDIT_PORTFOLIO names one; may be repeated. The environment's without."),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        Parameter(help="A further name people reach it under through a proxy, with its port if any; may be repeated."),
    ] = None,
) -> int:
    """Open the Dagster UI on a book and its history; ends with Ctrl+C. Pages of others cannot operate it."""
    books = [load_settings(of=name) for name in dict.fromkeys(portfolio or ())] or [load_settings()]
    return serve_ui(books, port=port, hosts=allow_host or ())


def serve_ui(books: Sequence[Settings], *, port: int, hosts: Sequence[str] = ()) -> NoReturn:
    """Become the process of `webserver` on loopback until Ctrl+C; `hosts` are further names that it answers to.

    Raises:
        SettingsError: two books have one name, one data folder, or not the same history.
    """
    home = _shared_home(books)
    prepare_home(books[0])
    environment = child_environment(books, home) | {"DAGSTER_HOME": str(home.resolve())}
    # The loans alone are what the workspace.yaml of a checkout names, where there is one.
    is_usual = len(books) == 1 and not key_prefix(books[0].portfolio)
    named = [] if is_usual else [f"--portfolio={book.portfolio_name}" for book in books]
    command = [sys.executable, "-m", "credit_platform.cli.webserver", str(port), *named, *hosts]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own command; signals reach it at first hand


def _shared_home(books: Sequence[Settings]) -> Path:
    for what, values in {
        "are called": [book.portfolio.name for book in books],
        "lie in": [str(book.data_dir.resolve()) for book in books],
    }.items():
        value, n = Counter(values).most_common(1)[0]
        if n > 1:
            fix = "Name books of different names, and a folder for each, as in CREDIT_DATA_DIR_HOME_CREDIT."
            raise SettingsError(name="--portfolio", reason=f"{n} books {what} {value}", fix=fix)
    homes = {book.portfolio.name: dagster_home(book).resolve() for book in books}
    if len(set(homes.values())) > 1:
        told = ", ".join(f"{name} in {home}" for name, home in homes.items())
        fix = "Name one of them, or a new folder, in DAGSTER_HOME, for the UI and for every command about these books."
        raise SettingsError(
            name="--portfolio", reason=f"one UI shows one history, and it is kept apart: {told}", fix=fix
        )
    return dagster_home(books[0])
