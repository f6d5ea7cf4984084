"""Whether a version's files give it back: a gate of every candidate.

Writing and reading the files belongs to `version`, the other gates to `assets.models`.
"""

import numpy as np
import polars as pl

from credit_platform.errors import ModelStoreError
from credit_platform.scoring.training.version import FittedVersion, load_version


def is_restorable(fitted: FittedVersion, features: pl.DataFrame) -> bool:
    """Whether the version's files give it back with the same prediction, to the last bit, for every row."""
    try:
        again = load_version(fitted.model, fitted.artifacts(), portfolio=fitted.portfolio, algorithm=fitted.algorithm)
    except ModelStoreError:
        return False
    return np.array_equal(fitted.predict(features), again.predict(features))
