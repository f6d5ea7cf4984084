"""The sections of model_config.yaml that only the loan book has: when a loan is bad, and what features look back on.

All other sections stand in `policy.model_config`, the shipped numbers in `policy/model_config.yaml` beside this module.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from typing_extensions import override

from credit_platform.policy.model_config import FeaturePolicy, LabelPolicy, ModelConfig
from credit_platform.policy.policy_section import MonthCount


def _read_day_count(value: object) -> object:
    # YAML takes an unquoted 30_360 for a number with a thousands mark.
    return "30_360" if value == 30_360 else value


class LoanLabelPolicy(LabelPolicy):
    """When a loan counts as bad."""

    dpd_threshold: Annotated[int, Field(ge=1)]
    mob: MonthCount
    day_count: Annotated[Literal["calendar", "30_360"], BeforeValidator(_read_day_count)]

    @property
    @override
    def lag_months(self) -> int:
        """The month on book of the label."""
        return self.mob

    @property
    @override
    def label_def(self) -> str:
        """The definition as written into the label store, `30dpd_6mob`."""
        return f"{self.dpd_threshold}dpd_{self.mob}mob"

    @property
    @override
    def in_words(self) -> str:
        """Days past due and month on book."""
        return f"is {self.dpd_threshold} or more days past due at month {self.mob} on book"


class LoanFeaturePolicy(FeaturePolicy):
    """What the feature store looks back on."""

    clickstream_months: MonthCount


class LoanModelConfig(ModelConfig):
    """The whole of model_config.yaml of the loan book."""

    label: LoanLabelPolicy
    features: LoanFeaturePolicy


def loan_label(label: LabelPolicy) -> LoanLabelPolicy:
    """The label section as this book has it.

    Raises:
        TypeError: it is another book's.
    """
    if not isinstance(label, LoanLabelPolicy):
        raise TypeError(label)
    return label
