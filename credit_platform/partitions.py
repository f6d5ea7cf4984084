"""The monthly axis: which months each layer can have, and how a month of one table maps to months of another.

Everything is derived from the book's months and the policy, so that the UI offers no month that cannot exist. What is
read in a month belongs to the assets.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import dagster as dg

from credit_platform.errors import SettingsError
from credit_platform.months import add_months, month_key, month_range, parse_month
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.tables import Begins
from credit_platform.scoring.training.windows import first_outcome_month, first_scoring_month, first_training_month

# Lineage only: how far back as-of tables are drawn. Reading is bounded by the book's first month, not by this number.
AS_OF_MONTHS = 120


@dataclass(frozen=True)
class MonthlyAxis:
    """First month of every layer, and the book's last month (None: open-ended)."""

    first_snapshot: date
    first_scoring: date
    first_outcome: date
    first_training: date
    last: date | None
    time_zone: str = "UTC"

    @property
    def snapshot_months(self) -> dg.MonthlyPartitionsDefinition:
        """Months of sources, silver and gold tables."""
        return self._definition(self.first_snapshot)

    @property
    def scoring_months(self) -> dg.MonthlyPartitionsDefinition:
        """Months whose new loans are scored."""
        return self._definition(self.first_scoring)

    @property
    def outcome_months(self) -> dg.MonthlyPartitionsDefinition:
        """Months in which the outcome of a scored cohort is read."""
        return self._definition(self.first_outcome)

    @property
    def training_months(self) -> dg.MonthlyPartitionsDefinition:
        """Months as of which a model can be trained."""
        return self._definition(self.first_training)

    def _definition(self, first: date) -> dg.MonthlyPartitionsDefinition:
        # Dagster's end date is exclusive. Without the offset a month would only exist once it is over, and the month's
        # close on its first day would find none.
        end = None if self.last is None else month_key(add_months(self.last, 1))
        return dg.MonthlyPartitionsDefinition(
            start_date=month_key(first), end_date=end, end_offset=1, timezone=self.time_zone
        )

    def begins(self, kind: Begins) -> date:
        """The first month of the tables that begin with the first snapshot, scored month or outcome."""
        return {"snapshot": self.first_snapshot, "scoring": self.first_scoring, "outcome": self.first_outcome}[kind]

    @property
    def newest_month(self) -> date | None:
        """The last month that exists: the book's last, or where it is open-ended the calendar's; None before it."""
        key = self.snapshot_months.get_last_partition_key()
        return None if key is None else parse_month(key)

    def due_until(self, known: Iterable[date]) -> date | None:
        """The newest month that should be there; None where none should.

        That is the book's last. An open-ended book should have every month up to the newest that is `known`, delivered
        or with a table, as far as the calendar goes.
        """
        if self.last is not None:
            return self.last
        newest = self.newest_month
        return max((month for month in known if newest and self.first_snapshot <= month <= newest), default=None)

    def outside(self, first: date, months: Iterable[date]) -> list[date]:
        """Those of a table's months that the book does not have; `first` is the first month of the table."""
        newest = self.newest_month
        return [month for month in months if newest is None or not first <= month <= newest]

    def month_to_close(self, day: date, newest: date | None) -> date:
        """The month that the close on `day` is for: the one that has begun, by the calendar.

        An open-ended book whose data end in the past closes its own next month, the one after `newest`; without any
        data its first.
        """
        begun = day.replace(day=1)
        if self.last is not None:
            return begun
        return min(begun, self.first_snapshot if newest is None else max(self.first_snapshot, add_months(newest, 1)))

    def snapshots_until(self, month: date) -> list[date]:
        """Every snapshot month from the book's first to `month`."""
        return month_range(self.first_snapshot, month)


def monthly_axis(config: ModelConfig, first: date, last: date | None) -> MonthlyAxis:
    """Derive the axis from the book's months and the policy.

    Raises:
        SettingsError: the training windows begin before the book does.
        PolicyError: policy names no champion for the first month that is scored.
    """
    windows = config.windows
    if windows.mode == "absolute" and windows.absolute is not None and windows.absolute.train.first < first:
        raise SettingsError(
            name="windows.absolute.train",
            reason=f"begins in {windows.absolute.train.first:%Y-%m}, before the book's first month {first:%Y-%m}",
            fix="Move the windows, or set CREDIT_FIRST_MONTH to the first month the sources hold.",
        )
    # An absolute window close to the book's start would put the backfilled scores before the first snapshot.
    first_scoring = max(first, first_scoring_month(first, config))
    config.champion_in(first_scoring)
    return MonthlyAxis(
        first_snapshot=first,
        first_scoring=first_scoring,
        first_outcome=max(add_months(first, config.label.lag_months), first_outcome_month(first, config)),
        first_training=first_training_month(first, config),
        last=last,
        time_zone=config.close.time_zone,
    )


def same_month() -> dg.TimeWindowPartitionMapping:
    """A month reads the same month of a table whose axis begins elsewhere."""
    return dg.TimeWindowPartitionMapping()


def months_before(n: int, *, until: int = 0) -> dg.TimeWindowPartitionMapping:
    """A month T reads the months T-n to T-until that exist."""
    # Months before the book's first are allowed: the windows of its first months are short.
    return dg.TimeWindowPartitionMapping(start_offset=-n, end_offset=-until, allow_nonexistent_upstream_partitions=True)


def all_months_until() -> dg.TimeWindowPartitionMapping:
    """A month reads every month up to itself."""
    return months_before(AS_OF_MONTHS)
