"""The dwellings of applicants: fourteen measures in three variants each, and what the house is made of.

Shares and quantiles are in applications.yaml; the rest of the application does not belong here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Quantiles,
    happens,
    happens_leaning,
    interpolated,
    leaning,
    level,
    optional,
)

_MEASURES = (
    *("APARTMENTS", "BASEMENTAREA", "YEARS_BEGINEXPLUATATION", "YEARS_BUILD", "COMMONAREA", "ELEVATORS", "ENTRANCES"),
    *("FLOORSMAX", "FLOORSMIN", "LANDAREA", "LIVINGAPARTMENTS", "LIVINGAREA", "NONLIVINGAPARTMENTS", "NONLIVINGAREA"),
)
# Share of dwellings with a record that lack it.
_NO_TEXT = {
    "HOUSETYPE_MODE": 0.075,
    "WALLSMATERIAL_MODE": 0.09,
    "EMERGENCYSTATE_MODE": 0.02,
    "FONDKAPREMONT_MODE": 0.41,
}
BUILDING_COLUMNS = (
    *(f"{measure}_{variant}" for variant in ("AVG", "MODE", "MEDI") for measure in _MEASURES),
    *("FONDKAPREMONT_MODE", "HOUSETYPE_MODE", "TOTALAREA_MODE", "WALLSMATERIAL_MODE", "EMERGENCYSTATE_MODE"),
)
_RECORDED = 0.536
_RECORDED_LEAN, _SIZE_QUALITY = 0.22, 0.3
_SIZE_CORRELATION = 0.75


@dataclass(frozen=True)
class BuildingMeasure:
    """One measure of dwellings: its quantiles, and the share of the dwellings with a record that lack it."""

    quantiles: Quantiles
    missing: float


def building_columns(
    measures: Mapping[str, BuildingMeasure], texts: Mapping[str, pl.Series], quality: Floats, rng: np.random.Generator
) -> dict[str, pl.Series]:
    """The columns of dwellings, larger ones for better applicants; almost half of the applicants have none."""
    n = quality.size
    is_recorded, size = happens_leaning(_RECORDED, _RECORDED_LEAN, quality, rng), leaning(quality, _SIZE_QUALITY, rng)
    columns = {}
    for name in _MEASURES:
        measure = measures[name]
        score = leaning(size, _SIZE_CORRELATION, rng)
        is_empty = ~is_recorded | happens(measure.missing, n, rng)
        for variant, noise in (("AVG", 0.0), ("MODE", 0.12), ("MEDI", 0.03)):
            levels = level(score + noise * rng.standard_normal(n))
            columns[f"{name}_{variant}"] = _numbers(interpolated(measure.quantiles, levels), is_empty)
    area = interpolated(measures["LIVINGAREA"].quantiles, level(leaning(size, 0.9, rng)))
    columns["TOTALAREA_MODE"] = _numbers(area * 0.95, ~is_recorded | happens(0.035, n, rng))
    for name, missing in _NO_TEXT.items():
        is_known = pl.Series(is_recorded & ~happens(missing, n, rng))
        columns[name] = pl.select(pl.when(is_known).then(texts[name])).to_series()
    return columns


def _numbers(values: Floats, is_empty: Flags) -> pl.Series:
    return pl.Series(optional(values.round(4), is_empty), nan_to_null=True)
