"""The optional file of decisions people took on applications, read as text; and that there may be none.

Its rows carry no date: a decision belongs to the month its loan was written in. What a sound row is stands in
`monitoring.decision_overrides`.
"""

import polars as pl

from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_file import file_content, format_of
from credit_platform.lake.raw.readers import parse_file
from credit_platform.monitoring.decision_overrides import decision_columns

SOURCE = "decisions"


def read_decisions(layout: Layout) -> pl.DataFrame | None:
    """All rows of the files `decisions*` in the raw folder as text, with `source_file` and `source_line`.

    Returns:
        None when there is no such file: no override data is supplied.

    Raises:
        SourceError: a file cannot be read for sure, or its columns are not the contract's.
    """
    found = sorted(
        file for file in layout.raw_dir.glob(f"{SOURCE}*") if format_of(file) and not file.name.startswith(".")
    )
    if not found:
        return None
    columns = decision_columns(layout.portfolio.cases.key)
    return pl.concat(
        parse_file(SOURCE, columns, file, file_content(SOURCE, file)).with_columns(source_file=pl.lit(file.name))
        for file in found
    )
