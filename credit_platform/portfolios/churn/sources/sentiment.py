"""How a comment sounds, by TextBlob's lexicon of English words; `make extra-sentiment` installs it.

Without the library comments are kept unread: their sentiment is unknown, and a check says so. A lender with an engine
of its own, or with comments in another language, delivers the number in the column `sentiment`.
"""

from functools import cache
from importlib.util import find_spec
from threading import Lock

import polars as pl

LIBRARY = "textblob"
# The library loads its lexicon with the first text. Polars calls from several threads, and one that finds it half there
# would read another sentiment.
_ONE_AT_A_TIME = Lock()


def is_installed() -> bool:
    """Whether comments can be read here."""
    return find_spec(LIBRARY) is not None


def sentiment_of(comment: pl.Expr) -> pl.Expr:
    """The polarity of a text from -1 to 1, rounded to four digits; null without a text, or without the library."""
    return comment.map_batches(_polarities, return_dtype=pl.Float64, is_elementwise=True)


def _polarities(comments: pl.Series) -> pl.Series:
    if not is_installed():
        return pl.Series(comments.name, [None] * len(comments), dtype=pl.Float64)
    with _ONE_AT_A_TIME:
        found = [None if text is None else _polarity(text) for text in comments]
    return pl.Series(comments.name, found, dtype=pl.Float64)


@cache
def _polarity(text: str) -> float:
    from textblob import TextBlob

    return round(float(TextBlob(text).polarity), 4)  # pyrefly: ignore[bad-argument-type]
