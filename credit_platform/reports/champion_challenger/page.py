"""The page that holds every challenger against the champion: the verdict, then the figures it rests on.

Figures are drawn beside it, the page's frame is `page`. Measuring and deciding belong to scoring.
"""

from collections.abc import Iterator
from datetime import date
from html import escape

import polars as pl

from credit_platform.months import add_months
from credit_platform.policy.model_config import ModelConfig
from credit_platform.reports.champion_challenger.figures import (
    approval_sensitivity,
    auc_by_cohort,
    cohort_months,
    swap_bars,
    swap_matrix,
)
from credit_platform.reports.page import (
    Section,
    calendar_html,
    facts_html,
    figure_html,
    page_html,
    section_of,
    side_by_side,
    table_html,
)
from credit_platform.reports.shown_book import ShownBook
from credit_platform.reports.wording import metric_name, model_name, month_name, words
from credit_platform.scoring.champion_challenger.newest_sources import COMPARED_AS

LOOKS = {"promote": "watch", "keep": "good", "extend_observation": "unknown", "reject": "bad"}
DECISIONS = {"promote": "Promote", "keep": "Keep", "extend_observation": "Extend observation", "reject": "Reject"}
# A space first: it comes after another sentence.
_AS_NEWEST = " Both models scored these {cases} without sources that newer {cases} lack; the last reason names them."
_METRIC_NAMES = {"ks": "KS", "brier": "Brier score (less is better)", "calibration_slope": "Calibration slope"}


def champion_challenger_page(table: pl.DataFrame, *, config: ModelConfig, book: ShownBook) -> str:
    """The page as one self-contained HTML text, as of the newest month; the same input gives the same text.

    Args:
        table: Rows of `schemas.champion_challenger.ChampionChallenger` of all months.
        config: The policy in force: how much must be seen, and what counts as a gain.
        book: The book they are of.
    """
    if table.is_empty():
        said = "<p>There is no challenger: the model configuration names one model only.</p>"
        return page_html(title="Champion and challenger", introduction=said, sections=[], has_figures=False)
    newest: date = table.get_column("snapshot_month").sort()[-1]
    current = table.filter(pl.col("snapshot_month") == newest)
    challengers = current.get_column("challenger").unique().sort().to_list()
    sections: list[Section] = []
    for challenger in challengers:
        sections += _sections(current.filter(challenger=challenger), book, is_alone=len(challengers) == 1)
    cards = "\n".join(_card(table.filter(challenger=challenger), newest, book) for challenger in challengers)
    policy = config.champion_challenger
    introduction = (
        f"<p class='soft'>What was known on {newest:%Y-%m-%d}. Only cohorts count whose outcome is known and that "
        f"neither model was developed on, at most the last {policy.months}; nothing is decided on fewer than "
        f"{policy.min_cohorts} cohorts or {policy.min_bads} bads.</p>\n"
        f"{calendar_html(book)}<div class='cards'>\n{cards}\n</div>"
    )
    return page_html(
        title=f"Champion and challenger, {month_name(newest)}",
        introduction=introduction,
        sections=[*sections, _history_section(table, book)],
        has_figures=any("data-figure" in section.content for section in sections),
    )


def _card(table: pl.DataFrame, newest: date, book: ShownBook) -> str:
    rows = table.filter(pl.col("snapshot_month") == newest)
    first = rows.row(0, named=True)
    pooled = rows.filter(breakdown="all", metric="roc_auc", subject="difference").row(0, named=True)
    cohorts = cohort_months(rows)
    compared = (
        f"{pooled['n']:,} {book.words.cases}, {pooled['n_bad']:,} of them bad, of {len(cohorts)} cohorts, "
        f"{month_name(cohorts[0])} to {month_name(cohorts[-1])}"
        if cohorts
        else "no cohort yet"
    )
    facts = [
        ("Since", [_since(table, newest)]),
        ("Why", first["reasons"].split("\n")),
        ("Compared on", [compared]),
        ("To do", [words("challenger_to_do")[first["decision"]]]),
    ]
    names = f"{model_name(first['challenger'])} against {model_name(first['champion'])}, the champion"
    headline = words("challenger_headlines")[first["decision"]]
    return (
        f"<article class='card {LOOKS[first['decision']]}'><h3>{escape(names)}</h3>"
        f"<p class='verdict'>{escape(headline)}</p>{facts_html(facts)}</article>"
    )


def _since(table: pl.DataFrame, newest: date) -> str:
    """First month of the unbroken run of the newest decision against the same champion."""
    months = table.select("snapshot_month", "decision", "champion").unique().iter_rows()
    told = {row[0]: row[1:] for row in months}
    first = newest
    while told.get(add_months(first, -1)) == told[newest]:
        first = add_months(first, -1)
    n = sum(first <= month <= newest for month in told)
    return f"{month_name(first)}, {n} month{'s' if n > 1 else ''}"


