"""Which reasons many loans have: how often each was given, and how far a month is from development.

Choosing the reasons of one loan belongs to reasons.
"""

from collections.abc import Mapping

import polars as pl

from credit_platform.scoring.explanation.reasons import REASON_COLUMNS
from credit_platform.statistics.stability_index import stability_index


def reason_mix(chosen: pl.DataFrame) -> pl.DataFrame:
    """How often each reason was given.

    Args:
        chosen: One row per loan with `reason_1` to `reason_4`.

    Returns:
        `reason`, `n` (loans that have it), `share` (of all loans), the most frequent first, then by code.
    """
    return (
        chosen.select(reason=pl.concat_list(REASON_COLUMNS))
        .explode("reason")
        .drop_nulls()
        .group_by("reason")
        .agg(n=pl.len().cast(pl.Int64))
        .sort(["n", "reason"], descending=[True, False])
        .with_columns(share=pl.col("n") / max(chosen.height, 1))
    )


def mix_counts(mix: pl.DataFrame) -> dict[str, int]:
    """Reason to loans that have it, by code: what a version keeps of its validation sample."""
    return dict(mix.sort("reason").select("reason", "n").iter_rows())


def mix_index(expected: Mapping[str, int], mix: pl.DataFrame) -> float | None:
    """Population stability index (PSI) of a mix against the counts a version kept; None without reasons on a side."""
    actual = mix_counts(mix)
    codes = sorted({*expected, *actual})
    return stability_index([expected.get(code, 0) for code in codes], [actual.get(code, 0) for code in codes])
