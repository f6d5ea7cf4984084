"""The columns a version reads and is monitored on, in order, and features.json, which names them per design column.

What happens to the columns belongs to the transformers.
"""

import json
from collections.abc import Mapping, Sequence

import polars as pl

from credit_platform.portfolios.feature_set import FeatureSet


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
