"""What the cells of a raw source hold: which columns are numbers, dates and keys.

The columns themselves are said by each book; how such a cell is read and repaired, by the cleaning of its table.
"""

from dataclasses import dataclass

# The column that says the day of a row, unless its source says another.
SNAPSHOT_DATE = "snapshot_date"


@dataclass(frozen=True)
class SourceCells:
    """Columns of one source by what they hold. The key tells one row of a month from another."""

    key: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
