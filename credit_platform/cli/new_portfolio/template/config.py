"""The sections of model_config.yaml that are this book's own: when an order counts as bad.

The numbers are written in `policy/model_config.yaml`, so that they can be changed without code.
"""

from typing_extensions import override

from credit_platform.policy.model_config import FeaturePolicy, LabelPolicy, ModelConfig
from credit_platform.policy.policy_section import MonthCount


class OrderLabelPolicy(LabelPolicy):
    """An order is bad when it is unpaid after so many months. A field here is a key of `label` in policy."""

    months: MonthCount

    @property
    @override
    def lag_months(self) -> int:
        """After how many months the outcome is known."""
        return self.months

    @property
    @override
    def label_def(self) -> str:
        """The name of the definition, written beside every label: two definitions must have two names."""
        return f"unpaid_{self.months}m"

    @property
    @override
    def in_words(self) -> str:
        """To follow `that an order`."""
        return f"is unpaid after {self.months} months"


class OrderModelConfig(ModelConfig):
    """The whole of model_config.yaml."""

    label: OrderLabelPolicy
    features: FeaturePolicy
