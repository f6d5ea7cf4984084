"""A finished small book in which it is known who decided what, whatever the trainings came to.

Its versions are those of the finished book; only what was decided about them is written anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from io import StringIO

from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.lake.governance.audit import AuditLog, AuditRecord, Entry
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.lake.models.model_store import MANIFEST, ModelStore
from credit_platform.months import add_months, month_key, month_range, parse_month
from credit_platform_tests.small_book import FIRST_SCORING, LAST, MODELS, BookFolders, table_bytes

SCORED = month_range(FIRST_SCORING, LAST)


@dataclass
class DecidedBook:
    """Of each model three versions: in force from 2024-02, in force from 2024-05, candidate since 2024-07."""

    folders: BookFolders
    model: str = MODELS[0]

    def __post_init__(self) -> None:
        self.printed = StringIO()
        self.console = Console(file=self.printed, width=250)
        self.store, self.log = ModelStore(self.folders.layout), AuditLog(self.folders.layout)
        self.folders.forget_decisions()
        for model in MODELS:
            for place, version in enumerate(self.store.versions(model)):
                self._decide(model, version, is_promoted=place < 2)

    def _decide(self, model: str, version: str, *, is_promoted: bool) -> None:
        as_of = parse_month(version[:10])
        folder = self.folders.layout.model_version(model, version)
        files = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != MANIFEST}
        self.store.save(model, as_of, files)
        self.log.append(Entry("made_candidate", model, version, "policy", ("No gate failed.",), as_of))
        record = PromotionRecord(model, version, as_of, add_months(as_of, 1), is_promoted, "policy", ("By rule.",))
        PromotionLog(self.folders.layout).append(record)

    @property
    def book(self) -> Book:
        return Book.of(self.folders.settings())

    @property
    def versions(self) -> list[str]:
        return self.store.versions(self.model)

    @property
    def last_record(self) -> AuditRecord:
        return self.log.records()[-1]

    def scored_by(self, month: date) -> tuple[str, str]:
        """Version and provenance of a month's predictions."""
        row = self.folders.lake.scan(f"prediction/{self.model}", [month]).collect().row(0, named=True)
        return row["model_version"], row["provenance"]

    def bytes_of(self, model: str) -> dict[str, bytes]:
        """The predictions of a model by month."""
        return {month_key(month): table_bytes(self.folders, f"prediction/{model}", month) for month in SCORED}


def no_pages(*_: object) -> None:
    """Stands in for drawing pages where they are not what a test is about."""
