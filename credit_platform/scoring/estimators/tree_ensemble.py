"""Trees as LightGBM stores them, on top of a line in the clickstream's evidence: prediction, parts and the file.

How the trees are grown belongs to `gradient_boosting` and `random_forest`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lightgbm import Booster

from credit_platform.scoring.estimators.estimator import Design, FitTask, Learner
from credit_platform.scoring.transformers.evidence import EVIDENCE
from credit_platform.statistics.logistic import maximise_likelihood

FloatArray = NDArray[np.float64]

_LAST_TREE_WRITTEN = "\nend of trees\n"
_OWN_LINE = "\ncredit_platform:"  # LightGBM reads past what it does not know
_LOANS_WEIGHED = 250  # Shapley values take time, and the mean of more would move the importances little


@dataclass(frozen=True)
class StartLine:
    """Log-odds from which the trees start: `base + weight * evidence`, the evidence in design column `column`.

    Evidence adds up over months and adds to the log-odds of everything else, and it goes on growing where a tree, which
    knows no value beyond those it was fitted on, stands still.
    """

    base: float
    weight: float
    column: int

    def log_odds(self, design: FloatArray) -> FloatArray:
        """One number per row."""
        return self.base + self.weight * design[:, self.column]


def fit_start_line(train: Design, task: FitTask) -> StartLine:
    """Fit base and weight on the training loans by maximum likelihood; the weight is 0 where there is no evidence."""
    label, none = train.label.astype(np.float64), np.zeros(len(train.label))
    constant = np.ones_like(label)
    if EVIDENCE in task.features:
        column = task.features.index(EVIDENCE)
        both = np.column_stack([train.values[:, column], constant])
        weight, base = maximise_likelihood(both, label, none)
        if weight > 0:  # otherwise more evidence of default would make a loan safer
            return StartLine(float(base), float(weight), column)
    return StartLine(float(maximise_likelihood(constant[:, None], label, none)[0]), 0.0, 0)


@dataclass(frozen=True)
class TreeEnsemble(Learner):
    """The text of a LightGBM model. Predictions always come from the text, so a stored version cannot differ.

    Attributes:
        text: As LightGBM writes it.
        importance: Mean absolute log-odds that each design column adds, over training loans.
        start: What the trees are added to; None where they stand alone.
    """

    file_name: ClassVar[str] = "model.txt"

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

    def log_odds(self, design: FloatArray) -> FloatArray:
        """The start line and the leaves each row falls into: their sum, or their mean where the trees are averaged."""
        if not len(design):
            return np.empty(0)
        trees = np.asarray(self._booster.predict(design, raw_score=True, num_threads=1), dtype=np.float64) / self._share
        return trees if self.start is None else trees + self.start.log_odds(design)

    def contributions(self, design: FloatArray) -> FloatArray:
        """Shapley values of the trees (Lundberg et al. 2020), exact, as LightGBM computes them, and the start line."""
        if not len(design):
            return np.empty((0, design.shape[1] + 1))
        parts = np.asarray(self._booster.predict(design, pred_contrib=True, num_threads=1), dtype=np.float64)
        parts = parts / self._share
        if self.start is not None:
            parts[:, self.start.column] += self.start.weight * design[:, self.start.column]
            parts[:, -1] += self.start.base
        return parts

    def column_importance(self) -> FloatArray:
        """Mean absolute log-odds that each design column adds, against its own mean."""
        return np.asarray(self.importance, dtype=np.float64)

    def to_bytes(self) -> bytes:
        """LightGBM's text model, with the start line and the importance as a last line of JSON."""
        start = None if self.start is None else vars(self.start)
        own = json.dumps({"start": start, "importance": self.importance})
        return f"{self.text.rstrip()}\n{_OWN_LINE}{own}\n".encode()

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
        read = json.loads(own)
        start = None if read["start"] is None else StartLine(**read["start"])
        return cls(f"{text}\n", tuple(read["importance"]), start)

    @cached_property
    def _booster(self) -> Booster:
        from lightgbm import Booster

        return Booster(model_str=self.text)

    @cached_property
    def _share(self) -> int:
        """What LightGBM's sums are divided by: a random forest is the mean of its trees."""
        return self._booster.num_trees() if "\naverage_output\n" in self.text else 1
