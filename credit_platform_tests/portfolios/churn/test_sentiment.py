"""How comments sound: the same in any thread, from the first text on, and unknown without the library."""

from __future__ import annotations

import subprocess
import sys

import polars as pl
import pytest

from credit_platform.portfolios.churn.sources import sentiment

# In a process of its own, so that the lexicon is loaded by whichever thread comes first.
IN_THREADS = """
from concurrent.futures import ThreadPoolExecutor
import polars as pl
from credit_platform.portfolios.churn.sources.sentiment import sentiment_of
texts = [f"The {thing} was {word}" for thing in ("milk", "shop") for word in ("great", "bad", "terrible", "lovely")]
def read(text):
    return pl.DataFrame({"text": [text]}).select(sentiment_of(pl.col("text"))).item()
with ThreadPoolExecutor(8) as threads:
    first = list(threads.map(read, texts))
print(first == [read(text) for text in texts], all(first))
"""


def test_whichever_thread_loads_the_lexicon_the_sentiment_is_the_same() -> None:
    ended = subprocess.run([sys.executable, "-c", IN_THREADS], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["True", "True"]


def read(*texts: str | None) -> list[float | None]:
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(sentiment.sentiment_of(pl.col("text")))["text"].to_list()


def test_praise_is_above_zero_blame_below_and_no_text_is_unknown() -> None:
    praise, blame, none = read("I love this shop", "The worst service, terrible", None)
    assert praise is not None
    assert blame is not None
    assert (praise > 0, blame < 0, none) == (True, True, None)


def test_without_the_library_every_comment_is_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentiment, "LIBRARY", "a_library_that_is_not_there")
    assert read("I love this shop", None) == [None, None]
