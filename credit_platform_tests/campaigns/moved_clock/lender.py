"""One lender under a moved clock: deliveries, Dagster's daemon and code server, the command line, and what they wrote.

What happens to the lender, and what must be true in the end, belongs to the campaigns.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Self

import dagster as dg
import polars as pl
import yaml
from dagster._core.scheduler.instigation import InstigatorTick

from credit_platform.cli.instance import own_instance_text
from credit_platform.lake.governance.alert_log import AlertLog, AlertRecord
from credit_platform.months import month_key
from credit_platform.portfolios.generator import GeneratedBook
from credit_platform_tests.campaigns.moved_clock.clock import MovedClock
from credit_platform_tests.campaigns.retraining_under_attack import free_port
from credit_platform_tests.small_book import BookFolders

_HERE = "credit_platform_tests.campaigns.moved_clock"
_INJECTED = Path(__file__).with_name("injected")
# While a test waits, the clock runs so much faster than the machine's: sensors that look every minute do so every 3 s.
HURRY = 20
_PID = "pid"


@dataclass
class Lender:
    """A book below one folder (`data`, `raw`, `policy`), its processes, and its clock; all times are UTC.

    Attributes:
        root: the folder; `copy_to` makes another lender with the same past.
        generated: the rows that sources deliver, by month.
    """

    root: Path
    generated: GeneratedBook
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def book(self) -> BookFolders:
        return BookFolders(self.root / "data", self.root / "raw", self.root / "policy")

    @property
    def home(self) -> Path:
        """The folder of the Dagster instance."""
        return self.book.data_dir / ".dagster"

    def copy_to(self, root: Path) -> Lender:
        """A lender with the same past, run history and clock included. This one's processes must not run."""
        shutil.copytree(self.root, root)
        copy = Lender(root, self.generated)
        copy.furnish()
        return copy

    def furnish(self) -> None:
        """Write the files of the instance anew: they contain absolute paths and the port."""
        self.home.mkdir(parents=True, exist_ok=True)
        settings = yaml.safe_load(own_instance_text(self.home))
        # Minutes of the hurried clock; a run needs seconds of the machine's to start.
        settings["run_monitoring"] |= {"start_timeout_seconds": 3600}
        (self.home / "dagster.yaml").write_text(yaml.safe_dump(settings))
        served = {"host": "127.0.0.1", "port": self.port, "location_name": "credit_platform"}
        (self.home / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [{"grpc_server": served}]}))

    # The clock.

    @property
    def clock(self) -> MovedClock:
        return MovedClock(self.root / "clock")

    @property
    def now(self) -> datetime:
        return self.clock.now

    def move_to(self, moment: datetime) -> None:
        """Set the clock. Runs under way are waited for first: for Dagster they would last for days."""
        if self.processes:
            self.wait_until(self.is_idle, 180)
        self.clock.move_to(moment)

    def wait_until(self, condition: Callable[[], object], seconds: float = 60, *, hurry: int = HURRY) -> None:
        """Wait for at most so many seconds of the machine's clock, while the lender's runs `hurry` times as fast."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not within {seconds} s, at {self.now:%Y-%m-%d %H:%M}:\n{self.story()}"
            time.sleep(0.5)
            self.clock.hasten(0.5 * (hurry - 1))

    def let_pass(self, minutes: float) -> None:
        """Let minutes of the lender's clock pass, hurried; sensors look meanwhile."""
        end = self.now.timestamp() + 60 * minutes
        self.wait_until(lambda: self.now.timestamp() >= end, 60 * minutes)

    # The machine.

    def start(self) -> Self:
        """Start the code server and the daemon; returns when both answer."""
        server = ["api", "grpc", "-m", "credit_platform.definitions", "--host", "127.0.0.1", "--port", str(self.port)]
        self.processes["server"] = self._start("server", *server)
        while not self._is_served():
            assert self.processes["server"].poll() is None, self.log("server")
            time.sleep(0.2)
        self.processes["daemon"] = self._start("daemon", "daemon", "-w", str(self.home / "workspace.yaml"))
        return self

    def stop(self) -> None:
        """Shut the machine down in order: nothing new starts, runs under way are let finish."""
        if "daemon" in self.processes:
            self._end(self.processes.pop("daemon"), signal.SIGINT)
        if "server" in self.processes:
            self.wait_until(lambda: not self.unfinished({dg.DagsterRunStatus.STARTED}), 120, hurry=1)
            self._end(self.processes.pop("server"), signal.SIGTERM)

    def kill(self) -> None:
        """Take the power away: daemon, code server and all runs are gone at once."""
        while self.processes:
            self._end(self.processes.popitem()[1], signal.SIGKILL)

    def kill_run(self, run_id: str) -> None:
        """Kill the process of one run."""
        for log in self.instance.all_logs(run_id):
            told = getattr(log.get_dagster_event().event_specific_data, "metadata", {}) if log.is_dagster_event else {}
            if _PID in told:
                with suppress(ProcessLookupError):
                    os.kill(int(told[_PID].value), signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self.instance.dispose()

    # People and other machines.

    def deliver(self, name: str, rows: pl.DataFrame) -> Path:
        """Put a CSV file into the raw folder, at once whole, dated by the lender's clock."""
        self.book.raw_dir.mkdir(parents=True, exist_ok=True)
        part = self.root / f"{name}.part"
        rows.write_csv(part)
        stamp = self.now.timestamp()
        os.utime(part, (stamp, stamp))
        return part.replace(self.book.raw_dir / name)

    def deliver_month(self, month: date, *sources: str) -> list[Path]:
        """Deliver a month of some sources, of all by default, one file each, such as `lms_loan_daily_2024_09.csv`."""
        rows: Mapping[str, pl.DataFrame] = self.generated.rows(month)
        return [self.deliver(f"{source}_{month:%Y_%m}.csv", rows[source]) for source in sources or rows]

    def cli(self, *arguments: str, may_fail: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `credit-platform` on the book, as a program under the lender's clock."""
        program = [str(Path(sys.executable).with_name("credit-platform")), *arguments]
        ended = subprocess.run(
            program, env=self._environment(), cwd=self.root, capture_output=True, text=True, check=False, timeout=500
        )
        assert may_fail or ended.returncode == 0, f"{arguments}: {ended.stdout}{ended.stderr}"
        return ended

    def click(self, job: str, month: date) -> str:
        """Launch a month of a job as a person does in the UI; returns the id of the run."""
        before = {run.run_id for run in self.runs()}
        tags = json.dumps({"dagster/partition": month_key(month)})
        launch = ["job", "launch", "-w", str(self.home / "workspace.yaml"), "-j", job, "--tags", tags]
        command = [sys.executable, "-m", f"{_HERE}.dagster_process", *launch]
        ended = subprocess.run(
            command, env=self._environment(), cwd=self.root, capture_output=True, text=True, check=False, timeout=120
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return next(run.run_id for run in self.runs(job) if run.run_id not in before)

    # What there is.

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        return dg.DagsterInstance.from_config(str(self.home))

    def runs(self, job: str | None = None, month: date | None = None) -> list[dg.DagsterRun]:
        """Runs of a job and of a month, oldest first."""
        tags = {} if month is None else {"dagster/partition": month_key(month)}
        return list(self.instance.get_runs(dg.RunsFilter(job_name=job, tags=tags)))[::-1]

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        """The status of a run."""
        run = self.instance.get_run_by_id(run_id)
        assert run is not None, run_id
        return run.status

    def succeeded(self, job: str, month: date) -> bool:
        """Whether a run of a job's month has succeeded."""
        return any(run.is_success for run in self.runs(job, month))

    def unfinished(self, statuses: set[dg.DagsterRunStatus] | None = None) -> list[dg.DagsterRun]:
        """Runs that have not ended, or those in some statuses."""
        return [run for run in self.runs() if not run.is_finished and (statuses is None or run.status in statuses)]

    def is_idle(self) -> bool:
        """Whether no run is queued or under way."""
        return not self.unfinished()

    def ticks(self, name: str) -> list[InstigatorTick]:
        """Ticks of a schedule or a sensor, oldest first."""
        known = [state for state in self.instance.all_instigator_state() if state.instigator_name == name]
        return [
            tick
            for state in known
            for tick in reversed(self.instance.get_ticks(state.instigator_origin_id, state.selector_id))
        ]

    def alerts(self) -> list[AlertRecord]:
        """The alert log, in the order of the events."""
        return list(AlertLog(self.book.layout).records().values())

    def tables(self, month: date) -> list[str]:
        """The tables that have a file of a month."""
        data = self.book.data_dir
        files = data.glob(f"**/{month_key(month)}.parquet")
        found = (file.parent.relative_to(data) for file in files)
        return sorted(str(table) for table in found if table.parts[0] not in {"archive", ".dagster"})

    def story(self) -> str:
        """Runs, the newest tick of each schedule and sensor, alerts: what to read when something did not happen."""
        runs = [f"{run.tags.get('dagster/partition')} {run.job_name} {run.status.value}" for run in self.runs()[-12:]]
        names = sorted(state.instigator_name for state in self.instance.all_instigator_state())
        ticks = [f"{name}: {said(ticks[-1])}" for name in names if (ticks := self.ticks(name))]
        alerts = [f"{one.event.kind} {one.event.title}" for one in self.alerts()[-8:]]
        return "\n".join([*runs, *ticks, *alerts, self.log("daemon")[-2000:]])

    def log(self, name: str) -> str:
        """What a process has printed."""
        file = self.root / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    # Within.

    def _environment(self) -> dict[str, str]:
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(("CREDIT_", "DAGSTER_", "PYTEST_"))}
        checkout = Path(__file__).parents[3]
        found = [str(_INJECTED), str(checkout), *filter(None, [os.environ.get("PYTHONPATH")])]
        return inherited | {
            "CREDIT_DATA_DIR": str(self.book.data_dir),
            "CREDIT_RAW_DIR": str(self.book.raw_dir),
            "CREDIT_POLICY_DIR": str(self.book.policy_dir),
            "DAGSTER_HOME": str(self.home),
            "MOVED_CLOCK": str(self.clock.file),
            "PYTHONPATH": os.pathsep.join(found),
            "COLUMNS": "250",
        }

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.root / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"{_HERE}.dagster_process", *arguments],
                env=self._environment(),
                cwd=self.root,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _is_served(self) -> bool:
        with socket.socket() as server:
            return server.connect_ex(("127.0.0.1", self.port)) == 0

    @staticmethod
    def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def said(tick: InstigatorTick) -> str:
    """When a tick was, how it ended, and what it says."""
    error = "" if tick.error is None else tick.error.message.strip()
    moment = datetime.fromtimestamp(tick.timestamp, tz=UTC)
    return f"{moment:%Y-%m-%d %H:%M} {tick.status.value} {tick.skip_reason or ''}{error}"
