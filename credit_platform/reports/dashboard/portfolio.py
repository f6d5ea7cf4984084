"""The dashboard's sections beyond single models: portfolio, groups of applicants, versions, further pages.

How models did belongs in `dashboard_outcomes`; the figures themselves in `portfolio_figures` and `comparison_figures`.
"""

from html import escape

import polars as pl

from credit_platform.months import add_months
from credit_platform.reports.dashboard.outcomes import figure_text
from credit_platform.reports.dashboard.overview import Overview
from credit_platform.reports.figures.comparison import approvals_by_group, by_age
from credit_platform.reports.figures.portfolio import N_COHORTS, roll_and_cure_rates, vintage_curves
from credit_platform.reports.page import Section, figure_html, section_of, table_html
from credit_platform.reports.wording import plain_lines
from credit_platform.scoring.governance.promotion import AS_NEWEST


def portfolio_sections(overview: Overview) -> list[Section]:
    """Vintages, roll rates, fair lending, versions, months and further pages."""
    of_the_book = {"vintages": _vintage_section, "roll_rates": _roll_section, "fair_lending": _fair_lending_section}
    return [
        *(section(overview) for table, section in of_the_book.items() if table not in overview.absent),
        # Whether rows came late or were selected cannot be told without a calendar.
        *([_sources_section(overview)] if overview.book.has_calendar else []),
        _versions_section(overview),
        _pages_section(overview),
    ]


def _vintage_section(overview: Overview) -> Section:
    said = overview.book.words
    known = overview.vintages.filter(pl.col("snapshot_month") <= overview.snapshot_month)
    if known.is_empty():
        content = "<p>Unknown: there is no vintage table of this month.</p>"
    else:
        newest = known.filter(pl.col("snapshot_month") == pl.col("snapshot_month").max())
        counts = newest.filter(mob=0)["n_loans"]
        content = (
            figure_html(
                vintage_curves(newest, cases=said.cases),
                name="vintages",
                label="Share ever 30+ days past due by months on book",
            )
            + f"<p class='soft'>The newest {N_COHORTS} cohorts at most, of {newest['cohort'].n_unique()} in the book, "
            f"{counts.min()} to {counts.max()} {said.cases} each.</p>"
        )
    return section_of(__file__, "portfolio", content, overview.book)


def _roll_section(overview: Overview) -> Section:
    said = overview.book.words
    known = overview.roll_rates.filter(pl.col("snapshot_month") <= overview.snapshot_month)
    if known.is_empty():
        content = "<p>Unknown: there is no month with a month before it to compare with.</p>"
    else:
        newest = known.filter(pl.col("snapshot_month") == pl.col("snapshot_month").max())
        content = (
            figure_html(
                roll_and_cure_rates(known, cases=said.cases),
                name="roll_rates",
                label="Roll and cure rates by month and bucket",
            )
            + f"<p class='soft'>Newest month: {newest['n_loans'].sum()} {said.cases} on the book in it and "
            "before.</p>"
        )
    return section_of(__file__, "rolls", content, overview.book)


def _fair_lending_section(overview: Overview) -> Section:
    known = overview.fair_lending.filter(pl.col("snapshot_month") <= overview.snapshot_month)
    if known.is_empty():
        content = "<p>Unknown: no cohort has been compared by groups yet.</p>"
    else:
        figure = approvals_by_group(known, names=overview.names)
        content = figure_html(figure, name="fair_lending", label="Approval rate by age band and model")
        content += _groups_table(overview, known)
    line = overview.thresholds.fair_lending.impact_ratio_line
    return section_of(
        __file__, "groups", content, overview.book, line=line, min_group=overview.thresholds.fair_lending.min_group
    )


def _sources_section(overview: Overview) -> Section:
    judged = overview.sources
    if judged.is_empty():
        return section_of(
            __file__, "sources", "<p>Unknown: no version in force has been judged by its sources.</p>", overview.book
        )
    shown = (
        judged.with_columns(pl.col("model").replace(overview.short_names))
        .group_by("source", "status", "reason", maintain_order=True)
        .agg(pl.format("{} ({})", "model", "model_version").str.join("\n").alias("versions"))
    )
    headings = ["Source", "Status", "Why", "Versions"]
    return section_of(__file__, "sources", table_html(shown, headings=headings), overview.book)


