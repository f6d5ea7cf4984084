"""Receiving a delivery: which rows a month of a source is built from.

A month that was built is not changed by a delivery of other rows unless someone says so. How files are read stands in
`sources`, what a month must look like in monitoring.source_gates, what is remembered in `delivery_log`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from credit_platform.lake.raw.delivery_log import (
    NOTHING,
    DeliveryLog,
    DeliveryRecord,
    MonthContent,
    Receipt,
    content_by_month,
    write_receipts,
)
from credit_platform.lake.raw.sources import Delivery, RawSource, read_delivery
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.source_gates import (
    DeliveryFacts,
    judge_month,
    measure_months,
    median_before,
)
from credit_platform.policy.data_quality import SourceGatePolicy

REPLACE_TAG = "credit_platform/replace"


@dataclass(frozen=True)
class Received:
    """The rows bronze is to hold, and a receipt per month."""

    lake: Lake
    delivery: Delivery
    receipts: tuple[Receipt, ...]

    def by_month(self) -> Iterator[tuple[date, pl.DataFrame]]:
        """Every month with the rows delivered, or with what bronze holds already where the delivery is not taken.

        The delivered rows are let go of on the way: there is one way through them.
        """
        for receipt in self.receipts:
            stored = f"bronze/{receipt.source}"
            taken = self.delivery.take(receipt.month) if receipt.is_taken else None
            yield receipt.month, self.lake.scan(stored, [receipt.month]).collect() if taken is None else taken

    @property
    def rows(self) -> pl.DataFrame:
        """The rows of all months together, instead of `by_month`."""
        return pl.concat(rows for _, rows in self.by_month())


@dataclass(frozen=True)
class _Arrival:
    """A delivery with what is known about it before any month is judged."""

    delivery: Delivery
    files: Mapping[date, Mapping[str, int]]
    content: Mapping[date, MonthContent]
    facts: Mapping[date, DeliveryFacts]
    built: Mapping[date, DeliveryRecord]
    rows_by_month: Mapping[date, int]


@dataclass(frozen=True)
class Reception:
    """Where the deliveries of one source arrive, and the rules by which they are taken.

    Attributes:
        lake: the tables.
        source: the source.
        gates: the limits of a month.
        first_month: the book's first month; rows dated earlier are reported.
        last_month: its last month; rows dated later are reported.
        is_replacing: whether other rows may take the place of those a month was built from.
        run_id: the run that receives.
    """

    lake: Lake
    source: RawSource
    gates: SourceGatePolicy
    first_month: date
    last_month: date
    is_replacing: bool
    run_id: str

    def receive(self, months: Sequence[date]) -> Received:
        """Read the source, judge every month, and decide which rows it is built from.

        Raises:
            SourceError: there is no file, or one that may hold any month cannot be read for sure.
        """
        arrival = self._arrival(months)
        receipts = tuple(self._receipt(month, arrival) for month in months)
        DeliveryLog(self.lake.layout).append([self._record(r) for r in receipts if _is_news(r, arrival.built)])
        write_receipts(self.lake.layout, receipts)
        return Received(self.lake, arrival.delivery, receipts)

    def _arrival(self, months: Sequence[date]) -> _Arrival:
        delivery = read_delivery(self.lake.layout, self.source, months)
        content: dict[date, MonthContent] = {}
        facts: dict[date, DeliveryFacts] = {}
        files: dict[date, dict[str, int]] = {}
        for month in delivery.parts:
            rows = delivery.of_month(month)
            content |= content_by_month(rows, self.source.columns)
            distinct = {month: content[month].distinct_rows}
            facts |= measure_months(rows, self.source.columns, self.source.cells, distinct)
            files[month] = dict(rows.group_by("source_file").len().iter_rows())
        built = self._built(months)
        counts = delivery.rows_by_month() | {month: record.rows for month, record in built.items() if record.rows}
        return _Arrival(delivery, files, content, facts, built, counts)

    def _built(self, months: Sequence[date]) -> dict[date, DeliveryRecord]:
        """The deliveries that months are built from; a table older than the log speaks for itself."""
        layout, table = self.lake.layout, f"bronze/{self.source.name}"
        stored = set(self.lake.months(table))
        logged = DeliveryLog(layout).accepted(self.source.name)
        built = {month: record for month, record in logged.items() if month in stored}
        unlogged = [
            month
            for month in months
            if month in stored - set(logged) and not layout.delivery_report(self.source.name, month).is_file()
        ]
        if unlogged:
            rows = self.lake.scan(table, unlogged).collect()
            counts = dict(rows.group_by("snapshot_month").len().iter_rows())
            for month, content in content_by_month(rows, self.source.columns).items():
                built[month] = DeliveryRecord(
                    self.source.name, month, content.sha256, None, counts[month], (), "before the log began"
                )
        return built

    def _receipt(self, month: date, arrival: _Arrival) -> Receipt:
        facts = arrival.facts.get(month, DeliveryFacts())
        unreadable = arrival.delivery.unreadable.get(month)
        shown = self.source.read_by.shown
        verdict = judge_month(
            month,
            facts.with_names(shown),
            arrival.rows_by_month,
            self.gates,
            is_required=self.source.required,
            file_error=str(unreadable) if unreadable else None,
        )
        arrived, built = arrival.content.get(month, NOTHING), arrival.built.get(month)
        is_other = built is not None and built.content_sha256 != arrived.sha256
        failures: dict[str, str] = {**verdict.failures}
        if built is not None and is_other and not self.is_replacing and not unreadable:
            failures["unchanged"] = _other_rows(
                month, built, facts.rows, is_mapped=bool(self.source.read_by.fingerprint)
            )
        is_taken = built is None or not is_other or not failures
        files = arrival.files.get(month, {})
        return Receipt(
            source=self.source.name,
            month=month,
            files=tuple(sorted(files)),
            rows=facts.rows,
            delivered_sha256=arrived.sha256,
            content_sha256=arrived.sha256 if built is None or is_taken else built.content_sha256,
            replaced_sha256=built.content_sha256 if built is not None and is_other and is_taken else None,
            failures=failures,
            numbers=self._numbers(month, facts, arrival) | _strays(self.source, month, files),
        )

    def _numbers(self, month: date, facts: DeliveryFacts, arrival: _Arrival) -> dict[str, int | float | str]:
        numbers: dict[str, int | float | str] = {
            "rows_delivered": facts.rows,
            "worst_column": facts.worst_column[0] or "none",
            "unparseable_share": facts.worst_column[1],
            "conflicting_key_share": facts.conflicting_key_share,
            "longest_cell": facts.longest_cell[1],
        }
        ignored = arrival.delivery.ignored.values()
        if self.source.read_by.names and ignored:
            numbers["columns_ignored"] = max(ignored)
        median = median_before(month, arrival.rows_by_month, self.gates)
        if median is not None:
            numbers["rows_of_median"] = facts.rows / median
        delivered = arrival.delivery.rows_by_month()
        if month == self.first_month:
            numbers["rows_before_the_book"] = sum(n for m, n in delivered.items() if m < self.first_month)
        if month == self.last_month:
            numbers["rows_after_the_book"] = sum(n for m, n in delivered.items() if m > self.last_month)
        return numbers

    def _record(self, receipt: Receipt) -> DeliveryRecord:
        return DeliveryRecord(
            source=self.source.name,
            month=receipt.month,
            content_sha256=receipt.content_sha256,
            replaced_sha256=receipt.replaced_sha256,
            rows=receipt.rows,
            files=receipt.files,
            run_id=self.run_id,
        )


def _is_news(receipt: Receipt, built: Mapping[date, DeliveryRecord]) -> bool:
    """Whether the month is built from these rows for the first time."""
    before = built.get(receipt.month)
    return not receipt.failures and (before is None or before.content_sha256 != receipt.content_sha256)


def _other_rows(month: date, built: DeliveryRecord, n_rows: int, *, is_mapped: bool) -> str:
    changed = " A changed map of columns in policy is another reading of the same file." if is_mapped else ""
    return (
        f"{month:%Y-%m}: the month was built from {built.rows:,} rows, and now other rows ({n_rows:,}) are delivered; "
        "they were not taken. If they are right, run `credit-platform backfill "
        f"--from {month:%Y-%m} --to {month:%Y-%m} --replace`, or materialize the month in the UI with the run tag "
        f"{REPLACE_TAG}=true; if not, put the former file back.{changed}"
    )


def _strays(source: RawSource, month: date, files: Mapping[str, int]) -> dict[str, int | float | str]:
    """Rows of a month that came in a file named for a later month (they are late) or an earlier one (of the future)."""
    late = ahead = 0
    for name, count in files.items():
        named = source.month_in_name(Path(name))
        late += count if named is not None and named > month else 0
        ahead += count if named is not None and named < month else 0
    return {"rows_late": late, "rows_ahead_of_their_file": ahead}
