"""What messages about the rows of a source disclose: its cells and headers, or nothing but positions and shapes.

Where any column of a source is personal nothing of it is quoted, whichever column it is said to be in: a file without
its header line has the first person's row for one, and shifted cells are under the names of others. Which columns are
personal is marked in the book's schemas. What a message says besides belongs to the module that says it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from traceback import extract_tb

from credit_platform.errors import CreditPlatformError, WithheldError
from credit_platform.portfolios.tables import Tables

_MAY_QUOTE: ContextVar[bool] = ContextVar("may_quote", default=False)
_LONGEST, _MOST = 60, 5


@contextmanager
def disclosing(tables: Tables, table: str) -> Iterator[None]:
    """Let messages quote the rows of a table, unless they come from a source with personal columns.

    Raises:
        WithheldError: a library failed on rows of such a source; its words, which may quote a cell, are left out.
    """
    is_personal = tables.is_personal(table)
    before = _MAY_QUOTE.set(not is_personal)
    try:
        yield
    except (CreditPlatformError, OSError, MemoryError):
        raise
    except Exception as error:
        if not is_personal:
            raise
        last = extract_tb(error.__traceback__)[-1]
        place = f"{Path(last.filename).name}, line {last.lineno}"
        raise WithheldError(table=table, error=type(error).__name__, place=place) from None
    finally:
        _MAY_QUOTE.reset(before)


def may_quote() -> bool:
    """Whether a message may quote the file it is about; outside of `disclosing` none may."""
    return _MAY_QUOTE.get()


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