def _groups_table(overview: Overview, known: pl.DataFrame) -> str:
    rows = []
    groups = by_age(known).sort("model", maintain_order=True)
    for (model, group), found in groups.partition_by("model", "segment", as_dict=True, maintain_order=True).items():
        figures = {row["metric"]: row for row in found.iter_rows(named=True)}
        warned = [metric.replace("_", " ") for metric, row in figures.items() if row["status"] == "warn"]
        told = [
            _interval(figures.get(metric))
            for metric in ("approval_rate", "adverse_impact_ratio", "score_smd", "roc_auc", "calibration_gap")
        ]
        name = overview.short_names.get(str(model), str(model))
        rows.append((name, group, found["n"].max(), *told, ", ".join(warned) or "nothing"))
    columns = ["model", "group", "n", "rate", "ratio", "score", "auc", "gap", "warned"]
    headings = [
        "Model", "Group", overview.book.words.heading, "Approval rate", "Impact ratio", "Score difference", "ROC-AUC",
        "Calibration gap", "Pointed out",
    ]  # fmt: skip
    return table_html(pl.DataFrame(rows, schema=columns, orient="row"), headings=headings)


def _interval(row: dict[str, object] | None) -> str:
    if row is None or not isinstance(row["value"], float):
        return "unknown"
    few = "\ntoo few" if row["status"] == "insufficient" else ""
    return f"{figure_text(row, decimals=2).replace(' (', chr(10)).rstrip(')')}{few}"


def _versions_section(overview: Overview) -> Section:
    versions = overview.known_versions
    standing = versions.filter(pl.col("promoted") & pl.col("stands")).sort("model", "effective_month")
    follower = pl.col("effective_month").shift(-1).over("model")
    ends = standing.with_columns(until=follower).select("model", "model_version", "effective_month", "until")
    known = versions.join(
        ends, on=["model", "model_version", "effective_month"], how="left", maintain_order="left"
    ).sort("model", "as_of", maintain_order=True)
    rows = [_version_row(row, overview.short_names) for row in known.iter_rows(named=True)]
    columns = ["model", "version", "as_of", "auc", "whole", "fate", "why"]
    numbers = dict.fromkeys(("auc", "whole"), pl.Float64)
    frame = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String) | numbers, orient="row")
    headings = ["Model", "Version", "Trained as of", "Out-of-time ROC-AUC", "What became of it", "Why"]
    if frame["whole"].null_count() < frame.height:
        headings[3:4] = [
            f"Out-of-time ROC-AUC, {AS_NEWEST}",
            "With all sources, where it differs",
        ]
    else:
        frame = frame.drop("whole")
    table = table_html(
        frame,
        headings=headings,
        links={"version": known["page"].to_list()},
    )
    return section_of(
        __file__, "versions", table if rows else "<p>Unknown: no version has been decided about yet.</p>", overview.book
    )


def _version_row(row: dict[str, object], names: dict[str, str]) -> tuple[object, ...]:
    first, until = row["effective_month"], row["until"]
    if not row["promoted"]:
        fate = "not promoted"
    elif not row["stands"]:
        fate = f"was to be in force from {first:%Y-%m}; taken back"
    else:
        last = f"to {add_months(until, -1):%Y-%m}" if until is not None else "until further notice"  # type: ignore[arg-type]
        fate = f"in force from {first:%Y-%m} {last}" + (" (rollback)" if row["is_rollback"] else "")
        fate += " (interim: until a version passes all gates)" if row["is_interim"] else ""
    by = "" if row["actor"] == "policy" else f"\nby {row['actor']}"
    name = names.get(str(row["model"]), str(row["model"]))
    return (
        name,
        row["model_version"],
        f"{row['as_of']:%Y-%m}",
        row["oot_roc_auc"],
        row["oot_with_all_sources"],
        fate,
        f"{plain_lines(row['reasons'])}{by}",
    )


def _pages_section(overview: Overview) -> Section:
    months = " ".join(
        f"<a href='{escape(page, quote=True)}'>{month:%Y-%m}</a>"
        for month, page in sorted(overview.month_pages.items(), reverse=True)
    )
    further = "".join(
        f"<li><a href='{escape(page, quote=True)}'>{escape(name)}</a></li>" for name, page in overview.links.items()
    )
    content = f"<p class='months'>{months or 'No month has a page yet.'}</p>" + (
        f"<ul>{further}</ul>" if further else ""
    )
    return section_of(__file__, "months", content, overview.book)
