"""Plotly figures of a model's months: trends with intervals, confusion tables, actions.

Every function takes the monitoring history (or the actions) and gives a figure without background, so that the page
around it decides between light and dark. Putting figures on a page belongs in `dashboard`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from credit_platform.reports.axes import finish, lay_out_models, show_months
from credit_platform.reports.wording import (
    ACTION_COLOURS,
    ACTION_SYMBOLS,
    ACTIONS,
    BLUE,
    GREY,
    ORANGE,
    VERMILION,
    metric_name,
    model_name,
    translucent,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import plotly.graph_objects as go

    from credit_platform.policy.monitoring_thresholds import MonitoringThresholds

HOVER = "%{x|%Y-%m}: %{y:.3f}<br>cohort %{customdata[0]}, n %{customdata[1]}, bads %{customdata[2]}<br>%{customdata[3]}"
HEIGHT = 340


def rows_of(history: pl.DataFrame, *, model: str, layer: str, metric: str) -> pl.DataFrame:
    """One metric of one model for the whole cohort, by month."""
    return history.filter(model=model, layer=layer, metric=metric, segment="all").sort("observed_month")


def metric_trend(
    history: pl.DataFrame, metric: str, *, models: Sequence[str], thresholds: MonitoringThresholds
) -> go.Figure:
    """A realised metric by month, one panel per model, with its interval and both floors.

    Open markers are backtest months: cohorts of the version's own development sample.
    """
    figure = lay_out_models(models)
    for column, model in enumerate(models, start=1):
        rows = rows_of(history, model=model, layer="performance", metric=metric)
        _add_interval(figure, rows, column, BLUE, name=f"{thresholds.confidence:.0%} interval")
        _add_line(figure, rows, column, BLUE, name=metric_name(metric))
        threshold = thresholds.metrics_for(model).get(metric)
        if threshold is not None:
            _add_floor(figure, column, threshold.data_science_threshold, "data-science threshold", ORANGE)
            if threshold.business_threshold is not None:
                _add_floor(figure, column, threshold.business_threshold, "business threshold", VERMILION)
    show_months(figure, history, layer="performance")
    return finish(figure, height=HEIGHT)


def psi_trend(history: pl.DataFrame, *, models: Sequence[str], thresholds: MonitoringThresholds) -> go.Figure:
    """PSI of the scores by month, one panel per model, with both bands and the level chance alone explains."""
    import plotly.graph_objects as go

    figure = lay_out_models(models)
    for column, model in enumerate(models, start=1):
        floor = rows_of(history, model=model, layer="stability", metric="psi_sampling_floor")
        figure.add_trace(
            go.Scatter(
                x=floor.get_column("observed_month").to_list(),
                y=floor.get_column("value").to_list(),
                mode="lines",
                line={"color": GREY, "dash": "dot", "width": 1.5},
                name="expected by chance",
                legendgroup="chance",
                showlegend=column == 1,
            ),
            row=1,
            col=column,
        )
        rows = rows_of(history, model=model, layer="stability", metric="psi")
        _add_line(figure, rows, column, BLUE, name="PSI of the scores")
        _add_floor(figure, column, thresholds.psi.warn, "warning", ORANGE)
        _add_floor(figure, column, thresholds.psi.alert, "alert", VERMILION)
    figure.update_yaxes(rangemode="tozero")
    show_months(figure, history, layer="stability")
    return finish(figure, height=HEIGHT)


def bad_rate_against_probability(
    history: pl.DataFrame, *, models: Sequence[str], thresholds: MonitoringThresholds
) -> go.Figure:
    """Observed bad rate with its interval, and the mean default probability the version gave the same loans."""
    figure = lay_out_models(models)
    for column, model in enumerate(models, start=1):
        observed = rows_of(history, model=model, layer="performance", metric="bad_rate")
        expected = rows_of(history, model=model, layer="performance", metric="mean_probability")
        _add_interval(figure, observed, column, BLUE, name=f"{thresholds.confidence:.0%} interval")
        _add_line(figure, observed, column, BLUE, name="observed bad rate")
        _add_line(figure, expected, column, ORANGE, name="mean default probability", dash="dash")
    figure.update_yaxes(tickformat=".0%")
    show_months(figure, history, layer="performance")
    return finish(figure, height=HEIGHT)


def action_strip(actions: pl.DataFrame, *, models: Sequence[str]) -> go.Figure:
    """The action of every model and month; open markers are backtest months."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for action, name in ACTIONS.items():
        rows = actions.filter(action=action).sort("model", "snapshot_month")
        symbols = [
            ACTION_SYMBOLS[action] + ("" if is_live else "-open") for is_live in rows.get_column("actionable").to_list()
        ]
        figure.add_trace(
            go.Scatter(
                x=rows.get_column("snapshot_month").to_list(),
                y=[model_name(model) for model in rows.get_column("model").to_list()],
                mode="markers",
                name=name,
                marker={
                    "color": ACTION_COLOURS[action],
                    "symbol": symbols,
                    "size": 14,
                    "line": {"color": ACTION_COLOURS[action], "width": 2.5},
                },
                customdata=rows.get_column("reasons").str.replace_all("\n", "<br>").to_list(),
                hovertemplate=f"%{{x|%Y-%m}}, %{{y}}: {name}<br>%{{customdata}}<extra></extra>",
            )
        )
    names = [model_name(model) for model in reversed(models)]
    figure.update_yaxes(categoryorder="array", categoryarray=names, range=[-0.6, len(names) - 0.4])
    show_months(figure, actions.rename({"snapshot_month": "observed_month"}), layer=None)
    return finish(figure, height=130 + 45 * len(models))


