"""What other lenders call the columns of the four raw sources."""

from collections.abc import Mapping

import yaml
from pydantic import TypeAdapter

from credit_platform.texts import text_beside


def synonyms() -> Mapping[str, tuple[str, ...]]:
    """What other lenders call a column, by the column."""
    names = TypeAdapter(dict[str, tuple[str, ...]])
    return names.validate_python(yaml.safe_load(text_beside(__file__, "synonyms.yaml")))
