"""The comparison of champion and challenger as rows of its monitoring table.

The figures are measured and the decision is made in `scoring`; pages belong to `reports`.
"""

from collections.abc import Iterator
from datetime import date

import polars as pl

from credit_platform.months import month_key
from credit_platform.policy.model_config import ModelConfig
from credit_platform.schemas.champion_challenger import ChampionChallenger
from credit_platform.scoring.champion_challenger.comparison import (
    METRICS,
    ComparedFigure,
    ModelComparison,
    PairedComparison,
)
from credit_platform.scoring.champion_challenger.decision import ChallengerDecision
from credit_platform.statistics.calibration import CalibrationLine
from credit_platform.statistics.intervals import Interval, jeffreys_interval, wilson_interval

SCHEMA = {name: column.dtype for name, column in ChampionChallenger.columns().items()}

_FIGURES = ("breakdown", "segment", "metric", "subject", "value", "ci_low", "ci_high", "n", "n_bad")
_Row = tuple[str, str, str, str, float | None, float | None, float | None, int, int]


def champion_challenger_frame(
    measured: ModelComparison, decision: ChallengerDecision, *, snapshot_month: date, config: ModelConfig, min_bads: int
) -> pl.DataFrame:
    """One challenger's month as rows of `schemas.champion_challenger.ChampionChallenger`, in the order of its key.

    A figure the loans do not define is `unknown`. It is `insufficient` where `champion_challenger.min_cohorts` or
    `champion_challenger.min_bads` are not reached, and for a single cohort below `min_bads` bads or goods.

    Args:
        measured: What was measured.
        decision: What it amounts to.
        snapshot_month: The month looked back from.
        config: Its `champion_challenger` section says what is enough.
        min_bads: Bads (or goods) below which a single cohort is not decided on.
    """
    policy, pooled = config.champion_challenger, measured.pooled
    is_enough = len(measured.by_cohort) >= policy.min_cohorts and pooled.n_of_smaller_class >= policy.min_bads
    smaller_class = pl.min_horizontal("n_bad", pl.col("n") - pl.col("n_bad"))
    is_cohort = pl.col("breakdown") == "cohort"
    is_insufficient = pl.when(is_cohort).then(smaller_class < min_bads).otherwise(pl.lit(not is_enough))
    return (
        pl.DataFrame(list(_rows(measured)), schema={name: SCHEMA[name] for name in _FIGURES}, orient="row")
        .with_columns(
            snapshot_month=pl.lit(snapshot_month),
            champion=pl.lit(measured.champion),
            challenger=pl.lit(measured.challenger),
            decision=pl.lit(decision.verdict),
            reasons=pl.lit("\n".join(decision.reasons)),
            status=pl.when(pl.col("value").is_null())
            .then(pl.lit("unknown"))
            .when(is_insufficient)
            .then(pl.lit("insufficient"))
            .otherwise(pl.lit("ok")),
        )
        .select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items())
        .sort("breakdown", "segment", "metric", "subject")
    )


def _rows(measured: ModelComparison) -> Iterator[_Row]:
    yield from _comparison_rows(measured.pooled, "all", "all")
    yield from _sample_rows(measured)
    for cohort, comparison in measured.by_cohort.items():
        yield from _comparison_rows(comparison, "cohort", month_key(cohort))
    for cell in measured.swaps.iter_rows(named=True):
        n, n_bad = cell["n"], cell["n_bad"]
        yield "swap_set", cell["cell"], "bad_rate", "loans", cell["bad_rate"], cell["ci_low"], cell["ci_high"], n, n_bad
        for subject in ("champion", "challenger"):
            mean = cell[f"{subject}_probability"]
            yield "swap_set", cell["cell"], "mean_probability", subject, mean, None, None, n, n_bad
    for row in measured.sensitivity.iter_rows(named=True):
        figure = row["value"], row["ci_low"], row["ci_high"], row["n"], row["n_bad"]
        yield "approval_rate", f"{row['approval_rate']:.2f}", row["metric"], row["subject"], *figure


def _comparison_rows(comparison: PairedComparison, breakdown: str, segment: str) -> Iterator[_Row]:
    of_subjects = {
        "champion": comparison.champion,
        "challenger": comparison.challenger,
        "difference": comparison.difference,
    }
    for subject, figures in of_subjects.items():
        for metric in METRICS:
            yield breakdown, segment, metric, subject, *_cells(figures[metric]), comparison.n, comparison.n_bad


def _sample_rows(measured: ModelComparison) -> Iterator[_Row]:
    """What else is known of all loans compared: bad rate, approval rate, calibration slopes."""
    n, n_bad = measured.pooled.n, measured.pooled.n_bad
    bad_rate = ComparedFigure(n_bad / n if n else None, jeffreys_interval(n_bad, n, measured.confidence))
    approved = ComparedFigure(
        measured.n_approved / n if n else None, wilson_interval(measured.n_approved, n, measured.confidence)
    )
    yield "all", "all", "bad_rate", "loans", *_cells(bad_rate), n, n_bad
    yield "all", "all", "approval_rate", "loans", *_cells(approved), n, n_bad
    for subject, line in (("champion", measured.champion_line), ("challenger", measured.challenger_line)):
        yield "all", "all", "calibration_slope", subject, *_cells(_slope(line)), n, n_bad


def _slope(line: CalibrationLine | None) -> ComparedFigure:
    return (
        ComparedFigure(None, None)
        if line is None
        else ComparedFigure(line.slope.value, Interval(line.slope.low, line.slope.high))
    )


def _cells(figure: ComparedFigure) -> tuple[float | None, float | None, float | None]:
    low, high = figure.interval or (None, None)
    return figure.value, low, high
