"""Figures of a model's months: realised metrics with intervals and floors, drift of the scores, actions and versions.

Every function takes the monitoring history (or the actions) and the names of the models in their order, and gives plain
content without background, so that the page around it decides between light and dark. Putting figures on a page belongs
in the dashboard's modules; what is seen before the outcome, in `early_figures`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Literal

import polars as pl

from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.reports.figures.panels import Figure, Mark, Panels
from credit_platform.reports.wording import (
    ACTION_COLOURS,
    ACTION_SYMBOLS,
    ACTIONS,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    metric_name,
)

_SOURCE_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, GREY)
HOVER = "%{x|%Y-%m}: %{y:.4f}<br>cohort %{customdata[0]}, n %{customdata[1]}, bads %{customdata[2]}<br>%{customdata[3]}"


def rows_of(history: pl.DataFrame, *, model: str, layer: str, metric: str, segment: str = "all") -> pl.DataFrame:
    """One metric of one model for the whole cohort, by month."""
    return history.filter(model=model, layer=layer, metric=metric, segment=segment).sort("observed_month")


def metric_trends(
    history: pl.DataFrame, metrics: Sequence[str], *, names: Mapping[str, str], thresholds: MonitoringThresholds
) -> Figure:
    """Realised metrics by month, one row of panels per metric and one panel per model, with interval and both floors.

    Open markers are backtest months: cohorts of the version's own development sample.

    Args:
        history: Rows of `schemas.monitoring.MonitoringHistory`.
        metrics: The metrics, one row of panels each.
        names: Titles of the models by name, in the order of the panels.
        thresholds: The policy in force.
    """
    is_one = len(metrics) == 1
    pairs = [(metric, model) for metric in metrics for model in names]
    titles = [names[model] if is_one else f"{metric_name(metric)}, {names[model]}" for metric, model in pairs]
    panels = Panels(titles, columns=max(1, len(names)))
    for panel, (metric, model) in enumerate(pairs):
        rows = rows_of(history, model=model, layer="performance", metric=metric)
        add_interval(panels, panel, rows, name=f"{thresholds.confidence:.0%} interval", colour=BLUE)
        add_line(panels, panel, rows, Mark(metric_name(metric) if is_one else "metric", BLUE))
        threshold = thresholds.metrics_for(model).get(metric)
        if threshold is not None:
            level = threshold.data_science_threshold
            if level is not None:
                panels.add_level(panel, level, f"data-science threshold {level:.4g}", ORANGE)
            level = threshold.business_threshold
            if level is not None:
                panels.add_level(panel, level, f"business threshold {level:.4g}", VERMILION, side="right")
    panels.over_months(_months(history, "performance"))
    return panels.figure()


def psi_trend(history: pl.DataFrame, *, names: Mapping[str, str], thresholds: MonitoringThresholds) -> Figure:
    """PSI of the scores by month, one panel per model, with both bands and the level chance alone explains."""
    panels = Panels(list(names.values()), columns=max(1, len(names)))
    for panel, model in enumerate(names):
        floor = rows_of(history, model=model, layer="stability", metric="psi_sampling_floor")
        chance = Mark("expected by chance", GREY, dash="dot", mode="lines")
        panels.add_series(panel, floor["observed_month"].to_list(), floor["value"].to_list(), chance)
        rows = rows_of(history, model=model, layer="stability", metric="psi")
        add_line(panels, panel, rows, Mark("PSI of the scores", BLUE))
        panels.add_level(panel, thresholds.psi.warn, f"warning {thresholds.psi.warn:g}", ORANGE)
        panels.add_level(panel, thresholds.psi.alert, f"alert {thresholds.psi.alert:g}", VERMILION, side="right")
    panels.up(rangemode="tozero")
    panels.over_months(_months(history, "stability"))
    return panels.figure()


def source_shares(history: pl.DataFrame, *, model: str) -> Figure:
    """The share of a month's loans that have each source; it is the same whichever model scored them."""
    shares = history.filter(model=model, layer="stability", metric="source_share")
    panels = Panels([""])
    for place, source in enumerate(shares["segment"].unique().sort()):
        rows = rows_of(history, model=model, layer="stability", metric="source_share", segment=source)
        add_line(panels, 0, rows, Mark(source, _SOURCE_COLOURS[place % len(_SOURCE_COLOURS)]))
    panels.up(tickformat=".0%", rangemode="tozero")
    panels.over_months(_months(history, "stability"))
    return panels.figure()


def probability_drift(history: pl.DataFrame, *, names: Mapping[str, str], thresholds: MonitoringThresholds) -> Figure:
    """Relative change of the probabilities' mean and spread against the reference, with the limits of policy."""
    panels = Panels(list(names.values()), columns=max(1, len(names)))
    limits = thresholds.stability
    series: tuple[tuple[str, str, str, float, Literal["left", "right"]], ...] = (
        ("mean_probability_drift", "mean", BLUE, limits.mean_drift, "left"),
        ("std_probability_drift", "spread (standard deviation)", ORANGE, limits.std_drift, "right"),
    )
    for panel, model in enumerate(names):
        for metric, name, colour, limit, side in series:
            rows = rows_of(history, model=model, layer="stability", metric=metric)
            add_line(panels, panel, rows, Mark(name, colour))
            for level in (limit, -limit):
                panels.add_level(panel, level, f"limit of the {name.split()[0]} {level:+.0%}", colour, side=side)
    panels.up(tickformat="+.0%")
    panels.over_months(_months(history, "stability"))
    return panels.figure()


