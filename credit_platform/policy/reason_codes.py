"""The catalogue of reasons: what may be said about each feature when it spoke for default.

The texts and why some are never given stand in reason_codes.yaml; choosing a loan's reasons belongs to scoring.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, field_validator

from credit_platform.errors import PolicyError
from credit_platform.policy.model_config import PolicySection

Value = float | int | str | bool | None
Text = Annotated[str, Field(min_length=8)]
Said = Annotated[str, Field(min_length=2)]


class ReasonCode(PolicySection):
    """One reason: its stable code, the text for the lender's own people, the text for the customer.

    One that is not specific tells the customer too little to be the first reason of a loan.
    """

    code: Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9_-]{1,15}$")]
    internal: Text
    consumer: Text
    is_given: bool
    is_specific: bool = True

    @field_validator("consumer")
    @classmethod
    def _is_specific(cls, text: str) -> str:
        # A customer can do something about a fact, and nothing about a score.
        if "score" in text.lower():
            message = f"{text!r} names a score; name the fact about the customer"
            raise ValueError(message)
        return text


class NoticeTexts(PolicySection):
    """What stands in the notice of a decline beside the reasons; a text in square brackets is still to be filled in."""

    creditor: Text
    action: Text
    reasons: Text
    rights: Text
    agency: Text

    @property
    def unfilled(self) -> tuple[str, ...]:
        """The keys of the texts that are still to be filled in."""
        return tuple(name for name in type(self).model_fields if str(getattr(self, name)).lstrip().startswith("["))


class ReasonCatalogue(PolicySection):
    """The whole of reason_codes.yaml: one reason per feature of a model, what follows its text, and the notice.

    What is None the policy of a book does not say, and no customer is told.
    """

    value_unknown: Text
    value_above: Said | None = None
    value_below: Said | None = None
    value_true: Said | None = None
    value_false: Said | None = None
    notice: NoticeTexts | None = None
    reasons: Mapping[str, ReasonCode]

    @property
    def by_code(self) -> dict[str, ReasonCode]:
        """The reasons by their codes."""
        return {reason.code: reason for reason in self.reasons.values()}

    def consumer_text(self, code: str, value: Value, *, typical: float | None) -> str:
        """What the customer is told: the fact, and how it was with the loan.

        Args:
            code: Of the reason.
            value: Of its feature at application; None where it was not known, which then is the reason.
            typical: The value of the middle one of the loans that this one is compared with, of a number.

        Raises:
            KeyError: no reason has this code.
        """
        text, said = self.by_code[code].consumer, self._said_of(value, typical)
        return text if said is None else f"{text}: {said}"

    def _said_of(self, value: Value, typical: float | None) -> str | None:
        if value is None:
            return self.value_unknown
        if isinstance(value, bool):
            return self.value_true if value else self.value_false
        if isinstance(value, str):
            return value if self.value_above else None
        if typical is None or value == typical:
            return None
        return self.value_above if value > typical else self.value_below


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
