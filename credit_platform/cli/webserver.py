"""The process of `credit-platform ui`: Dagster's webserver behind `same_origin`, a daemon, a code server for both.

It is what `dagster dev` starts, of which only the webserver cannot be put behind anything. Settings are read by the
process that starts this one.
"""

import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import uvicorn
import yaml
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__

from credit_platform.cli.same_origin import SameOrigin
from credit_platform.instance.shared_history import location_name
from credit_platform.instance.webserver_internals import (
    ModuleTarget,
    ProxyServerManager,
    WorkspaceFileTarget,
    WorkspaceProcessContext,
)
from credit_platform.portfolios.named import portfolio_named
from credit_platform.settings import load_settings

HOST = "127.0.0.1"
_WORKSPACE = "workspace.yaml"
_PORTFOLIO = "--portfolio="
_POLL_MILLISECONDS = 2000
_SECONDS_TO_END = 60


def run_webserver(port: int, hosts: Sequence[str], portfolios: Sequence[str] = ()) -> None:
    """Serve the UI on loopback until a signal ends it.

    Args:
        port: on loopback.
        hosts: further names under which people reach it.
        portfolios: the books to show; what the workspace.yaml here names, or the book of the environment, without.
    """
    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.get())
        if portfolios:
            folder = Path(stack.enter_context(TemporaryDirectory()))
            target = WorkspaceFileTarget([str(_workspace_of(portfolios, folder))])
        else:
            target = WorkspaceFileTarget([_WORKSPACE]) if Path(_WORKSPACE).is_file() else _platform()
        servers = stack.enter_context(ProxyServerManager(instance, target, "warning"))
        workspace = Path(stack.enter_context(TemporaryDirectory()), _WORKSPACE)
        workspace.write_text(yaml.safe_dump({"load_from": list(servers.get_code_server_specs())}), encoding="utf-8")
        daemon = str(Path(sys.executable).with_name("dagster-daemon"))
        stack.callback(_end, subprocess.Popen([daemon, "run", "--workspace", str(workspace)]))  # noqa: S603 - our own
        shared = WorkspaceFileTarget([str(workspace)])
        context = stack.enter_context(WorkspaceProcessContext(instance, shared, __version__))
        app = create_app_from_workspace_process_context(context, live_data_poll_rate=_POLL_MILLISECONDS)
        print(f"The UI is at http://{HOST}:{port}; Ctrl+C ends it.", flush=True)
        uvicorn.run(SameOrigin(app, tuple(name.lower() for name in hosts)), host=HOST, port=port, log_level="warning")


def _platform() -> ModuleTarget:
    # The name under which the command line records its runs.
    location = location_name(load_settings().portfolio)
    return ModuleTarget("credit_platform.definitions", attribute=None, working_directory=None, location_name=location)


def _workspace_of(portfolios: Sequence[str], folder: Path) -> Path:
    """A workspace.yaml with a code location for each book."""
    locations = [
        {
            "python_module": {
                "module_name": "credit_platform.books",
                "attribute": name,
                "location_name": location_name(portfolio_named(name)),
                "working_directory": str(Path.cwd()),
            }
        }
        for name in portfolios
    ]
    file = folder / _WORKSPACE
    file.write_text(yaml.safe_dump({"load_from": locations}), encoding="utf-8")
    return file


def _end(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(timeout=_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        daemon.kill()


if __name__ == "__main__":
    # Ended like this the daemon and the code server are ended as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        words = sys.argv[2:]
        books = [word.removeprefix(_PORTFOLIO) for word in words if word.startswith(_PORTFOLIO)]
        run_webserver(int(sys.argv[1]), [word for word in words if not word.startswith(_PORTFOLIO)], books)
    except KeyboardInterrupt:
        sys.exit(0)
