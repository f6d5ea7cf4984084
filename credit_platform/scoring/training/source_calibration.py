"""Calibration by the sources that loans have: Platt's line of all loans, and lines of those with the same sources.

A model that loses a source ranks worse, and how much too sure of itself it is then need not be as before. Fitting one
line is `estimator`; which loans stand for those with some sources is `samples`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.scoring.estimators.estimator import PlattCalibrator, PlattLines, fit_platt
from credit_platform.statistics.calibration import probability_of

FloatArray = NDArray[np.float64]

# With fewer of either class the slope of a line of its own is uncertain by more than 0.1 (standard error at a ROC-AUC
# of 0.8), which is more than it puts right.
MIN_OF_EACH_CLASS = 150


def sources_known(cases: pl.DataFrame, features: FeatureSet) -> pl.Series:
    """The sources of every case as a model sees them, short names joined by +: a history of no month is none.

    Of a book that does not tell its sources apart, empty texts.
    """
    if not features.source_flags:
        return pl.repeat("", cases.height, dtype=pl.String, eager=True)
    told = pl.col("sources_present").fill_null("").str.split("+")
    months = {group.flag: pl.col(group.months).fill_null(0) > 0 for group in features.evidence}
    names = [
        pl.when(months.get(flag, told.list.contains(source))).then(pl.lit(source))
        for source, flag in sorted(features.source_flags.items())
    ]
    return cases.select(pl.concat_str(names, separator="+", ignore_nulls=True)).to_series()


def nearest_sources(present: str, known: Mapping[str, int]) -> str:
    """The known sources that differ from those present by the fewest; of these those of most loans, then by name.

    Args:
        present: Short names joined by +.
        known: Likewise, to the number of loans that have just these; at least one.
    """
    names = {*present.split("+")} - {""}
    return min(known, key=lambda other: (len(names ^ ({*other.split("+")} - {""})), -known[other], other))


@dataclass(frozen=True)
class SourceLine:
    """What loans with some sources show: their number, the bads among them, and their line where these are enough."""

    n: int
    n_bad: int
    line: PlattCalibrator | None

    @classmethod
    def fit(cls, label: NDArray[np.int8], raw_log_odds: FloatArray) -> SourceLine:
        """The line of loans with their label; none where one class has fewer than `MIN_OF_EACH_CLASS`."""
        n, n_bad = len(label), int(label.sum())
        is_enough = min(n_bad, n - n_bad) >= MIN_OF_EACH_CLASS
        return cls(n, n_bad, fit_platt(label, probability_of(raw_log_odds)) if is_enough else None)


@dataclass(frozen=True)
class SourceCalibrator:
    """The line of all loans, and by sources present those of loans with just these, where they are enough.

    Sources never seen together have the line of the nearest.
    """

    pooled: PlattCalibrator
    by_sources: Mapping[str, SourceLine] = field(default_factory=dict)

    @classmethod
    def fit(
        cls,
        pooled: PlattCalibrator,
        raw_log_odds: Callable[[pl.DataFrame], FloatArray],
        by_sources: Mapping[str, pl.DataFrame],
    ) -> SourceCalibrator:
        """Lines of loans with their `label`, by the sources they have, beside that of all."""
        found = {
            present: SourceLine.fit(loans["label"].cast(pl.Int8).to_numpy(), raw_log_odds(loans))
            for present, loans in by_sources.items()
        }
        return cls(pooled, found)

    def lines(self, sources: pl.Series) -> PlattLines:
        """The line of each loan, by the sources it has."""
        distinct, place = np.unique(sources.to_numpy().astype(str), return_inverse=True)
        own = [self._line(present) for present in distinct.tolist()]
        slopes, intercepts = np.array([one.slope for one in own]), np.array([one.intercept for one in own])
        return PlattLines(slopes[place], intercepts[place]) if own else PlattLines(np.empty(0), np.empty(0))

    def _line(self, present: str) -> PlattCalibrator:
        if not self.by_sources:
            return self.pooled
        known = {sources: found.n for sources, found in self.by_sources.items()}
        return self.by_sources[nearest_sources(present, known)].line or self.pooled

    def to_json(self) -> bytes:
        """The lines as JSON: that of all loans as ever, the others by sources, null where they have that of all."""
        content: dict[str, object] = {"method": "platt", **asdict(self.pooled)}
        if self.by_sources:
            content["by_sources"] = {present: asdict(one) for present, one in sorted(self.by_sources.items())}
        return json.dumps(content, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> SourceCalibrator:
        """Read what `to_json` wrote; versions stored before there were lines by sources have the one."""
        content = json.loads(text)
        by_sources = {
            str(present): SourceLine(int(one["n"]), int(one["n_bad"]), _line_from(one["line"]))
            for present, one in content.get("by_sources", {}).items()
        }
        return cls(_platt(content), by_sources)


def _line_from(content: Mapping[str, float] | None) -> PlattCalibrator | None:
    return None if content is None else _platt(content)


def _platt(content: Mapping[str, float]) -> PlattCalibrator:
    return PlattCalibrator(slope=float(content["slope"]), intercept=float(content["intercept"]))
