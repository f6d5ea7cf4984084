"""What is done to a row or cell that breaks a cleaning rule, where policy differs from the rule's own remedy.

The rules themselves stand with their tables in lending and features; features.cleaning_rules holds a policy to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from credit_platform.policy.policy_section import PolicySection

Strategy = Literal["repair", "null", "flag", "quarantine", "drop"]
Strategies = Mapping[str, Strategy]


class CleaningPolicy(PolicySection):
    """Strategies by rule name; a rule that is not named keeps its own."""

    strategies: Strategies = Field(default_factory=dict)
