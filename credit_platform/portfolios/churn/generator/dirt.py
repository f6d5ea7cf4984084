"""The ordinary dirt of the files: rows delivered twice, cells that cannot be read, ids with blanks, and at which rates.

What drifts do to files belongs to `delivery`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl


@dataclass(frozen=True)
class FileDirt:
    """What goes wrong in the files of one source; every rate is a share of its rows.

    Attributes:
        repeated: Delivered twice.
        blanks: Column to how often blanks are around it.
        underscores: Column to how often it ends in an underscore.
        unreadable: Column to how often it is unreadable, and what it is then.
    """

    repeated: float = 0.0
    blanks: Mapping[str, float] = field(default_factory=dict)
    underscores: Mapping[str, float] = field(default_factory=dict)
    unreadable: Mapping[str, tuple[float, str | None]] = field(default_factory=dict)


SALES_DIRT = FileDirt(
    repeated=0.003,
    blanks={"customer_id": 0.003},
    underscores={"amount": 0.002},
    unreadable={
        "customer_id": (0.0003, None),
        "transaction_date": (0.0003, "0000-00-00"),
        "quantity": (0.001, "?"),
        "amount": (0.001, "n/a"),
    },
)
FEEDBACK_DIRT = FileDirt(
    repeated=0.005,
    blanks={"customer_id": 0.005, "comment": 0.01},
    unreadable={"customer_id": (0.001, None), "comment": (0.01, None)},
)
CUSTOMERS_DIRT = FileDirt(
    repeated=0.003,
    blanks={"customer_id": 0.003, "income_group": 0.003},
    unreadable={"age_group": (0.002, "?"), "household_size": (0.002, "#N/A"), "income_group": (0.002, "n/a")},
)


def soil(clean: pl.DataFrame, dirt: FileDirt, rng: np.random.Generator) -> pl.DataFrame:
    """Put the dirt on a frame of clean text columns; every column is hit independently of the others."""
    n = clean.height
    copies = pl.Series(1 + (rng.random(n) < dirt.repeated))

    def hit(rate: float) -> pl.Series:
        return pl.Series(rng.random(n) < rate)

    soiled = clean
    for column, rate in dirt.blanks.items():
        soiled = soiled.with_columns(
            pl.when(hit(rate)).then(" " + pl.col(column) + "  ").otherwise(column).alias(column)
        )
    for column, rate in dirt.underscores.items():
        soiled = soiled.with_columns(pl.when(hit(rate)).then(pl.col(column) + "_").otherwise(column).alias(column))
    for column, (rate, text) in dirt.unreadable.items():
        soiled = soiled.with_columns(
            pl.when(hit(rate)).then(pl.lit(text, dtype=pl.String)).otherwise(column).alias(column)
        )
    return soiled.select(pl.all().repeat_by(copies).explode()) if n else soiled
