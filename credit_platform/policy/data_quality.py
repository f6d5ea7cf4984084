"""The policy of data: gates on sources, cleaning strategies, checks.

Each section is written in a module of its own; the shipped numbers and their reasons stand in data_quality.yaml.
"""

from __future__ import annotations

from credit_platform.policy.check_policy import CheckPolicy
from credit_platform.policy.gate_policy import GatePolicy
from credit_platform.policy.policy_section import PolicySection
from credit_platform.schemas.cleaning.policy import CleaningPolicy


class DataQualityPolicy(PolicySection):
    """Everything people may change about how data is accepted, cleaned and checked."""

    gates: GatePolicy
    cleaning: CleaningPolicy
    checks: CheckPolicy
