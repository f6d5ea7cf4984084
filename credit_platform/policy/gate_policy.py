"""How much a delivered source month may differ from what was delivered before.

Reading files belongs to lake, judging a month by these limits to monitoring.source_gates.
"""

from typing import Annotated

from pydantic import Field

from credit_platform.policy.policy_section import PolicySection, Share


class SourceGatePolicy(PolicySection):
    """Limits of the source gates."""

    # Rows of a month against the median of the months before it, of the same source.
    min_rows_of_median: Share = 0.5
    max_rows_of_median: Annotated[float, Field(gt=1)] = 3.0
    # How many months before it count, and how many there must be for a judgement.
    median_months: Annotated[int, Field(ge=1)] = 6
    min_months: Annotated[int, Field(ge=1)] = 3
    # Cells of one column that cannot be read as what the column holds.
    max_unparseable_share: Share = 0.2
    # Rows whose key another, different row of the month has as well.
    max_conflicting_key_share: Share = 0.2
    # Characters of one cell; longer ones are rows that ran into each other.
    max_cell_length: Annotated[int, Field(ge=100)] = 10_000
