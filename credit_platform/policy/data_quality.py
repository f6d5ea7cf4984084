"""The policy of data: gates on sources, cleaning strategies, checks.

The larger sections are written in modules of their own; the shipped numbers and their reasons stand in
data_quality.yaml.
"""

from pydantic import Field

from credit_platform.policy.check_policy import CheckPolicy
from credit_platform.policy.gate_policy import SourceGatePolicy
from credit_platform.policy.policy_section import PolicySection
from credit_platform.schemas.cleaning.rule import Strategies


class CleaningPolicy(PolicySection):
    """What is done to a row or cell that breaks a rule; a rule that is not named keeps its own strategy."""

    strategies: Strategies = Field(default_factory=dict)


class DataQualityPolicy(PolicySection):
    """Everything people may change about how data is accepted, cleaned and checked."""

    gates: SourceGatePolicy
    cleaning: CleaningPolicy
    checks: CheckPolicy
