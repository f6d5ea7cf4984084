"""Labels and probabilities for the tests of statistics: of any small shape, and drawn from known default rates."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from credit_platform.statistics.calibration import probability_of

FloatArray = NDArray[np.float64]
LabelArray = NDArray[np.int8]


@st.composite
def samples(draw: st.DrawFn, min_of_each: int = 1) -> tuple[LabelArray, FloatArray]:
    """Small samples of both classes with many ties, and probabilities of 0 and 1 among them."""
    rest = draw(st.lists(st.integers(0, 1), max_size=60))
    label = [0, 1] * min_of_each + rest
    level = st.integers(0, 20).map(lambda place: place / 20)
    probability = draw(st.lists(level, min_size=len(label), max_size=len(label)))
    return np.array(label, dtype=np.int8), np.array(probability)


def honest_sample(n: int, seed: int, *, shift: float = 0.0, slope: float = 1.0) -> tuple[LabelArray, FloatArray]:
    """Labels drawn from log-odds that are `slope` times the predicted ones plus `shift`, and the predictions."""
    random = np.random.default_rng(seed)
    predicted = random.normal(-1.0, 1.4, n)
    label = random.random(n) < probability_of(slope * predicted + shift)
    return label.astype(np.int8), probability_of(predicted)
