"""Figures of a challenger against the champion: cohorts, swap sets, approval rates.

Every function takes one month and challenger of the monitoring table and gives a figure without background. Putting
them on a page belongs in `champion_challenger`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.months import months_between, parse_month
from credit_platform.reports.figures.axes import finish, interval_bars, month_axis
from credit_platform.reports.figures.svg import trend_svg
from credit_platform.reports.wording import BLUE, GREY, ORANGE, model_name, translucent

if TYPE_CHECKING:
    import plotly.graph_objects as go

HEIGHT = 360
CELL_NAMES = {
    "both_approve": "approved by both",
    "swap_in": "swapped in",
    "swap_out": "swapped out",
    "both_decline": "declined by both",
}
COLOURS = {"champion": BLUE, "challenger": ORANGE}
_APART = timedelta(days=3)  # champion and challenger stand beside each other, so that their intervals do not hide


def cohort_months(rows: pl.DataFrame) -> list[date]:
    """The cohorts compared on, rising."""
    return [parse_month(month) for month in rows.filter(breakdown="cohort")["segment"].unique().sort()]


def difference_by_cohort_svg(rows: pl.DataFrame) -> str:
    """Difference of the ROC-AUC by cohort with its interval and the line of no difference, as a small picture."""
    found = _of_cohorts(rows, "difference")
    first = rows.row(0, named=True)
    return trend_svg(
        found["cohort"].to_list(),
        found["value"].to_list(),
        title=f"ROC-AUC by cohort, {model_name(first['challenger'])} minus {model_name(first['champion'])}",
        low=found["ci_low"].to_list(),
        high=found["ci_high"].to_list(),
        levels=(0.0,),
    )


def auc_by_cohort(rows: pl.DataFrame) -> go.Figure:
    """ROC-AUC of both models by cohort with intervals; beside it, their difference."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    names = _names(rows)
    figure = make_subplots(
        rows=1,
        cols=2,
        horizontal_spacing=0.08,
        subplot_titles=["ROC-AUC", f"{names['challenger']} minus {names['champion']}"],
    )
    for subject, shift in (("champion", -_APART), ("challenger", _APART)):
        found = _of_cohorts(rows, subject)
        figure.add_trace(_points(found, COLOURS[subject], name=names[subject], shift=shift), row=1, col=1)
    difference = _of_cohorts(rows, "difference")
    trace = _points(difference, GREY, name="difference")
    figure.add_trace(trace.update(showlegend=False), row=1, col=2)
    pooled = rows.filter(breakdown="all", metric="roc_auc", subject="difference").row(0, named=True)
    if pooled["ci_low"] is not None:
        figure.add_hrect(
            y0=pooled["ci_low"], y1=pooled["ci_high"], fillcolor=translucent(GREY, 0.2), line_width=0, row=1, col=2
        )
    figure.add_hline(y=0, line={"color": GREY, "width": 1.5, "dash": "dash"}, row=1, col=2)
    months = cohort_months(rows)
    if months:
        step = 1 if months_between(months[0], months[-1]) < 6 else 3
        figure.update_xaxes(**month_axis(months[0], months[-1], step=step))
    return go.Figure(finish(figure, height=HEIGHT))


def swap_matrix(rows: pl.DataFrame, cases: str) -> go.Figure:
    """Cases by both models' decisions: how many, and how many of them turned bad; `cases` is the book's word."""
    import plotly.graph_objects as go

    cells = {row["segment"]: row for row in _swaps(rows, "bad_rate").iter_rows(named=True)}
    total = max(1, sum(cell["n"] for cell in cells.values()))
    layout = [["both_approve", "swap_out"], ["swap_in", "both_decline"]]
    names = _names(rows)
    figure = go.Figure(
        go.Heatmap(
            x=["approved", "declined"],
            y=["approved", "declined"],
            z=[[cells[name]["n"] / total for name in line] for line in layout],
            text=[[_cell_text(cells[name], total, cases) for name in line] for line in layout],
            texttemplate="%{text}",
            textfont={"size": 15, "color": "#14171c"},  # dark on light in either mode
            colorscale=[[0, "#e3edf6"], [1, "#8ab6da"]],
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=3,
            ygap=3,
            hoverinfo="skip",
        )
    )
    figure.update_yaxes(autorange="reversed", type="category", title={"text": f"{names['champion']} (champion)"})
    figure.update_xaxes(type="category", title={"text": f"{names['challenger']} (challenger)"})
    finish(figure, height=HEIGHT)
    figure.update_layout(margin={"l": 60, "r": 20, "t": 40, "b": 60})
    return figure


def swap_bars(rows: pl.DataFrame) -> go.Figure:
    """Bad rate of every swap set with its interval, and the mean probability either model gave these loans."""
    import plotly.graph_objects as go

    found = _swaps(rows, "bad_rate")
    figure = go.Figure(
        go.Bar(
            x=[CELL_NAMES[cell] for cell in found["segment"]],
            y=found["value"].to_list(),
            error_y=_error_bars(found, GREY),
            marker={"color": translucent(GREY, 0.55)},
            name="observed bad rate",
            customdata=found.select("n", "n_bad").rows(),
            hovertemplate="%{x}: %{y:.1%}<br>n %{customdata[0]}, bads %{customdata[1]}<extra></extra>",
        )
    )
    names = _names(rows)
    for subject, symbol in (("champion", "diamond"), ("challenger", "circle")):
        means = _swaps(rows, "mean_probability", subject)
        figure.add_trace(
            go.Scatter(
                x=[CELL_NAMES[cell] for cell in means["segment"]],
                y=means["value"].to_list(),
                mode="markers",
                marker={"color": COLOURS[subject], "symbol": symbol, "size": 11},
                name=f"mean probability, {names[subject]}",
                hovertemplate="%{x}: %{y:.1%}<extra></extra>",
            )
        )
    figure.update_yaxes(tickformat=".0%", rangemode="tozero")
    return finish(figure, height=HEIGHT)


