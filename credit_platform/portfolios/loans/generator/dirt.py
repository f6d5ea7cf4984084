"""The dirt of the source files: its kinds and its rates by column, and how it is put on clean text.

The rates are those of a real book of 12,500 customers. Cleaning belongs to features, and must not be written from here.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

_BOOK = 12_500


@dataclass(frozen=True)
class Dirt:
    """What goes wrong in one column.

    Attributes:
        column: Name in the source file.
        underscores: Values per 12,500 with a trailing underscore.
        placeholder: The text written instead of a value.
        placeholders: Placeholders per 12,500.
        outliers: Absurd values per 12,500.
        outlier_range: Their smallest and largest value.
        is_decimal: Whether the source writes the column with decimals, `1497.0`.
    """

    column: str
    underscores: int = 0
    placeholder: str = ""
    placeholders: int = 0
    outliers: int = 0
    outlier_range: tuple[int, int] = (0, 0)
    is_decimal: bool = False


ATTRIBUTES_DIRT = (
    Dirt("Age", underscores=637, placeholder="-500", placeholders=104, outliers=215, outlier_range=(101, 8700)),
    Dirt("SSN", placeholder="#F%$D@*&8", placeholders=703),
    Dirt("Occupation", placeholder="_______", placeholders=880),
)
FINANCIALS_DIRT = (
    Dirt("Annual_Income", underscores=859, outliers=113, outlier_range=(450_000, 24_000_000), is_decimal=True),
    Dirt("Num_Bank_Accounts", placeholder="-1", placeholders=4, outliers=167, outlier_range=(28, 1_760)),
    Dirt("Num_Credit_Card", outliers=296, outlier_range=(21, 1_500)),
    Dirt("Interest_Rate", outliers=270, outlier_range=(99, 5_790)),
    Dirt("Num_of_Loan", underscores=623, placeholder="-100", placeholders=500, outliers=67, outlier_range=(18, 1_500)),
    Dirt("Num_of_Delayed_Payment", underscores=374, outliers=105, outlier_range=(47, 4_300)),
    Dirt("Changed_Credit_Limit", placeholder="_", placeholders=254),
    Dirt("Num_Credit_Inquiries", outliers=195, outlier_range=(26, 2_560), is_decimal=True),
    Dirt("Credit_Mix", placeholder="_", placeholders=2_611),
    Dirt("Outstanding_Debt", underscores=139),
    Dirt("Payment_of_Min_Amount", placeholder="NM", placeholders=1_438),
    Dirt("Total_EMI_per_month", outliers=408, outlier_range=(2_000, 82_000), is_decimal=True),
    Dirt("Amount_invested_monthly", placeholder="__10000__", placeholders=558),
    Dirt("Payment_Behaviour", placeholder="!@9#%8", placeholders=998),
    Dirt("Monthly_Balance", placeholder="__-333333333333333333333333333__", placeholders=1),
)


def soil(clean: pl.DataFrame, dirt: tuple[Dirt, ...], rng: np.random.Generator) -> pl.DataFrame:
    """Put the dirt on a frame of clean text columns; every column is hit independently of the others."""
    return clean.with_columns(_soiled(clean[one.column], one, rng) for one in dirt)


def _soiled(clean: pl.Series, dirt: Dirt, rng: np.random.Generator) -> pl.Series:
    n = clean.len()
    kind, has_underscore = rng.random(n) * _BOOK, rng.random(n) * _BOOK < dirt.underscores
    is_placeholder = kind < dirt.placeholders
    is_outlier = (kind >= dirt.placeholders) & (kind < dirt.placeholders + dirt.outliers)
    low, high = dirt.outlier_range
    absurd = pl.Series(rng.integers(low, high + 1, n)).cast(pl.Float64 if dirt.is_decimal else pl.Int64)
    text = absurd.cast(pl.String).zip_with(pl.Series(is_outlier), clean.cast(pl.String))
    text = (text + "_").zip_with(pl.Series(has_underscore), text)
    placeholder = pl.repeat(dirt.placeholder, n, dtype=pl.String, eager=True)
    return placeholder.zip_with(pl.Series(is_placeholder), text).alias(clean.name)
