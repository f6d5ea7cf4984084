"""The tables as they stood at a place in the log of editions, in a folder of their own over the files that are kept.

Nothing of the data folder is changed or copied: the folder holds links, and what is written into it stays there. Which
places are looked at, and what is made there, belongs to replay.
"""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from credit_platform.lake.files import to_line, whole_lines, write_bytes
from credit_platform.lake.governance.audit import RENAMED
from credit_platform.lake.hash_chain import head_line, head_of, sealed
from credit_platform.lake.layout import Layout
from credit_platform.lake.tables.monthly import Lake
from credit_platform.lake.tables.table_versions import version_file


@dataclass
class PastLake:
    """A lake that is moved along the log, beginning before its first record.

    Attributes:
        source: the paths of the data folder.
        root: an empty folder.
        lost: months of tables whose edition at the time no file holds any more, or was changed since.
    """

    source: Layout
    root: Path
    lost: set[tuple[str, date]] = field(default_factory=set)
    _decisions: int = -1

    def __post_init__(self) -> None:
        """Link what has no editions: versions, which are verified as they are read, and what lies in the raw folder."""
        models = self.source.model("any").parent
        for place, folder in ((self.root / models.name, models), (self.layout.raw_dir, self.source.raw_dir)):
            if folder.is_dir():
                place.symlink_to(folder.absolute(), target_is_directory=True)

    @property
    def lake(self) -> Lake:
        """The tables."""
        return Lake.at(self.root, portfolio=self.source.portfolio)

    @property
    def layout(self) -> Layout:
        """The paths."""
        return self.lake.layout

    def file_of(self, table: str, month: date) -> Path | None:
        """The file a month of a table is at present; None where it is not there."""
        place = self.layout.month_file(table, month)
        return place.readlink() if place.is_symlink() else None

    def put(self, table: str, month: date, file: Path) -> None:
        """Let a month of a table be this file."""
        place = self.layout.month_file(table, month)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.symlink_to(file.absolute())

    def put_version(self, table: str, month: date, sha256: str) -> None:
        """Let a month of a table be the edition of this hash; the file of its table where that is lost."""
        found = version_file(self.source, table, month, sha256)
        if found is None:
            self.lost.add((table, month))
            found = self.source.month_file(table, month)
        else:
            self.lost.discard((table, month))
        if found.is_file():
            self.put(table, month, found)
        else:
            self.remove(table, month)

    def remove(self, table: str, month: date) -> None:
        """Let a month of a table not be there yet."""
        self.layout.month_file(table, month).unlink(missing_ok=True)

    def decide(self, n_records: int) -> None:
        """Let the audit log end with this record; the chain has been verified by whoever read it whole."""
        if n_records == self._decisions:
            return
        log = whole_lines(self.source.audit_log())
        lines = log[:n_records]
        for line in log[n_records:]:
            record = json.loads(line)
            if record["action"] == RENAMED:
                # What was decided then is about the models under the keys of today.
                lines.append(to_line(sealed(record, head_of(lines))))
        write_bytes(self.layout.audit_log(), b"".join(line + b"\n" for line in lines))
        write_bytes(self.layout.audit_head(), head_line(head_of(lines)))
        self._decisions = n_records
