"""How near the features of a generated book are to those of a real one: numbers and categories, after cleaning.

All other sections of the comparison belong to `fidelity`.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.lab.fidelity.book_sample import BookSample
from credit_platform.lab.fidelity.line import BookFigure, FidelityLine, between, line, share
from credit_platform.statistics.intervals import Interval
from credit_platform.statistics.reference import Bins, sampling_floor, stability_index

Z = 1.959963984540054  # of a 95 % interval
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def compare_numbers(real: BookSample, made: BookSample) -> Iterator[FidelityLine]:
    """Moments, quantiles, KS and PSI of every number that the portfolio compares."""
    for table, names in real.portfolio.required_generator.compared.numbers.items():
        for name in names:
            yield from _numbers(name, real.silver[table].get_column(name), made.silver[table].get_column(name))


def _numbers(name: str, real: pl.Series, made: pl.Series) -> Iterator[FidelityLine]:
    a, b = (series.cast(pl.Float64).drop_nulls().to_numpy() for series in (real, made))
    spread = float(a.std(ddof=1)) if a.size > 1 else 0.0
    yield line("feature", name, "mean", _mean(a), _mean(b), band="shift", scale=spread)
    yield line("feature", name, "sd", _sd(a), _sd(b), band="shift", scale=spread)
    for level in QUANTILES:
        at = f"q{round(level * 100):02d}"
        found = line("feature", name, at, _quantile(a, level), _quantile(b, level), band="shift", scale=spread)
        yield replace(found, status="ok") if _is_one_step(found, a, b) else found
    yield between("feature", name, "ks", kolmogorov_smirnov(a, b), n=(a.size, b.size))
    bins = Bins.of_numbers(real.drop_nulls())
    yield between(
        "feature", name, "psi", stability_index(bins.counts, bins.count(made.drop_nulls())), n=(a.size, b.size)
    )
    floor = sampling_floor(len(bins.counts) - 1, a.size, b.size)
    yield FidelityLine(
        "feature", name, "psi_by_chance", None, None, None, a.size, None, None, None, b.size, floor, "ok"
    )


def _is_one_step(found: FidelityLine, a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether quantiles of whole numbers are at most one apart, where the smallest difference moves them by one."""
    if found.real is None or found.made is None or abs(found.real - found.made) > 1:
        return False
    return bool((a == np.rint(a)).all() and (b == np.rint(b)).all())


def kolmogorov_smirnov(a: NDArray[np.float64], b: NDArray[np.float64]) -> float | None:
    """Largest distance of two distribution functions; None when a sample is empty.

    >>> kolmogorov_smirnov(np.array([1.0, 2.0]), np.array([2.0, 3.0]))
    0.5
    """
    if not a.size or not b.size:
        return None
    at = np.unique(np.concatenate([a, b]))
    below_a = np.searchsorted(np.sort(a), at, side="right") / a.size
    below_b = np.searchsorted(np.sort(b), at, side="right") / b.size
    return float(np.abs(below_a - below_b).max())


def _mean(values: NDArray[np.float64]) -> BookFigure:
    if values.size < 2:
        return BookFigure(None, values.size)
    mean, margin = float(values.mean()), Z * float(values.std(ddof=1)) / sqrt(values.size)
    return BookFigure(mean, values.size, Interval(mean - margin, mean + margin))


def _sd(values: NDArray[np.float64]) -> BookFigure:
    """Standard deviation; its error is computed from the fourth moment, so it is valid for long tails too."""
    if values.size < 2:
        return BookFigure(None, values.size)
    sd = float(values.std(ddof=1))
    if sd == 0:
        return BookFigure(0.0, values.size, Interval(0.0, 0.0))
    kurtosis = float((((values - values.mean()) / sd) ** 4).mean())
    margin = Z * sd * sqrt(max(kurtosis - 1, 0) / (4 * values.size))
    return BookFigure(sd, values.size, Interval(max(0.0, sd - margin), sd + margin))


def _quantile(values: NDArray[np.float64], level: float) -> BookFigure:
    """A quantile with the order statistics that contain it at the confidence of all figures."""
    if values.size < 2:
        return BookFigure(None, values.size)
    n = values.size
    margin = Z * sqrt(level * (1 - level) / n)
    value, low, high = (
        float(np.quantile(values, min(1.0, max(0.0, at)))) for at in (level, level - margin, level + margin)
    )
    return BookFigure(value, n, Interval(low, high))


def compare_categories(real: BookSample, made: BookSample) -> Iterator[FidelityLine]:
    """The PSI of every categorical and Boolean feature, and the share of each of its levels."""
    features = real.portfolio.features
    booleans = [name for name in features.numeric if real.features.schema[name] == pl.Boolean]
    for name in (*features.categorical, *booleans):
        a, b = (book.features.get_column(name).cast(pl.String).drop_nulls() for book in (real, made))
        bins = Bins.of_levels(a.alias(name))
        psi = stability_index(bins.counts, bins.count(b))
        yield between("category", name, "psi", psi, n=(a.len(), b.len()))
        for level in sorted({*a.unique(), *b.unique()}):
            counts = ((a == level).sum(), (b == level).sum())
            figures = share(counts[0], a.len()), share(counts[1], b.len())
            yield line("category", f"{name} = {level}", "rate", *figures, band="share")
