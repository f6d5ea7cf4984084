"""Where everything lies below the data folder: the only module that builds paths.

Which files of a table's folder are its months is said here as well; reading and writing them does not belong here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from credit_platform.months import month_key, parse_month
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import Tables, tables_of

LAYERS = ("bronze", "silver", "quarantine", "gold", "prediction", "decision", "monitoring")
_MONTH_NAME = re.compile(r"(?!0000)\d{4}-(?:0[1-9]|1[0-2])-01")
MONTH_FILE = "[0-9][0-9][0-9][0-9]-[01][0-9]-01.parquet"


@dataclass(frozen=True)
class Layout:
    """Paths of one data folder, and the book that lies in it. A table is named by its asset key, `layer/table`.

    Attributes:
        data_dir: the folder.
        raw_dir: the folder of the raw files.
        portfolio: the kind of book.
        tables: every table of the book with its schema class.
    """

    data_dir: Path
    raw_dir: Path
    portfolio: Portfolio
    tables: Tables

    @classmethod
    def of(cls, data_dir: Path, raw_dir: Path, portfolio: Portfolio) -> Layout:
        """The paths of a book."""
        return cls(data_dir, raw_dir, portfolio, tables_of(portfolio))

    def __reduce__(self) -> tuple[object, ...]:
        # Another process makes the tables anew: schema classes of a book's own are not found by a module's name.
        return Layout.of, (self.data_dir, self.raw_dir, self.portfolio)

    def table(self, table: str) -> Path:
        """The folder of a monthly table."""
        return self.data_dir / table

    def month_file(self, table: str, month: date) -> Path:
        """The Parquet file of one month of a table."""
        return self.table(table) / f"{month_key(month)}.parquet"

    def remade_file(self, table: str, sequence: int) -> Path:
        """The Parquet file of an edition that a replay made again, in the replay's own folder."""
        return self.data_dir / "made" / table / f"{sequence}.parquet"

    def ground_truth(self) -> Path:
        """The JSON file that says what a generated book contains, beside its raw files."""
        return self.raw_dir / ".planted.json"

    def known_files(self, source: str) -> Path:
        """The Parquet file that lists what was last read from a source."""
        return self.data_dir / "sources" / f"{source}.parquet"

    def arrivals(self) -> Path:
        """The JSON file that says which raw files were seen when, and what each contains."""
        return self.data_dir / "sources" / ".arrivals.json"

    def delivery_report(self, source: str, month: date) -> Path:
        """The JSON file that says what was delivered for a month of a source and what the gates made of it."""
        return self.data_dir / "sources" / source / f"{month_key(month)}.json"

    def deliveries(self) -> Path:
        """The append-only log of deliveries accepted."""
        return self.data_dir / "audit" / "deliveries.jsonl"

    def table_version_log(self) -> Path:
        """The append-only log of every write of a monthly table."""
        return self.data_dir / "audit" / "editions.jsonl"

    def former_version(self, table: str, month: date, sha256: str) -> Path:
        """The file of a month whose place another one took."""
        return self.data_dir / "archive" / table / month_key(month) / f"{sha256}.parquet"

    def kept_policy(self, sha256: str) -> Path:
        """A policy that tables were made under, by its fingerprint."""
        return self.data_dir / "archive" / "policy" / f"{sha256}.json"

    def model(self, model: str) -> Path:
        """The folder of all versions of a model."""
        return self.data_dir / "models" / model

    def model_version(self, model: str, version: str) -> Path:
        """The folder of one version of a model."""
        return self.model(model) / version

    def audit_log(self) -> Path:
        """The append-only log of decisions about versions."""
        return self.data_dir / "audit" / "audit.jsonl"

    def audit_head(self) -> Path:
        """The number and hash of the last record of the audit log, by which a cut-off end shows."""
        return self.data_dir / "audit" / "audit_head.json"

    def decision_overrides(self) -> Path:
        """The append-only log of decisions about cases that people took otherwise than the champion."""
        return self.data_dir / "audit" / "decision_overrides.jsonl"

    def decision_overrides_head(self) -> Path:
        """The number and hash of its last record."""
        return self.data_dir / "audit" / "decision_overrides_head.json"

    def online_decisions(self) -> Path:
        """The folder of the log of decisions taken online: a folder per month, a file per segment."""
        return self.data_dir / "audit" / "online"

    def stored_answers(self) -> Path:
        """The database that says which requests with an idempotency key were answered where in that log."""
        return self.data_dir / "service" / "answers.sqlite"

    def api_keys(self) -> Path:
        """The JSON file of the hashes of the keys that the service accepts."""
        return self.data_dir / "service" / "api_keys.json"

    def service_minutes(self) -> Path:
        """The folder of what the service counted: a folder per month, a file per process."""
        return self.data_dir / "service" / "minutes"

    def retraining(self, key: str) -> Path:
        """The JSON file that says what a retraining came to."""
        return self.data_dir / "audit" / "retrainings" / f"{key.replace(':', '_')}.json"

    def sign_of_life(self, run_id: str) -> Path:
        """The file that the process of a retraining's run keeps locked while it lives."""
        return self.data_dir / "audit" / "retrainings" / f".{run_id}.alive"

    def unfinished_migration(self) -> Path:
        """The file that is there from the beginning of a migration to its end."""
        return self.data_dir / "unfinished-migration.txt"

    def alerts(self) -> Path:
        """The append-only ledger of alerts."""
        return self.data_dir / "alerts" / "ledger.jsonl"

    def report(self, name: str) -> Path:
        """A page or written report."""
        return self.data_dir / "reports" / name

    def month_page(self, month: date) -> Path:
        """The page of one month."""
        return self.report(f"months/{month:%Y-%m}.html")

    def scorecard_draft(self, model: str, month: date) -> Path:
        """The page of a scorecard that was drafted as of a month."""
        return self.report(f"scorecard_draft_{model}_{month:%Y-%m}.html")

    def chart(self, name: str) -> Path:
        """A chart as a picture, by its name without ending."""
        return self.report(f"charts/{name}.png")

    def version_report(self, model: str, version: str, ending: str) -> Path:
        """A page or document about one version, by how its name ends (`.html`, `_card.md`)."""
        return self.data_dir / "reports" / "models" / model / f"{version}{ending}"

    @property
    def datamart(self) -> Path:
        """The DuckDB file of views for people."""
        return self.data_dir / "datamart.duckdb"


def is_month(file: Path) -> bool:
    """Whether a file is named as a month of a table."""
    return _MONTH_NAME.fullmatch(file.stem) is not None


def month_files(folder: Path) -> dict[date, Path]:
    """The file of every month in the folder of a table, in order; what is no month or no file is left out."""
    found = (file for file in sorted(folder.glob(MONTH_FILE)) if is_month(file) and file.is_file())
    return {parse_month(file.stem): file for file in found}


def stray_files(folder: Path) -> list[Path]:
    """What ends like a Parquet file in the folder of a table and is no month of it, such as a folder or a pipe.

    Those being written are none of them.
    """
    return [file for file in sorted(folder.glob("[!.]*.parquet")) if not (is_month(file) and file.is_file())]
