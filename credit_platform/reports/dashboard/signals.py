"""The dashboard's sections on what is seen before outcomes: estimates, early reads, drift of scores and features.

What outcomes said belongs in `dashboard_outcomes`, the figures themselves in `early_figures`, `figures`, `matrices`.
"""

from datetime import date
from html import escape

import polars as pl

from credit_platform.monitoring.early_warning.early_performance_tests import ALL_READS
from credit_platform.monitoring.early_warning.source_segments import is_of_all_sources, read_and_sources
from credit_platform.reports.dashboard.outcomes import NO_OUTCOME, figure_text, newest_text
from credit_platform.reports.dashboard.overview import Overview
from credit_platform.reports.figures.early_performance import (
    ESTIMATED,
    early_performance_by_cohort,
    estimate_against_outcome,
    reads_of,
)
from credit_platform.reports.figures.matrices import csi_heat_map, n_shown_features
from credit_platform.reports.figures.model_months import probability_drift, psi_trend, rows_of, source_shares
from credit_platform.reports.page import Section, figure_html, section_of, table_html
from credit_platform.reports.wording import metric_name, read_name


def signal_sections(overview: Overview) -> list[Section]:
    """Estimates, early reads, stability of scores and of features."""
    return [
        _estimate_section(overview),
        *([] if "early_reads" in overview.absent else [_early_performance_section(overview)]),
        *_sources_sections(overview),
        _psi_section(overview),
        _probability_section(overview),
        _csi_section(overview),
    ]


def _estimate_section(overview: Overview) -> Section:
    known = overview.known
    if known.filter(layer="estimate").is_empty():
        content = "<p>Unknown: nothing has been estimated yet.</p>"
    else:
        figure = estimate_against_outcome(known, names=overview.names, hidden=overview.hidden_estimates)
        drawn = figure_html(figure, name="estimate", label="Estimate and outcome by cohort and model")
        content = f"{drawn}{''.join(f'<p>{escape(line)}</p>' for line in _backtests(overview))}"
    return section_of(
        __file__,
        "estimates",
        content,
        overview.book,
        later=overview.book.later,
        but="" if "early_reads" in overview.absent else ": only early reads see that",
    )


def _backtests(overview: Overview) -> list[str]:
    told = []
    for model, name in overview.short_names.items():
        for metric in ESTIMATED:
            rows = overview.backtest.filter(model=model, metric=metric)
            what = f"{name}, {metric_name(metric)}"
            if rows.is_empty() or rows.item(0, "mean_absolute_error") is None:
                told.append(f"{what}: unknown how far off; no estimate could be held against an outcome yet.")
                continue
            row = rows.row(0, named=True)
            error, n = row["mean_absolute_error"], row["n_months"]
            limit = overview.thresholds.estimate.max_backtest_error
            hidden = "" if row["may_be_shown"] else f" More than the {limit:g} that policy allows: it is not shown."
            told.append(f"{what}: off by {error:.4f} on average over {n} months.{hidden}")
    return told


def _early_performance_section(overview: Overview) -> Section:
    known = overview.known
    if not reads_of(known):
        content = "<p>Unknown: no cohort is old enough for a first read yet.</p>"
    else:
        figure = early_performance_by_cohort(known, names=overview.names)
        drawn = figure_html(figure, name="early_reads", label="Early bads and how they were ranked, by cohort")
        content = f"{drawn}{_funnel(overview)}"
    return section_of(__file__, "early_reads", content, overview.book)


def _funnel(overview: Overview) -> str:
    """One row per open cohort for the share, which does not depend on a model, and one per model for the ranking.

    Segments by sources have rows of their own where they were tested.
    """
    reads = reads_of(overview.known)
    is_tested = is_of_all_sources() | pl.col("p_value").is_not_null()
    own = overview.early_reads.filter(pl.col("segment") != ALL_READS, is_tested)
    found: dict[tuple[date, str], dict[str, tuple[int, str]]] = {}
    for model, name in overview.short_names.items():
        for row in own.filter(model=model).iter_rows(named=True):
            read, sources = read_and_sources(row["segment"])
            ranking = f"ROC-AUC, {name}, with {sources}" if sources else f"ROC-AUC, {name}"
            figure = "share of early bads" if row["metric"] == "bad_rate" else ranking
            found.setdefault((row["cohort"], figure), {}).setdefault(read, (row["n"], _read_text(row)))
    if not found:
        return "<p>Unknown: no cohort without an outcome has been read yet.</p>"
    ordered = [
        [
            f"{cohort:%Y-%m}",
            max(n for n, _ in cells.values()),
            figure,
            *(
                cells[read][1] if read in cells else "not tested" if ", with " in figure else "not yet reached"
                for read in reads
            ),
        ]
        for (cohort, figure), cells in sorted(
            found.items(), key=lambda item: (item[0][0], item[0][1] < "a"), reverse=True
        )
    ]
    frame = pl.DataFrame(ordered, schema=["cohort", "n", "figure", *reads], orient="row")
    return table_html(
        frame, headings=["Cohort", overview.book.words.heading, "Figure", *(read_name(read) for read in reads)]
    )


