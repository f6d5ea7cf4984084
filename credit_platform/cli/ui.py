"""Starting Dagster's own UI and daemon on the instance that the command line writes to."""

import subprocess
import sys
from pathlib import Path

from credit_platform.cli.instance import prepare_home
from credit_platform.settings import Settings, child_environment


def serve_ui(settings: Settings, *, port: int) -> int:
    """Run `dagster dev` on loopback until it ends; returns its exit code."""
    home = prepare_home(settings)
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "--host", "127.0.0.1", "--port", str(port)]
    if not Path("workspace.yaml").is_file():
        command += ["--module-name", "credit_platform.definitions"]
    try:
        return subprocess.run(command, env=child_environment(settings, home), check=False).returncode  # noqa: S603 - our own command
    except KeyboardInterrupt:
        return 0
