"""What an algorithm must offer to become a model: fitting, log-odds, their additive parts, and a file of its own.

Adding one is a subclass of `Estimator` in a module of its own, and its name in `algorithms` or its address in policy.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from credit_platform.policy.model_config import ModelSpec, Scaling
from credit_platform.portfolios.feature_set import Direction
from credit_platform.scoring.estimators.calibration import PlattCalibrator
from credit_platform.scoring.transformers.transformer import Transformer, TransformerName

FloatArray = NDArray[np.float64]


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