def _sections(rows: pl.DataFrame, book: ShownBook, *, is_alone: bool) -> Iterator[Section]:
    first, said = rows.row(0, named=True), book.words
    challenger = first["challenger"]
    suffix = "" if is_alone else f" ({model_name(challenger)})"
    if not cohort_months(rows):
        nothing = "<p>No cohort that both models scored without having been developed on it has an outcome yet.</p>"
        yield section_of(__file__, "nothing_to_compare", nothing, book, suffix=suffix)
        return
    told = _AS_NEWEST.format(cases=said.cases) if COMPARED_AS in first["reasons"] else ""
    yield section_of(
        __file__, "all_cohorts_together", _figures_table(rows, said.heading), book, suffix=suffix, told=told
    )
    yield section_of(
        __file__,
        "roc_auc_by_cohort",
        figure_html(auc_by_cohort(rows), name=f"auc_{challenger}", label="ROC-AUC of both models by cohort"),
        book,
        suffix=suffix,
    )
    matrix = figure_html(
        swap_matrix(rows, said.cases), name=f"swaps_{challenger}", label=f"{said.heading} by both models' decisions"
    )
    bars = figure_html(swap_bars(rows), name=f"bad_rates_{challenger}", label="Bad rate of each swap set")
    yield section_of(
        __file__, "swap_sets", side_by_side(matrix, bars), book, suffix=suffix, told=_swaps_told(rows, said.cases)
    )
    yield section_of(
        __file__,
        "approval_rates",
        figure_html(
            approval_sensitivity(rows, said.cases),
            name=f"sensitivity_{challenger}",
            label=f"Bad rate of approved {said.cases} by approval rate",
        ),
        book,
        suffix=suffix,
    )


def _swaps_told(rows: pl.DataFrame, cases: str) -> str:
    approval = rows.filter(breakdown="all", metric="approval_rate").row(0, named=True)["value"]
    found = {row["segment"]: row for row in rows.filter(breakdown="swap_set", subject="loans").iter_rows(named=True)}
    swap_in, swap_out = found["swap_in"], found["swap_out"]
    head = f"Both models approve {approval:.1%} of the {cases}."
    if not swap_in["n"]:
        return f"{head} They approve the same ones."
    return (
        f"{head} The challenger would swap {swap_in['n']} {cases} in, {swap_in['n_bad']} of them bad, for as "
        f"many swapped out, {swap_out['n_bad']} of them bad."
    )


def _figures_table(rows: pl.DataFrame, counted: str) -> str:
    pooled = rows.filter(breakdown="all")
    lines = []
    for metric in ("roc_auc", "ks", "brier", "calibration_slope"):
        found = {row["subject"]: row for row in pooled.filter(metric=metric).iter_rows(named=True)}
        lines.append(
            (
                _METRIC_NAMES.get(metric) or metric_name(metric),
                *(_figure(found.get(subject), "") for subject in ("champion", "challenger")),
                _figure(found.get("difference"), "+"),
                rows.filter(breakdown="all", metric="roc_auc", subject="difference")["n"][0],
            )
        )
    first = rows.row(0, named=True)
    headings = [
        "",
        f"{model_name(first['champion'])} (champion)",
        model_name(first["challenger"]),
        "Difference",
        counted,
    ]
    schema = dict.fromkeys(("metric", "champion", "challenger", "difference"), pl.String) | {"n": pl.Int64}
    return table_html(pl.DataFrame(lines, schema=schema, orient="row"), headings=headings)


def _figure(row: dict[str, object] | None, sign: str) -> str | None:
    if row is None or row["value"] is None:
        return None
    ends = "" if row["ci_low"] is None else f" ({row['ci_low']:{sign}.4f} to {row['ci_high']:{sign}.4f})"
    return f"{row['value']:{sign}.4f}{ends}"


def _history_section(table: pl.DataFrame, book: ShownBook) -> Section:
    months = table.filter(breakdown="all", metric="roc_auc", subject="difference")
    shown = months.sort(["snapshot_month", "challenger"], descending=[True, False]).select(
        pl.col("snapshot_month").dt.strftime("%Y-%m"),
        pl.col("champion").map_elements(model_name, return_dtype=pl.String),
        pl.col("challenger").map_elements(model_name, return_dtype=pl.String),
        pl.col("decision").replace(DECISIONS),
        pl.col("value"),
        pl.col("n"),
        pl.col("n_bad"),
        pl.col("reasons"),
    )
    return section_of(
        __file__,
        "history",
        table_html(
            shown,
            headings=[
                *("Month", "Champion", "Challenger", "Decision", "Difference"),
                *(book.words.heading, "Bads", "Reasons"),
            ],
            decimals={"value": 4},
        ),
        book,
    )
