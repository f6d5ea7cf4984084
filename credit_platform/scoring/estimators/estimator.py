"""What an algorithm must offer to become a model: fitting, log-odds, their additive parts, and a file of its own.

Adding one is a subclass of `Estimator` in a module of its own, and its name in `algorithms` or its address in policy.

Algorithms count from zeros of their own (a mean of the training design, a neutral bin), so their parts cannot be
compared; what a version counts them from is written in `training.average_loans`. Raw probabilities are calibrated by
Platt's straight line on the log-odds, fitted on the validation sample only; which loans have a line of their own is
written in `training.source_calibration`. Tests of calibration on later cohorts belong to monitoring, turning the parts
into words to reasons.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from credit_platform.policy.model_config import ModelSpec, Scaling
from credit_platform.portfolios.feature_set import Direction
from credit_platform.scoring.transformers.transformer import Transformer, TransformerName
from credit_platform.statistics.calibration import log_odds, maximise_likelihood, probability_of

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PlattCalibrator:
    """p = 1 / (1 + exp(-(slope * log_odds(raw) + intercept)))."""

    slope: float
    intercept: float

    def calibrate(self, raw: FloatArray) -> FloatArray:
        """Default probabilities for raw ones, in the same order of rank."""
        return probability_of(self.on_log_odds(log_odds(raw)))

    def on_log_odds(self, raw: FloatArray) -> FloatArray:
        """Calibrated log-odds for raw ones."""
        return self.slope * raw + self.intercept

    def to_json(self) -> bytes:
        """The two numbers as JSON."""
        return json.dumps({"method": "platt", "slope": self.slope, "intercept": self.intercept}, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> PlattCalibrator:
        """Read what `to_json` wrote."""
        content = json.loads(text)
        return cls(slope=float(content["slope"]), intercept=float(content["intercept"]))


@dataclass(frozen=True, eq=False)
class PlattLines:
    """One line per loan: (loans,) slopes and intercepts, all slopes positive."""

    slope: FloatArray
    intercept: FloatArray

    def on_log_odds(self, raw: FloatArray) -> FloatArray:
        """Calibrated log-odds for raw ones, loan by loan."""
        return self.slope * raw + self.intercept


UNCALIBRATED = PlattCalibrator(slope=1.0, intercept=0.0)  # passes every probability on as it is


def fit_platt(label: NDArray[np.int8], raw: FloatArray) -> PlattCalibrator:
    """Fit slope and intercept by maximum likelihood with Platt's (1999) smoothed targets.

    The smoothing keeps the optimum finite even where a sample is separated perfectly. A slope that is not positive
    would turn the ranking round: then only the level is fitted, and the promotion gates judge the ranking.
    """
    odds = log_odds(raw)
    n_bad, n = int(label.sum()), len(label)
    target = np.where(label == 1, (n_bad + 1) / (n_bad + 2), 1 / (n - n_bad + 2))
    both = np.column_stack([odds, np.ones_like(odds)])
    slope, intercept = maximise_likelihood(both, target, np.zeros_like(odds))
    if slope <= 0:
        slope, intercept = 1.0, maximise_likelihood(np.ones((n, 1)), target, odds)[0]
    return PlattCalibrator(slope=float(slope), intercept=float(intercept))


@dataclass(frozen=True, eq=False)
class Design:
    """Transformed loans: (loans, columns) without a missing value, and their label (1 bad, 0 good)."""

    values: FloatArray
    label: NDArray[np.int8]


@dataclass(frozen=True)
class FitTask:
    """What to fit: the model's name and specification, the seed, and the feature behind each design column.

    `evidence` names the features that are the evidence of a group; `directions` those whose log-odds are constrained to
    one direction, everything else being equal.
    """

    model: str
    spec: ModelSpec
    seed: int
    features: tuple[str, ...]
    evidence: tuple[str, ...] = ()
    directions: Mapping[str, Direction] = field(default_factory=dict)


class Estimator(ABC):
    """A fitted algorithm. The same fit gives the same bytes; one read back gives the same numbers to the last bit."""

    file_name: ClassVar[str]
    transformer: ClassVar[TransformerName] = "standardised"
    # Modules beyond those of every model whose numbers a version rests on; its metadata says their versions.
    libraries: ClassVar[tuple[str, ...]] = ()
    # Whether loans of other sources may have a calibration line of their own; not where the line is part of the model.
    has_lines_by_sources: ClassVar[bool] = True

    def __init_subclass__(cls, **options: object) -> None:
        """Read `transformer` under its former name `preparation`, for one release."""
        super().__init_subclass__(**options)
        cls.transformer = vars(cls).get("preparation", cls.transformer)

    @classmethod
    @abstractmethod
    def fit(cls, train: Design, validation: Design, *, task: FitTask) -> Self:
        """Fit on `train`; choices between fits look at `validation` only.

        Raises:
            TrainingError: a parameter is refused, or the fit did not converge.
        """

    @abstractmethod
    def log_odds(self, design: FloatArray) -> FloatArray:
        """Log-odds of default before calibration, one per row; a row's number does not depend on its neighbours."""

    @abstractmethod
    def contributions(self, design: FloatArray) -> FloatArray:
        """(rows, columns + 1): what each design column adds, the base last; a row sums to `log_odds`."""

    @abstractmethod
    def column_importance(self) -> FloatArray:
        """Weight of each design column in the prediction, not negative, in the algorithm's own unit."""

    @abstractmethod
    def to_bytes(self) -> bytes:
        """The content of the file `file_name`."""

    @classmethod
    @abstractmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: it is not what `to_bytes` writes.
        """

    def in_points(self, calibrator: PlattCalibrator, scaling: Scaling) -> Self:  # noqa: ARG002 - for those that round
        """The estimator whose calibrated log-odds are whole points; itself where the algorithm has none."""
        return self

    def exports(self, transformer: Transformer, case_key: str) -> Mapping[str, bytes]:  # noqa: ARG002 - for those that export
        """Further files for people and other systems, by name; nothing reads them back. `case_key` names the case."""
        return {}


@dataclass(frozen=True, eq=False)
class Contributions:
    """Additive parts of calibrated log-odds: `base + values.sum(axis=1)` are the loans' log-odds of default.

    Attributes:
        features: The features, in the order of the columns.
        values: (loans, features), positive for default.
        base: (loans,), what each loan starts from.
    """

    features: tuple[str, ...]
    values: FloatArray
    base: FloatArray

    def means(self) -> dict[str, float]:
        """What each feature adds on average over these loans, 0 without any."""
        values = self.values.mean(axis=0) if len(self.values) else np.zeros(len(self.features))
        return dict(zip(self.features, values.tolist(), strict=True))

    def counted_from(self, shift: FloatArray) -> Contributions:
        """The same log-odds, the parts counted from `shift`, (loans, features), and the base moved by all of it."""
        return Contributions(self.features, self.values - shift, self.base + shift.sum(axis=1))


def calibrated_contributions(
    by_column: FloatArray, design_features: Sequence[str], calibrator: PlattCalibrator | PlattLines
) -> Contributions:
    """Contributions per feature from those per design column, of which the last is the base.

    Calibration is a straight line on a loan's log-odds, so it scales every part alike and shifts the base.
    """
    features, first, place = np.unique(design_features, return_index=True, return_inverse=True)
    values = np.zeros((len(by_column), len(features)))
    for column, feature in enumerate(place):
        values[:, feature] += by_column[:, column]
    order = np.argsort(first)  # as the design has them, not by the alphabet
    return Contributions(
        features=tuple(str(name) for name in features[order]),
        values=np.reshape(calibrator.slope, (-1, 1)) * values[:, order],
        base=calibrator.slope * by_column[:, -1] + calibrator.intercept,
    )
