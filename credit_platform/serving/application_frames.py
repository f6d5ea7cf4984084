"""Applications as frames of text: their keys, and the rows of each source.

What becomes of them is written in `raw_features`.
"""

import re
from collections.abc import Iterator, Sequence

import polars as pl

from credit_platform.schemas.cleaning.keys import PLAIN_KEY, key_of
from credit_platform.serving.application import RawApplication
from credit_platform.serving.raw_features import APPLICATION, CASE, CASES_SCHEMA, CUSTOMER, DAY, IS_DELIVERED, ROW

_IS_PLAIN = re.compile(PLAIN_KEY).match


def rounds(cases: pl.DataFrame) -> Iterator[list[int]]:
    """Their places, in as many rounds as needed for no customer, and no case, to come twice in one.

    What the lake knows of a customer is not for an application that says it itself.
    """
    waiting = [
        (place, {(name, key) for name, key in row.items() if key is not None})
        for place, row in enumerate(cases.select(CASE, CUSTOMER).iter_rows(named=True))
    ]
    while waiting:
        seen: set[tuple[str, str]] = set()
        chosen: list[int] = []
        later: list[tuple[int, set[tuple[str, str]]]] = []
        for place, keys in waiting:
            is_first = seen.isdisjoint(keys)
            seen |= keys
            if is_first:
                chosen.append(place)
            else:
                later.append((place, keys))
        yield chosen
        waiting = later


def cases_frame(applications: Sequence[RawApplication], delivered: str | None) -> pl.DataFrame:
    """One row per application, keys as cleaning writes them; `delivered` names the source of the cases, if any."""
    cases = pl.DataFrame(
        {
            APPLICATION: range(len(applications)),
            CASE: [one.case for one in applications],
            CUSTOMER: [one.customer for one in applications],
            DAY: [one.day for one in applications],
            IS_DELIVERED: [delivered in one.rows for one in applications],
        },
        schema=CASES_SCHEMA,
    )
    return cases.with_columns(_keys(cases[CASE]), _keys(cases[CUSTOMER]))


def _keys(texts: pl.Series) -> pl.Series:
    """Keys as cleaning writes them. Most are written so, and the others take their time."""
    if all(text is None or _IS_PLAIN(text) for text in texts):
        return texts
    return texts.to_frame().select(key_of(pl.col(texts.name))).to_series()


def given_frame(applications: Sequence[RawApplication], source: str, schema: pl.Schema) -> pl.DataFrame:
    """The rows of a source that were handed in, each with its application and its place."""
    rows = [
        (number, place, row)
        for number, one in enumerate(applications)
        for place, row in enumerate(one.rows.get(source, ()))
    ]
    columns = {name: [row.get(name) for _, _, row in rows] for name in schema.names()[2:]}
    places = {APPLICATION: [number for number, _, _ in rows], ROW: [place for _, place, _ in rows]}
    return pl.DataFrame({**places, **columns}, schema=schema)
