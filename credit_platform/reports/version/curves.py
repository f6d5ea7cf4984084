"""Plotly figures of a version's curves: ROC, precision against recall, reliability.

Every function takes a table of the evaluation and gives a figure without background. Figures of grades, deciles and
cut-offs belong in `version_bars`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.portfolios.portfolio import Words
from credit_platform.reports.figures.axes import GRID, finish, interval_bars
from credit_platform.reports.version.facts import SAMPLE_ROLES
from credit_platform.reports.wording import GREY, SAMPLE_COLOURS, SAMPLE_DASHES, words

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 440


def roc_figure(roc: pl.DataFrame) -> go.Figure:
    """True against false positives of every sample; the diagonal is a model that knows nothing."""
    figure = _curves(
        roc,
        across="false_positive_rate",
        up="true_positive_rate",
        hover="declines %{y:.1%} of bads and %{x:.1%} of goods",
    )
    add_diagonal(figure, 1.0, "no ranking at all")
    figure.update_xaxes(title="share of goods declined (false positive rate)", tickformat=".0%", range=[-0.02, 1.02])
    figure.update_yaxes(title="share of bads declined (true positive rate)", tickformat=".0%", range=[-0.02, 1.04])
    return finished(figure)


def precision_recall_figure(precision_recall: pl.DataFrame) -> go.Figure:
    """Precision against recall of every sample."""
    figure = _curves(
        precision_recall, across="recall", up="precision", hover="finds %{x:.1%} of bads, %{y:.1%} of the declined"
    )
    figure.update_xaxes(title="share of bads declined (recall)", tickformat=".0%", range=[-0.02, 1.02])
    figure.update_yaxes(title="share of bads among the declined (precision)", tickformat=".0%", range=[-0.02, 1.04])
    return finished(figure)


def reliability_figure(reliability: pl.DataFrame, *, said: Words, sample_roles: Sequence[str]) -> go.Figure:
    """Bad rate with its interval against the mean default probability of ten bins, for some samples."""
    import plotly.graph_objects as go

    figure = go.Figure()
    shown = reliability.filter(pl.col("sample_role").is_in(list(sample_roles)))
    ends = [*shown.get_column("ci_high"), *shown.get_column("bad_rate"), *shown.get_column("mean_probability"), 0.05]
    top = max(end for end in ends if end is not None)
    add_diagonal(figure, top, "as said")
    for role in sample_roles:
        rows = shown.filter(sample_role=role).sort("bin")
        figure.add_trace(
            go.Scatter(
                x=rows.get_column("mean_probability").to_list(),
                y=rows.get_column("bad_rate").to_list(),
                error_y=interval_bars(rows, "bad_rate", "ci_low", "ci_high", thickness=1.5, width=4),
                mode="markers",
                marker={"color": SAMPLE_COLOURS[role], "size": 9, "symbol": "circle" if role == "oot" else "diamond"},
                name=words("samples")[role],
                customdata=rows.select("n", "n_bad").rows(),
                hovertemplate="said %{x:.1%}, seen %{y:.1%}<br>"
                f"%{{customdata[0]}} {said.cases}, %{{customdata[1]}} bad",
            )
        )
    reach = [-0.02 * top, 1.04 * top]
    figure.update_xaxes(title=f"mean {said.event} probability of the bin", tickformat=".0%", range=reach)
    figure.update_yaxes(title="bad rate of the bin", tickformat=".0%", range=reach)
    return finished(figure)


def _curves(table: pl.DataFrame, *, across: str, up: str, hover: str) -> go.Figure:
    import plotly.graph_objects as go

    figure = go.Figure()
    for role in SAMPLE_ROLES:
        rows = table.filter(sample_role=role)
        if rows.is_empty():
            continue
        figure.add_trace(
            go.Scatter(
                x=rows.get_column(across).to_list(),
                y=rows.get_column(up).to_list(),
                mode="lines",
                line={"color": SAMPLE_COLOURS[role], "dash": SAMPLE_DASHES[role], "width": 3 if role == "oot" else 1.8},
                name=words("samples")[role],
                hovertemplate=hover,
            )
        )
    return figure


def add_diagonal(figure: go.Figure, top: float, name: str) -> None:
    """A dashed line from the origin to `top` on both axes, what would be if there were nothing to see."""
    import plotly.graph_objects as go

    figure.add_trace(
        go.Scatter(
            x=[0, top],
            y=[0, top],
            mode="lines",
            line={"color": GREY, "width": 1.2, "dash": "longdash"},
            name=name,
            hoverinfo="skip",
        )
    )


def finished(figure: go.Figure, *, height: int = HEIGHT) -> go.Figure:
    """The look of the figures of a version."""
    finish(figure, height=height)
    figure.update_layout(margin={"l": 70, "r": 20, "t": 56, "b": 60}, legend={"y": 1.02})
    figure.update_xaxes(showline=True, linecolor=GRID, automargin=True)
    return figure
