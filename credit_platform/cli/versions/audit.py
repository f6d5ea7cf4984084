"""What `audit` prints: the records of the log, and everything that is wrong with it and with what it vouches for.

The chain is checked in lake.hash_chain, versions in lake.model_store.
"""

from collections.abc import Sequence
from typing import TypedDict

from rich.table import Table

from credit_platform.cli.book import Book
from credit_platform.cli.printing import folding_table
from credit_platform.errors import ModelStoreError
from credit_platform.lake.governance.audit import AuditLog, AuditRecord, entry_dict
from credit_platform.lake.governance.decision_overrides import DecisionOverrideLog
from credit_platform.lake.models.model_store import ModelStore


class AuditVerification(TypedDict):
    """Records that are sound up to the first fault, and every fault as a sentence, by line or by version."""

    records: int
    versions: int
    faults: list[str]


def verdict(book: Book) -> AuditVerification:
    """Verify the chains, then that every version it registered lies in the store as it was, and no other."""
    log, store = AuditLog(book.lake.layout), ModelStore(book.lake.layout)
    overridden = DecisionOverrideLog(book.lake.layout).verify()
    faults = [str(fault) for fault in log.verify()]
    faults += [f"{book.lake.layout.decision_overrides().name}, {fault}" for fault in overridden]
    stored = [(model, version) for model in store.models() for version in store.versions(model)]
    if faults:
        return AuditVerification(records=0, versions=len(stored), faults=faults)
    records = log.records()
    registered = [record for record in records if record.entry.action == "registered"]
    missing = {
        (record.entry.model, record.entry.model_version): f"line {record.sequence}: version "
        f"{record.entry.model_version} of {record.entry.model} was registered and is not in the model store"
        for record in registered
    }
    for subject in stored:
        missing.pop(subject, None)
    faults.extend(missing.values())
    for model, version in stored:
        try:
            store.load(model, version)
        except ModelStoreError as error:
            faults.append(str(error))
    return AuditVerification(records=len(records), versions=len(stored), faults=faults)


def records_of(book: Book, models: Sequence[str]) -> list[AuditRecord]:
    """The records about some models, in order. Raises AuditError where the log was tampered with."""
    return [record for record in AuditLog(book.lake.layout).records() if record.entry.model in models]


def record_dict(record: AuditRecord) -> dict[str, object]:
    """A record for JSON output, as it stands in the log."""
    return {
        "sequence": record.sequence,
        "time": record.time,
        **entry_dict(record.entry),
        "git_commit": record.git_commit,
        "previous_sha256": record.previous_sha256,
        "sha256": record.sha256,
    }


def records_table(records: Sequence[AuditRecord]) -> Table:
    """The records as a table for the terminal."""
    table = folding_table("Audit log", "no.", "time", "who", "what", "model", "version", "from", "why")
    for record in records:
        entry = record.entry
        table.add_row(
            str(record.sequence),
            record.time,
            entry.actor,
            entry.action.replace("_", " "),
            entry.model,
            entry.model_version,
            f"{entry.effective_month:%Y-%m}",
            " ".join(entry.reasons),
        )
    return table
