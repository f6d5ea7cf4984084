"""From feature store rows to an algorithm's design matrix: the columns in order, the kinds of transformer by name.

features.json names, per design column, the columns a version reads. Each kind of transformer is fitted on training
loans only and has a module of its own: `standardisation`, and `binning` for weights of evidence.
"""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.policy.characteristics import CharacteristicPolicy
from credit_platform.portfolios.feature_set import FeatureSet
from credit_platform.scoring.transformers.binning import BinningPolicy, WoeBinning, fit_binning
from credit_platform.scoring.transformers.evidence import HistoryEvidence, fit_evidence, with_copies_without_history
from credit_platform.scoring.transformers.standardisation import Preprocessing, fit_preprocessing
from credit_platform.scoring.transformers.tree_leaves import TreePolicy

FloatArray = NDArray[np.float64]
TransformerName = Literal["standardised", "weight_of_evidence"]


class Transformer(Protocol):
    """Everything fitted between the feature store and a design matrix."""

    @property
    def evidence(self) -> tuple[HistoryEvidence, ...]:
        """The fitted evidence of each group of the book."""
        ...

    def design_matrix(self, frame: pl.DataFrame) -> FloatArray:
        """(loans, design columns), finite, one row per row of `frame` in its order."""
        ...

    def design_features(self) -> Sequence[str]:
        """The feature behind each design column, in the order of the columns."""
        ...

    def to_json(self) -> bytes:
        """All fitted numbers."""
        ...


def fit_transformer(
    kind: TransformerName,
    train: pl.DataFrame,
    features: FeatureSet,
    params: Mapping[str, object],
    by_hand: Mapping[str, CharacteristicPolicy] = MappingProxyType({}),
) -> Transformer:
    """Fit a kind of transformer, and the evidence of every group, on training loans with their `label`.

    Bins count each loan once: those without evidence weigh nothing by themselves. Standardisation is fitted on loans
    without history too, or it would clip their number of months to the shortest history.

    Args:
        kind: Which kind.
        train: Feature store rows with their `label`.
        features: The feature set of the book.
        params: The model's, out of which a kind takes those that are its own.
        by_hand: By feature, what is set by hand of its bins.

    Raises:
        ValueError: one of its own params is refused.
    """
    evidence = tuple(fit_evidence(train, group) for group in features.evidence)
    if kind == "weight_of_evidence":
        policy, trees = BinningPolicy.from_params(params), TreePolicy.from_params(params)
        return fit_binning(train, features, evidence, policy, trees, by_hand=by_hand)
    return fit_preprocessing(with_copies_without_history(train, features.evidence), features, evidence)


def load_transformer(kind: TransformerName, text: bytes, features: FeatureSet) -> Transformer:
    """Read back what `to_json` wrote for a book of this feature set.

    Raises:
        ValueError, KeyError, TypeError: it is not what `to_json` writes.
    """
    read = WoeBinning.from_json if kind == "weight_of_evidence" else Preprocessing.from_json
    return read(text, features.evidence)


def unseen_levels(transformer: Transformer, frame: pl.DataFrame) -> dict[tuple[str, str], int]:
    """Rows by categorical feature and level that no training loan had; such a level has no weight of its own."""
    if isinstance(transformer, WoeBinning):
        known = {bins.feature: {*bins.levels, *bins.rare_levels} for bins in transformer.levels}
    elif isinstance(transformer, Preprocessing):
        known = {treatment.feature: {*treatment.levels} for treatment in transformer.categorical}
    else:
        return {}
    found: dict[tuple[str, str], int] = {}
    for feature, levels in known.items():
        if levels.issuperset(frame[feature].unique().drop_nulls().to_list()):
            continue
        values = frame.select(level=pl.col(feature).cast(pl.String)).drop_nulls()
        strange = values.filter(~pl.col("level").is_in(sorted(levels))).group_by("level").len().sort("level")
        found |= {(feature, level): n for level, n in strange.iter_rows()}
    return found


def model_columns(features: FeatureSet) -> tuple[str, ...]:
    """The feature store columns that a version reads; the months of each group are always among them."""
    return tuple(dict.fromkeys((*features.columns, *(group.months for group in features.evidence))))


def reference_numbers(features: FeatureSet) -> tuple[str, ...]:
    """The numbers on which the stability of later months is measured.

    Of a history these are the channels' deviations: sums and means change their spread with its length by design, and
    the number of months moves by one every month.
    """
    months = {group.months for group in features.evidence}
    channels = (channel for group in features.evidence for channel in group.channels)
    return (*(name for name in features.numeric if name not in months), *channels)


def missing_columns(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """The columns a frame lacks, in the order they were asked for."""
    return [column for column in columns if column not in frame.columns]


def features_document(algorithm: str, dtypes: Mapping[str, str], design_features: Sequence[str]) -> bytes:
    """The document as JSON.

    Its `design` gives, per design column, the place of its feature in `features`, or the name of what is made of
    several.
    """
    places = {name: place for place, name in enumerate(dtypes)}
    content = {
        "algorithm": algorithm,
        "features": [{"name": name, "dtype": dtype} for name, dtype in dtypes.items()],
        "design": [places.get(feature, feature) for feature in design_features],
    }
    return json.dumps(content, indent=1).encode()


def require_same_order(described: Mapping[str, Sequence[object]], design_features: Sequence[str]) -> None:
    """Refuse a transformer whose design columns are not those a version was fitted on, in that order.

    Args:
        described: What `features_document` wrote, read back.
        design_features: The feature behind each design column of the transformer read from its own file.

    Raises:
        ValueError: they differ; names the first design column that does.
        KeyError, IndexError: it is no such document.
    """
    names = [feature["name"] for feature in described["features"] if isinstance(feature, dict)]
    expected = [names[place] if isinstance(place, int) else place for place in described["design"]]
    for column, (name, found) in enumerate(zip(expected, design_features, strict=False), start=1):
        if name != found:
            message = f"design column {column} is of {name} in features.json and of {found} in preprocessing.json"
            raise ValueError(message)
    if len(expected) != len(design_features):
        message = f"features.json has {len(expected)} design columns and preprocessing.json {len(design_features)}"
        raise ValueError(message)
