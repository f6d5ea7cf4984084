"""The sections of model_config.yaml that only this book has: its label, and the months its applications are given.

All other sections stand in `policy.model_config`, the shipped numbers in `policy/model_config.yaml` beside this module.
"""

from typing_extensions import override

from credit_platform.policy.calendar_policy import AssignedCohortPolicy
from credit_platform.policy.model_config import FeaturePolicy, LabelPolicy, ModelConfig


class TargetPolicy(LabelPolicy):
    """The label is delivered with the application, so it is known in the application's own month."""

    @property
    @override
    def lag_months(self) -> int:
        """None."""
        return 0

    @property
    @override
    def label_def(self) -> str:
        """The name of the delivered column."""
        return "TARGET"

    @property
    @override
    def in_words(self) -> str:
        """As the data describe the column."""
        return "has payment difficulties on one of its first instalments (TARGET = 1)"


class HomeCreditModelConfig(ModelConfig):
    """The whole of model_config.yaml of this book."""

    label: TargetPolicy
    features: FeaturePolicy
    cohorts: AssignedCohortPolicy

    @property
    @override
    def assigned_cohorts(self) -> AssignedCohortPolicy:
        """The cohorts that policy spreads applications over."""
        return self.cohorts
