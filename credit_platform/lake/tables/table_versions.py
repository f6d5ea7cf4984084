"""Editions: every state a month of a table was ever in, in the order in which it came to be.

The log says what was written when, under which policy, and after how many decisions about versions; whoever reads it up
to a place knows the tables as they stood then. An edition whose place another one took lies in the archive. Making a
table again from what was known belongs to the command line's replay.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from credit_platform.lake.files import keep_file, locked_for_writing, to_line, whole_lines
from credit_platform.lake.layout import Layout
from credit_platform.lake.provenance import IN_PLACE_OF, recorded
from credit_platform.months import month_key, parse_month


@dataclass(frozen=True)
class TableVersion:
    """One state of one month of a table.

    Attributes:
        sequence: place in the log, from 1; months written together share it.
        table: the table by asset key.
        month: the month.
        sha256: hash of the file.
        policy_sha256: fingerprint of the policy it was made under; empty where nobody said.
        audit_records: decisions about versions there were when it was written.
        git_commit: the code that made it; likewise.
        time: when it was written, UTC.
    """

    sequence: int
    table: str
    month: date
    sha256: str
    policy_sha256: str
    audit_records: int
    git_commit: str
    time: str


@dataclass(frozen=True)
class TableVersionLog:
    """The log of one data folder, one JSON record per write of a table."""

    layout: Layout

    def records(self) -> list[TableVersion]:
        """Every edition in the order it was written; a last line cut off by a crash is left out."""
        return [version for number, record in recorded(self.layout) for version in _table_versions(number, record)]

    def restate(self, table: str, former: Sequence[TableVersion], sha256: Mapping[TableVersion, str]) -> None:
        """Have former versions read as versions of `table` with other hashes from now on, each in its place.

        What was known when stays as it is, and so do the records of before. Written twice it counts once.
        """
        by_number: dict[int, dict[str, str]] = {}
        for version in former:
            by_number.setdefault(version.sequence, {})[month_key(version.month)] = sha256[version]
        written = datetime.now(tz=UTC).isoformat(timespec="seconds")
        with locked_for_writing(self.layout.table_version_log()) as log:
            for number, months in by_number.items():
                log.append(to_line({"restated": written, "table": table, "months": months, IN_PLACE_OF: number}))

    def append(self, table: str, written: Mapping[date, str], *, policy_sha256: str, git_commit: str) -> None:
        """Write down the hashes of months of a table, behind all others and safely beside other processes.

        Raises:
            StorageError: the disk does not take it.
        """
        if not written:
            return
        with locked_for_writing(self.layout.table_version_log()) as log:
            record = {
                "time": datetime.now(tz=UTC).isoformat(timespec="seconds"),
                "table": table,
                "months": {month_key(month): sha256 for month, sha256 in written.items()},
                "policy_sha256": policy_sha256,
                "audit_records": len(whole_lines(self.layout.audit_log())),
                "git_commit": git_commit,
            }
            log.append(to_line(record))


def _table_versions(number: int, record: Mapping[str, Any]) -> list[TableVersion]:
    return [
        TableVersion(
            sequence=number,
            table=record["table"],
            month=parse_month(month),
            sha256=sha256,
            policy_sha256=record["policy_sha256"],
            audit_records=record["audit_records"],
            git_commit=record["git_commit"],
            time=record["time"],
        )
        for month, sha256 in record["months"].items()
    ]


def file_sha256(file: Path) -> str:
    """SHA-256 of a file's bytes as hexadecimal text."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def keep_former(layout: Layout, table: str, month: date, sha256: str) -> None:
    """Keep the file of a month in the archive if the one that is to take its place, of this hash, is another."""
    file = layout.month_file(table, month)
    if file.is_file() and (former := file_sha256(file)) != sha256:
        keep_file(file, layout.former_version(table, month, former))


def version_file(layout: Layout, table: str, month: date, sha256: str) -> Path | None:
    """The file that holds an edition, in its table or in the archive; None where no file has this hash any more."""
    for file in (layout.month_file(table, month), layout.former_version(table, month, sha256)):
        if file.is_file() and file_sha256(file) == sha256:
            return file
    return None
