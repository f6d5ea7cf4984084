"""The sections of model_config.yaml that only the loan book has: when a loan is bad, and what features look back on.

All other sections stand in `policy.model_config`, the shipped numbers in `policy/model_config.yaml` beside this module.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from typing_extensions import override

from credit_platform.policy.model_config import FeaturePolicy, LabelPolicy, ModelConfig
from credit_platform.policy.policy_section import MonthCount, PolicySection


def _read_day_count(value: object) -> object:
    # YAML takes an unquoted 30_360 for a number with a thousands mark.
    return "30_360" if value == 30_360 else value


class Materiality(PolicySection):
    """Arrears of no more than this are none: the larger of an amount of money and a share of the instalment."""

    absolute: Annotated[float, Field(ge=0)] = 0.0
    relative: Annotated[float, Field(ge=0, lt=1)] = 0.01


class DelinquencyPolicy(LabelPolicy):
    """How days past due are counted, in every table."""

    day_count: Annotated[Literal["calendar", "30_360"], BeforeValidator(_read_day_count)] = "30_360"
    due_day: Literal["counts", "grace"] = "counts"
    materiality: Materiality = Materiality()


class LoanLabelPolicy(DelinquencyPolicy):
    """When a loan counts as bad."""

    dpd_threshold: Annotated[int, Field(ge=1)]
    mob: MonthCount
    outcome: Literal["at_horizon", "ever"] = "at_horizon"

    @property
    @override
    def lag_months(self) -> int:
        """The month on book of the label."""
        return self.mob

    @property
    @override
    def label_def(self) -> str:
        """The definition as written into the label store: `30dpd_6mob`, or `ever30dpd_6mob`."""
        return f"{'ever' if self.outcome == 'ever' else ''}{self.dpd_threshold}dpd_{self.mob}mob"

    @property
    @override
    def in_words(self) -> str:
        """Days past due and month on book."""
        when = ("is ever", "by") if self.outcome == "ever" else ("is", "at")
        return f"{when[0]} {self.dpd_threshold} or more days past due {when[1]} month {self.mob} on book"


class LoanFeaturePolicy(FeaturePolicy):
    """What the feature store looks back on."""

    clickstream_months: MonthCount


class LoanModelConfig(ModelConfig):
    """The whole of model_config.yaml of the loan book."""

    label: LoanLabelPolicy
    features: LoanFeaturePolicy


SHIPPED_COUNT = DelinquencyPolicy()


def loan_label(label: LabelPolicy) -> LoanLabelPolicy:
    """The label section as this book has it.

    Raises:
        TypeError: it is another book's.
    """
    if not isinstance(label, LoanLabelPolicy):
        raise TypeError(label)
    return label
