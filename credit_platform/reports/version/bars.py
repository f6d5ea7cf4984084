"""Plotly figures of a version's groups of cases: grades, deciles, decisions, cut-offs, and of its features.

Every function takes a table of the evaluation and gives a figure without background. Curves over single cases belong
in `version_curves`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.portfolios.portfolio import Words
from credit_platform.reports.figures.axes import finish, interval_bars
from credit_platform.reports.figures.matrices import confusion_heat_map
from credit_platform.reports.version.curves import add_diagonal, finished
from credit_platform.reports.version.facts import HELD_OUT, SAMPLE_ROLES
from credit_platform.reports.wording import BLUE, GREY, ORANGE, SAMPLE_COLOURS, SAMPLE_DASHES, VERMILION
from credit_platform.reports.wording import words as named

if TYPE_CHECKING:
    import plotly.graph_objects as go

N_FEATURES = 25


def grades_figure(grades: pl.DataFrame, *, sample_role: str, words: Words) -> go.Figure:
    """Bad rate with its interval beside the mean default probability of every grade that has cases."""
    import plotly.graph_objects as go

    rows = grades.filter((pl.col("sample_role") == sample_role) & (pl.col("n") > 0))
    names = rows.get_column("grade").to_list()
    figure = go.Figure(
        go.Scatter(
            x=names,
            y=rows.get_column("bad_rate").to_list(),
            mode="markers",
            error_y=interval_bars(rows, "bad_rate", "ci_low", "ci_high", thickness=2, width=6),
            marker={"color": BLUE, "size": 11},
            name="bad rate, with its interval",
            customdata=rows.select("n", "n_bad", "status").rows(),
            hovertemplate=f"%{{x}}: %{{y:.1%}}, %{{customdata[0]}} {words.cases}, %{{customdata[1]}} bad, "
            "%{customdata[2]}",
        )
    )
    figure.add_trace(
        go.Scatter(
            x=names,
            y=rows.get_column("mean_probability").to_list(),
            mode="markers",
            marker={"color": ORANGE, "symbol": "line-ew-open", "size": 22, "line": {"color": ORANGE, "width": 3}},
            name=f"mean {words.event} probability",
            hovertemplate="%{x}: %{y:.1%}",
        )
    )
    figure.update_xaxes(title="grade, best to worst", type="category")
    figure.update_yaxes(title=f"share of {words.cases}", tickformat=".0%", rangemode="tozero")
    return finished(figure, height=400)


def gains_figure(gains: pl.DataFrame, *, cases: str) -> go.Figure:
    """Share of all bads found among the riskiest cases, for every sample; the diagonal is a random order."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for role in SAMPLE_ROLES:
        rows = gains.filter(sample_role=role).sort("decile")
        if rows.is_empty():
            continue
        figure.add_trace(
            go.Scatter(
                x=[0.0, *rows.get_column("cumulative_share").to_list()],
                y=[0.0, *rows.get_column("capture_rate").to_list()],
                mode="lines+markers",
                line={"color": SAMPLE_COLOURS[role], "dash": SAMPLE_DASHES[role], "width": 3 if role == "oot" else 1.8},
                marker={"size": 6},
                name=named("samples")[role],
                hovertemplate="the riskiest %{x:.0%} hold %{y:.1%} of the bads",
            )
        )
    add_diagonal(figure, 1, "random order")
    figure.update_xaxes(title=f"share of {cases}, riskiest first", tickformat=".0%", range=[-0.02, 1.02])
    figure.update_yaxes(title="share of all bads among them", tickformat=".0%", range=[-0.02, 1.04])
    return finished(figure, height=400)


