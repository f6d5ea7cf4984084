"""A version judged on each of its samples: metrics, curves, gains, calibration by grade and cut-offs, as tables.

One number or one table of one sample is made by the modules imported here. The month-by-month judgement of
a version in use, with thresholds and segments, belongs to monitoring; what the metrics mean for promotion to promotion.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.evaluation.metrics import sample_metrics
from credit_platform.scoring.grades import CUT_OFFS_SCHEMA, GRADES_SCHEMA, cut_off_table, grade_table
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.statistics.curves import (
    GAINS_SCHEMA,
    PRECISION_RECALL_SCHEMA,
    RELIABILITY_SCHEMA,
    ROC_SCHEMA,
    gains_table,
    precision_recall_points,
    reliability_bins,
    roc_points,
)
from credit_platform.statistics.discrimination import confusion
from credit_platform.statistics.intervals import Interval

CONFIDENCE = 0.95
FORMAT = 1  # increased when a reader of the old tables would misread the new ones

# The test and the out-of-time sample as one: what the version has not seen, with the most loans to judge it by.
UNSEEN = "unseen"
_UNSEEN_ROLES = ("test", "oot")
# The calibrator's slope and intercept are fitted on validation, and on training more than that.
_FITTED_PARAMETERS = {"train": 2, "validation": 2}

_ROLE = {"sample_role": pl.String}
_COUNTS = {"n": pl.Int64, "n_bad": pl.Int64}
_INTERVAL = {"value": pl.Float64, "ci_low": pl.Float64, "ci_high": pl.Float64}
EVALUATION_SCHEMA = {**_ROLE, "metric": pl.String, **_INTERVAL, **_COUNTS}
_CELLS = ("true_positive", "false_positive", "true_negative", "false_negative")
CONFUSION_SCHEMA = {"cut_off": pl.Float64, **dict.fromkeys(_CELLS, pl.Int64)}

# The tables of an evaluation and their columns.
TABLES: Mapping[str, Mapping[str, type[pl.DataType]]] = {
    "metrics": EVALUATION_SCHEMA,
    "roc": _ROLE | ROC_SCHEMA,
    "precision_recall": _ROLE | PRECISION_RECALL_SCHEMA,
    "reliability": _ROLE | RELIABILITY_SCHEMA,
    "gains": _ROLE | GAINS_SCHEMA,
    "confusion": _ROLE | CONFUSION_SCHEMA,
    "cut_offs": _ROLE | CUT_OFFS_SCHEMA,
    "grades": _ROLE | GRADES_SCHEMA,
}


class Predicting(Protocol):
    """What is judged: anything that gives each loan of a frame a calibrated default probability."""

    def predict(self, features: pl.DataFrame) -> NDArray[np.float64]:
        """One probability per row."""
        ...


@dataclass(frozen=True)
class _Judged:
    """The outcome of a sample's loans, 1 for bad, beside their default probability."""

    label: NDArray[np.int8]
    probability: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The tables of one version, one field each; rows by sample in the order the samples were given, `unseen` last.

    `sample_role` comes first in each; the other columns are in `TABLES`. `metrics`, `reliability` and `grades` also
    have the role `unseen`, test and out-of-time loans together. A sample that does not define a curve has no row in it.
    """

    metrics: pl.DataFrame
    roc: pl.DataFrame
    precision_recall: pl.DataFrame
    reliability: pl.DataFrame
    gains: pl.DataFrame
    confusion: pl.DataFrame
    cut_offs: pl.DataFrame
    grades: pl.DataFrame

    def to_bytes(self) -> bytes:
        """The tables as JSON, column by column; equal tables give equal bytes."""
        tables = {field.name: getattr(self, field.name).to_dict(as_series=False) for field in fields(self)}
        return json.dumps({"format": FORMAT, "tables": tables}, allow_nan=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Evaluation:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: the content is no evaluation, of another format, or lacks a table or column.
        """
        found = json.loads(content)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            message = f"this is no evaluation of format {FORMAT}"
            raise ValueError(message)
        return cls(**{name: _read_table(name, found.get("tables", {}).get(name, {})) for name in TABLES})


