"""Reading the sentence of a leaf back, with nothing but the sentence: what a risk officer does with the card."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np


def is_true(sentence: str, loan: Mapping[str, Any]) -> bool:
    """Whether a loan is in a leaf, by reading nothing but its sentence."""
    return all(_holds(condition, loan) for condition in sentence.split(" and "))


def _holds(condition: str, loan: Mapping[str, Any]) -> bool:
    name, _, asked = condition.partition(" ")
    value = loan[name]
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return asked.endswith("missing")
    asked = asked.removesuffix("missing").removesuffix(" or ")
    if asked.startswith("is "):
        return str({True: "yes", False: "no"}.get(value, value)) in asked.removeprefix("is ").split(" or ")
    above, up_to = re.search(r"above (\S+)", asked), re.search(r"up to (\S+)", asked)
    return (
        bool(asked)
        and (above is None or value > float(above[1].replace(",", "")))
        and (up_to is None or value <= float(up_to[1].replace(",", "")))
    )
