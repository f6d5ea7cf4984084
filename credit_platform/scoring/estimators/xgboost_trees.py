"""XGBoost on top of the evidence, constrained to expected directions, stopped early on validation; an optional extra.

XGBoost counts in single precision: of a row's parts what rounding leaves over is in its base. Params that policy may
set are checked in `policy.xgboost_params`; what a fitted ensemble predicts belongs to tree_ensemble.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from credit_platform.errors import MissingExtraError, TrainingError
from credit_platform.scoring.estimators.estimator import Design, FitTask
from credit_platform.scoring.estimators.gradient_boosting import DEFAULT_TREES, PATIENCE, directions
from credit_platform.scoring.estimators.tree_ensemble import TreeEnsemble, fit_start_line

FloatArray = NDArray[np.float64]

_LIBRARY = "xgboost"
_NOTHING_OF_OURS = '{"learner":{"attributes":{},'
_OURS = '{"learner":{"attributes":{"credit_platform":'


def _library() -> Any:  # noqa: ANN401 - it is not there to be typed where it is not installed
    """The library XGBoost.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(_LIBRARY)
    except ImportError as error:
        raise MissingExtraError(extra=_LIBRARY, needed_by="algorithm: xgboost in model_config.yaml") from error


def _fixed_parameters(task: FitTask) -> dict[str, object]:
    """What no one may choose: what makes the same data give the same text."""
    return {
        "booster": "gbtree",
        "objective": "binary:logistic",
        "eval_metric": "auc",
        "base_score": 0.5,  # log-odds 0: the start line is the base
        "seed": task.seed,
        "device": "cpu",
        "nthread": 1,  # the order of additions depends on the number of threads
        "verbosity": 0,
        "monotone_constraints": f"({','.join(map(str, directions(task)))})",
    }


@dataclass(frozen=True)
class XGBoostEstimator(TreeEnsemble):
    """Trees in XGBoost's JSON, which start from a line in the evidence of each group."""

    file_name: ClassVar[str] = "model.json"
    libraries: ClassVar[tuple[str, ...]] = (_LIBRARY,)

    @classmethod
    def fit(cls, train: Design, validation: Design, *, task: FitTask) -> Self:
        """Fit on the training design and labels, keeping the number of trees with the best validation AUC.

        Params are those of XGBoost's scikit-learn class, with `n_estimators` as the most trees there may be.

        Raises:
            TrainingError: XGBoost refuses a parameter.
            MissingExtraError: XGBoost is not installed.
        """
        xgboost = _library()
        chosen: Mapping[str, object] = {k: v for k, v in task.spec.params.items() if k != "n_estimators"}
        start = fit_start_line(train, task)
        training, watched = (
            xgboost.DMatrix(one.values, label=one.label, base_margin=start.log_odds(one.values), nthread=1)
            for one in (train, validation)
        )
        try:
            booster = xgboost.train(
                {**chosen, **_fixed_parameters(task)},
                training,
                num_boost_round=int(task.spec.params.get("n_estimators", DEFAULT_TREES)),
                evals=[(watched, "validation")],
                early_stopping_rounds=PATIENCE,
                verbose_eval=False,
            )
        except xgboost.core.XGBoostError as error:
            raise TrainingError(
                model=task.model, reason=f"its params are refused: {error}", fix="Correct params in model_config.yaml."
            ) from error
        kept = booster[: booster.best_iteration + 1]
        return cls.of(bytes(kept.save_raw("json")).decode(), train, start)

    def _of_trees(self, design: FloatArray) -> FloatArray:
        rows = _library().DMatrix(design, nthread=1)
        return np.asarray(self._booster.predict(rows, output_margin=True), dtype=np.float64)

    def _parts_of_trees(self, design: FloatArray) -> FloatArray:
        rows = _library().DMatrix(design, nthread=1)
        parts = np.asarray(self._booster.predict(rows, pred_contribs=True), dtype=np.float64)
        parts[:, -1] += self._of_trees(design) - parts.sum(axis=1)
        return parts

    def to_bytes(self) -> bytes:
        """XGBoost's JSON model, with the start line and the importance as its attribute `credit_platform`."""
        return self.text.replace(_NOTHING_OF_OURS, f"{_OURS}{json.dumps(self.own_text())}}},", 1).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote; for that XGBoost is not needed.

        Raises:
            ValueError: it is no whole JSON model of XGBoost with our attribute.
        """
        text = content.decode()
        json.loads(text)
        if not text.startswith(_OURS):
            message = "not a JSON model of XGBoost that this platform wrote"
            raise ValueError(message)
        own, end = json.JSONDecoder().raw_decode(text, len(_OURS))
        return cls.with_own_text(f"{_NOTHING_OF_OURS}{text[end:].removeprefix('},')}", own)

    @cached_property
    def _booster(self) -> Any:  # noqa: ANN401 - as the library
        booster = _library().Booster({"nthread": 1})
        booster.load_model(bytearray(self.text.encode()))
        return booster
