"""Figures of the portfolio: vintage curves by months on book, roll and cure rates by month.

What a model has to do with it belongs in `figures`.
"""

from collections.abc import Sequence

import polars as pl

from credit_platform.reports.figures.panels import Figure, Mark, Panels
from credit_platform.reports.wording import BLUE, GREEN, GREY, ORANGE, VERMILION

N_COHORTS = 24
# Buckets of days past due, from the best to the worst.
_COLOURS = {"current": GREEN, "1-29": GREY, "30-59": BLUE, "60-89": ORANGE, "90-119": VERMILION, "120+": GREY}
_OLDEST, _NEWEST = (178, 200, 222), (140, 45, 4)  # from light to dark, so that age shows without colour


def vintage_curves(vintages: pl.DataFrame, *, cases: str) -> Figure:
    """Share of loans ever 30 or more days past due by months on book, one line per cohort, the newest darkest.

    Args:
        vintages: Rows of the book's vintages of one month; of many cohorts the newest are drawn.
        cases: What the book calls several of its cases.
    """
    cohorts = vintages["cohort"].unique().sort().to_list()[-N_COHORTS:]
    panels = Panels([""])
    for place, cohort in enumerate(cohorts):
        rows = vintages.filter(pl.col("cohort") == cohort).sort("mob")
        panels.add_series(
            0,
            rows["mob"].to_list(),
            rows["ever_30dpd_rate"].to_list(),
            Mark(f"{cohort:%Y-%m}", _between(place, len(cohorts)), size=5),
            facts=rows.select("n_ever_30dpd", "n_loans").rows(),
            hover=f"cohort {cohort:%Y-%m}, month on book %{{x}}: %{{y:.1%}}<br>%{{customdata[0]}} of %{{customdata[1]}}"
            f" {cases}<extra></extra>",
        )
    panels.up(tickformat=".0%", rangemode="tozero")
    panels.across(title={"text": "months on book"}, dtick=3 if _spread(vintages) > 12 else 1)
    figure = panels.figure(height=600, margin={"r": 110, "t": 24, "b": 56})
    layout = figure["layout"]
    if isinstance(layout, dict):
        layout["legend"] = {"orientation": "v", "x": 1.01, "y": 1, "font": {"size": 11}, "tracegroupgap": 0}
    return figure


def roll_and_cure_rates(roll_rates: pl.DataFrame, *, cases: str) -> Figure:
    """By month: share of each bucket's loans that moved to a worse one, and share that came back to current.

    Args:
        roll_rates: Rows of the book's roll rates of any months. A bucket outside the order of days past due
            (a case that left the book, say) is neither worse nor cured.
        cases: What the book calls several of its cases.
    """
    panels = Panels(["rolled to a worse bucket", "cured: back to current"], shares_scale=False)
    rank = {bucket: place for place, bucket in enumerate(_COLOURS)}
    known = roll_rates.filter(pl.col("from_bucket").is_in(list(rank)) & pl.col("to_bucket").is_in(list(rank)))
    start, end = (pl.col(name).replace_strict(rank, return_dtype=pl.Int32) for name in ("from_bucket", "to_bucket"))
    left = pl.col("n_loans").sum().over("snapshot_month", "from_bucket")
    known = known.with_columns(is_worse=end > start, n_left=left)
    months = roll_rates.select("snapshot_month").unique().sort("snapshot_month")
    for bucket, colour in _COLOURS.items():
        rows = known.filter(from_bucket=bucket)
        worst = bucket == max(rank, key=rank.__getitem__)
        for panel, is_counted, is_drawn in (
            (0, pl.col("is_worse"), not worst),
            (1, pl.col("is_cure"), bucket != "current"),
        ):
            if rows.is_empty() or not is_drawn:
                continue
            found = months.join(_share(rows, is_counted), on="snapshot_month", how="left", maintain_order="left")
            panels.add_series(
                panel,
                found["snapshot_month"].to_list(),
                found["rate"].to_list(),  # null where nobody was in the bucket: a gap
                Mark(f"from {bucket}", colour, dash="dot" if worst else "solid", size=6),
                facts=found.select("n", "n_left").rows(),
                hover=f"%{{x|%Y-%m}}, from {bucket}: %{{y:.1%}}<br>%{{customdata[0]}} of %{{customdata[1]}} {cases}"
                "<extra></extra>",
            )
    panels.up(tickformat=".0%", rangemode="tozero")
    panels.over_months(roll_rates["snapshot_month"].unique().to_list())
    return panels.figure()


def _share(rows: pl.DataFrame, is_counted: pl.Expr) -> pl.DataFrame:
    counted = pl.when(is_counted).then(pl.col("n_loans")).otherwise(0).sum()
    grouped = rows.group_by("snapshot_month").agg(n=counted, n_left=pl.col("n_left").first())
    return grouped.with_columns(rate=pl.col("n") / pl.col("n_left"))


def _spread(vintages: pl.DataFrame) -> int:
    oldest: object = vintages["mob"].max()
    return oldest if isinstance(oldest, int) else 0


def _between(place: int, n: int) -> str:
    share = place / (n - 1) if n > 1 else 1.0
    mixed: Sequence[int] = [round(a + (b - a) * share) for a, b in zip(_OLDEST, _NEWEST, strict=True)]
    return f"#{mixed[0]:02x}{mixed[1]:02x}{mixed[2]:02x}"
