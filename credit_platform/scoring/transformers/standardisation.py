"""From the feature store's columns to the numbers a model multiplies or splits: all fitted on training loans, as JSON.

Medians, clipping bounds, scales and levels come from the training sample and are never refitted when scoring.
Building features belongs to the portfolio, fitting the evidence of a history to evidence.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.portfolios.feature_set import EvidenceGroup, FeatureSet
from credit_platform.scoring.transformers.evidence import HistoryEvidence

FloatArray = NDArray[np.float64]

CLIP_QUANTILE = 0.005  # beyond it a value is further out than 99 % of the training loans, and usually a typing error


@dataclass(frozen=True)
class DesignColumn:
    """A column of the design before standardisation, the feature it comes from, and how to standardise it."""

    feature: str
    value: pl.Expr
    mean: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class NumericTreatment:
    """How one numeric feature becomes one design column, and a second one where training loans lacked it."""

    feature: str
    lower: float
    upper: float
    median: float
    mean: float
    scale: float
    has_missing_indicator: bool

    def design(self) -> list[DesignColumn]:
        """The clipped and filled value, then the missing indicator if the feature has one."""
        value = known_number(self.feature)
        filled = value.clip(self.lower, self.upper).fill_null(self.median).alias(self.feature)
        columns = [DesignColumn(self.feature, filled, self.mean, self.scale)]
        if self.has_missing_indicator:
            flag = value.is_null().cast(pl.Float64).alias(f"{self.feature} missing")
            columns.append(DesignColumn(self.feature, flag))
        return columns


@dataclass(frozen=True)
class CategoricalTreatment:
    """One design column per level seen in training, and one for null and for levels never seen."""

    feature: str
    levels: tuple[str, ...]

    def design(self) -> list[DesignColumn]:
        """Zeros and ones, exactly one of them 1."""
        value = pl.col(self.feature).cast(pl.String)
        known = [(value == level).fill_null(value=False) for level in self.levels]
        unknown = ~value.is_in(self.levels).fill_null(value=False)
        names = [*(f"{self.feature}={level}" for level in self.levels), f"{self.feature} unknown"]
        return [
            DesignColumn(self.feature, flag.cast(pl.Float64).alias(name))
            for flag, name in zip([*known, unknown], names, strict=True)
        ]


@dataclass(frozen=True)
class Preprocessing:
    """Everything between the feature store and a model's design matrix."""

    numeric: tuple[NumericTreatment, ...]
    categorical: tuple[CategoricalTreatment, ...]
    evidence: tuple[HistoryEvidence, ...]
    evidence_scales: tuple[float, ...]

    def design_matrix(self, frame: pl.DataFrame) -> FloatArray:
        """(loans, design columns), finite, one row per row of `frame` in its order.

        The arithmetic is numpy's: polars divides a single row by a number in another way than many, and a loan's
        probability must not depend on the batch it is in.
        """
        columns = self._columns
        values = frame.select(column.value for column in columns).to_numpy(order="c")
        shift = np.array([column.mean for column in columns])
        standardised = (values - shift) / np.array([column.scale for column in columns])
        # Evidence is neither clipped nor centred: it rightly grows beyond that of the training months, as histories get
        # longer, and no history must stay exactly 0.
        evidence = [one.total(frame) / scale for one, scale in zip(self.evidence, self.evidence_scales, strict=True)]
        return np.ascontiguousarray(np.column_stack([standardised, *evidence]))

    def design_features(self) -> list[str]:
        """The feature behind each design column, in the order of the columns."""
        return [*(column.feature for column in self._columns), *(one.feature for one in self.evidence)]

    @cached_property
    def _columns(self) -> list[DesignColumn]:
        return [column for treatment in (*self.numeric, *self.categorical) for column in treatment.design()]

    def to_json(self) -> bytes:
        """All fitted numbers; Python writes the shortest text that reads back as the same float."""
        content: dict[str, object] = {
            "numeric": [asdict(treatment) for treatment in self.numeric],
            "categorical": [asdict(treatment) for treatment in self.categorical],
        }
        for one, scale in zip(self.evidence, self.evidence_scales, strict=True):
            content |= {one.feature: one.to_dict(), _scale_of(one.group): scale}
        return json.dumps(content, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes, groups: Sequence[EvidenceGroup]) -> Preprocessing:
        """Read what `to_json` wrote, with the evidence groups of the book."""
        content = json.loads(text)
        return cls(
            numeric=tuple(NumericTreatment(**treatment) for treatment in content["numeric"]),
            categorical=tuple(
                CategoricalTreatment(treatment["feature"], tuple(treatment["levels"]))
                for treatment in content["categorical"]
            ),
            evidence=tuple(HistoryEvidence.from_dict(group, content[group.feature]) for group in groups),
            evidence_scales=tuple(float(content[_scale_of(group)]) for group in groups),
        )


def _scale_of(group: EvidenceGroup) -> str:
    return f"{group.feature}_scale"


def known_numbers(frame: pl.DataFrame, features: Sequence[str]) -> dict[str, FloatArray]:
    """Features as numbers, NaN where missing or not finite: all at once, as a row takes as long as a thousand."""
    known = frame.select(known_number(feature) for feature in features)
    return {name: known[name].to_numpy(allow_copy=True).astype(np.float64) for name in features}


@cache
def known_number(feature: str) -> pl.Expr:
    """A numeric or Boolean feature as Float64, null where it is not a finite number."""
    value = pl.col(feature).cast(pl.Float64)
    return pl.when(value.is_finite()).then(value)


def fit_preprocessing(train: pl.DataFrame, features: FeatureSet, evidence: Sequence[HistoryEvidence]) -> Preprocessing:
    """Fit every treatment on the training loans; the `evidence` of each group has been fitted on them before."""
    spreads = [float(one.total(train).std()) for one in evidence]
    return Preprocessing(
        numeric=tuple(_fit_numeric(train, feature) for feature in features.numeric),
        categorical=tuple(_fit_categorical(train, feature) for feature in features.categorical),
        evidence=tuple(evidence),
        evidence_scales=tuple(spread if spread > 0 else 1.0 for spread in spreads),
    )


def _fit_numeric(train: pl.DataFrame, feature: str) -> NumericTreatment:
    values = train.select(known_number(feature)).to_series()
    known = values.drop_nulls()
    if known.is_empty():  # nothing to learn: every loan gets the same 0, now and when the feature comes back
        return NumericTreatment(feature, 0.0, 0.0, 0.0, 0.0, 1.0, has_missing_indicator=False)
    array = known.to_numpy()
    lower, median, upper = (float(np.quantile(array, share)) for share in (CLIP_QUANTILE, 0.5, 1 - CLIP_QUANTILE))
    filled = values.clip(lower, upper).fill_null(median).to_numpy()
    scale = float(filled.std())
    return NumericTreatment(
        feature=feature,
        lower=lower,
        upper=upper,
        median=median,
        mean=float(filled.mean()),
        scale=scale if scale > 0 else 1.0,
        has_missing_indicator=len(known) < len(values),
    )


def _fit_categorical(train: pl.DataFrame, feature: str) -> CategoricalTreatment:
    levels = train[feature].cast(pl.String).drop_nulls().unique().sort()
    return CategoricalTreatment(feature, tuple(levels.to_list()))
