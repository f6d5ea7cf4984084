"""The frame all figures share: one panel per model, a monthly axis, no background of their own.

What is drawn inside belongs in `figures` and `matrices`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.months import months_between
from credit_platform.reports.wording import model_name

if TYPE_CHECKING:
    import plotly.graph_objects as go

GRID = "rgba(128,128,128,0.25)"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
NEUTRAL = "#767c86"  # replaced by the page's own text colour once its script runs


def lay_out_models(models: Sequence[str]) -> go.Figure:
    """Panels side by side, one per model, on one scale."""
    from plotly.subplots import make_subplots

    return make_subplots(
        rows=1,
        cols=max(1, len(models)),
        shared_yaxes=True,
        horizontal_spacing=0.04,
        subplot_titles=[model_name(model) for model in models],
    )


def show_months(figure: go.Figure, rows: pl.DataFrame, *, layer: str | None) -> None:
    """Months on the horizontal axes, from the first to the last month of the layer."""
    if layer is not None:
        rows = rows.filter(layer=layer)
    months = rows.get_column("observed_month").unique().sort().to_list()
    if not months:
        return
    n_months = months_between(months[0], months[-1]) + 1
    figure.update_xaxes(**month_axis(months[0], months[-1], step=1 if n_months <= 8 else 3 if n_months <= 30 else 6))


def month_axis(first: date, last: date, *, step: int) -> dict[str, object]:
    """The settings of an axis of months, every `step` of them labelled, the last one among them."""
    ends = [first - timedelta(days=20), last + timedelta(days=20)]
    return {"type": "date", "tickformat": "%Y-%m", "dtick": f"M{step}", "tick0": last, "range": ends}


def interval_bars(rows: pl.DataFrame, value: str, low: str, high: str, **look: object) -> dict[str, object]:
    """Error bars from the values of a column to both ends of their intervals, in other columns."""
    above, below = (rows[high] - rows[value]).to_list(), (rows[value] - rows[low]).to_list()
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, **look}


def finish(figure: go.Figure, *, height: int) -> go.Figure:
    """The look all figures share."""
    figure.update_layout(
        template="none",
        height=height,
        margin={"l": 60, "r": 20, "t": 60, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13, "color": NEUTRAL},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.12, "yanchor": "bottom"},
        hovermode="closest",
        modebar={"bgcolor": "rgba(0,0,0,0)", "color": "rgba(128,128,128,0.7)", "activecolor": NEUTRAL},
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False, linecolor=GRID)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, linecolor=GRID, automargin=True)
    return figure