def approval_sensitivity(rows: pl.DataFrame, cases: str) -> go.Figure:
    """Bad rate of the cases each model would approve, by approval rate; beside it, the change with its interval."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    names = _names(rows)
    titles = [f"Bad rate among approved {cases}", f"Change of it if {names['challenger']} decided"]
    figure = make_subplots(rows=1, cols=2, horizontal_spacing=0.08, subplot_titles=titles)
    for subject, dash in (("champion", "solid"), ("challenger", "dash")):
        found = _of_rates(rows, subject)
        figure.add_trace(
            go.Scatter(
                x=found["rate"].to_list(),
                y=found["value"].to_list(),
                mode="lines+markers",
                line={"color": COLOURS[subject], "width": 2, "dash": dash},
                marker={"size": 7},
                name=names[subject],
                customdata=found.select("n", "n_bad").rows(),
                hovertemplate="%{x:.0%} approved: %{y:.2%}<br>n %{customdata[0]}, bads %{customdata[1]}",
            ),
            row=1,
            col=1,
        )
    change = _of_rates(rows, "difference")
    rates = change["rate"].to_list()
    figure.add_trace(
        go.Scatter(
            x=[*rates, *reversed(rates)],
            y=[*change["ci_low"].to_list(), *reversed(change["ci_high"].to_list())],
            mode="lines",
            line={"color": translucent(GREY, 0.4), "width": 1},
            fill="toself",
            fillcolor=translucent(GREY, 0.2),
            showlegend=False,
            hoverinfo="skip",
        ),
        row=1,
        col=2,
    )
    figure.add_trace(
        go.Scatter(
            x=rates,
            y=change["value"].to_list(),
            mode="lines+markers",
            line={"color": GREY, "width": 2},
            marker={"size": 7},
            showlegend=False,
            customdata=change.select("n").rows(),
            hovertemplate=f"%{{x:.0%}} approved: %{{y:+.2%}}<br>%{{customdata[0]}} {cases} change sides<extra></extra>",
        ),
        row=1,
        col=2,
    )
    figure.add_hline(y=0, line={"color": GREY, "width": 1.5, "dash": "dash"}, row=1, col=2)
    figure.update_xaxes(tickformat=".0%", dtick=0.1, title={"text": f"share of {cases} approved"})
    figure.update_yaxes(tickformat=".1%")
    finish(figure, height=HEIGHT)
    figure.update_layout(margin={"b": 55})
    return figure


def _names(rows: pl.DataFrame) -> dict[str, str]:
    first = rows.row(0, named=True)
    return {subject: model_name(first[subject]) for subject in ("champion", "challenger")}


def _of_cohorts(rows: pl.DataFrame, subject: str) -> pl.DataFrame:
    found = rows.filter(breakdown="cohort", metric="roc_auc", subject=subject)
    return found.with_columns(cohort=pl.col("segment").str.to_date("%Y-%m-%d")).sort("cohort")


def _of_rates(rows: pl.DataFrame, subject: str) -> pl.DataFrame:
    found = rows.filter(breakdown="approval_rate", metric="bad_rate", subject=subject)
    return found.with_columns(rate=pl.col("segment").cast(pl.Float64)).sort("rate")


def _swaps(rows: pl.DataFrame, metric: str, subject: str = "loans") -> pl.DataFrame:
    found = rows.filter(breakdown="swap_set", metric=metric, subject=subject)
    return pl.DataFrame({"segment": list(CELL_NAMES)}).join(found, on="segment", maintain_order="left")


def _cell_text(cell: dict[str, object], total: int, cases: str) -> str:
    n, rate = cell["n"], cell["value"]
    share = f"{int(str(n)) / total:.1%}"
    return f"{CELL_NAMES[str(cell['segment'])]}<br>{n} {cases} ({share})<br>" + (
        f"bad rate {rate:.1%}" if isinstance(rate, float) else "no bad rate"
    )


def _error_bars(rows: pl.DataFrame, colour: str) -> dict[str, object]:
    return interval_bars(rows, "value", "ci_low", "ci_high", color=colour, thickness=1.5)


def _points(rows: pl.DataFrame, colour: str, *, name: str, shift: timedelta = timedelta()) -> go.Scatter:
    import plotly.graph_objects as go

    symbols: Sequence[str] = ["circle" if status == "ok" else "circle-open" for status in rows["status"]]
    return go.Scatter(
        x=[cohort + shift for cohort in rows["cohort"].to_list()],
        y=rows["value"].to_list(),
        error_y=_error_bars(rows, colour),
        mode="markers",
        marker={"color": colour, "size": 8, "symbol": symbols, "line": {"color": colour, "width": 2}},
        name=name,
        customdata=rows.select(pl.col("cohort").dt.strftime("%Y-%m"), "n", "n_bad", "status").rows(),
        hovertemplate=(
            "cohort %{customdata[0]}: %{y:.4f}<br>n %{customdata[1]}, bads %{customdata[2]}, %{customdata[3]}"
        ),
    )
