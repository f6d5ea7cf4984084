"""What every section of a policy file obeys, and the kinds of value that several of them use.

The sections themselves stand in the modules of their files.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

Share = Annotated[float, Field(ge=0, le=1)]
OpenShare = Annotated[float, Field(gt=0, lt=1)]
# A century: longer ones lead out of the calendar.
MOST_MONTHS = 1200
MonthCount = Annotated[int, Field(ge=1, le=MOST_MONTHS)]

# Metrics of `scoring.evaluation.metrics` of which more is better.
PrimaryMetric = Literal[
    "roc_auc",
    "gini",
    "ks",
    "average_precision",
    "capture_rate_at_10",
    "capture_rate_at_20",
    "lift_at_10",
    "lift_at_20",
    "f1_score",
    "accuracy",
    "precision",
    "recall",
]
# Those of them that are best at some cut-off: precision alone would decline one case, recall alone all of them.
TunedBy = Literal["f1_score", "accuracy"]

_TUNED = "tuned"


def _read_cut_off(value: object) -> object:
    if value == _TUNED:
        return None
    if value is None or isinstance(value, str):
        message = f"must be a share between 0 and 1, or {_TUNED}"
        raise ValueError(message)
    return value


# The number, or None for `tuned`.
CutOff = Annotated[
    OpenShare | None,
    BeforeValidator(_read_cut_off),
    PlainSerializer(lambda value: _TUNED if value is None else value),
]


class PolicySection(BaseModel):
    """One section of a policy file: frozen, without unknown keys, without silent conversions."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class PolicyOverrides(PolicySection):
    """What is set in the place of a policy's own values, from outside of its files; None leaves them.

    Attributes:
        retrain_below: business floor of the primary metric.
        label_window: days of the label's window.
    """

    retrain_below: Share | None = None
    label_window: Annotated[int, Field(ge=1)] | None = None


AS_WRITTEN = PolicyOverrides()
