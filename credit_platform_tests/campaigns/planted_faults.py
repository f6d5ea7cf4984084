"""The campaign of planted faults: which faults, how long each is watched, and a table for several seeds.

What is asked of a fault stands in planted_bars. This prints what was measured, and exits 1 where a bar does not hold:

    python -m credit_platform_tests.campaigns.planted_faults --seeds 1 2 3
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from credit_platform.months import add_months
from credit_platform.portfolios.drift import DriftKind
from credit_platform_tests.campaigns.planted_bars import bars_of
from credit_platform_tests.campaigns.planted_life import START, PlantedLife, months_from_start, planted, spec_of

SEED = 42
# Months after the first drifted one: to the first outcome, for a source the month itself and one more. Without a drift
# to the 24th live outcome; with another concept to the outcome of the first cohort that a cured version scored.
FAULTS: dict[str, int] = {
    "none": 20,
    "covariate": 6,
    # Until the first version that was trained on four drifted cohorts has scored one with an outcome.
    "concept": 22,
    "label_delay": 1,
    "source_dark": 1,
    "volume": 6,
}
_STRENGTH = {"volume": 0.5}


def base_of(root: Path, seed: int) -> PlantedLife:
    """A book that does not drift, until the month before any fault."""
    life = planted(root, None, seed=seed, n_months=months_from_start(0))
    life.live(last=add_months(START, -1))
    return life


def lived(base: PlantedLife, fault: str, root: Path, *, seed: int, months: int | None = None) -> PlantedLife:
    """The base's life gone on with a fault, to as many months after its first."""
    kind = None if fault == "none" else DriftKind(fault)
    n_months = months_from_start(FAULTS[fault] if months is None else months)
    spec = spec_of(kind, seed=seed, n_months=n_months, strength=_STRENGTH.get(fault, 0.7))
    life = base.branch(root, spec, until=add_months(START, -1))
    life.live(first=START)
    return life


def main() -> int:
    """Run the faults named, on the seeds named; 0 when every bar holds."""
    parser = argparse.ArgumentParser(description="Planted faults on whole generated books.")
    parser.add_argument("--seeds", type=int, nargs="+", default=[SEED])
    parser.add_argument("--faults", nargs="+", choices=list(FAULTS), default=list(FAULTS))
    arguments = parser.parse_args()
    console, all_hold = Console(), True
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            begun = time.process_time()
            base = base_of(Path(folder) / "base", seed)
            console.print(f"seed {seed}: base lived, {time.process_time() - begun:.0f} CPU seconds")
            for fault in arguments.faults:
                begun = time.process_time()
                bars = bars_of(lived(base, fault, Path(folder) / fault, seed=seed), fault)
                table = Table(title=f"{fault}, seed {seed}, {time.process_time() - begun:.0f} CPU seconds")
                for column in ("model", "asked", "measured", "holds"):
                    table.add_column(column)
                for bar in bars:
                    table.add_row(bar.model, bar.asked, bar.measured, "yes" if bar.holds else "NO")
                console.print(table)
                all_hold = all_hold and all(bar.holds for bar in bars)
    return 0 if all_hold else 1


if __name__ == "__main__":
    sys.exit(main())
