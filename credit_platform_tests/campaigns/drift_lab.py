"""The campaign of the drift lab: every kind of drift lived through `simulate`, on several seeds, one row each.

What is expected stands in `credit_platform.lab.scenarios.detection_requirements`. This prints what was seen, and exits
1 where an expectation does not hold:

    python -m credit_platform_tests.campaigns.drift_lab --seeds 42 1 2 3 --out lab --at-once 2

With --again it lives nothing, and holds what was lived before against the expectations of today.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from credit_platform.cli.book import Book
from credit_platform.cli.lab.simulate import Lab, settings_apart
from credit_platform.cli.lab.story import judge
from credit_platform.months import parse_month
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

NONE, LEAK = "none", "leak"
SEEDS = (42, 1, 2, 3)
FROM = "2023-03"
_STRENGTH = 0.7
_STRENGTHS = {DriftKind.VOLUME: 0.5, DriftKind.SCHEMA_CHANGE: 1.0}


@dataclass(frozen=True)
class Lived:
    """One life: what `simulate` said of it, and how it ended."""

    drift: str
    seed: int
    exit_code: int
    facts: dict[str, Any]
    complaint: str

    @property
    def seen(self) -> str:
        """Every detector that raised in the drift, with the months after its first."""
        rows = [row for row in self.facts.get("noticed", []) if row["first_seen"]]
        return ", ".join(f"{row['detector']} +{row['months_after']}" for row in rows) or "nothing"

    @property
    def before(self) -> str:
        """Every detector that raised before the drift, with the number of months."""
        rows = [row for row in self.facts.get("noticed", []) if row["alarms_before"]]
        return ", ".join(f"{row['detector']} {row['alarms_before']}" for row in rows) or "nothing"

    @property
    def verdict(self) -> str:
        """`holds`, or what does not."""
        if not self.facts:
            return f"exit {self.exit_code}: {self.complaint}"
        return "holds" if self.facts["expectations_hold"] else "; ".join(self.facts["failures"])


def live(drift: str, seed: int, *, strength: float, size: Sequence[str], out: Path) -> Lived:
    """Run one scenario by the command people use, in a process of its own."""
    program = Path(sys.executable).with_name("credit-platform")
    planted = {NONE: [], LEAK: ["--leak"]}.get(drift, ["--drift", drift, "--from", FROM, "--strength", f"{strength:g}"])
    command = [program, "simulate", *planted, "--seed", str(seed), *size, "--out", out, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    complaint = done.stderr.strip().splitlines()[-1:] or ["nothing was said"]
    return Lived(drift, seed, done.returncode, json.loads(done.stdout) if done.stdout else {}, complaint[0])


def told_again(drift: str, seed: int, *, strength: float, size: Sequence[str], out: Path) -> Lived:
    """Hold a scenario that has been lived against the expectations, without living it again."""
    planted = () if drift in {NONE, LEAK} else (Drift(DriftKind(drift), parse_month(FROM), strength),)
    size_of = {"n_months": int(size[1]), "cases_per_month": int(size[3])}
    spec = BookSpec(**size_of, seed=seed, drifts=planted, has_leak=drift == LEAK)
    folder = Lab(out).scenario_folder(spec, LOANS.words)
    scenario = judge(Book.of(settings_apart(load_settings(), folder, spec)), spec, name=folder.name)
    return Lived(drift, seed, 1 if scenario.failures else 0, scenario.to_dict(), "")


def main() -> int:
    """Live through the drifts named, on the seeds named; 0 when every expectation holds."""
    kinds = [NONE, LEAK, *(str(kind) for kind in DriftKind)]
    parser = argparse.ArgumentParser(description="Every drift of the lab, by `simulate`, on several seeds.")
    parser.add_argument("--drifts", nargs="+", choices=kinds, default=kinds)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--strength", type=float, help=f"of all; without it {_STRENGTH} but for some kinds")
    parser.add_argument("--months", default="48")
    parser.add_argument("--loans-per-month", default="300")
    parser.add_argument("--out", type=Path, default=Path("lab"))
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--again", action="store_true", help="judge what was lived before")
    wanted = parser.parse_args()
    console = Console()
    table = Table(title=f"Drifts from {FROM}, {wanted.months} months of {wanted.loans_per_month} loans")
    for column in ("drift", "strength", "seed", "first seen, months after", "months raised before", "expectations"):
        table.add_column(column, overflow="fold")
    size = ["--months", wanted.months, "--loans-per-month", wanted.loans_per_month]
    strengths = {drift: wanted.strength or _STRENGTHS.get(DriftKind(drift), _STRENGTH) for drift in kinds[2:]}
    with ThreadPoolExecutor(wanted.at_once) as pool:
        how = told_again if wanted.again else live
        lives = [
            pool.submit(how, drift, seed, strength=strengths.get(drift, 0.0), size=size, out=wanted.out)
            for drift in wanted.drifts
            for seed in wanted.seeds
        ]
        all_hold = True
        for future in lives:
            lived = future.result()
            all_hold = all_hold and lived.exit_code == 0
            strength = f"{strengths[lived.drift]:g}" if lived.drift in strengths else "–"
            row = (lived.drift, strength, str(lived.seed), lived.seen, lived.before, lived.verdict)
            console.print(" | ".join(row), highlight=False, soft_wrap=True)
            table.add_row(*row)
    console.print(table)
    return 0 if all_hold else 1


if __name__ == "__main__":
    sys.exit(main())
