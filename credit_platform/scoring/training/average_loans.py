"""The loans that the parts of a score are counted from: the average approved loan with the same sources.

Of a declined loan the parts then add up to what separates it from loans that were approved, which is what its reasons
must tell. How parts are made is `estimator`, which of them are reasons `explanation.reasons`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.scoring.estimators.estimator import Contributions
from credit_platform.scoring.training.source_calibration import nearest_sources
from credit_platform.statistics.calibration import probability_of

FloatArray = NDArray[np.float64]

# The mean of fewer approved loans would be that of chance; then all loans with these sources are counted from.
MIN_APPROVED = 30


@dataclass(frozen=True)
class AverageLoan:
    """The average of some loans of the validation sample.

    Attributes:
        of: whether only loans that would be approved are in it.
        n: how many loans; None where a version was stored before this was written down.
        means: what each feature adds to the log-odds on average.
        typical: the median of each number among these loans, where any is known.
    """

    of: Literal["approved", "all"]
    n: int | None
    means: Mapping[str, float]
    typical: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def fit(cls, parts: Contributions, loans: pl.DataFrame, approved: NDArray[np.bool_]) -> AverageLoan:
        """The average of the approved loans, or of all where few are.

        Args:
            parts: What each feature of the loans adds, from the algorithm's own zero.
            loans: Feature store rows in the same order.
            approved: Which of them would be approved.
        """
        is_enough = int(approved.sum()) >= MIN_APPROVED
        chosen = approved if is_enough else np.full(len(approved), fill_value=True)
        rows = loans.filter(pl.Series(chosen))
        numbers = [name for name in parts.features if name in loans.columns and loans.schema[name].is_numeric()]
        medians = rows.select(pl.col(numbers).cast(pl.Float64).fill_nan(None).median()).row(0, named=True)
        return cls(
            of="approved" if is_enough else "all",
            n=rows.height,
            means=Contributions(parts.features, parts.values[chosen], parts.base[chosen]).means(),
            typical={name: median for name, median in medians.items() if median is not None},
        )


@dataclass(frozen=True)
class AverageLoans:
    """What a version counts from, by the sources present; `cut_off` is the default probability of the first decline.

    A version stored before there were several has one, of all loans, and no cut-off.
    """

    by_sources: Mapping[str, AverageLoan]
    cut_off: float | None = None

    @classmethod
    def fit(
        cls,
        parts_of: Callable[[pl.DataFrame], Contributions],
        by_sources: Mapping[str, pl.DataFrame],
        *,
        cut_off: float,
    ) -> AverageLoans:
        """The average_loans of loans by the sources they have.

        Args:
            parts_of: What each feature of feature store rows adds to their log-odds, from the algorithm's own zero.
            by_sources: Feature store rows by the sources they have.
            cut_off: Default probability from which a loan is declined.
        """
        found = {}
        for present, loans in by_sources.items():
            parts = parts_of(loans)
            approved = probability_of(parts.base + parts.values.sum(axis=1)) < cut_off
            found[present] = AverageLoan.fit(parts, loans, approved)
        return cls(found, cut_off)

    @property
    def is_of_approved(self) -> bool:
        """Whether parts are counted from approved loans where there are any."""
        return self.cut_off is not None

    def of(self, present: str) -> AverageLoan:
        """The average of loans with some sources; of sources never seen together, that of the nearest."""
        known = {sources: found.n or 0 for sources, found in self.by_sources.items()}
        return self.by_sources[nearest_sources(present, known)]

    def shift(self, sources: pl.Series, features: tuple[str, ...]) -> FloatArray:
        """(loans, features): what each feature adds in the average of each loan, by the sources it has."""
        distinct, place = np.unique(sources.to_numpy().astype(str), return_inverse=True)
        averages = (self.of(present).means for present in distinct.tolist())
        rows = [[means[feature] for feature in features] for means in averages]
        return np.array(rows, dtype=np.float64).reshape(-1, len(features))[place]

    def to_json(self) -> bytes:
        """The average_loans as JSON; floats in the shortest text that reads back exactly."""
        content: dict[str, object] = {"sample": "validation", "cut_off": self.cut_off}
        content["by_sources"] = {present: asdict(one) for present, one in sorted(self.by_sources.items())}
        return json.dumps(content, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> AverageLoans:
        """Read what `to_json` wrote, or the one mean of a version stored before there were several."""
        content = json.loads(text)
        if "mean_contribution" in content:
            return cls({"": AverageLoan("all", None, _numbers(content["mean_contribution"]))})
        by_sources = {
            str(present): AverageLoan(one["of"], one["n"], _numbers(one["means"]), _numbers(one["typical"]))
            for present, one in content["by_sources"].items()
        }
        return cls(by_sources, content["cut_off"])


def _numbers(content: Mapping[str, float]) -> dict[str, float]:
    return {str(name): float(value) for name, value in content.items()}
