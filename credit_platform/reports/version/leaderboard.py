"""The leaderboard: every version of every model over time, which were in force, and how well they rank.

What is known of one version stands on its own page; the page's frame is `page`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

import polars as pl

from credit_platform.reports.figures.axes import finish, interval_bars, lay_out_models, show_months
from credit_platform.reports.page import Section, calendar_html, figure_html, page_html, section_of, table_html
from credit_platform.reports.shown_book import ShownBook
from credit_platform.reports.version.facts import VersionFacts, judged, measured, sources_text
from credit_platform.reports.version.verdict import gates_text
from credit_platform.reports.wording import BLUE, GREEN, GREY, interval_text, model_name, month_name, number_text

if TYPE_CHECKING:
    import plotly.graph_objects as go

LEADERBOARD_SCHEMA = {
    "model": pl.String,
    "model_version": pl.String,
    "as_of": pl.Date,
    "role": pl.String,
    **{f"{sample}_{part}": pl.Float64 for sample in ("test", "oot") for part in ("roc_auc", "low", "high")},
    "oot_with_all_sources": pl.Float64,
    "oot_n": pl.Int64,
    "oot_n_bad": pl.Int64,
    "gates": pl.String,
    "sources": pl.String,
    "in_force_from": pl.Date,
    "in_force_until": pl.Date,
    "is_interim": pl.Boolean,
    "page": pl.String,
}
UNKNOWN = "unknown"
IS_IN_FORCE = pl.col("in_force_from").is_not_null() & pl.col("in_force_until").is_null()


def leaderboard(versions: Iterable[tuple[VersionFacts, str | None]]) -> pl.DataFrame:
    """One row per version as `LEADERBOARD_SCHEMA`, the newest first; null is not known.

    The ROC-AUC are as the newest cohorts have sources; `oot_with_all_sources` is null where it is the same.

    Args:
        versions: Each with the address of its page as seen from the leaderboard, None without one.
    """
    rows = [_row(facts, page) for facts, page in versions]
    return pl.DataFrame(rows, schema=LEADERBOARD_SCHEMA, orient="row").sort(
        ["as_of", "model", "model_version"], descending=[True, False, True]
    )


def leaderboard_page(versions: pl.DataFrame, *, book: ShownBook) -> str:
    """The page as one self-contained HTML text; the same rows give the same text.

    Args:
        versions: Rows of `LEADERBOARD_SCHEMA`.
        book: The book they score.
    """
    models = versions.get_column("model").unique().sort().to_list()
    return page_html(
        title="Model versions",
        introduction=f"{calendar_html(book)}{_introduction(versions, models, book)}",
        sections=[_chart_section(versions, models, book), _table_section(versions, book)] if models else [],
        has_figures=bool(models),
    )


def leaderboard_figure(versions: pl.DataFrame, models: Sequence[str], cases: str) -> go.Figure:
    """Out-of-time ROC-AUC with its interval by training month, one panel per model, and the version in force."""
    import plotly.graph_objects as go

    figure = lay_out_models(models)
    months = pl.concat([versions.get_column("as_of"), versions.get_column("in_force_from").drop_nulls()])
    end = max(months.to_list()) + timedelta(days=18)
    looks = (
        ("in force", "star", GREEN, 15, IS_IN_FORCE),
        ("formerly in force", "circle", BLUE, 9, pl.col("in_force_until").is_not_null()),
        ("never in force", "circle-open", BLUE, 9, pl.col("in_force_from").is_null()),
    )
    for column, model in enumerate(models, start=1):
        own = versions.filter(pl.col("model") == model, pl.col("oot_roc_auc").is_not_null()).sort("as_of")
        _add_steps(figure, own, column, end=end)
        for name, symbol, colour, size, among in looks:
            rows = own.filter(among)
            figure.add_trace(
                go.Scatter(
                    x=rows.get_column("as_of").to_list(),
                    y=rows.get_column("oot_roc_auc").to_list(),
                    error_y=interval_bars(rows, "oot_roc_auc", "oot_low", "oot_high", thickness=1.5, width=4),
                    mode="markers",
                    marker={"color": colour, "symbol": symbol, "size": size, "line": {"color": colour, "width": 2}},
                    name=name,
                    legendgroup=name,
                    showlegend=column == 1,
                    customdata=rows.select("model_version", "oot_n", "oot_n_bad").rows(),
                    hovertemplate="%{customdata[0]}: %{y:.4f}<br>"
                    f"%{{customdata[1]}} {cases}, %{{customdata[2]}} bad",
                ),
                row=1,
                col=column,
            )
    show_months(figure, pl.DataFrame({"observed_month": months}), layer=None)
    finish(figure, height=420)
    figure.update_yaxes(title="out-of-time ROC-AUC", col=1)
    figure.update_xaxes(title="trained as of")
    figure.update_layout(margin={"l": 70, "r": 20, "t": 70, "b": 60})
    return figure


def _add_steps(figure: go.Figure, own: pl.DataFrame, column: int, *, end: object) -> None:
    """A level line over the months each version was in force."""
    import plotly.graph_objects as go

    across: list[object] = []
    up: list[float | None] = []
    decided = own.filter(pl.col("in_force_from").is_not_null()).sort("in_force_from")
    for first, last, auc in decided.select("in_force_from", "in_force_until", "oot_roc_auc").iter_rows():
        across += [first, end if last is None else last + timedelta(days=30), None]
        up += [auc, auc, None]
    figure.add_trace(
        go.Scatter(
            x=across,
            y=up,
            mode="lines",
            line={"color": GREY, "width": 2},
            name="months it decided",
            legendgroup="months",
            showlegend=column == 1,
            hoverinfo="skip",
        ),
        row=1,
        col=column,
    )


def _row(facts: VersionFacts, page: str | None) -> tuple[object, ...]:
    test, oot = (judged(facts, role, "roc_auc") for role in ("test", "oot"))
    whole = measured(facts.evaluation.metrics, "oot", "roc_auc").value if facts.metadata.scarcer_sources else None
    return (
        *(facts.model, facts.model_version, facts.as_of, facts.role),
        *(test.value, test.low, test.high, oot.value, oot.low, oot.high, whole, oot.n, oot.n_bad),
        *(
            gates_text(facts.gates),
            sources_text(facts.metadata),
            facts.in_force_from,
            facts.in_force_until,
            facts.is_interim,
            page,
        ),
    )


def _introduction(versions: pl.DataFrame, models: Sequence[str], book: ShownBook) -> str:
    if not models:
        return "<p>No version has been stored yet.</p>"
    return f"<div class='cards'>{''.join(_card(versions.filter(model=model), model, book) for model in models)}</div>"


def _card(own: pl.DataFrame, model: str, book: ShownBook) -> str:
    in_force = own.filter(IS_IN_FORCE)
    n = f"{own.height} version{'s' if own.height > 1 else ''} stored"
    if in_force.is_empty():
        look, verdict, facts = "watch", "No version is in force", [("Versions", n)]
    else:
        row = in_force.sort("in_force_from").row(-1, named=True)
        look, how = ("watch", " as interim, until a version passes all gates") if row["is_interim"] else ("good", "")
        verdict = f"Version {row['model_version']} is in force{how}"
        facts = [
            ("Since", month_name(row["in_force_from"])),
            ("Out-of-time ROC-AUC", interval_text(row["oot_roc_auc"], row["oot_low"], row["oot_high"])),
            *([("With all sources", number_text(whole))] if (whole := row["oot_with_all_sources"]) is not None else []),
            ("Gates", row["gates"]),
            *([("Sources", row["sources"] or UNKNOWN)] if book.has_calendar else []),
            ("Versions", n),
        ]
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    return (
        f"<article class='card {look}'><h3>{escape(model_name(model))}</h3>"
        f"<p class='verdict'>{escape(verdict)}</p><dl>{told}</dl></article>"
    )


def _chart_section(versions: pl.DataFrame, models: Sequence[str], book: ShownBook) -> Section:
    is_known = versions.get_column("oot_roc_auc").count() > 0
    label = "Out-of-time ROC-AUC with interval by training month and model, version in force marked"
    return section_of(
        __file__,
        "chart",
        figure_html(leaderboard_figure(versions, models, book.words.cases), name="versions", label=label)
        if is_known
        else "<p>Unknown: no version has a known out-of-time ROC-AUC.</p>",
        book,
    )


def _table_section(versions: pl.DataFrame, book: ShownBook) -> Section:
    begins = pl.col("in_force_from").dt.strftime("%Y-%m")
    shown = versions.select(
        pl.col("model").replace({name: model_name(name) for name in versions.get_column("model").unique().to_list()}),
        pl.col("model_version"),
        pl.col("as_of").dt.strftime("%Y-%m"),
        (pl.col("role").str.head(1).str.to_uppercase() + pl.col("role").str.slice(1)).fill_null(UNKNOWN),
        _interval("test").alias("test"),
        _interval("oot").alias("oot")
        + pl.format("\nwith all sources {}", _decimals("oot_with_all_sources")).fill_null(""),
        pl.col("gates"),
        pl.col("sources"),
        pl.when(IS_IN_FORCE)
        .then(pl.format("since {}", begins))
        .otherwise(pl.format("{}\nto {}", begins, pl.col("in_force_until").dt.strftime("%Y-%m")))
        .fill_null("never")
        + pl.when("is_interim").then(pl.lit("\n(interim)")).otherwise(pl.lit("")),
    )
    headings = [
        "Model",
        "Version",
        "Trained\nas of",
        "Status",
        "ROC-AUC,\ntest",
        "ROC-AUC,\nout-of-time",
        "Gates",
        "Sources",
        "In force",
    ]
    if not book.has_calendar:
        shown, headings = shown.drop("sources"), [heading for heading in headings if heading != "Sources"]
    links = {"model_version": versions.get_column("page").to_list()}
    return section_of(__file__, "table", table_html(shown, headings=headings, links=links, missing=UNKNOWN), book)


def _interval(sample: str) -> pl.Expr:
    value, low, high = (_decimals(f"{sample}_{part}") for part in ("roc_auc", "low", "high"))
    return pl.coalesce(pl.format("{}\n{} to {}", value, low, high), value, pl.lit(UNKNOWN))


def _decimals(column: str) -> pl.Expr:
    return pl.col(column).map_elements(lambda number: f"{number:.4f}", return_dtype=pl.String)
