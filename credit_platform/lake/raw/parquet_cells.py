"""The columns of a Parquet file, and their cells as the text a CSV file would hold.

Which columns a file must have, and how a lender writes them, belongs to `readers` and `column_map`.
"""

import io
from datetime import time
from pathlib import Path

import polars as pl

from credit_platform.errors import SourceError
from credit_platform.schemas.personal_data import may_quote


def typed_columns(source: str, file: Path, content: bytes) -> pl.DataFrame:
    """The columns as they are stored.

    Raises:
        SourceError: the bytes are no Parquet file.
    """
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise SourceError(
            source=source,
            culprit=file.name,
            reason=f"not a readable Parquet file{f' ({str(error).splitlines()[0]})' if may_quote() else ''}",
            fix="Deliver the file again.",
        ) from None


def is_written(dtype: pl.DataType) -> bool:
    """Whether cells of a Parquet column are written in a form of their own: text, or whole numbers for dates."""
    return dtype == pl.String or isinstance(dtype, (pl.Categorical, pl.Enum)) or dtype.is_integer()


def as_text(source: str, file: Path, cells: pl.Series) -> pl.Series:
    """A typed column as the text a CSV file would hold; midnights are dates.

    Raises:
        SourceError: its cells have no text.
    """
    if isinstance(cells.dtype, pl.Datetime) and bool((cells.dt.time() == time(0)).all()):
        cells = cells.dt.date()
    try:
        if cells.dtype.is_nested() or cells.dtype == pl.Object:
            raise pl.exceptions.InvalidOperationError
        return cells.cast(pl.String)
    except pl.exceptions.PolarsError:
        # The names of fields and of categories are part of a type.
        kind = cells.dtype if may_quote() else cells.dtype.base_type()
        raise SourceError(
            source=source,
            culprit=f"{file.name}, column {cells.name}",
            reason=f"cells of type {kind} cannot be read as text",
            fix="Deliver the column as text, numbers or dates.",
        ) from None
