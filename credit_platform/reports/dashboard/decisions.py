"""Which model decided the cases of each month, and where the champion changed, for the dashboard and a month's page.

What models say of a case without deciding it is no part of it; what is done about versions is in `outcomes`.
"""

from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any

import polars as pl

from credit_platform.reports.dashboard.overview import Overview
from credit_platform.reports.page import Section, section_of, table_html
from credit_platform.statistics.intervals import wilson_interval

_NOTHING = "<p>Unknown: no month has been decided yet.</p>"


def changes_of_champion(decided: pl.DataFrame) -> dict[date, tuple[str, str]]:
    """The months from which on another model decides than in the month before: that one, and the one from then on.

    Args:
        decided: As `overview.DECIDED_SCHEMA`.
    """
    by_month = decided.sort("snapshot_month").unique("snapshot_month", keep="first", maintain_order=True)
    changed = by_month.with_columns(before=pl.col("model").shift()).filter(pl.col("model") != pl.col("before"))
    return {row["snapshot_month"]: (row["before"], row["model"]) for row in changed.iter_rows(named=True)}


def decisions_section(overview: Overview) -> Section:
    """Every month with the model and version that decided it, newest first, and a line per change of champion."""
    decided, names, level = overview.past_decisions, overview.short_names, overview.thresholds.confidence
    if decided.is_empty():
        return section_of(__file__, "decisions", _NOTHING, overview.book)
    said = "".join(f"<p><strong>{line}</strong></p>" for line in change_lines(decided, names))
    newest = decided.sort("snapshot_month", "model_version", descending=[True, False])
    table = table_html(
        newest.select(
            pl.col("snapshot_month").dt.strftime("%Y-%m"),
            pl.col("model").replace(names),
            pl.col("model_version"),
            pl.col("n"),
            pl.col("declined"),
            pl.Series("overridden", [_override_rate(row, level) for row in newest.iter_rows(named=True)]),
        ),
        headings=[
            "Month",
            "Decided by",
            "Version",
            overview.book.words.heading,
            f"Share {overview.book.words.declined}",
            "Overridden by people",
        ],
        links={"snapshot_month": [overview.month_pages.get(month) for month in newest["snapshot_month"].to_list()]},
    )
    return section_of(__file__, "decisions", said + table, overview.book)


def change_lines(decided: pl.DataFrame, names: Mapping[str, str]) -> list[str]:
    """A sentence per change of champion, oldest first, as HTML."""
    return [
        f"From {month:%Y-%m} on {escape(names.get(now, now))} decides in place of {escape(names.get(before, before))}."
        for month, (before, now) in sorted(changes_of_champion(decided).items())
    ]


def _override_rate(row: Mapping[str, Any], level: float) -> str:
    """How many of a month's cases people decided otherwise, with Wilson's interval of the share."""
    n_over, n, interval = row["n_overridden"], row["n"], wilson_interval(row["n_overridden"], row["n"], level)
    if interval is None:
        return "unknown"
    return f"{n_over:,} of {n:,}: {n_over / n:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def decided_by(decided: pl.DataFrame, names: Mapping[str, str], level: float, cases: str) -> str:
    """Which model's version decided the cases of one month, and how many people decided otherwise, as a paragraph.

    Args:
        decided: Rows of the month, as `overview.DECIDED_SCHEMA`.
        names: Titles of the models by name.
        level: Level of the interval.
        cases: What the book calls several of its cases.
    """
    if decided.is_empty():
        return "<p>Unknown: this month has not been decided.</p>"
    return "".join(
        f"<p>Decided by {escape(names.get(row['model'], row['model']))}, version {escape(row['model_version'])}: "
        f"{row['n']:,} {cases}, {row['declined']:.1%} declined. Overridden by people: {_override_rate(row, level)}.</p>"
        for row in decided.iter_rows(named=True)
    )
