"""Receipts: per source and month, what was delivered last and what the gates made of it.

Deciding about a delivery belongs to `deliveries`. No time stands here: it is in the log of deliveries.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import TypeAdapter

from credit_platform.lake.files import write_bytes
from credit_platform.lake.layout import Layout


@dataclass(frozen=True)
class Receipt:
    """What was delivered for one month of a source, and what became of it.

    Attributes:
        source: the source.
        month: the month.
        files: the files its rows came from.
        rows: rows delivered.
        delivered_sha256: hash of the rows that were delivered.
        content_sha256: hash of the rows the month's bronze table holds; another one when the delivery was not taken.
        replaced_sha256: hash of the rows whose place these took in this run.
        failures: what keeps the month from being built on, by gate.
        numbers: what was measured, for the plots over the months.
    """

    source: str
    month: date
    files: tuple[str, ...]
    rows: int
    delivered_sha256: str
    content_sha256: str
    replaced_sha256: str | None
    failures: Mapping[str, str]
    numbers: Mapping[str, int | float | str]

    @property
    def is_taken(self) -> bool:
        """Whether bronze holds the rows that were delivered."""
        return self.content_sha256 == self.delivered_sha256


_JSON = TypeAdapter(Receipt)


def write_receipts(layout: Layout, receipts: Sequence[Receipt]) -> None:
    """Write one file per month."""
    for receipt in receipts:
        write_bytes(layout.delivery_report(receipt.source, receipt.month), _JSON.dump_json(receipt, indent=1))


def read_receipts(layout: Layout, source: str, months: Sequence[date]) -> dict[date, Receipt]:
    """The receipts of some months; a month that was never received has none."""
    files = {month: layout.delivery_report(source, month) for month in months}
    return {month: _JSON.validate_json(file.read_bytes()) for month, file in files.items() if file.is_file()}
