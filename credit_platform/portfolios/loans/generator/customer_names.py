"""Made-up customer names, and the stray quotes, commas and spaces an upstream export left in some of them.

Other columns do not belong here.
"""

from functools import cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.loans.generator.randomness import choose
from credit_platform.texts import yaml_beside

_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz")
QUOTE_RATE = 107 / 12_500
COMMA_RATE = 12 / 12_500
SPACE_RATE = 5 / 12_500


def draw_names(n: int, rng: np.random.Generator) -> pl.Series:
    """`n` names, each with the stray letter at the end that all names of such exports carry."""
    names = _names()
    first, last = choose(rng, names["first"], n), choose(rng, names["last"], n)
    irish, desk = choose(rng, names["irish"], n), choose(rng, names["desks"], n)
    letter, kind, form = choose(rng, _LETTERS, n), rng.random(n), rng.integers(0, 3, n)
    frame = pl.DataFrame({"first": first, "last": last, "irish": irish, "desk": desk, "form": form})
    clean = pl.when(pl.col("form") == 0).then(pl.format("{} {}", "first", "last")).otherwise(pl.col("last"))
    quoted = (
        pl.when(pl.col("form") == 0)
        .then(pl.format('"{}', "first"))
        .when(pl.col("form") == 1)
        .then(pl.format('{}"', "irish"))
        .otherwise(pl.format('"{} {}"', "first", "irish"))
    )
    comma = (
        pl.when(pl.col("form") == 0)
        .then(pl.format("{} {},", "first", "last"))
        .when(pl.col("form") == 1)
        .then(pl.format(", {}", "desk"))
        .otherwise(pl.format('"{} {}",', "first", "irish"))
    )
    named = frame.with_columns(letter=pl.Series(letter), kind=pl.Series(_name_kinds(kind)))
    text = (
        pl.when(pl.col("kind") == "quote")
        .then(quoted)
        .when(pl.col("kind") == "comma")
        .then(comma)
        .when(pl.col("kind") == "space")
        .then(pl.format(" {}", "first"))
        .otherwise(clean)
    )
    return named.select(pl.concat_str(text, "letter").alias("name"))["name"]


@cache
def _names() -> dict[str, tuple[str, ...]]:
    return yaml_beside(__file__, "customer_names.yaml", dict[str, tuple[str, ...]])


def _name_kinds(level: NDArray[np.float64]) -> NDArray[np.str_]:
    edges = np.cumsum([QUOTE_RATE, COMMA_RATE, SPACE_RATE])
    return np.array(("quote", "comma", "space", "clean"))[np.searchsorted(edges, level, side="right")]
