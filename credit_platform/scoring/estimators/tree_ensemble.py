"""Trees on top of a line in the evidence: prediction, parts, and the file as LightGBM writes it.

How the trees are grown belongs to `gradient_boosting`, `random_forest` and `xgboost_trees`, XGBoost's file to the last.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lightgbm import Booster

from credit_platform.scoring.estimators.estimator import Design, Estimator, FitTask
from credit_platform.statistics.calibration import maximise_likelihood

FloatArray = NDArray[np.float64]

_LAST_TREE_WRITTEN = "\nend of trees\n"
_OWN_LINE = "\ncredit_platform:"  # LightGBM ignores lines of other programs
_LOANS_WEIGHED = 250  # Shapley values take time, and the mean of more would move the importances little


@dataclass(frozen=True)
class StartLine:
    """Log-odds from which the trees start: `base` and, per design column in `columns`, its weight times its evidence.

    Evidence adds up over months and adds to the log-odds of everything else. It goes on growing beyond the values of
    training, where a tree predicts a constant.
    """

    base: float
    weights: tuple[float, ...]
    columns: tuple[int, ...]

    def log_odds(self, design: FloatArray) -> FloatArray:
        """One number per row."""
        total = np.full(len(design), self.base)
        for weight, column in zip(self.weights, self.columns, strict=True):
            total = total + weight * design[:, column]
        return total

    def to_dict(self) -> dict[str, object]:
        """Ready for JSON; a line in one column is written with plain numbers."""
        if len(self.columns) == 1:
            return {"base": self.base, "weight": self.weights[0], "column": self.columns[0]}
        return {"base": self.base, "weights": self.weights, "columns": self.columns}

    @classmethod
    def from_dict(cls, read: Mapping[str, Any]) -> StartLine:
        """Read what `to_dict` wrote."""
        if "column" in read:
            return cls(read["base"], (read["weight"],), (read["column"],))
        return cls(read["base"], tuple(read["weights"]), tuple(read["columns"]))


def fit_start_line(train: Design, task: FitTask) -> StartLine:
    """Fit base and weights on the training loans by maximum likelihood.

    A weight that is not positive would make a loan safer the more evidence of default it has. The least such one is
    dropped, and the others are fitted again; without any evidence the line is constant.
    """
    label, none = train.label.astype(np.float64), np.zeros(len(train.label))
    constant = np.ones_like(label)
    columns = [task.features.index(feature) for feature in task.evidence]
    while columns:
        design = np.column_stack([train.values[:, columns], constant])
        *weights, base = maximise_likelihood(design, label, none).tolist()
        if min(weights) > 0:
            return StartLine(base, tuple(weights), tuple(columns))
        del columns[weights.index(min(weights))]
    return StartLine(float(maximise_likelihood(constant[:, None], label, none)[0]), (0.0,), (0,))


@dataclass(frozen=True)
class TreeEnsemble(Estimator):
    """The text of fitted trees. Predictions always come from the text, so a stored version cannot differ.

    Attributes:
        text: As the library that grew the trees writes it.
        importance: Mean absolute log-odds that each design column adds, over training loans.
        start: What the trees are added to; None where there is no such line.
    """

    text: str
    importance: tuple[float, ...]
    start: StartLine | None = None

    @classmethod
    def of(cls, text: str, train: Design, start: StartLine | None = None) -> Self:
        """A fitted ensemble, its columns weighed on the training loans it was fitted on."""
        fitted = cls(text, (), start)
        some = np.unique(np.linspace(0, len(train.values) - 1, _LOANS_WEIGHED).astype(np.int64))
        parts = fitted.contributions(np.ascontiguousarray(train.values[some]))[:, :-1]
        return cls(text, tuple(np.abs(parts - parts.mean(axis=0)).mean(axis=0).tolist()), start)

    @abstractmethod
    def _of_trees(self, design: FloatArray) -> FloatArray:
        """Log-odds of the trees alone, one per row of some."""

    @abstractmethod
    def _parts_of_trees(self, design: FloatArray) -> FloatArray:
        """(rows, columns + 1): Shapley values of the trees (Lundberg et al. 2020), exact; a row sums to `_of_trees`."""

    def log_odds(self, design: FloatArray) -> FloatArray:
        """The start line and the leaves each row falls into: their sum, or their mean where the trees are averaged."""
        if not len(design):
            return np.empty(0)
        trees = self._of_trees(design)
        return trees if self.start is None else trees + self.start.log_odds(design)

    def contributions(self, design: FloatArray) -> FloatArray:
        """The Shapley values of the trees, and the start line."""
        if not len(design):
            return np.empty((0, design.shape[1] + 1))
        parts = self._parts_of_trees(design)
        if self.start is not None:
            for weight, column in zip(self.start.weights, self.start.columns, strict=True):
                parts[:, column] += weight * design[:, column]
            parts[:, -1] += self.start.base
        return parts

    def column_importance(self) -> FloatArray:
        """Mean absolute log-odds that each design column adds, against its own mean."""
        return np.asarray(self.importance, dtype=np.float64)

    def own_text(self) -> str:
        """What the file holds beside the trees, as JSON."""
        start = None if self.start is None else self.start.to_dict()
        return json.dumps({"start": start, "importance": self.importance})

    @classmethod
    def with_own_text(cls, text: str, own: str) -> Self:
        """The ensemble of a text and of what `own_text` wrote beside it."""
        read = json.loads(own)
        start = None if read["start"] is None else StartLine.from_dict(read["start"])
        return cls(text, tuple(read["importance"]), start)


@dataclass(frozen=True)
class LightGBMTrees(TreeEnsemble):
    """Trees in LightGBM's text."""

    file_name: ClassVar[str] = "model.txt"

    def _of_trees(self, design: FloatArray) -> FloatArray:
        return np.asarray(self._booster.predict(design, raw_score=True, num_threads=1), dtype=np.float64) / self._share

    def _parts_of_trees(self, design: FloatArray) -> FloatArray:
        parts = np.asarray(self._booster.predict(design, pred_contrib=True, num_threads=1), dtype=np.float64)
        return parts / self._share

    def to_bytes(self) -> bytes:
        """LightGBM's text model, with the start line and the importance as a last line of JSON."""
        return f"{self.text.rstrip()}\n{_OWN_LINE}{self.own_text()}\n".encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: the text does not end as `to_bytes` ends one.
        """
        text, found, own = content.decode().rpartition(f"\n{_OWN_LINE}")
        if not found or _LAST_TREE_WRITTEN not in text:
            message = "not a LightGBM text model, or not the whole of one"
            raise ValueError(message)
        return cls.with_own_text(f"{text}\n", own)

    @cached_property
    def _booster(self) -> Booster:
        from lightgbm import Booster

        return Booster(model_str=self.text)

    @cached_property
    def _share(self) -> int:
        """What LightGBM's sums are divided by: a random forest is the mean of its trees."""
        return self._booster.num_trees() if "\naverage_output\n" in self.text else 1
