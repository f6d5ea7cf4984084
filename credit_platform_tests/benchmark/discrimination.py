"""How well both models rank and calibrate on the absolute split, beside their bars and the reference's results.

`make bench` reads the months it has built. Alone it builds them itself, for the real book and the month it begins in:
`discrimination RAW_DIR FIRST_MONTH`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl
from rich.console import Console

from credit_platform.assets.models.training import read_cohorts
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range, months_between, parse_month
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.evaluation.evaluation import UNSEEN, Evaluation, evaluate_version
from credit_platform.scoring.training.version import fit_version
from credit_platform.scoring.training.windows import SampleRole
from credit_platform_tests.benchmark.bare_polars import build

Line = tuple[str, str, str]
ROLES: tuple[SampleRole, ...] = ("train", "validation", "test", "oot")
# What the reference's own models reach on this split, as it states it: without an interval.
REFERENCE_OOT = {"scorecard": 0.8253, "gradient_boosting": 0.8472}
BARS: Mapping[str, Mapping[str, float]] = {
    "scorecard": {"test": 0.925, "oot": 0.945},
    "gradient_boosting": {"test": 0.935, "oot": 0.950},
}
SLOPE_BAR = "interval meets 0.85..1.15"


def absolute_cohorts(first_snapshot: date, config: ModelConfig) -> dict[SampleRole, Sequence[date]]:
    """The cohorts of `windows.absolute`, moved so that training begins with the book.

    Raises:
        ValueError: the policy has no absolute windows.
    """
    windows = config.windows.absolute
    if windows is None:
        message = "model_config.yaml has no windows.absolute"
        raise ValueError(message)
    later = months_between(windows.train.first, first_snapshot)
    spans = {role: getattr(windows, role) for role in ROLES}
    return {
        role: month_range(add_months(span.first, later), add_months(span.last, later)) for role, span in spans.items()
    }


def discrimination_lines(lake: Lake, first_snapshot: date, config: ModelConfig, *, has_bars: bool) -> list[Line]:
    """Train every model on the built months and say what it reaches: `(what, measured, bar)`.

    `has_bars` is for the real book; they say nothing of a generated one.
    """
    cohorts, label = absolute_cohorts(first_snapshot, config), config.label
    train, validation = (read_cohorts(lake, cohorts[role], label) for role in ("train", "validation"))
    fitted = {model: fit_version(model, train, validation, config, portfolio=LOANS) for model in config.models}
    # Read only now that both models are final.
    held_out: tuple[SampleRole, ...] = ("test", "oot")
    unseen = {role: read_cohorts(lake, cohorts[role], label) for role in held_out}
    lines: list[Line] = []
    for model, version in fitted.items():
        evaluation = evaluate_version(version, unseen, config=config, cut_off=version.cut_off(config))
        lines += _lines_of(f"{config.models[model].alias} {model}", model, evaluation, has_bars=has_bars)
    if not has_bars:
        lines.append(("bars of AUC and calibration", "", "for the real book only"))
    return lines


def _lines_of(name: str, model: str, evaluation: Evaluation, *, has_bars: bool) -> list[Line]:
    bars = BARS.get(model, {}) if has_bars else {}
    lines: list[Line] = []
    for role, said in (("test", "test"), ("oot", "out-of-time")):
        bar = f"{bars[role]:.3f}" if role in bars else ""
        if bar and role == "oot":
            bar += f", reference {REFERENCE_OOT[model]}"
        lines.append((f"{name}: {said} AUC", _measured(evaluation, role, "roc_auc"), bar))
    slope = _measured(evaluation, UNSEEN, "calibration_slope")
    lines.append((f"{name}: slope, test and out-of-time", slope, SLOPE_BAR if has_bars else ""))
    status = evaluation.grades.filter(sample_role=UNSEEN)["status"]
    failed, tested = int(status.is_in(["warn", "breach"]).sum()), int((status != "insufficient").sum())
    lines.append((f"{name}: grades failing Jeffreys, Holm", f"{failed} of {tested}", "0" if has_bars else ""))
    return lines


def _measured(evaluation: Evaluation, role: str, metric: str) -> str:
    row = evaluation.metrics.filter(pl.col("sample_role") == role, pl.col("metric") == metric).row(0, named=True)
    if row["value"] is None or row["ci_low"] is None:
        return f"undefined, n {row['n']}"
    return f"{row['value']:.4f} ({row['ci_low']:.4f}..{row['ci_high']:.4f}), n {row['n']}"


def main(raw_dir: Path, first: date) -> None:
    """Build the months of the split, train, and print."""
    config = LOANS.load_policy().model
    last = add_months(absolute_cohorts(first, config)["oot"][-1], config.label.lag_months)
    with tempfile.TemporaryDirectory(prefix="credit-benchmark-") as folder:
        build(Path(folder), raw_dir, first, last)
        for line in discrimination_lines(Lake.at(Path(folder), raw_dir, portfolio=LOANS), first, config, has_bars=True):
            Console(width=140).print(*line, sep="   ")


if __name__ == "__main__":
    main(Path(sys.argv[1]), parse_month(sys.argv[2]))
