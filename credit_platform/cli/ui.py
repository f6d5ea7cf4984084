"""Starting Dagster's own UI and daemon on the instance that the command line writes to."""

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from credit_platform.cli.instance import prepare_home
from credit_platform.settings import Settings, child_environment


def serve_ui(settings: Settings, *, port: int, hosts: Sequence[str] = ()) -> NoReturn:
    """Become the process of `webserver` on loopback until Ctrl+C; `hosts` are further names that it answers to."""
    home = prepare_home(settings)
    environment = child_environment(settings, home) | {"DAGSTER_HOME": str(home.resolve())}
    command = [sys.executable, "-m", "credit_platform.cli.webserver", str(port), *hosts]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own command; signals reach it at first hand