def _read_text(row: dict[str, object]) -> str:
    value, expected, status = row["value"], row["expected"], row["status"]
    if not isinstance(value, float):
        return "unknown"
    shown = "{:.1%}" if row["metric"] == "bad_rate" else "{:.4f}"
    before = f"expected {shown.format(expected)}" if isinstance(expected, float) else "expected unknown"
    judged = {"warn": "worse than before", "ok": "as before", "insufficient": "too few to judge"}
    return f"{shown.format(value)}, {before}\n{judged.get(str(status), 'unknown')}"


def _sources_sections(overview: Overview) -> list[Section]:
    """Which sources the cases have, and how cases of the same sources were ranked; none for a book without sources."""
    known, said = overview.known, overview.book.words
    shares = known.filter(layer="stability", metric="source_share")
    if shares.is_empty():
        return []
    figure = source_shares(known, model=str(shares.sort("observed_month")["model"][-1]))
    drawn = figure_html(figure, name="share_by_source", label=f"Share of {said.cases} with each source by month")
    rows = []
    for model, name in overview.short_names.items():
        ranked = known.filter(pl.col("segment") != "all", model=model, layer="performance", metric="roc_auc")
        for row in ranked.filter(pl.col("observed_month") == pl.col("observed_month").max()).iter_rows(named=True):
            loss = rows_of(
                known, model=model, layer="performance", metric="roc_auc_degradation", segment=row["segment"]
            )["value"][-1]
            lost = "unknown" if loss is None else f"{loss:+.1%}"
            rows.append([f"{row['cohort']:%Y-%m}", name, row["segment"], row["n"], figure_text(row), lost])
    columns = ["cohort", "model", "sources", "n", "roc_auc", "loss"]
    table = table_html(
        pl.DataFrame(rows, schema=columns, orient="row"),
        headings=[
            "Cohort",
            "Model",
            "Sources present",
            said.heading,
            "ROC-AUC",
            f"Lost against such {said.cases} out of time",
        ],
    )
    return [section_of(__file__, "source_shares", drawn + (table if rows else NO_OUTCOME), overview.book)]


def _psi_section(overview: Overview) -> Section:
    figure = psi_trend(overview.known, names=overview.names, thresholds=overview.thresholds)
    drawn = figure_html(figure, name="psi", label="Population stability index by month and model")
    return section_of(
        __file__,
        "stability",
        drawn + newest_text(overview, layer="stability", metric="psi"),
        overview.book,
        before_outcomes=overview.book.before_outcomes,
    )


def _probability_section(overview: Overview) -> Section:
    figure = probability_drift(overview.known, names=overview.names, thresholds=overview.thresholds)
    drawn = figure_html(figure, name="probabilities", label="Drift of mean and spread of the probabilities")
    return section_of(
        __file__,
        "predictions",
        drawn + newest_text(overview, layer="stability", metric="mean_probability_drift"),
        overview.book,
    )


def _csi_section(overview: Overview) -> Section:
    parts = []
    for model, name in overview.names.items():
        shown, n = n_shown_features(overview.known, model=model)
        if not n:
            continue
        figure = csi_heat_map(overview.known, model=model, thresholds=overview.thresholds)
        rows = overview.known.filter(model=model, layer="stability", metric="csi").sort("observed_month")
        caption = (
            f"<h3>{escape(name)}</h3><p class='soft'>The {shown} of {n} features that moved most; newest month "
            f"{rows.item(-1, 'n')} {overview.book.words.cases}.</p>"
        )
        label = f"Characteristic stability index by feature and month, {name}"
        parts.append(f"<div>{caption}{figure_html(figure, name=f'csi_{model}', label=label)}</div>")
    content = f"<div class='pair'>{''.join(parts)}</div>" if parts else "<p>No feature has been compared yet.</p>"
    return section_of(__file__, "features", content, overview.book)
