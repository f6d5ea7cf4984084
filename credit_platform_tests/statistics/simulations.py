"""Size, power and coverage of the platform's tests and intervals, simulated with the functions that it uses.

`python -m credit_platform_tests.statistics.simulations` prints the table, `--write` writes it into the guide.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import credit_platform
from credit_platform_tests.monitoring.data_quality.simulated_feeds import HONEST, SELECTED
from credit_platform_tests.statistics.simulated_coverage import (
    ESTIMATED,
    coverage_of_difference,
    coverage_of_estimate,
    of_metrics,
)
from credit_platform_tests.statistics.simulated_tests import (
    adverse_impact,
    availability_gate,
    calibration_tests,
    challenger_looks,
    early_deviations,
    paired_bootstrap,
    paired_delong,
)

PAGE = Path(credit_platform.__file__).parent / "guide" / "tests-and-intervals.md"
_BEGIN, _END = "<!-- simulated -->\n", "<!-- end of simulated -->"
COVERED = (0.93, 0.98)
EARLY = "300 loans, 12% bad, ROC-AUC 0.87, twelve earlier cohorts"


@dataclass(frozen=True)
class Study:
    """Samples of one kind, and what is counted in them: the share of samples by figure.

    Attributes:
        setup: The samples, in words.
        measured: The shares, from a number of samples.
        bars: By figure, within what its share must be.
        samples: How many the table is made of; a fast test draws fewer.
    """

    setup: str
    measured: Callable[[int], Mapping[str, float]]
    bars: Mapping[str, tuple[float, float]]
    samples: int = 1500


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    setup: str
    figure: str
    share: float
    low: float
    high: float

    @property
    def holds(self) -> bool:
        """Whether the share is within its bar."""
        return self.low <= self.share <= self.high

    @property
    def line(self) -> str:
        """The row in Markdown."""
        return f"| {self.figure} | {self.setup} | {self.share:.3f} | {self.low:g} to {self.high:g} |"


def _studies() -> list[Study]:
    metrics = dict.fromkeys(
        (
            "coverage, ROC-AUC",
            "coverage, KS",
            "coverage, Brier score",
            "coverage, calibration slope",
            "coverage, calibration in the large",
            "coverage, calibration gap",
        ),
        COVERED,
    )
    resampled = dict.fromkeys(("coverage, F1 score", "coverage, average precision"), (0.90, 0.98))
    estimates = {f"coverage, estimated {word}": COVERED for word in ESTIMATED.values()}
    return [
        *(
            Study(f"500 loans, ROC-AUC {auc:g}, {rate:.0%} bad", partial(of_metrics, auc, rate), metrics | resampled)
            for auc, rate in ((0.75, 0.28), (0.82, 0.28), (0.90, 0.2), (0.96, 0.28))
        ),
        Study(
            "ROC-AUC of two samples of 300 loans, 0.86 each",
            partial(coverage_of_difference, 0.86, 0.28, 300),
            {"coverage, difference of ROC-AUC": COVERED},
        ),
        *(
            Study(f"500 loans, 1,500 for validation, {words}", partial(coverage_of_estimate, scale), estimates)
            for words, scale in (
                ("ROC-AUC 0.96", 1.0),
                ("0.96 shifted to 0.82", 0.32),
                ("0.96 shifted to 0.75", 0.22),
            )
        ),
        Study(
            "500 loans, ROC-AUC 0.86, right probabilities",
            partial(calibration_tests, 0.0),
            {
                "size, calibration gap of a group": (0.03, 0.065),
                "size, Jeffreys test of all loans": (0.03, 0.065),
                "size, Jeffreys tests of all grades": (0.0, 0.065),
                "size, Spiegelhalter": (0.03, 0.065),
                "size, Hosmer-Lemeshow": (0.03, 0.07),
            },
        ),
        Study(
            "500 loans, ROC-AUC 0.96, probabilities 0.5 logits too low",
            partial(calibration_tests, -0.5, 0.96),
            {"power, calibration gap of a group": (0.5, 1.0), "power, Jeffreys test of all loans": (0.5, 1.0)},
        ),
        Study(
            "groups of 111 and 83, 80 % approved, true ratio 0.7",
            partial(adverse_impact, 0.7, (111, 83)),
            {"power, adverse impact": (0.85, 1.0)},
            samples=10_000,
        ),
        *(
            Study(
                f"{len(sizes)} groups alike, 80 % approved",
                partial(adverse_impact, 1.0, sizes),
                {"size, adverse impact of any group": (0.0, 0.05)},
                samples=10_000,
            )
            for sizes in ((111, 83), (111, 83, 60, 140, 90, 100))
        ),
        # Exactly 0.0485; the bar allows for the simulation's own error. Of half approved it would be 0.0513.
        Study(
            "groups of 111 and 83 alike, 60 % approved",
            partial(adverse_impact, 1.0, (111, 83), approved=0.6),
            {"size, adverse impact of any group": (0.0, 0.055)},
            samples=10_000,
        ),
        *(
            Study(
                f"{EARLY}, {words}",
                partial(early_deviations, rate, auc),
                {
                    f"{kind}, early {figure} at {level:g}": bar
                    for figure in ("bad rate", "ROC-AUC")
                    for level, bar in bars
                },
                samples=samples,
            )
            for words, kind, rate, auc, bars, samples in (
                ("unchanged", "size", 0.12, 0.87, ((0.05, (0.03, 0.06)), (0.001, (0.0, 0.002))), 20_000),
                ("24% bad, ROC-AUC 0.65", "power", 0.24, 0.65, ((0.001, (0.8, 1.0)),), 1500),
            )
        ),
        Study(
            "two versions that rank alike, 500 loans",
            partial(paired_delong, 500),
            {"size, DeLong's paired test": (0.03, 0.065)},
        ),
        Study(
            "two versions, 500 loans; noise of the same size, or of six times the size in one",
            partial(paired_bootstrap, 500),
            {"size, paired bootstrap of F1": (0.03, 0.065), "power, paired bootstrap of F1": (0.8, 1.0)},
            samples=1000,
        ),
        Study(
            "an equal challenger, twelve monthly looks, 400 loans a month",
            partial(challenger_looks, 0.5, 0.5),
            {"size, rejected at any look": (0.0, 0.06), "size, promoted at any look": (0.0, 0.06)},
            samples=1000,
        ),
        Study(
            "a challenger worse by 0.03 of ROC-AUC, the same looks",
            partial(challenger_looks, 0.5, 1.0),
            {"power, rejected at any look": (0.8, 1.0)},
            samples=300,
        ),
        Study(
            f"honest feeds of {len(HONEST)} kinds, outages among them, 18 cohorts",
            partial(availability_gate, HONEST, "size, availability gate"),
            {"size, availability gate": (0.0, 0.01)},
            samples=100 * len(HONEST),
        ),
        Study(
            f"feeds of customers chosen in hindsight, {len(SELECTED)} kinds",
            partial(availability_gate, SELECTED, "power, availability gate"),
            {"power, availability gate": (0.99, 1.0)},
            samples=50 * len(SELECTED),
        ),
    ]


STUDIES = _studies()


def rows(study: Study, samples: int | None = None) -> list[Row]:
    """The lines of one study, in the order of its bars."""
    found = study.measured(samples or study.samples)
    return [Row(study.setup, figure, found[figure], low, high) for figure, (low, high) in study.bars.items()]


def shown() -> list[Row]:
    """The lines on the page."""
    part = PAGE.read_text(encoding="utf-8").split(_BEGIN)[1].split(_END)[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.strip().splitlines()[2:]]
    return [
        Row(setup, figure, float(share), *(float(end) for end in bar.split(" to ")))
        for figure, setup, share, bar in cells
    ]


def main() -> None:
    """Print the table or write it."""
    table = ["| what | samples | simulated | between |", "|---|---|---|---|"]
    for study in STUDIES:
        for row in rows(study):
            table.append(row.line)
            sys.stdout.write(row.line + ("\n" if row.holds else " MISSED\n"))
            sys.stdout.flush()
    if "--write" in sys.argv:
        text = PAGE.read_text(encoding="utf-8")
        before, after = text.split(_BEGIN)[0], text.split(_END)[1]
        PAGE.write_text(before + _BEGIN + "\n".join(table) + "\n" + _END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
