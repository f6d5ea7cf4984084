"""How near the features of a generated book come to those of a real one: numbers and categories, after cleaning.

The rest of the agreement belongs to `agreement`.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from credit_platform.lab.fidelity.line import Figure, Line, between, line, share
from credit_platform.portfolios.loans.features.catalogue import CHANNELS, FINANCIAL_NUMBERS
from credit_platform.statistics.intervals import Interval
from credit_platform.statistics.reference import Bins
from credit_platform.statistics.stability_index import sampling_floor, stability_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from credit_platform.lab.fidelity.book_sample import BookSample

Z = 1.959963984540054  # of an interval that holds 95 of 100
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
CATEGORIES = ("occupation_group", "credit_mix", "spending_level", "payment_value_size", "is_minimum_amount_paid")
ATTRIBUTE_NUMBERS = ("age",)


def compare_numbers(real: BookSample, made: BookSample) -> Iterator[Line]:
    """Moments, quantiles, KS and PSI of every number of the attributes, financials and clickstream."""
    tables: tuple[tuple[Callable[[BookSample], pl.DataFrame], Sequence[str]], ...] = (
        (lambda book: book.attributes, ATTRIBUTE_NUMBERS),
        (lambda book: book.financials, FINANCIAL_NUMBERS),
        (lambda book: book.clickstream, CHANNELS),
    )
    for table, names in tables:
        for name in names:
            yield from _numbers(name, table(real).get_column(name), table(made).get_column(name))


def _numbers(name: str, real: pl.Series, made: pl.Series) -> Iterator[Line]:
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
    yield Line("feature", name, "psi_by_chance", None, None, None, a.size, None, None, None, b.size, floor, "ok")


def _is_one_step(found: Line, a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether quantiles of whole numbers are at most one apart, where a hair's difference moves them by one."""
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


def _mean(values: NDArray[np.float64]) -> Figure:
    if values.size < 2:
        return Figure(None, values.size)
    mean, margin = float(values.mean()), Z * float(values.std(ddof=1)) / sqrt(values.size)
    return Figure(mean, values.size, Interval(mean - margin, mean + margin))


def _sd(values: NDArray[np.float64]) -> Figure:
    """Standard deviation; its error follows from the fourth moment, so it also holds for long tails."""
    if values.size < 2:
        return Figure(None, values.size)
    sd = float(values.std(ddof=1))
    if sd == 0:
        return Figure(0.0, values.size, Interval(0.0, 0.0))
    kurtosis = float((((values - values.mean()) / sd) ** 4).mean())
    margin = Z * sd * sqrt(max(kurtosis - 1, 0) / (4 * values.size))
    return Figure(sd, values.size, Interval(max(0.0, sd - margin), sd + margin))


def _quantile(values: NDArray[np.float64], level: float) -> Figure:
    """A quantile between the order statistics that hold it with the confidence of all figures."""
    if values.size < 2:
        return Figure(None, values.size)
    n = values.size
    margin = Z * sqrt(level * (1 - level) / n)
    value, low, high = (
        float(np.quantile(values, min(1.0, max(0.0, at)))) for at in (level, level - margin, level + margin)
    )
    return Figure(value, n, Interval(low, high))


def compare_categories(real: BookSample, made: BookSample) -> Iterator[Line]:
    """The PSI of every category and the share of each of its levels."""
    for name in CATEGORIES:
        a, b = (book.features.get_column(name).cast(pl.String).drop_nulls() for book in (real, made))
        bins = Bins.of_levels(a.alias(name))
        psi = stability_index(bins.counts, bins.count(b))
        yield between("category", name, "psi", psi, n=(a.len(), b.len()))
        for level in sorted({*a.unique(), *b.unique()}):
            counts = ((a == level).sum(), (b == level).sum())
            figures = share(counts[0], a.len()), share(counts[1], b.len())
            yield line("category", f"{name} = {level}", "rate", *figures, band="share")
