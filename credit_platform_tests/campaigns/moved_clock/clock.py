"""The wall clock of a lender: a file with the seconds to add to the machine's, which every process follows."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from credit_platform.lake.files import write_text


def moment(text: str) -> datetime:
    """A moment in UTC, such as `2024-09-01 00:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(frozen=True)
class MovedClock:
    """The clock that `injected/sitecustomize.py` follows within a tenth of a second."""

    file: Path

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self._offset(), tz=UTC)

    def move_to(self, moment: datetime) -> None:
        """Set the clock to an aware moment."""
        write_text(self.file, repr(moment.timestamp() - time.time()))

    def hasten(self, seconds: float) -> None:
        """Set the clock forward."""
        write_text(self.file, repr(self._offset() + seconds))

    def _offset(self) -> float:
        return float(self.file.read_text(encoding="utf-8"))
