"""Small pictures in the metadata of assets: a trend with its thresholds, a strip of actions, shown without a click.

What a picture looks like is written in `reports`; here its months are read and the text is put where the UI shows it.
"""

from base64 import b64encode
from collections.abc import Sequence

import dagster as dg
import polars as pl

from credit_platform.lake.tables.monthly import Lake
from credit_platform.reports.figures.svg import action_svg, trend_svg
from credit_platform.reports.wording import metric_name, model_name

N_MONTHS = 24


def picture(name: str, svg: str) -> dg.MetadataValue:
    """A picture as the UI shows it inline; `name` stands where it cannot."""
    return dg.MetadataValue.md(f"![{name}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})")


def trend_picture(
    lake: Lake, table: str, measured: Sequence[pl.DataFrame], *, metric: str, levels: Sequence[float | None]
) -> dg.MetadataValue:
    """A metric of one model up to the newest month of a run, with its interval.

    Args:
        lake: Where the months before the run lie.
        table: Asset key of a table of measures.
        measured: Rows of the run's months so far, not yet stored.
        metric: What is drawn.
        levels: Thresholds, the milder first; None where there is none.
    """
    rows = so_far(lake, table, measured).filter(metric=metric, segment="all").sort("snapshot_month")
    title = f"{metric_name(metric)}, {model_name(table.split('/')[1])}"
    has_interval = bool(rows["ci_low"].is_not_null().any())
    svg = trend_svg(
        rows["snapshot_month"].to_list(),
        rows["value"].to_list(),
        title=title,
        low=rows["ci_low"].to_list() if has_interval else None,
        high=rows["ci_high"].to_list() if has_interval else None,
        levels=[level for level in levels if level is not None],
    )
    return picture(f"{title} by month", svg)


def action_picture(lake: Lake, table: str, decided: Sequence[pl.DataFrame]) -> dg.MetadataValue:
    """The actions of one model up to the newest month of a run; arguments as for `trend_picture`."""
    rows = so_far(lake, table, decided).sort("snapshot_month")
    title = f"Actions, {model_name(table.split('/')[1])}"
    svg = action_svg(
        rows["snapshot_month"].to_list(), rows["action"].to_list(), rows["actionable"].to_list(), title=title
    )
    return picture(f"{title} by month", svg)


def so_far(lake: Lake, table: str, made: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The last months of a table up to the newest one made, those of a run in place of what is stored of them."""
    rows = pl.concat(made)
    own = set(rows["snapshot_month"].to_list())
    newest = max(own, default=None)
    stored = [month for month in lake.months(table) if newest and month < newest and month not in own]
    if not stored:
        return rows
    before = lake.scan(table, stored[-N_MONTHS:]).select(rows.columns).collect()
    return pl.concat([before, rows])
