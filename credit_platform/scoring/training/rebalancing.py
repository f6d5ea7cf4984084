"""Evening out the classes of a training design, where policy asks for it: fewer goods, or made-up bads.

Both shift the odds that a model learns; the calibrator puts them right again, on loans that are left as they are.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from credit_platform.scoring.estimators.estimator import Design

_NEIGHBOURS = 5  # as Chawla et al. (2002)


def rebalance(design: Design, kind: Literal["none", "downsample", "smote"], *, seed: int) -> Design:
    """A training design with as many loans of one class as of the other; the same seed gives the same design.

    Args:
        design: Training loans of both classes.
        kind: `downsample` draws as many loans of the larger class as the smaller one has; `smote` adds loans to the
            smaller one, each on the line between one of its loans and one of that loan's nearest neighbours within the
            class (Chawla et al. 2002); `none` changes nothing.
        seed: Of the draw.
    """
    if kind == "none":
        return design
    bads, goods = np.flatnonzero(design.label == 1), np.flatnonzero(design.label == 0)
    smaller, larger = (bads, goods) if len(bads) < len(goods) else (goods, bads)
    random = np.random.default_rng(seed)
    if kind == "downsample":
        kept = np.sort(np.concatenate([smaller, random.choice(larger, len(smaller), replace=False)]))
        return Design(np.ascontiguousarray(design.values[kept]), design.label[kept])
    made = _between_neighbours(design.values[smaller], len(larger) - len(smaller), random)
    label = np.full(len(made), design.label[smaller[0]], dtype=np.int8)
    return Design(np.vstack([design.values, made]), np.concatenate([design.label, label]))


def _between_neighbours(values: NDArray[np.float64], n: int, random: np.random.Generator) -> NDArray[np.float64]:
    from sklearn.neighbors import NearestNeighbors

    wanted = min(_NEIGHBOURS, len(values) - 1)
    start = random.integers(0, len(values), n)
    if not wanted:  # a single loan has no neighbour and is repeated
        return values[start]
    # A tree compares loan by loan; the brute way multiplies matrices, whose last bit depends on the machine's threads.
    near = NearestNeighbors(n_neighbors=wanted + 1, algorithm="kd_tree").fit(values)
    _, places = near.kneighbors(values)
    neighbours = places[:, 1:]  # the nearest is the loan itself or its equal
    end = neighbours[start, random.integers(0, wanted, n)]
    return values[start] + random.random(n)[:, None] * (values[end] - values[start])
