"""Measuring child processes: CPU seconds of the whole process, which other work on the machine does not lengthen."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What a process cost: CPU seconds (user and system, of it and all it started) and seconds on the clock."""

    cpu: float
    wall: float


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cost_of(arguments: Sequence[str], settings: dict[str, str] | None = None) -> Cost:
    """Run a process to its end and say what it cost.

    Raises:
        CalledProcessError: it failed; what it printed has been shown.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("CREDIT_", "DAGSTER_"))}
    cpu, begin = _cpu_of_children(), time.monotonic()
    done = subprocess.run(
        arguments, env=inherited | (settings or {}), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    cost = Cost(cpu=_cpu_of_children() - cpu, wall=time.monotonic() - begin)
    if done.returncode:
        sys.stdout.buffer.write(done.stdout)
        done.check_returncode()
    return cost


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
