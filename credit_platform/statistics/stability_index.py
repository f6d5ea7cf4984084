"""The index of two distributions over the same bins, and the distribution to expect of later loans: like with like.

The population stability index (PSI; CSI of one characteristic) compares two counts. How large an index is too large is
policy; comparing a later month belongs in `stability` of monitoring.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from credit_platform.statistics.reference import Bins, Reference, SampleWithSources

SMOOTHING = 0.5  # rows added to every bin


def stability_index(expected: Sequence[float] | np.ndarray, actual: Sequence[float] | np.ndarray) -> float | None:
    """Population (PSI) or characteristic (CSI) stability index of two counts over the same bins.

    Sum of (a - e) ln(a / e) over the bins' shares, each with 0.5/n added on its own side, so that an empty bin stays
    finite and the index is symmetric. Bins empty on both sides do not count. None when a side has no rows.

    >>> stability_index([50, 50], [50, 50])
    0.0
    >>> round(stability_index([100, 100], [150, 50]), 3)
    0.272
    >>> stability_index([0, 0], [1, 2]) is None
    True
    """
    before, after = np.asarray(expected, dtype=np.float64), np.asarray(actual, dtype=np.float64)
    if before.sum() == 0 or after.sum() == 0:
        return None
    is_used = (before + after) > 0
    before, after = before[is_used] + SMOOTHING, after[is_used] + SMOOTHING
    before, after = before / before.sum(), after / after.sum()
    return float(np.sum((after - before) * np.log(after / before)))


def sampling_floor(bins: int, n: int, m: int) -> float | None:
    """Index to expect of two samples of the same population, (B - 1)(1/n + 1/m); None when a sample is empty.

    Yurdakul (2018): an index of this size says nothing about the population.

    >>> round(sampling_floor(10, 500, 6000), 4)
    0.0195
    """
    return (bins - 1) * (1 / n + 1 / m) if n and m else None


def expected_reference(
    reference: Reference, loans: pl.DataFrame, *, months: str | None = None, sources: str | None = None
) -> Reference:
    """The reference of loans with these sources and these lengths of history: like is compared with like.

    Loans with sources that the sample never had are compared with the whole sample and so stand out. Among loans of the
    same sources those without any history are compared with what the lengths of the others lead to expect.

    Args:
        reference: Of the version that scored the loans.
        loans: One row per loan scored.
        months: Its column with the months of history; None where the version has no such feature.
        sources: Its column with the sources present; None to compare all loans with the whole sample.
    """
    known = {one.sources: one for one in reference.by_sources}
    groups = loans.partition_by(sources, as_dict=True) if sources is not None and known else {("",): loans}
    parts = [
        (group.height, _with_history(_with_sources(reference, known.get(str(present))), group, months))
        for (present,), group in sorted(groups.items())
    ]
    return _mixture(parts) if len(parts) > 1 else parts[0][1] if parts else reference


def _with_sources(whole: Reference, sample: SampleWithSources | None) -> Reference:
    if sample is None or (sample.n, sample.probability) == (whole.n, whole.probability.counts):
        return whole
    return replace(
        whole,
        n=sample.n,
        mean_probability=sample.mean,
        std_probability=float(np.sqrt(max(sample.mean_square - sample.mean**2, 0.0))),
        probability=replace(whole.probability, counts=sample.probability),
        features=tuple(
            replace(bins, counts=counts) for bins, counts in zip(whole.features, sample.features, strict=True)
        ),
    )


def _with_history(whole: Reference, loans: pl.DataFrame, months: str | None) -> Reference:
    seen = loans[months].filter(loans[months] > 0).to_numpy() if months is not None else np.empty(0)
    if not whole.by_history or not seen.size:
        return whole
    known = np.array([at.months for at in whole.by_history])
    nearest = np.abs(seen[:, None] - known[None, :]).argmin(axis=1)
    weight = np.bincount(nearest, minlength=len(known)) / seen.size
    shares = weight @ np.array([at.shares for at in whole.by_history])
    mean = float(weight @ np.array([at.mean for at in whole.by_history]))
    mean_square = float(weight @ np.array([at.mean_square for at in whole.by_history]))
    return replace(
        whole,
        mean_probability=mean,
        std_probability=float(np.sqrt(max(mean_square - mean**2, 0.0))),
        probability=replace(whole.probability, counts=tuple((shares * whole.n).tolist())),
    )


def _mixture(parts: Sequence[tuple[int, Reference]]) -> Reference:
    """What to expect of loans of several kinds: so many of each, and what to expect of it."""
    total = sum(rows for rows, _ in parts)
    weights = [rows / total for rows, _ in parts]
    references = [reference for _, reference in parts]
    # As many rows as one sample would need to be as sure as these are together.
    n = round(1 / sum(weight**2 / one.n for weight, one in zip(weights, references, strict=True)))
    mean = sum(weight * one.mean_probability for weight, one in zip(weights, references, strict=True))
    square = sum(
        weight * (one.std_probability**2 + one.mean_probability**2)
        for weight, one in zip(weights, references, strict=True)
    )
    return replace(
        references[0],
        n=n,
        mean_probability=mean,
        std_probability=float(np.sqrt(max(square - mean**2, 0.0))),
        probability=_mixed([one.probability for one in references], weights, n),
        features=tuple(_mixed(bins, weights, n) for bins in zip(*(one.features for one in references), strict=True)),
    )


def _mixed(bins: Sequence[Bins], weights: Sequence[float], n: int) -> Bins:
    shares = [np.asarray(one.counts) / sum(one.counts) for one in bins]
    return replace(bins[0], counts=tuple((n * np.average(shares, axis=0, weights=weights)).tolist()))
