"""Figures of what is known before the outcome: estimates beside outcomes, and how cohorts begin to pay.

The small picture is for places that show a picture but run no script. Figures of outcomes belong in `model_months`; how
a cohort is read, in `monitoring.early_warning.early_outcomes`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from credit_platform.monitoring.early_warning.early_outcomes import CohortReading
from credit_platform.monitoring.early_warning.early_performance_tests import ALL_READS
from credit_platform.monitoring.early_warning.source_segments import is_of_all_sources
from credit_platform.reports.figures.model_months import add_interval, add_line, rows_of
from credit_platform.reports.figures.panels import Figure, Mark, Panels
from credit_platform.reports.figures.svg import trend_svg
from credit_platform.reports.wording import BLUE, GREEN, GREY, ORANGE, VERMILION, metric_name, read_name
from credit_platform.statistics.intervals import jeffreys_interval

ESTIMATED = ("roc_auc", "bad_rate")
_COLOURS = (BLUE, ORANGE, GREEN, GREY)
_HOVER = (
    "cohort %{x|%Y-%m}: %{y:.4f}<br>expected %{customdata[0]}<br>n %{customdata[1]}, early bads %{customdata[2]}<br>"
    "%{customdata[3]}<extra></extra>"
)


def estimate_against_outcome(
    history: pl.DataFrame, *, names: Mapping[str, str], hidden: set[tuple[str, str]]
) -> Figure:
    """Outcome solid and estimate dashed, by cohort; one row of panels per metric, one panel per model.

    Args:
        history: Rows of `schemas.monitoring.MonitoringHistory`.
        names: Titles of the models by name.
        hidden: Model and metric of the estimates that their backtest does not let be shown.
    """
    pairs = [(metric, model) for metric in ESTIMATED for model in names]
    titles = [f"{metric_name(metric)}, {names[model]}" for metric, model in pairs]
    panels = Panels(titles, columns=max(1, len(names)))
    months: list[date] = []
    for panel, (metric, model) in enumerate(pairs):
        if (model, metric) not in hidden:
            estimated = rows_of(history, model=model, layer="estimate", metric=metric).sort("cohort")
            add_interval(panels, panel, estimated, name="interval of the estimate", colour=ORANGE, by="cohort")
            add_line(panels, panel, estimated, Mark("estimate", ORANGE, dash="dash", size=6), by="cohort")
            months += estimated["cohort"].to_list()
        realised = rows_of(history, model=model, layer="performance", metric=metric).sort("cohort")
        add_interval(panels, panel, realised, name="interval of the outcome", colour=BLUE, by="cohort")
        add_line(panels, panel, realised, Mark("outcome", BLUE), by="cohort")
        months += realised["cohort"].to_list()
    panels.over_months(months)
    return panels.figure()


def reads_of(history: pl.DataFrame) -> list[str]:
    """Names of the early labels in the history, youngest first."""
    rows = history.filter(pl.col("layer") == "early_reads", pl.col("segment") != ALL_READS, is_of_all_sources())
    age = (pl.col("observed_month").dt.year() - pl.col("cohort").dt.year()) * 12 + (
        pl.col("observed_month").dt.month().cast(pl.Int32) - pl.col("cohort").dt.month().cast(pl.Int32)
    )
    ages = rows.select("segment", age=age).unique().sort("age", "segment")
    return ages.get_column("segment").unique(maintain_order=True).to_list()


def early_performance_by_cohort(history: pl.DataFrame, *, names: Mapping[str, str]) -> Figure:
    """One column per early label: above, the share of early bads by cohort; below, how each model ranked them.

    Dashed is what earlier cohorts let expect. A cohort that is worse by more than chance is a filled diamond in red.
    """
    reads = reads_of(history)
    titles = [f"{read_name(read)}: share" for read in reads] + [f"{read_name(read)}: ROC-AUC" for read in reads]
    panels = Panels(titles, columns=max(1, len(reads)), shares_scale=False)
    months: list[date] = []
    for place, read in enumerate(reads):
        models = [model for model in names if not _read(history, model, read, "bad_rate").is_empty()]
        for model in models[:1]:  # the share does not depend on a model
            rows = _read(history, model, read, "bad_rate")
            add_interval(panels, place, rows, name="interval", colour=BLUE, by="cohort")
            _add_read(panels, place, rows, Mark("share of early bads", BLUE, size=6))
            _add_expected(panels, place, rows)
            months += rows["cohort"].to_list()
        for model, colour in zip(models, _COLOURS, strict=False):
            rows = _read(history, model, read, "roc_auc")
            _add_read(panels, place + len(reads), rows, Mark(f"ROC-AUC, {names[model]}", colour, size=6))
    panels.over_months(months)
    return panels.figure(height=300)


def _read(history: pl.DataFrame, model: str, read: str, metric: str) -> pl.DataFrame:
    return rows_of(history, model=model, layer="early_reads", metric=metric, segment=read).sort("cohort")


def _add_read(panels: Panels, panel: int, rows: pl.DataFrame, mark: Mark) -> None:
    values, cohorts = rows["value"].to_list(), rows["cohort"].to_list()
    panels.add_series(panel, cohorts, values, mark, facts=_facts(rows), hover=_HOVER)
    worse = rows.filter(status="warn")
    if worse.height:
        panels.add_series(
            panel,
            worse["cohort"].to_list(),
            worse["value"].to_list(),
            Mark("worse than before", VERMILION, mode="markers", size=12),
            symbols=["diamond"] * worse.height,
            facts=_facts(worse),
            hover=_HOVER,
        )


def _add_expected(panels: Panels, panel: int, rows: pl.DataFrame) -> None:
    expected: Sequence[object] = rows["expected"].to_list()
    panels.add_series(
        panel, rows["cohort"].to_list(), expected, Mark("of earlier cohorts", GREY, dash="dash", mode="lines")
    )


def _facts(rows: pl.DataFrame) -> list[tuple[object, ...]]:
    return rows.select(
        pl.col("expected").round(3).cast(pl.String).fill_null("unknown"),
        "n",
        pl.col("n_bad").cast(pl.String).fill_null("unknown"),
        "status",
    ).rows()


def early_performance_svg(
    reads: Sequence[CohortReading], measured: pl.DataFrame, *, month: date, confidence: float
) -> str:
    """The rate of the latest early label by cohort, as far as it is known in a month, with what was expected last.

    Args:
        reads: Of all cohorts; those read after `month` are not drawn.
        measured: The month's early reads.
        month: The month.
        confidence: Level of the intervals.
    """
    latest = max((read.mob for read in reads), default=0)
    drawn = sorted(
        (read for read in reads if read.mob == latest and read.read_month <= month and read.n),
        key=lambda read: (read.cohort, read.read),
    )
    drawn = [read for read in drawn if read.read == drawn[0].read]
    intervals = [jeffreys_interval(read.n_bad, read.n, confidence) for read in drawn]
    name = drawn[0].read if drawn else "early reads"
    expected = measured.filter(segment=name, metric="bad_rate").sort("cohort").get_column("expected").drop_nulls()
    return trend_svg(
        [read.cohort for read in drawn],
        [read.n_bad / read.n for read in drawn],
        title=f"{name}: bad rate by cohort",
        low=[None if interval is None else interval.low for interval in intervals],
        high=[None if interval is None else interval.high for interval in intervals],
        levels=[round(float(expected[-1]), 4)] if expected.len() else [],
    )