def lift_figure(gains: pl.DataFrame, *, cases: str) -> go.Figure:
    """Lift of every decile of the held-out samples; 1 is the bad rate of the whole sample."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for role in HELD_OUT:
        rows = gains.filter(sample_role=role).sort("decile")
        figure.add_trace(
            go.Bar(
                x=rows.get_column("decile").to_list(),
                y=rows.get_column("lift").to_list(),
                marker={"color": SAMPLE_COLOURS[role], "opacity": 0.85},
                name=named("samples")[role],
                customdata=rows.select("n", "n_bad").rows(),
                hovertemplate=f"decile %{{x}}: lift %{{y:.2f}}, %{{customdata[0]}} {cases}, %{{customdata[1]}} bad",
            )
        )
    figure.add_hline(
        y=1,
        line={"color": GREY, "width": 1.5, "dash": "dash"},
        annotation={"text": "bad rate of the sample", "font": {"size": 11}, "xanchor": "right", "yanchor": "bottom"},
        annotation_position="top right",
    )
    figure.update_layout(barmode="group", bargap=0.25)
    figure.update_xaxes(title="decile, 1 the riskiest", dtick=1)
    figure.update_yaxes(title="lift")
    return finished(figure, height=400)


def confusion_figure(confusion: pl.DataFrame, *, sample_roles: Sequence[str], cases: str) -> go.Figure:
    """Cases by outcome and decision at the policy cut-off, one panel per sample that has a row."""
    from plotly.subplots import make_subplots

    known = [role for role in sample_roles if not confusion.filter(sample_role=role).is_empty()]
    figure = make_subplots(
        rows=1,
        cols=max(1, len(known)),
        shared_yaxes=True,
        horizontal_spacing=0.05,
        subplot_titles=[named("samples")[role] for role in known],
    )
    for column, role in enumerate(known, start=1):
        row = confusion.filter(sample_role=role).row(0, named=True)
        cells = [[row["true_negative"], row["false_positive"]], [row["false_negative"], row["true_positive"]]]
        figure.add_trace(confusion_heat_map(cells, cases=cases), row=1, col=column)
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    return finish(figure, height=300)


def cut_offs_figure(cut_offs: pl.DataFrame, *, sample_roles: Sequence[str], words: Words) -> go.Figure:
    """Expected value per case by cut-off, with the cut-off of policy and the best one of the first sample."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for role in sample_roles:
        rows = cut_offs.filter(sample_role=role).sort("cut_off")
        figure.add_trace(
            go.Scatter(
                x=rows.get_column("cut_off").to_list(),
                y=rows.get_column("expected_value").to_list(),
                mode="lines",
                line={"color": SAMPLE_COLOURS[role], "dash": SAMPLE_DASHES[role], "width": 2.5},
                name=named("samples")[role],
                customdata=rows.select("approval_rate", "bad_rate_approved").rows(),
                hovertemplate="cut-off %{x:.0%}: value %{y:.4f}<br>"
                "approves %{customdata[0]:.1%}, %{customdata[1]:.1%} of them bad",
            )
        )
    chosen = cut_offs.filter(sample_role=sample_roles[0])
    best = chosen.filter("is_best").get_column("cut_off").to_list()
    policy = cut_offs.filter("is_policy").get_column("cut_off").unique().to_list()
    for level, name, colour, place in (
        *((level, "cut-off of policy", VERMILION, 1.0) for level in policy),
        *((level, f"best on {named('samples')[sample_roles[0]].lower()}", GREY, 1.07) for level in best),
    ):
        figure.add_vline(x=level, line={"color": colour, "width": 1.5, "dash": "dash"})
        figure.add_annotation(
            x=level,
            y=place,
            yref="paper",
            yanchor="bottom",
            xanchor="left" if level < 0.5 else "right",
            showarrow=False,
            text=f"{name} {level:.0%}",
            font={"size": 12},
        )
    figure.update_xaxes(
        title=f"cut-off: declined from this {words.event} probability on", tickformat=".0%", range=[0, 1]
    )
    figure.update_yaxes(title=f"value per {words.case}", tickformat=".1%")
    finished(figure, height=420)
    figure.update_layout(margin={"t": 100}, legend={"y": 1.16})
    return figure


def importance_figure(importance: pl.DataFrame) -> go.Figure:
    """The features a version leans on most, with their share of the whole."""
    import plotly.graph_objects as go

    rows = importance.sort("rank").head(N_FEATURES)
    figure = go.Figure(
        go.Bar(
            x=rows.get_column("importance").to_list(),
            y=rows.get_column("feature").to_list(),
            orientation="h",
            marker={"color": BLUE},
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(title="share of the whole importance", tickformat=".0%", rangemode="tozero")
    finish(figure, height=110 + 22 * max(1, rows.height))
    figure.update_layout(margin={"l": 60, "r": 20, "t": 10, "b": 60})
    return figure
