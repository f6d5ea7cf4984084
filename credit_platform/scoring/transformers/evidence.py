"""What a customer's clickstream says about default, as one log-likelihood ratio that adds up over months.

A single month of a channel is nearly noise around a small fixed offset of the customer, so evidence must grow with the
number of months seen, and be exactly zero without any. A mean does neither. Summing and counting the months belongs to
features; what is fitted on labels belongs here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.loans.features.catalogue import CHANNELS, CLICKSTREAM_EVIDENCE, CLICKSTREAM_SUMS

FloatArray = NDArray[np.float64]

MONTHS = "n_clickstream_months"
EVIDENCE = CLICKSTREAM_EVIDENCE


@dataclass(frozen=True)
class ClickstreamEvidence:
    """Per channel and month: the bads' and the goods' mean and the variance within a class.

    For normal channels of equal variance the log-likelihood ratio of bad against good of `n` months with sum `s` is
    (bad_mean - good_mean) / variance * (s - n * (bad_mean + good_mean) / 2). Channels add.
    """

    channels: tuple[str, ...]
    bad_mean: tuple[float, ...]
    good_mean: tuple[float, ...]
    variance: tuple[float, ...]

    def by_channel(self, frame: pl.DataFrame) -> FloatArray:
        """Evidence of each channel (nats, positive speaks for default): (loans, channels), 0 without history."""
        bad, good, variance = (np.asarray(values) for values in (self.bad_mean, self.good_mean, self.variance))
        return (bad - good) / variance * centred_sums(frame, (bad + good) / 2)

    def total(self, frame: pl.DataFrame) -> FloatArray:
        """Evidence of all channels together (nats), one number per loan, 0 without history."""
        return self.by_channel(frame).sum(axis=1)

    def strongest_channel(self) -> int | None:
        """Place of the channel a unit of which weighs most; None when no channel weighs anything."""
        bad, good, variance = (np.asarray(values) for values in (self.bad_mean, self.good_mean, self.variance))
        weight = np.abs(bad - good) / variance
        return int(weight.argmax()) if weight.any() else None

    def deviations(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Each channel's sum off the middle of the classes, per root of its months: (loans, channels), null without.

        Unlike a mean, whose spread shrinks with every month of history, it spreads alike after 6 and after 24 months,
        so that histories that grow by design do not look like a population that moves.
        """
        months = frame[MONTHS].cast(pl.Float64).fill_null(0.0).to_numpy()
        middle = (np.asarray(self.bad_mean) + np.asarray(self.good_mean)) / 2
        root = np.sqrt(np.maximum(months, 1.0))[:, None]
        deviations = pl.DataFrame(centred_sums(frame, middle) / root, schema=list(self.channels), orient="row")
        is_seen = pl.Series("seen", months > 0)
        return deviations.select(pl.when(is_seen).then(pl.col(channel)).alias(channel) for channel in self.channels)

    def to_dict(self) -> dict[str, list[str] | list[float]]:
        """The fitted numbers, ready for JSON."""
        return {
            "channels": list(self.channels),
            "bad_mean": list(self.bad_mean),
            "good_mean": list(self.good_mean),
            "variance": list(self.variance),
        }

    def to_json(self) -> bytes:
        """The fitted numbers as JSON."""
        return json.dumps(self.to_dict(), indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes | str) -> ClickstreamEvidence:
        """Read what `to_json` wrote."""
        content = json.loads(text)
        return cls(**{name: tuple(content[name]) for name in ("channels", "bad_mean", "good_mean", "variance")})


def centred_sums(frame: pl.DataFrame, monthly_mean: FloatArray) -> FloatArray:
    """Sums of the channels minus what `monthly_mean` would have summed to: (loans, channels), 0 without history.

    `monthly_mean` is one number per channel, as `fit_monthly_mean` gives it.
    """
    months = frame[MONTHS].cast(pl.Float64).fill_null(0.0).to_numpy()
    return _sums(frame) - months[:, None] * monthly_mean


def fit_monthly_mean(frame: pl.DataFrame) -> FloatArray:
    """Mean of each channel over all months of all loans; 0 when no loan has history."""
    months = int(frame[MONTHS].fill_null(0).sum())
    return _sums(frame).sum(axis=0) / months if months else np.zeros(len(CLICKSTREAM_SUMS))


def _sums(frame: pl.DataFrame) -> FloatArray:
    # One memory layout whatever the frame's chunks: the order of additions decides the last bit.
    return frame.select(pl.col(CLICKSTREAM_SUMS).cast(pl.Float64).fill_null(0.0)).to_numpy(order="c")


def fit_evidence(train: pl.DataFrame) -> ClickstreamEvidence:
    """Fit class means per month and the pooled variance on the training loans with history.

    Only sums are stored, so the variance of one month is drawn from the sums' squared distance to their class mean:
    it is months * variance for independent months, and larger where a customer's offset varies within a class, which
    makes the evidence more careful. Without history in both classes every channel weighs nothing.
    """
    seen = train.filter(pl.col(MONTHS) > 0)
    bads, goods = seen.filter(pl.col("label") == 1), seen.filter(pl.col("label") == 0)
    if bads.is_empty() or goods.is_empty():
        nothing = (0.0,) * len(CHANNELS)
        return ClickstreamEvidence(tuple(CHANNELS), nothing, nothing, (1.0,) * len(CHANNELS))
    bad_mean, good_mean = fit_monthly_mean(bads), fit_monthly_mean(goods)
    squares = (centred_sums(bads, bad_mean) ** 2).sum(axis=0) + (centred_sums(goods, good_mean) ** 2).sum(axis=0)
    variance = squares / int(seen[MONTHS].sum())
    variance = np.where(variance > 0, variance, np.inf)  # a channel that never varies says nothing
    weightless = ~np.isfinite(variance)
    return ClickstreamEvidence(
        channels=tuple(CHANNELS),
        bad_mean=tuple(np.where(weightless, 0.0, bad_mean).tolist()),
        good_mean=tuple(np.where(weightless, 0.0, good_mean).tolist()),
        variance=tuple(np.where(weightless, 1.0, variance).tolist()),
    )


def mask_clickstream(frame: pl.DataFrame, *, share: float, seed: int) -> pl.DataFrame:
    """Take the clickstream away from a random share of the loans, as if they had no history."""
    hidden = pl.Series(np.random.default_rng(seed).random(frame.height) < share, dtype=pl.Boolean)
    return frame.with_columns(
        pl.when(hidden).then(pl.lit(0)).otherwise(pl.col(column)).cast(frame.schema[column]).alias(column)
        for column in (MONTHS, *CLICKSTREAM_SUMS)
    )


def with_dark_copies(frame: pl.DataFrame) -> pl.DataFrame:
    """Every loan, and every loan with a clickstream once more without it; the copies stand behind."""
    return pl.concat([frame, mask_clickstream(frame.filter(pl.col(MONTHS) > 0), share=1.1, seed=0)])
