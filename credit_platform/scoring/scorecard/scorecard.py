"""The scorecard: a logistic regression on weights of evidence, rounded to whole points that are the model.

Cutting features into bins belongs to binning, choosing characteristics to selection, the scale of points to
point_scale, tables and SQL for people to document and sql.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from credit_platform.errors import TrainingError
from credit_platform.policy.characteristics import set_by_hand
from credit_platform.policy.model_config import Scaling
from credit_platform.scoring.estimators.estimator import Design, Estimator, FitTask, PlattCalibrator
from credit_platform.scoring.estimators.logistic_regression import LogisticRegressionEstimator
from credit_platform.scoring.scorecard.document import Characteristic, scorecard_csv, scorecard_json
from credit_platform.scoring.scorecard.point_scale import PointScale, fit_points
from credit_platform.scoring.scorecard.selection import (
    ForcedUseError,
    information_values,
    non_negative_weights,
    select,
)
from credit_platform.scoring.scorecard.sql import scorecard_sql
from credit_platform.scoring.transformers.binning import BINNING_PARAMS, WoeBinning
from credit_platform.scoring.transformers.transformer import Transformer, TransformerName

FloatArray = NDArray[np.float64]

MIN_IV = 0.02  # below it a characteristic is called useless
MAX_VIF = 5.0


@dataclass(frozen=True)
class ScorecardEstimator(Estimator):
    """Characteristics in the order of the design, and, once it is in points, the scale that makes them whole."""

    file_name: ClassVar[str] = "model.json"
    transformer: ClassVar[TransformerName] = "weight_of_evidence"
    has_lines_by_sources: ClassVar[bool] = False  # points are the same for every loan

    intercept: float
    characteristics: tuple[Characteristic, ...]
    scale: PointScale | None = None

    @classmethod
    def fit(cls, train: Design, validation: Design, *, task: FitTask) -> Self:  # noqa: ARG003 - nothing to stop early here
        """Choose the characteristics and fit their weights on the training loans.

        Params: `min_iv`, `max_vif`, those of the binning, and scikit-learn's own for the regression.

        Raises:
            TrainingError: a parameter is refused, no characteristic is worth keeping, or the solver did not converge.
        """
        from threadpoolctl import threadpool_limits

        chosen = dict(task.spec.params)
        min_iv, max_vif = _number(task, chosen, "min_iv", MIN_IV), _number(task, chosen, "max_vif", MAX_VIF)
        regression = {name: value for name, value in chosen.items() if name not in BINNING_PARAMS}
        of_regression = replace(task, spec=task.spec.model_copy(update={"params": regression}))

        def weigh(kept: Sequence[int]) -> tuple[float, FloatArray]:
            # Weights of evidence are positive for a good loan and the label is 1 for a bad one: their sign is turned.
            design = Design(-train.values[:, kept], train.label)
            fitted = LogisticRegressionEstimator.fit(design, design, task=of_regression)
            return fitted.intercept, np.asarray(fitted.coefficients)

        def weigh_non_negative(kept: Sequence[int]) -> FloatArray:
            strength = regression.get("C", 1.0)  # of scikit-learn: the inverse of the penalty
            penalty = 1 / strength if isinstance(strength, (int, float)) and strength > 0 else 1.0
            return non_negative_weights(-train.values[:, kept], train.label, penalty)

        iv = information_values(train.values, train.label)
        by_hand = task.spec.characteristics
        use = {place: by_hand[name].use for place, name in enumerate(task.features) if name in by_hand}
        said = {place: each for place, each in use.items() if each is not None}
        try:
            with threadpool_limits(1):  # the order of additions must not depend on the machine
                selection = select(
                    train.values,
                    iv,
                    min_iv=min_iv,
                    max_vif=max_vif,
                    fit=weigh,
                    fit_non_negative=weigh_non_negative,
                    use=said,
                )
        except ForcedUseError as error:
            feature = task.features[error.place]
            overlap = (
                "" if error.nearest is None else f"exclude {task.features[error.nearest]}, which it is nearest to, "
            )
            raise TrainingError(
                model=task.model,
                reason=f"models.{task.model}.characteristics.{feature}.use is force, and {error}",
                fix=f"Force {feature} no longer, {overlap}or cut it otherwise.",
            ) from error
        if not selection.kept:
            raise TrainingError(
                model=task.model,
                reason=f"no feature is fit for a scorecard; the largest information value is {iv.max():.4f}",
                fix="Lower params.min_iv in model_config.yaml, or choose longer windows.",
            )
        place_of = {place: at for at, place in enumerate(selection.kept)}
        return cls(
            intercept=selection.intercept,
            characteristics=tuple(
                Characteristic(
                    feature=feature,
                    information_value=float(iv[place]),
                    weight=selection.weights[place_of[place]] if place in place_of else 0.0,
                    variance_inflation=selection.vif[place_of[place]] if place in place_of else None,
                    dropped=selection.dropped.get(place),
                    spread=float(train.values[:, place].std()),
                    least_woe=min(float(train.values[:, place].min()), 0.0),
                    most_woe=max(float(train.values[:, place].max()), 0.0),
                    by_hand=set_by_hand(task.model, {feature: by_hand[feature]} if feature in by_hand else {}),
                )
                for place, feature in enumerate(task.features)
            ),
        )

    def log_odds(self, design: FloatArray) -> FloatArray:
        """Of the sum of whole points, once there are; each row by itself, so that neighbours do not matter."""
        if self.scale is not None:
            return self.scale.raw_log_odds(self.scale.points(design).sum(axis=1))
        return self.intercept - (design * self._weights()).sum(axis=1)

    def contributions(self, design: FloatArray) -> FloatArray:
        """Points lost against those of a bin that weighs nothing, as log-odds; 0 for what is not used."""
        if self.scale is None:
            parts, base = -design * self._weights(), self.intercept
        else:
            neutral = np.asarray(self.scale.base, dtype=np.float64)
            parts = (neutral - self.scale.points(design)) * self.scale.raw_per_point()
            base = float(self.scale.raw_log_odds(neutral.sum(keepdims=True))[0])
        return np.column_stack([parts, np.full(len(design), base)])

    def column_importance(self) -> FloatArray:
        """Log-odds moved by one standard deviation of each weight of evidence."""
        return self._weights() * np.array([one.spread for one in self.characteristics])

    @override
    def in_points(self, calibrator: PlattCalibrator, scaling: Scaling) -> Self:
        """The scorecard in whole points, whose sum is the score of the calibrated probability."""
        ranges = [(one.least_woe, one.most_woe) for one in self.characteristics]
        weights = [one.weight for one in self.characteristics]
        return replace(self, scale=fit_points(weights, self.intercept, ranges, calibrator, scaling))

    def to_bytes(self) -> bytes:
        """JSON; floats in the shortest text that reads back exactly."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote."""
        read = json.loads(content)
        scale = read["scale"]
        return cls(
            intercept=float(read["intercept"]),
            characteristics=tuple(Characteristic(**one) for one in read["characteristics"]),
            scale=scale and PointScale(**(scale | {"base": tuple(scale["base"]), "per_woe": tuple(scale["per_woe"])})),
        )

    @override
    def exports(self, transformer: Transformer, case_key: str) -> Mapping[str, bytes]:
        """The scorecard as `scorecard.json`, `scorecard.csv` and `scorecard.sql`; nothing before it is in points."""
        if self.scale is None or not isinstance(transformer, WoeBinning):
            return {}
        document = scorecard_json(self.scale, self.characteristics, transformer)
        return {
            "scorecard.json": document,
            "scorecard.csv": scorecard_csv(document),
            "scorecard.sql": scorecard_sql(document, case_key),
        }

    def _weights(self) -> FloatArray:
        return np.array([one.weight for one in self.characteristics])


def _number(task: FitTask, params: dict[str, bool | int | float | str], name: str, default: float) -> float:
    value = params.pop(name, default)
    if isinstance(value, (bool, str)) or value <= 0:
        raise TrainingError(
            model=task.model,
            reason=f"its params are refused: {name} is {value!r}, and must be a number above 0",
            fix="Correct params in model_config.yaml.",
        )
    return float(value)
