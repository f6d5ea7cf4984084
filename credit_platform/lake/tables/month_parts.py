"""The rows of a table by month, all at once or one month after the other, as they are handed on to be written.

Reading and writing files belongs to `monthly`; how many months are held at once, to `row_counts`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from credit_platform.errors import TableError

MONTH_COLUMN = "snapshot_month"


@dataclass(frozen=True)
class MonthParts:
    """The rows of several months, of which one is held at a time.

    Attributes:
        parts: every month of a run once, with its rows.
    """

    parts: Iterable[tuple[date, pl.DataFrame]]


def by_month(table: str, frame: pl.DataFrame, months: Sequence[date]) -> list[tuple[date, pl.DataFrame]]:
    """The rows of every month of `months`, none of a month that the frame does not have.

    Raises:
        TableError: the frame holds rows of a month that was not asked for.
    """
    parts = {
        month: part
        for (month,), part in frame.partition_by(MONTH_COLUMN, as_dict=True, maintain_order=True).items()
        if isinstance(month, date)
    }
    strangers = sorted(set(parts) - set(months))
    if strangers or sum(part.height for part in parts.values()) != frame.height:
        raise TableError(
            table=table,
            months=strangers or list(months),
            reason="rows of months that this run does not write",
            fix="This is a defect of the step that made them; report it with the run's log.",
        )
    return [(month, parts.get(month, frame.clear())) for month in months]