def bad_rate_against_probability(
    history: pl.DataFrame, *, names: Mapping[str, str], thresholds: MonitoringThresholds
) -> Figure:
    """Observed bad rate with its interval, and the mean default probability the version gave the same loans."""
    panels = Panels(list(names.values()), columns=max(1, len(names)))
    for panel, model in enumerate(names):
        observed = rows_of(history, model=model, layer="performance", metric="bad_rate")
        expected = rows_of(history, model=model, layer="performance", metric="mean_probability")
        add_interval(panels, panel, observed, name=f"{thresholds.confidence:.0%} interval", colour=BLUE)
        add_line(panels, panel, observed, Mark("observed bad rate", BLUE))
        add_line(panels, panel, expected, Mark("mean default probability", ORANGE, dash="dash"))
    panels.up(tickformat=".0%", rangemode="tozero")
    panels.over_months(_months(history, "performance"))
    return panels.figure()


def timeline(
    actions: pl.DataFrame,
    versions: pl.DataFrame,
    *,
    names: Mapping[str, str],
    champions: Mapping[date, str] = MappingProxyType({}),
) -> Figure:
    """Actions month by month, and below each model its trainings: kept out, or promoted and from when in force.

    Args:
        actions: Rows of `schemas.monitoring.Action`.
        versions: Decisions about versions, as `overview.Overview` has them.
        names: Titles of the models by name.
        champions: What the model is called that decides from a month on, by the month of the change.
    """
    panels = Panels([""])
    for action, name in ACTIONS.items():
        rows = actions.filter(action=action).sort("model", "snapshot_month")
        symbols = [ACTION_SYMBOLS[action] + ("" if live else "-open") for live in rows["actionable"].to_list()]
        panels.add_series(
            0,
            rows["snapshot_month"].to_list(),
            [f"{names[model]}<br>actions" for model in rows["model"].to_list()],
            Mark(name, ACTION_COLOURS[action], mode="markers", size=14),
            symbols=symbols,
            facts=[[text.replace("\n", "<br>")] for text in rows["reasons"].to_list()],
            hover=f"%{{x|%Y-%m}}, %{{y}}: {name}<br>%{{customdata[0]}}<extra></extra>",
        )
    for promoted, name, symbol in ((True, "version promoted", "star-diamond"), (False, "version kept out", "x-thin")):
        rows = versions.filter(pl.col("promoted") == promoted).sort("model", "as_of")
        panels.add_series(
            0,
            rows["effective_month" if promoted else "as_of"].to_list(),
            [f"{names[model]}<br>versions" for model in rows["model"].to_list()],
            Mark(name, BLUE if promoted else GREY, mode="markers", size=13),
            symbols=[symbol] * rows.height,
            facts=[[text.replace("\n", "<br>")] for text in _told(rows)],
            hover="%{x|%Y-%m}, %{y}: %{customdata[0]}<extra></extra>",
        )
    lines = [f"{names[model]}<br>{kind}" for model in reversed(list(names)) for kind in ("versions", "actions")]
    panels.up(type="category", categoryorder="array", categoryarray=lines, range=[-0.6, len(lines) - 0.4])
    panels.over_months([*actions["snapshot_month"].to_list(), *versions["effective_month"].to_list()])
    for month, name in champions.items():
        panels.add_moment(0, month, f"{name} decides", GREY)
    return panels.figure(height=130 + 48 * max(1, len(lines)))


def add_line(panels: Panels, panel: int, rows: pl.DataFrame, mark: Mark, *, by: str = "observed_month") -> None:
    """A figure by month with its facts; open markers where the cohort belongs to the version's development sample."""
    facts = rows.select(
        pl.col("cohort").dt.strftime("%Y-%m"),
        pl.col("n"),
        pl.col("n_bad").cast(pl.String).fill_null("not yet known"),
        pl.format("{}, {}, {}", "model_version", "sample_role", "status"),
    )
    symbols = ["circle" if role == "post" else "circle-open" for role in rows["sample_role"].to_list()]
    panels.add_series(
        panel, rows[by].to_list(), rows["value"].to_list(), mark, facts=facts.rows(), hover=HOVER, symbols=symbols
    )


def add_interval(
    panels: Panels, panel: int, rows: pl.DataFrame, *, name: str, colour: str, by: str = "observed_month"
) -> None:
    """The interval of a figure by month as a ribbon."""
    ends = (rows[end].to_list() for end in ("ci_low", "ci_high"))
    panels.add_ribbon(panel, rows[by].to_list(), *ends, name=name, colour=colour)


def _told(versions: pl.DataFrame) -> list[str]:
    return [
        f"version {row['model_version']}, trained as of {row['as_of']:%Y-%m}\n{row['reasons']}"
        for row in versions.iter_rows(named=True)
    ]


def _months(history: pl.DataFrame, layer: str) -> list[date]:
    return history.filter(layer=layer)["observed_month"].unique().sort().to_list()