def _add_line(
    figure: go.Figure, rows: pl.DataFrame, column: int, colour: str, *, name: str, dash: str = "solid"
) -> None:
    import plotly.graph_objects as go

    roles = rows.get_column("sample_role").to_list()
    facts = rows.select(
        pl.col("cohort").dt.strftime("%Y-%m"),
        pl.col("n"),
        pl.col("n_bad").cast(pl.String).fill_null("not yet known"),
        pl.format("{}, {}, {}", "model_version", "sample_role", "status"),
    )
    symbols = ["circle" if role == "post" else "circle-open" for role in roles]
    figure.add_trace(
        go.Scatter(
            x=rows.get_column("observed_month").to_list(),
            y=rows.get_column("value").to_list(),
            mode="lines+markers",
            line={"color": colour, "width": 2, "dash": dash},
            marker={"color": colour, "size": 8, "symbol": symbols, "line": {"color": colour, "width": 2}},
            name=name,
            legendgroup=name,
            showlegend=column == 1,
            customdata=facts.rows(),
            hovertemplate=HOVER,
        ),
        row=1,
        col=column,
    )


def _add_interval(figure: go.Figure, rows: pl.DataFrame, column: int, colour: str, *, name: str) -> None:
    """A ribbon between both ends, drawn once around every unbroken run: months without an interval leave a gap."""
    import plotly.graph_objects as go

    months: list[date | None] = []
    ends: list[float | None] = []
    is_known = pl.col("ci_low").is_not_null()
    runs = rows.with_columns(run=is_known.rle_id()).filter(is_known).partition_by("run", maintain_order=True)
    for run in runs:
        across = run.get_column("observed_month").to_list()
        months += [*across, *reversed(across), None]
        ends += [*run.get_column("ci_low").to_list(), *reversed(run.get_column("ci_high").to_list()), None]
    figure.add_trace(
        go.Scatter(
            x=months,
            y=ends,
            mode="lines",
            line={"color": translucent(colour, 0.35), "width": 1},
            fill="toself",
            fillcolor=translucent(colour, 0.2),
            name=name,
            legendgroup="interval",
            showlegend=column == 1,
            hoverinfo="skip",
        ),
        row=1,
        col=column,
    )


def _add_floor(figure: go.Figure, column: int, level: float, name: str, colour: str) -> None:
    figure.add_hline(
        y=level,
        row=1,
        col=column,
        line={"color": colour, "width": 1.5, "dash": "dash"},
        annotation={"text": f"{name} {level:g}", "font": {"size": 11}, "xanchor": "left", "yanchor": "bottom"},
        annotation_position="top left",
    )
