"""How the service answered, minute by minute: the files its processes append to, and what they say of a month.

Nothing of a request's content is in them. Counting belongs to `serving.http.metrics`; whether a month was good enough,
to `monitoring.service_month`.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from credit_platform.lake.files import locked_for_writing, record_of, to_line, whole_lines
from credit_platform.lake.layout import Layout


@dataclass
class RequestCounts:
    """Requests of one kind: of one endpoint, and of as many records.

    Attributes:
        answers: by class of status, as `2xx`; `broken off` where there was none.
        seconds: how many took at most so many seconds and more than the bound before, by the bound; `inf` for the rest.
        records: in all of them together.
    """

    answers: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, int] = field(default_factory=dict)
    records: int = 0

    def add(self, answers: Mapping[str, int], seconds: Mapping[str, int], records: int) -> None:
        """Count more of them."""
        for own, more in ((self.answers, answers), (self.seconds, seconds)):
            for name, n in more.items():
                own[name] = own.get(name, 0) + n
        self.records += records


# By endpoint and size, which is `none`, `single` or `several` by the records of a request.
Counted = dict[tuple[str, str], RequestCounts]


@dataclass(frozen=True)
class ServiceMinutes:
    """The minutes of one data folder. Each process writes files of its own, one per month."""

    layout: Layout
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:12])

    def append(self, minutes: Mapping[str, Counted]) -> None:
        """Write minutes (`2024-05-01T09:30Z`), one line each, behind those of this process.

        Raises:
            StorageError: the disk does not take them.
        """
        by_month: dict[str, list[bytes]] = {}
        for minute, counted in sorted(minutes.items()):
            by_month.setdefault(minute[:7], []).append(to_line({"minute": minute, "requests": _plain(counted)}))
        for month, lines in by_month.items():
            with locked_for_writing(self.layout.service_minutes() / month / f"{self.name}.jsonl") as log:
                log.append(*lines)

    def of_month(self, month: date) -> Counted:
        """All requests of a month (UTC), whichever process answered them. A line that cannot be read is left out."""
        found: Counted = {}
        for record in self._records(month):
            for one in record["requests"]:
                own = found.setdefault((one["endpoint"], one["size"]), RequestCounts())
                own.add(one["answers"], one["seconds"], one["records"])
        return found

    def _records(self, month: date) -> Iterator[Mapping[str, Any]]:
        for file in sorted((self.layout.service_minutes() / f"{month:%Y-%m}").glob("*.jsonl")):
            for line in whole_lines(file):
                record = record_of(line)
                if record is not None and "requests" in record:
                    yield record


def _plain(counted: Counted) -> Iterable[Mapping[str, object]]:
    return [
        {"endpoint": endpoint, "size": size, "answers": one.answers, "seconds": one.seconds, "records": one.records}
        for (endpoint, size), one in sorted(counted.items())
    ]
