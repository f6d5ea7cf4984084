"""How many rows the months of a table have, by their files alone, and the newest month with cases.

What a number of rows means belongs to those who ask; reading the rows, to `monthly`.
"""

from datetime import date

from credit_platform.lake.layout import Layout, month_files
from credit_platform.lake.tables.month_parts import n_rows


def row_counts(layout: Layout, table: str) -> dict[date, int]:
    """The rows of every month of a table; 0 of a file that cannot be read."""
    return {month: n_rows(file) for month, file in month_files(layout.table(table)).items()}


def newest_with_cases(layout: Layout) -> date | None:
    """The newest month with a row in the bronze table of the cases; None where there is none."""
    files = month_files(layout.table(f"bronze/{layout.portfolio.case_source.name}"))
    return next((month for month, file in reversed(files.items()) if n_rows(file)), None)
