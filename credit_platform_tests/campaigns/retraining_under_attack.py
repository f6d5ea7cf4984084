"""A book whose actions ask for retraining, with Dagster's own processes at work on it: a code server and two daemons.

Which of them are killed, and what must hold in the end, stands in the campaign.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import dagster as dg
import yaml

from credit_platform.cli.instance import own_instance_text
from credit_platform.lake.book_file import BookFile, book_file_text
from credit_platform_tests.small_book import FIRST, LAST, BookFolders

# Attempts enough for what is killed, and a killed run is not waited for as long as in earnest.
_RETRAINING = "retraining: {every_months: 3, max_attempts: 9, dead_after_seconds: 25}\n"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Attacked:
    """The processes of one book."""

    book: BookFolders
    home: Path
    port: int = field(default_factory=free_port)
    daemons: list[subprocess.Popen[bytes]] = field(default_factory=list)
    server: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, finished: BookFolders, root: Path) -> Attacked:
        """A copy of a finished book with an instance on disk and sensors that start by themselves."""
        copy = finished.copy_to(root)
        policy = root / "policy"
        policy.mkdir()
        for file in finished.policy_dir.iterdir():
            (policy / file.name).write_bytes(file.read_bytes())
        with (policy / "model_config.yaml").open("a") as config:
            config.write(_RETRAINING)
        book = BookFolders(copy.data_dir, copy.raw_dir, policy)
        told = BookFile(first_month=FIRST, last_month=LAST, automation="running")
        (book.data_dir / "platform.yaml").write_text(book_file_text(told))
        home = root / "home"
        home.mkdir()
        instance = yaml.safe_load(own_instance_text(home))
        instance["run_monitoring"] |= {"start_timeout_seconds": 90, "poll_interval_seconds": 5}
        (home / "dagster.yaml").write_text(yaml.safe_dump(instance))
        attacked = cls(book, home)
        served = {"host": "127.0.0.1", "port": attacked.port, "location_name": "credit_platform"}
        (home / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"grpc_server": served}]}))
        # First looks at an empty history race on making its tables.
        with attacked.instance() as instance:
            instance.get_runs_count()
            instance.event_log_storage.get_maximum_record_id()
            instance.all_instigator_state()
        return attacked

    def instance(self) -> dg.DagsterInstance:
        return dg.DagsterInstance.from_config(str(self.home))

    def start_server(self) -> None:
        module = ["-m", "credit_platform.definitions", "--host", "127.0.0.1", "--port", str(self.port)]
        self.server = self._start("server", "-m", "dagster", "api", "grpc", *module)

    def start_daemon(self) -> None:
        daemon = Path(__file__).with_name("hasty_daemon.py")
        self.daemons.append(self._start("daemon", str(daemon), "-w", str(self.home / "workspace.yaml")))

    def kill_daemon(self, which: int) -> None:
        """Kill one daemon as the machine would, and start another in its place."""
        _kill_group(self.daemons.pop(which))
        self.start_daemon()

    def lose_power(self) -> None:
        """Kill everything at once, runs included, and start again."""
        killed = [*self.daemons, *([self.server] if self.server else [])]
        self.daemons.clear()
        for process in killed:
            _kill_group(process)
        self.start_server()
        self.start_daemon()
        self.start_daemon()

    def stop(self) -> None:
        for process in [*self.daemons, *([self.server] if self.server else [])]:
            _kill_group(process)

    def __enter__(self) -> Self:
        with ExitStack() as started:
            started.callback(self.stop)
            self.start_server()
            self.start_daemon()
            self.start_daemon()
            started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(("CREDIT_", "DAGSTER_", "PYTEST_"))}
        folders = {
            "CREDIT_DATA_DIR": str(self.book.data_dir),
            "CREDIT_RAW_DIR": str(self.book.raw_dir),
            "CREDIT_POLICY_DIR": str(self.book.policy_dir),
            "DAGSTER_HOME": str(self.home),
        }
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                env=inherited | folders,
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
