"""The policy of data: gates on sources, cleaning strategies, which checks run and how severe a failure is.

What a check looks at is written in `checks`; the shipped numbers and their reasons stand in data_quality.yaml.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field

from credit_platform.errors import PolicyError
from credit_platform.policy.policy_section import MonthCount, PolicySection, Share
from credit_platform.schemas.cleaning.rule import Strategies

StandardErrors = Annotated[float, Field(gt=0)]


class CheckToggle(PolicySection):
    """One check switched: off, or with another severity than its own."""

    enabled: bool = True
    severity: Literal["error", "warn"] | None = None


class NullShareBand(PolicySection):
    """How far the share of empty cells of a feature may rise above what is usual."""

    # Beyond both: a share of all loans, and what chance explains for a month of this size.
    max_excess: Share = 0.05
    standard_errors: StandardErrors = 4.0
    # Before any training the usual share is the median of at most so many earlier months, of at least so many.
    median_months: MonthCount = 12
    min_months: MonthCount = 3


class VolumeBand(PolicySection):
    """How far a month's volume may lie from the median of the earlier months."""

    min_of_median: Share = 0.7
    max_of_median: Annotated[float, Field(gt=1)] = 1.5
    median_months: MonthCount = 12
    min_months: MonthCount = 3


class BadRateBand(PolicySection):
    """How far a cohort's bad rate may lie from the mean of the cohorts before it."""

    standard_errors: StandardErrors = 4.0
    mean_months: MonthCount = 12
    min_months: MonthCount = 3


class CoverageBand(PolicySection):
    """How much of its usual coverage of new loans a source must keep, and how much a required one must have at all."""

    min_of_usual: Share = 0.8
    min_covered: Share = 0.8


class SetAsideLimit(PolicySection):
    """From which share of a month's rows set aside a check warns, and from which it stops the month."""

    warn_from: Share = 0.01
    block_from: Share = 0.1


class SetAsideLimits(SetAsideLimit):
    """The limits of every table; of some their own; of some rules, whose rows then do not count for their table."""

    tables: Mapping[str, SetAsideLimit] = Field(default_factory=dict)
    rules: Mapping[str, SetAsideLimit] = Field(default_factory=dict)


class LateCasesLimit(PolicySection):
    """The share of a cohort first seen after its start above which the month is stopped."""

    block_from: Share = 0.5


class MaturityGate(PolicySection):
    """How many of a cohort's loans must have an outcome when its labels mature, and when it warns of those without."""

    min_labelled: Share = 0.95
    warn_unlabelled: Share = 0.01


class FreshnessLimit(PolicySection):
    """How soon a month must be built."""

    hours_after_month_begin: Annotated[float, Field(gt=0)] = 72.0


class CheckPolicy(PolicySection):
    """Bands of the judgement checks, and toggles by check name; a check that is not named runs with its own severity.

    A toggle is named `check`, for all tables that have it, or `table/check` for one table, which goes before.
    """

    null_share: NullShareBand = NullShareBand()
    volume: VolumeBand = VolumeBand()
    bad_rate: BadRateBand = BadRateBand()
    coverage: CoverageBand = CoverageBand()
    maturity: MaturityGate = MaturityGate()
    freshness: FreshnessLimit = FreshnessLimit()
    set_aside: SetAsideLimits = SetAsideLimits()
    late_cases: LateCasesLimit = LateCasesLimit()
    toggles: Mapping[str, CheckToggle] = Field(default_factory=dict)

    def toggle_of(self, table: str, check: str) -> CheckToggle:
        """How a check of a table is switched."""
        named = self.toggles.get(f"{table}/{check}") or self.toggles.get(check)
        return named or CheckToggle()


def refuse_unknown_checks(policy: CheckPolicy, known: Iterable[tuple[str, str]]) -> None:
    """Refuse a toggle that names no check.

    Args:
        policy: the toggles.
        known: table and name of every check there is.

    Raises:
        PolicyError: a toggle is of a check or table that does not exist; it would be off in the author's mind only.
    """
    pairs = list(known)
    names = sorted({check for _, check in pairs})
    accepted = {*names, *(f"{table}/{check}" for table, check in pairs)}
    for name in policy.toggles:
        if name not in accepted:
            raise PolicyError(
                file="data_quality",
                key=f"checks.toggles.{name}",
                reason=f"is not a check; name one of {', '.join(names)}, or table/check for one table",
            )


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
