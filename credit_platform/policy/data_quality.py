"""The policy of data: gates on sources, cleaning strategies, checks.

The larger sections are written in modules of their own; the shipped numbers and their reasons stand in
data_quality.yaml.
"""

from typing import Annotated

from pydantic import Field

from credit_platform.policy.check_policy import CheckPolicy
from credit_platform.policy.policy_section import MonthCount, PolicySection, Share
from credit_platform.schemas.cleaning.rule import Strategies


class SourceGatePolicy(PolicySection):
    """Limits of the source gates."""

    # Rows of a month against the median of the months before it, of the same source.
    min_rows_of_median: Share = 0.5
    max_rows_of_median: Annotated[float, Field(gt=1)] = 3.0
    # How many months before it count, and how many there must be for a judgement.
    median_months: MonthCount = 6
    min_months: MonthCount = 3
    # Cells of one column that cannot be read as what the column holds.
    max_unparseable_share: Share = 0.2
    # Rows whose key another, different row of the month has as well.
    max_conflicting_key_share: Share = 0.2
    # Characters of one cell; longer ones are rows that ran into each other.
    max_cell_length: Annotated[int, Field(ge=100)] = 10_000


class CleaningPolicy(PolicySection):
    """What is done to a row or cell that breaks a rule; a rule that is not named keeps its own strategy."""

    strategies: Strategies = Field(default_factory=dict)


class DataQualityPolicy(PolicySection):
    """Everything people may change about how data is accepted, cleaned and checked."""

    gates: SourceGatePolicy
    cleaning: CleaningPolicy
    checks: CheckPolicy
