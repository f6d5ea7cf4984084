"""One competing model as policy describes it: algorithm, parameters, what is tuned, rebalanced and calibrated.

What an algorithm makes of its parameters belongs to scoring.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from credit_platform.policy.characteristics import CharacteristicPolicy
from credit_platform.policy.policy_section import PolicySection
from credit_platform.policy.xgboost_params import fault_in

# The algorithms that come with the platform; another one is named by its address, package.module:ClassName.
ALGORITHM_NAMES = ("scorecard", "logistic_regression", "gradient_boosting", "random_forest", "xgboost")
_WITHOUT_BINS = frozenset(ALGORITHM_NAMES) - {"scorecard"}
_ADDRESS = re.compile(r"[a-zA-Z_]\w*(\.[a-zA-Z_]\w*)*:[A-Z]\w*")

ModelName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]  # it becomes a part of asset keys and paths
Parameter = bool | int | float | str
Rebalancing = Literal["none", "downsample", "smote", "smote_downsample"]


class SearchRange(PolicySection):
    """The values that tuning tries for one parameter, both ends included; whole numbers where both ends are."""

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.low >= self.high or (self.log and self.low <= 0):
            lowest = " and low above 0" if self.log else ""
            message = f"goes from {self.low} to {self.high}; low must be below high{lowest}"
            raise ValueError(message)
        return self

    def holds(self, value: Parameter) -> bool:
        """Whether a configured value lies in the range."""
        return not isinstance(value, (bool, str)) and self.low <= value <= self.high


class TuningPolicy(PolicySection):
    """A search for better parameters on the validation sample, of a fixed length."""

    trials: Annotated[int, Field(ge=1)]
    min_validation_bads: Annotated[int, Field(ge=1)]
    space: Annotated[Mapping[str, SearchRange], Field(min_length=1)]


class RegularisationPolicy(PolicySection):
    """What is stricter for a training sample of fewer than `full_bads` bads: the fewer, the stricter.

    With half as many, parameters of `raised` are twice what params say, those of `lowered` half of it; with fewer
    still they are no stricter than that. A parameter set to a word is left as it is.
    """

    full_bads: Annotated[int, Field(ge=1)]
    raised: Annotated[tuple[str, ...], Field(strict=False)] = ()
    lowered: Annotated[tuple[str, ...], Field(strict=False)] = ()


class RebalancingShares(PolicySection):
    """How many bads there are per good: after SMOTE has added bads, then after goods were left out."""

    smote: Annotated[float, Field(gt=0, le=1)]
    downsample: Annotated[float, Field(gt=0, le=1)]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.downsample < self.smote:
            message = (
                f"downsample is {self.downsample} and smote {self.smote}; goods can only be left out until "
                "there are more bads per good than SMOTE made"
            )
            raise ValueError(message)
        return self


class ModelSpec(PolicySection):
    """One competing model: the name reports give it, its algorithm and the algorithm's own parameters."""

    alias: ModelName
    algorithm: str
    params: Mapping[str, Parameter]
    rebalancing: Rebalancing = "none"
    # Left out of the values where it is not set, so that the fingerprint of a policy without it stays what it was.
    rebalancing_shares: Annotated[
        RebalancingShares | None, Field(validate_default=True, exclude_if=lambda value: value is None)
    ] = None
    calibration: Literal["platt", "none"] = "platt"
    tuning: TuningPolicy | None = None
    regularisation: RegularisationPolicy | None = None
    characteristics: Mapping[str, CharacteristicPolicy] = {}

    @field_validator("algorithm")
    @classmethod
    def _is_known_or_an_address(cls, value: str) -> str:
        if value not in ALGORITHM_NAMES and not _ADDRESS.fullmatch(value):
            known = ", ".join(ALGORITHM_NAMES)
            message = f"{value!r} is neither one of {known} nor an address package.module:ClassName"
            raise ValueError(message)
        return value

    @field_validator("params")
    @classmethod
    def _are_known_to_xgboost(cls, value: Mapping[str, Parameter], info: ValidationInfo) -> Mapping[str, Parameter]:
        fault = fault_in(value) if info.data.get("algorithm") == "xgboost" else None
        if fault is not None:
            raise ValueError(fault)
        return value

    @field_validator("rebalancing_shares")
    @classmethod
    def _belong_to_both_steps(cls, value: RebalancingShares | None, info: ValidationInfo) -> RebalancingShares | None:
        kind = info.data.get("rebalancing")
        if kind == "smote_downsample" and value is None:
            message = "is missing; rebalancing: smote_downsample needs {smote: ..., downsample: ...}, bads per good"
            raise ValueError(message)
        if value is not None and kind != "smote_downsample":
            message = f"cannot be set: rebalancing is {kind}; only smote_downsample has shares"
            raise ValueError(message)
        return value

    @field_validator("calibration")
    @classmethod
    def _undoes_what_shifts_the_odds(cls, value: str, info: ValidationInfo) -> str:
        params: Mapping[str, Parameter] = info.data.get("params", {})
        weighted = [name for name, neutral in _SHIFTS_THE_ODDS.items() if params.get(name, neutral) != neutral]
        if value == "none" and info.data.get("rebalancing", "none") != "none":
            weighted = ["rebalancing", *weighted]
        if value == "none" and weighted:
            message = f"none leaves the probabilities shifted by {' and '.join(weighted)}; platt brings them back"
            raise ValueError(message)
        return value

    @field_validator("tuning")
    @classmethod
    def _begins_with_what_is_configured(cls, value: TuningPolicy | None, info: ValidationInfo) -> TuningPolicy | None:
        params: Mapping[str, Parameter] = info.data.get("params", {})
        unset = [name for name in value.space if name not in params] if value else []
        if unset:
            message = f"space names {', '.join(unset)}, which params do not set; the first trial is what they set"
            raise ValueError(message)
        return value

    @field_validator("regularisation")
    @classmethod
    def _scales_what_is_set(
        cls, value: RegularisationPolicy | None, info: ValidationInfo
    ) -> RegularisationPolicy | None:
        params: Mapping[str, Parameter] = info.data.get("params", {})
        names = [*value.raised, *value.lowered] if value else []
        unset = [name for name in names if name not in params]
        if unset:
            message = f"names {', '.join(unset)}, which params do not set"
            raise ValueError(message)
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            message = f"names {', '.join(doubled)} more than once"
            raise ValueError(message)
        return value

    @field_validator("characteristics")
    @classmethod
    def _has_bins(
        cls, value: Mapping[str, CharacteristicPolicy], info: ValidationInfo
    ) -> Mapping[str, CharacteristicPolicy]:
        algorithm = info.data.get("algorithm")
        if value and algorithm in _WITHOUT_BINS:
            message = f"cannot be set: {algorithm} has no bins; scorecard has"
            raise ValueError(message)
        return value


# Parameters that reweight the classes, each with the value under which it does not.
_SHIFTS_THE_ODDS: Mapping[str, Parameter] = {"class_weight": "none", "is_unbalance": False, "scale_pos_weight": 1.0}
