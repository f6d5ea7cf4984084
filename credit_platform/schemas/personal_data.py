"""The mark of columns that hold personal data, and what a message shows of the rows of their sources.

Where any column of a source is personal nothing of it is quoted, whichever column it is said to be in: a file without
its header line has the first person's row for one, and shifted cells are under the names of others. How marked columns
are kept from views and other eyes does not belong here.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar

import dataframely as dy

PII: dict[str, bool] = {"pii": True}
# Set by `Tables.disclosing`; outside of it nothing is quoted.
MAY_QUOTE: ContextVar[bool] = ContextVar("may_quote", default=False)
_LONGEST, _MOST = 60, 5


def has_personal_data(column: dy.Column) -> bool:
    """Whether a column is marked as personal data."""
    return isinstance(column.metadata, Mapping) and bool(column.metadata.get("pii"))


def may_quote() -> bool:
    """Whether a message may quote the file it is about."""
    return MAY_QUOTE.get()


def shape(value: object) -> str:
    """What a value looks like, without a sign of it.

    >>> shape("123-45-678"), shape(None)
    ('text of 10 characters, 8 digits', 'nothing')
    """
    if value is None:
        return "nothing"
    if not isinstance(value, str):
        return f"a value of type {type(value).__name__}"
    return f"text of {len(value)} characters, {sum(sign.isdigit() for sign in value)} digits"


def shown_cell(value: object) -> str:
    """A cell as a message shows it: quoted, a long one by its beginning, or by its shape."""
    if not may_quote():
        return f"({shape(value)})"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def shown_names(header: Sequence[str], columns: Sequence[str]) -> list[str]:
    """The names of a header that are not among `columns`, as a message shows them: quoted, or by position and shape.

    A line of several cells without one that is known is no header, and not quoted from any source.
    """
    is_header = any(name in columns for name in header) or (len(header) == 1 and header[0].isidentifier())
    unknown = [(place, name) for place, name in enumerate(header, start=1) if name not in columns]
    if not (may_quote() and is_header):
        shapes = [f"{place} ({shape(name)})" for place, name in unknown]
        return shapes if len(shapes) <= _MOST else [*shapes[:_MOST], f"and {len(shapes) - _MOST} more"]
    return [name if name == name.strip() and name else repr(name) for _, name in unknown]
