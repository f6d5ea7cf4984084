"""features.json of a version: the columns it reads, in order, and which of them stands behind each design column.

Whether a frame has the columns is for the version to say; what happens to them, for its transformer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence


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
    for column, (told, found) in enumerate(zip(expected, design_features, strict=False), start=1):
        if told != found:
            message = f"design column {column} is of {told} in features.json and of {found} in preprocessing.json"
            raise ValueError(message)
    if len(expected) != len(design_features):
        message = f"features.json has {len(expected)} design columns and preprocessing.json {len(design_features)}"
        raise ValueError(message)
