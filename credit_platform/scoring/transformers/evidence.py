"""What a history says about default: the columns of an evidence group as one log-likelihood ratio.

A single month of a channel is nearly noise around a small fixed offset of the customer. So evidence must grow with the
number of months seen, and be exactly zero without any, which a mean is not. The feature store sums and counts the
months; only what is fitted on labels belongs here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.feature_set import EvidenceGroup

FloatArray = NDArray[np.float64]

_FITTED = ("bad_mean", "good_mean", "variance")


@dataclass(frozen=True)
class HistoryEvidence:
    """Per channel of a group and month: the bads' and the goods' mean and the variance within a class.

    For normal channels of equal variance the log-likelihood ratio of bad against good of `n` months with sum `s` is
    (bad_mean - good_mean) / variance * (s - n * (bad_mean + good_mean) / 2). Channels add.
    """

    group: EvidenceGroup
    bad_mean: tuple[float, ...]
    good_mean: tuple[float, ...]
    variance: tuple[float, ...]

    @property
    def feature(self) -> str:
        """Name of the total evidence as a feature."""
        return self.group.feature

    def by_channel(self, frame: pl.DataFrame) -> FloatArray:
        """Evidence of each channel (nats, positive for default): (loans, channels), 0 without history."""
        bad, good, variance = (np.asarray(values) for values in (self.bad_mean, self.good_mean, self.variance))
        return (bad - good) / variance * centred_sums(frame, self.group, (bad + good) / 2)

    def total(self, frame: pl.DataFrame) -> FloatArray:
        """Evidence of all channels together (nats), one number per loan, 0 without history."""
        return self.by_channel(frame).sum(axis=1)

    def terms(self) -> Iterable[tuple[str, float, float]]:
        """Per channel: the column of its sum, the weight of a unit and the monthly middle between the classes."""
        for column, bad, good, variance in zip(
            self.group.sums, self.bad_mean, self.good_mean, self.variance, strict=True
        ):
            yield column, (bad - good) / variance, (bad + good) / 2

    def strongest_channel(self) -> int | None:
        """Place of the channel a unit of which weighs most; None when no channel weighs anything."""
        bad, good, variance = (np.asarray(values) for values in (self.bad_mean, self.good_mean, self.variance))
        weight = np.abs(bad - good) / variance
        return int(weight.argmax()) if weight.any() else None

    def deviations(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Each channel's sum off the middle of the classes, per root of its months: (loans, channels), null without.

        The spread of a mean shrinks with every month of history; that of a deviation is the same after 6 and after 24
        months. So histories that grow by design do not look like a population that moves.
        """
        months = months_seen(frame, self.group)
        middle = (np.asarray(self.bad_mean) + np.asarray(self.good_mean)) / 2
        root = np.sqrt(np.maximum(months, 1.0))[:, None]
        channels = self.group.channels
        deviations = pl.DataFrame(centred_sums(frame, self.group, middle) / root, schema=list(channels), orient="row")
        is_seen = pl.Series("seen", months > 0)
        return deviations.select(pl.when(is_seen).then(pl.col(channel)).alias(channel) for channel in channels)

    def to_dict(self) -> dict[str, list[str] | list[float]]:
        """The fitted numbers, ready for JSON."""
        return {"channels": list(self.group.channels)} | {name: list(getattr(self, name)) for name in _FITTED}

    @classmethod
    def from_dict(cls, group: EvidenceGroup, content: Mapping[str, Any]) -> HistoryEvidence:
        """Read what `to_dict` wrote.

        Raises:
            ValueError: the channels are not those of the group.
        """
        if tuple(content["channels"]) != group.channels:
            message = f"the channels of {group.feature} are not those of the group {group.name} any more"
            raise ValueError(message)
        return cls(group, **{name: tuple(content[name]) for name in _FITTED})


def months_seen(frame: pl.DataFrame, group: EvidenceGroup) -> FloatArray:
    """Months of history per loan, 0 where none was seen."""
    return frame[group.months].cast(pl.Float64).fill_null(0.0).to_numpy()


def centred_sums(frame: pl.DataFrame, group: EvidenceGroup, monthly_mean: FloatArray) -> FloatArray:
    """Sums of the channels minus what `monthly_mean` would have summed to: (loans, channels), 0 without history.

    `monthly_mean` is one number per channel, as `fit_monthly_mean` gives it.
    """
    return _sums(frame, group) - months_seen(frame, group)[:, None] * monthly_mean


def fit_monthly_mean(frame: pl.DataFrame, group: EvidenceGroup) -> FloatArray:
    """Mean of each channel over all months of all loans; 0 when no loan has history."""
    months = int(frame[group.months].fill_null(0).sum())
    return _sums(frame, group).sum(axis=0) / months if months else np.zeros(len(group.sums))


def _sums(frame: pl.DataFrame, group: EvidenceGroup) -> FloatArray:
    # One memory layout whatever the frame's chunks: the order of additions decides the last bit.
    return frame.select(pl.col(group.sums).cast(pl.Float64).fill_null(0.0)).to_numpy(order="c")


def fit_evidence(train: pl.DataFrame, group: EvidenceGroup) -> HistoryEvidence:
    """Fit class means per month and the pooled variance on the training loans with history.

    Only sums are stored, so the variance of one month is estimated from the sums' squared distance to their class mean.
    That is months * variance for independent months, and more where a customer's offset varies within a class, which
    makes the evidence more careful. Without history in both classes every channel weighs nothing.
    """
    seen = train.filter(pl.col(group.months) > 0)
    bads, goods = seen.filter(pl.col("label") == 1), seen.filter(pl.col("label") == 0)
    if bads.is_empty() or goods.is_empty():
        nothing = (0.0,) * len(group.channels)
        return HistoryEvidence(group, nothing, nothing, (1.0,) * len(group.channels))
    bad_mean, good_mean = fit_monthly_mean(bads, group), fit_monthly_mean(goods, group)
    of_bads, of_goods = centred_sums(bads, group, bad_mean), centred_sums(goods, group, good_mean)
    variance = ((of_bads**2).sum(axis=0) + (of_goods**2).sum(axis=0)) / int(seen[group.months].sum())
    variance = np.where(variance > 0, variance, np.inf)  # a channel that never varies says nothing
    weightless = ~np.isfinite(variance)
    return HistoryEvidence(
        group=group,
        bad_mean=tuple(np.where(weightless, 0.0, bad_mean).tolist()),
        good_mean=tuple(np.where(weightless, 0.0, good_mean).tolist()),
        variance=tuple(np.where(weightless, 1.0, variance).tolist()),
    )


def without_history(frame: pl.DataFrame, *groups: EvidenceGroup) -> pl.DataFrame:
    """The loans as if nothing had been seen of these groups."""
    columns = [name for group in groups for name in (group.months, *group.sums)]
    return frame.with_columns(pl.lit(0).cast(frame.schema[column]).alias(column) for column in columns)


def with_copies_without_history(frame: pl.DataFrame, groups: Sequence[EvidenceGroup]) -> pl.DataFrame:
    """Every loan, then per group every loan that has its history once more without it."""
    copies = [without_history(frame.filter(pl.col(group.months) > 0), group) for group in groups]
    return pl.concat([frame, *copies])