def evaluate_version(
    version: Predicting, samples: Mapping[SampleRole, pl.DataFrame], *, config: ModelConfig, cut_off: float
) -> Evaluation:
    """Judge a final version on its samples; nothing is fitted here.

    Args:
        version: The version, which predicts each sample once.
        samples: Feature store rows with `label`, by role.
        config: Economics and grades of the decisions.
        cut_off: Default probability from which the version declines.

    Raises:
        ModelStoreError: a sample lacks a column the version was trained on.
    """
    scoring = config.scoring
    judged = _judge(version, samples)
    unseen = [judged[role] for role in _UNSEEN_ROLES if role in judged]
    with_unseen = dict(judged)
    if unseen:
        with_unseen[UNSEEN] = _Judged(
            np.concatenate([part.label for part in unseen]), np.concatenate([part.probability for part in unseen])
        )

    def cut_offs(label: NDArray[np.int8], probability: NDArray[np.float64]) -> pl.DataFrame:
        return cut_off_table(label, probability, cut_off=cut_off, economics=scoring.economics)

    def grades(label: NDArray[np.int8], probability: NDArray[np.float64]) -> pl.DataFrame:
        return grade_table(label, probability, scoring.grades)

    def cells(label: NDArray[np.int8], probability: NDArray[np.float64]) -> pl.DataFrame:
        counts = confusion(label, probability >= cut_off)
        row = {"cut_off": cut_off} | {name: getattr(counts, name) for name in _CELLS}
        return pl.DataFrame([row], schema=CONFUSION_SCHEMA)

    return Evaluation(
        metrics=_metrics(with_unseen, cut_off, CONFIDENCE),
        roc=_by_role("roc", judged, roc_points),
        precision_recall=_by_role("precision_recall", judged, precision_recall_points),
        reliability=_by_role("reliability", with_unseen, reliability_bins),
        gains=_by_role("gains", judged, gains_table),
        confusion=_by_role("confusion", judged, cells),
        cut_offs=_by_role("cut_offs", judged, cut_offs),
        grades=_by_role("grades", with_unseen, grades),
    )


def evaluate(
    version: Predicting, samples: Mapping[SampleRole, pl.DataFrame], *, cut_off: float, confidence: float = CONFIDENCE
) -> pl.DataFrame:
    """The metrics alone, one row per sample and metric: `sample_role, metric, value, ci_low, ci_high, n, n_bad`.

    Args:
        version: The final version; nothing is fitted here.
        samples: Feature store rows with `label`, by role.
        cut_off: Default probability from which a loan counts as declined.
        confidence: Level of the intervals.

    A metric its sample does not define has a null value. All are of the calibrated probability; which there are, and
    where their intervals come from, is described in `metrics`.

    Raises:
        ModelStoreError: a sample lacks a column the version was trained on.
    """
    return _metrics(_judge(version, samples), cut_off, confidence)


def auc_by_sample(metrics: pl.DataFrame) -> dict[SampleRole, float | None]:
    """ROC-AUC of each single sample, out of a table of metrics."""
    found = metrics.filter(pl.col("metric") == "roc_auc", pl.col("sample_role") != UNSEEN)
    return dict(found.select("sample_role", "value").iter_rows())


def auc_intervals(metrics: pl.DataFrame) -> dict[SampleRole, Interval]:
    """Interval of the ROC-AUC of each single sample that has one, out of a table of metrics."""
    found = metrics.filter(pl.col("metric") == "roc_auc", pl.col("sample_role") != UNSEEN)
    rows = found.select("sample_role", "ci_low", "ci_high").drop_nulls().iter_rows()
    return {role: Interval(low, high) for role, low, high in rows}


def null_rate(features: pl.DataFrame, columns: Sequence[str]) -> float | None:
    """Share of missing cells among all cells of the columns; None for a frame without rows."""
    cells = features.height * len(columns)
    missing = sum(features[column].null_count() for column in columns)
    return missing / cells if cells else None


def _read_table(name: str, columns: Mapping[str, Sequence[object]]) -> pl.DataFrame:
    schema = dict(TABLES[name])
    if list(columns) != list(schema):
        message = f"its table {name} has the columns {', '.join(columns)}; they should be {', '.join(schema)}"
        raise ValueError(message)
    try:
        return pl.DataFrame(columns, schema=schema)
    except (pl.exceptions.PolarsError, TypeError) as error:
        message = f"its table {name} cannot be read: {error}"
        raise ValueError(message) from error


def _judge(version: Predicting, samples: Mapping[SampleRole, pl.DataFrame]) -> dict[str, _Judged]:
    return {
        role: _Judged(sample["label"].cast(pl.Int8).to_numpy(), version.predict(sample))
        for role, sample in samples.items()
    }


def _metrics(judged: Mapping[str, _Judged], cut_off: float, confidence: float) -> pl.DataFrame:
    rows = []
    for role, sample in judged.items():
        measured = sample_metrics(
            sample.label,
            sample.probability,
            cut_off=cut_off,
            confidence=confidence,
            fitted_parameters=_FITTED_PARAMETERS.get(role, 0),
        )
        n, n_bad = len(sample.label), int(sample.label.sum())
        rows.extend((role, *one, n, n_bad) for one in measured)
    return pl.DataFrame(rows, schema=EVALUATION_SCHEMA, orient="row")


def _by_role(
    name: str, judged: Mapping[str, _Judged], table_of: Callable[[NDArray[np.int8], NDArray[np.float64]], pl.DataFrame]
) -> pl.DataFrame:
    """One table of all samples; a probability that is not a number leaves its sample without rows."""
    parts = [
        table_of(sample.label, sample.probability).select(pl.lit(role).alias("sample_role"), pl.all())
        for role, sample in judged.items()
        if np.isfinite(sample.probability).all()
    ]
    schema = dict(TABLES[name])
    return pl.concat([pl.DataFrame(schema=schema), *parts])
