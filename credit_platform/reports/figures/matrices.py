"""Figures that are tables in colour: the CSI of every feature by month, and the confusion tables.

Lines over time belong in `figures`.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from credit_platform.policy.monitoring_thresholds import MonitoringThresholds
from credit_platform.reports.figures.model_months import rows_of
from credit_platform.reports.figures.panels import Figure, Panels

N_FEATURES = 25
# Light to dark in lightness as well as in hue, so that it reads without colour (from Cividis).
STABLE, NOTABLE, WARNING, ALERT = "#b9d3e8", "#7fa3c4", "#e0a526", "#8c2d04"


def csi_heat_map(history: pl.DataFrame, *, model: str, thresholds: MonitoringThresholds) -> Figure:
    """CSI by feature and month of the features that moved most, in the bands of policy."""
    wide = _moved_most(history.filter(model=model, layer="stability", metric="csi"))
    months = [name for name in wide.columns if name != "segment"]
    warn, alert = thresholds.psi.warn, thresholds.psi.alert
    top = alert + warn  # everything beyond has the colour of an alert
    colours = [(0, STABLE), (warn / 2, STABLE), (warn / 2, NOTABLE), (warn, NOTABLE), (warn, WARNING), (alert, WARNING)]
    scale = [[level / top, colour] for level, colour in [*colours, (alert, ALERT), (top, ALERT)]]
    panels = Panels([""])
    panels.add_tiles(
        0,
        {
            "x": months,
            "y": wide.get_column("segment").to_list(),
            "z": [list(row) for row in wide.select(months).rows()],
            "zmin": 0,
            "zmax": top,
            "colorscale": scale,
            "xgap": 2,
            "ygap": 2,
            "hovertemplate": "%{x}, %{y}: CSI %{z:.3f}<extra></extra>",
            "hoverongaps": False,
            "colorbar": {
                "tickvals": [0, warn, alert],
                "ticktext": ["0", f"{warn:g} warning", f"{alert:g} alert"],
                "thickness": 14,
                "outlinewidth": 0,
            },
        },
    )
    every = max(1, len(months) // 8)
    panels.across(type="category", tickvals=months[::-1][::every], tickangle=-45)
    panels.up(autorange="reversed")
    return panels.figure(height=110 + 22 * wide.height, margin={"t": 20, "b": 80})


def n_shown_features(history: pl.DataFrame, *, model: str) -> tuple[int, int]:
    """How many features the heat map shows, and how many there are."""
    n = history.filter(model=model, layer="stability", metric="csi").get_column("segment").n_unique()
    return min(n, N_FEATURES), n


def confusion_heat_map(cells: Sequence[Sequence[int]], *, cases: str) -> dict[str, object]:
    """Counts of good and bad cases (rows), approved and declined (columns), with their share, as a Plotly heat map."""
    n = max(1, sum(map(sum, cells)))
    return {
        "type": "heatmap",
        "x": ["approved", "declined"],
        "y": ["good", "bad"],
        "z": [[count / n for count in row] for row in cells],
        "text": [[f"{count}<br>{count / n:.1%}" for count in row] for row in cells],
        "texttemplate": "%{text}",
        "textfont": {"size": 16},
        "colorscale": [[0, "#dce9f4"], [1, "#2f6ea5"]],
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 3,
        "ygap": 3,
        "hovertemplate": f"%{{y}} {cases} %{{x}}: %{{text}}<extra></extra>",
    }


def confusion_tables(history: pl.DataFrame, *, names: Mapping[str, str], cases: str) -> Figure:
    """Cases by outcome and decision in each model's latest outcome month, with their share of all."""
    panels = Panels(list(names.values()), columns=max(1, len(names)))
    for panel, model in enumerate(names):
        cells = _latest_cells(history, model)
        if cells is not None:
            panels.add_tiles(panel, confusion_heat_map(cells, cases=cases))
    panels.up(autorange="reversed", type="category")
    panels.across(type="category")
    return panels.figure(height=300)


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
