"""Measuring child processes: CPU seconds of the whole process, which other work on the machine does not lengthen.

Memory is what the process and all it started held at once, looked at every few hundredths of a second.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_LOOK_EVERY = 0.03


@dataclass(frozen=True)
class Cost:
    """What a process cost: CPU seconds (user and system, of it and all it started), seconds on the clock, and bytes.

    `peak` is the largest resident memory of it and all it started together; 0 where the system does not tell.
    """

    cpu: float
    wall: float
    peak: int = 0


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cost_of(arguments: Sequence[str], settings: dict[str, str] | None = None) -> Cost:
    """Run a process to its end and say what it cost.

    Raises:
        CalledProcessError: it failed; what it printed has been shown.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CREDIT_", "DAGSTER_"))}
    cpu, begin, peak = _cpu_of_children(), time.monotonic(), 0
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            arguments, env=inherited | (settings or {}), stdout=printed, stderr=subprocess.STDOUT
        )
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(_LOOK_EVERY)
        cost = Cost(cpu=_cpu_of_children() - cpu, wall=time.monotonic() - begin, peak=peak)
        if process.returncode:
            printed.seek(0)
            sys.stdout.buffer.write(printed.read())
            raise subprocess.CalledProcessError(process.returncode, arguments)
    return cost


def _resident(pid: int) -> int:
    """Bytes of a process and all it started; 0 once it has ended, and where there is no /proc."""
    of_it = Path("/proc") / str(pid)
    try:
        pages = int((of_it / "statm").read_text().split()[1])
        children = [child for file in of_it.glob("task/*/children") for child in file.read_text().split()]
    except (OSError, IndexError):
        return 0
    return pages * resource.getpagesize() + sum(_resident(int(child)) for child in children)


def cheapest(costs: Iterable[Cost]) -> Cost:
    """The cost least disturbed by other work on the machine."""
    return min(costs, key=lambda cost: cost.cpu)


def costs_of_imports(*statements: str, settings: dict[str, str], repeats: int = 7) -> list[Cost]:
    """The cheapest of several fresh processes for each import statement, taken in turns."""
    rounds = [[cost_of([sys.executable, "-c", text], settings) for text in statements] for _ in range(repeats)]
    return [cheapest(costs) for costs in zip(*rounds, strict=True)]


def cost_of_command(settings: dict[str, str], *arguments: str) -> Cost:
    """The cost of one `credit-platform` command."""
    return cost_of([str(Path(sys.executable).with_name("credit-platform")), *arguments], settings)


def cost_of_script(name: str, settings: dict[str, str], *arguments: str) -> Cost:
    """The cost of one script of this package."""
    return cost_of([sys.executable, "-m", f"credit_platform_tests.benchmark.{name}", *arguments], settings)
