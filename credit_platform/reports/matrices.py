"""Figures that are tables in colour: the CSI of every feature by month, and the confusion tables.

Lines over time belong in `figures`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from credit_platform.reports.axes import finish, lay_out_models
from credit_platform.reports.figures import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import plotly.graph_objects as go

    from credit_platform.policy.monitoring_thresholds import MonitoringThresholds

N_FEATURES = 25
# Light to dark in lightness as well as in hue, so that it reads without colour (from Cividis).
STABLE, NOTABLE, WARNING, ALERT = "#b9d3e8", "#7fa3c4", "#e0a526", "#8c2d04"


def csi_heat_map(history: pl.DataFrame, *, model: str, thresholds: MonitoringThresholds) -> go.Figure:
    """CSI by feature and month of the features that moved most, in the bands of policy."""
    import plotly.graph_objects as go

    wide = _moved_most(history.filter(model=model, layer="stability", metric="csi"))
    months = [name for name in wide.columns if name != "segment"]
    warn, alert = thresholds.psi.warn, thresholds.psi.alert
    top = alert + warn  # everything beyond has the colour of an alert
    colours = [(0, STABLE), (warn / 2, STABLE), (warn / 2, NOTABLE), (warn, NOTABLE), (warn, WARNING), (alert, WARNING)]
    scale = [[level / top, colour] for level, colour in [*colours, (alert, ALERT), (top, ALERT)]]
    figure = go.Figure(
        go.Heatmap(
            x=months,
            y=wide.get_column("segment").to_list(),
            z=[list(row) for row in wide.select(months).rows()],
            zmin=0,
            zmax=top,
            colorscale=scale,
            xgap=2,
            ygap=2,
            hovertemplate="%{x}, %{y}: CSI %{z:.3f}<extra></extra>",
            colorbar={
                "tickvals": [0, warn, alert],
                "ticktext": ["0", f"{warn:g} warning", f"{alert:g} alert"],
                "thickness": 14,
                "outlinewidth": 0,
            },
        )
    )
    figure.update_yaxes(autorange="reversed")
    every = max(1, len(months) // 8)
    figure.update_xaxes(type="category", tickvals=months[::-1][::every], tickangle=-45)
    finish(figure, height=110 + 22 * wide.height)
    figure.update_layout(margin={"l": 60, "r": 20, "t": 20, "b": 80})
    return figure


def n_shown_features(history: pl.DataFrame, *, model: str) -> tuple[int, int]:
    """How many features the heat map shows, and how many there are."""
    n = history.filter(model=model, layer="stability", metric="csi").get_column("segment").n_unique()
    return min(n, N_FEATURES), n


def confusion_heat_map(cells: Sequence[Sequence[int]]) -> go.Heatmap:
    """Counts of good and bad loans (rows), approved and declined (columns), with their share of all loans."""
    import plotly.graph_objects as go

    n = max(1, sum(map(sum, cells)))
    return go.Heatmap(
        x=["approved", "declined"],
        y=["good", "bad"],
        z=[[count / n for count in row] for row in cells],
        text=[[f"{count}<br>{count / n:.1%}" for count in row] for row in cells],
        texttemplate="%{text}",
        textfont={"size": 16},
        colorscale=[[0, "#dce9f4"], [1, "#2f6ea5"]],
        zmin=0,
        zmax=1,
        showscale=False,
        xgap=3,
        ygap=3,
        hovertemplate="%{y} loans %{x}: %{text}<extra></extra>",
    )


def confusion_tables(history: pl.DataFrame, *, models: Sequence[str]) -> go.Figure:
    """Loans by outcome and decision in each model's latest outcome month, with their share of all loans."""
    figure = lay_out_models(models)
    for column, model in enumerate(models, start=1):
        cells = _latest_cells(history, model)
        if cells is None:
            continue
        figure.add_trace(
            confusion_heat_map(cells),
            row=1,
            col=column,
        )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    return finish(figure, height=300)


def _moved_most(csi: pl.DataFrame) -> pl.DataFrame:
    """One row per feature, one column per month, the highest CSI of any month first."""
    highest = (
        csi.group_by("segment")
        .agg(pl.col("value").max().alias("highest"))
        .sort("highest", "segment", descending=[True, False], nulls_last=True)
        .head(N_FEATURES)
    )
    months = csi.get_column("observed_month").unique().sort().to_list()
    wide = (
        csi.with_columns(month=pl.col("observed_month").dt.strftime("%Y-%m"))
        .sort("observed_month", "model_version")
        .pivot(
            on="month",
            on_columns=[f"{month:%Y-%m}" for month in months],
            index="segment",
            values="value",
            aggregate_function="last",
        )
    )
    return highest.select("segment").join(wide, on="segment", how="left", maintain_order="left")


def _latest_cells(history: pl.DataFrame, model: str) -> list[list[int]] | None:
    counts: dict[str, int] = {}
    for cell in ("tn", "fp", "fn", "tp"):
        value = rows_of(history, model=model, layer="performance", metric=cell).get_column("value").drop_nulls()
        if value.is_empty():
            return None
        counts[cell] = int(value.item(-1))
    return [[counts["tn"], counts["fp"]], [counts["fn"], counts["tp"]]]
