"""The catalogue of reasons: what may be said about each feature when it spoke for default.

The texts and why some are never given stand in reason_codes.yaml; choosing a loan's reasons belongs to scoring.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, field_validator

from credit_platform.errors import PolicyError
from credit_platform.policy.model_config import PolicySection

Text = Annotated[str, Field(min_length=8)]


class ReasonCode(PolicySection):
    """One reason: its stable code, the text for the lender's own people, the text for the customer."""

    code: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_-]{1,15}$")]
    internal: Text
    consumer: Text
    is_given: bool

    @field_validator("consumer")
    @classmethod
    def _is_specific(cls, text: str) -> str:
        # A customer can do something about a fact, and nothing about a score.
        if "score" in text.lower():
            message = f"{text!r} names a score; name the fact about the customer"
            raise ValueError(message)
        return text


class ReasonCatalogue(PolicySection):
    """The whole of reason_codes.yaml: one reason per feature of a model."""

    value_unknown: Text
    reasons: Mapping[str, ReasonCode]

    @property
    def by_code(self) -> dict[str, ReasonCode]:
        """The reasons by their codes."""
        return {reason.code: reason for reason in self.reasons.values()}

    def consumer_text(self, code: str, *, is_known: bool) -> str:
        """What the customer is told; where the loan had no value of the feature, that this is the reason.

        Raises:
            KeyError: no reason has this code.
        """
        text = self.by_code[code].consumer
        return text if is_known else f"{text}: {self.value_unknown}"


def require_a_reason_per_feature(catalogue: ReasonCatalogue, features: Sequence[str], *, file: str) -> None:
    """Refuse a catalogue that a model could give a reason outside of, or that holds one no model can give.

    Raises:
        PolicyError: a feature has no entry, an entry is of no feature, or two entries have one code.
    """
    for feature in features:
        if feature not in catalogue.reasons:
            raise PolicyError(file=file, key=f"reasons.{feature}", reason="is missing, and models use this feature")
    taken: dict[str, str] = {}
    for feature, reason in catalogue.reasons.items():
        if feature not in features:
            raise PolicyError(
                file=file,
                key=f"reasons.{feature}",
                reason=f"is not a feature of any model; the features are {', '.join(features)}",
            )
        if reason.code in taken:
            raise PolicyError(
                file=file,
                key=f"reasons.{feature}.code",
                reason=f"{reason.code} is the code of {taken[reason.code]} already; a code means one thing for ever",
            )
        taken[reason.code] = feature
