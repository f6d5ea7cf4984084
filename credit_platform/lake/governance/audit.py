"""The audit log: every decision about a version, in one append-only file whose records hold each other in place.

One JSON record a line, chained by `hash_chain`. What decisions mean for versions is replayed in
`scoring.governance.life_cycle`; `promotions` reads this log as the history of promotions.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import cast

from credit_platform.lake.files import whole_lines
from credit_platform.lake.hash_chain import ChainedLog, Fault
from credit_platform.lake.layout import Layout
from credit_platform.lake.provenance import code_state
from credit_platform.months import month_key, parse_month
from credit_platform.scoring.governance.life_cycle import Action, Decision

RENAMED = "model_renamed"
# What actions are called now by what records may say; a record stays as it was written, so these are read for ever.
_FORMER_ACTIONS = {"made_challenger": "made_candidate"}


@dataclass(frozen=True)
class Entry:
    """What is to be written down: who decided what about a version, from which month on, and why.

    `before` and `after` are the versions in force in the effective month without and with the decision. `details` hold
    JSON values.
    """

    action: Action
    model: str
    model_version: str
    actor: str
    reasons: tuple[str, ...]
    effective_month: date
    before: str | None = None
    after: str | None = None
    policy_sha256: str | None = None
    details: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class AuditRecord:
    """One record of the log: the entry, its place in the chain, when it was written and by which code."""

    sequence: int
    time: str
    entry: Entry
    git_commit: str
    previous_sha256: str
    sha256: str

    @property
    def decision(self) -> Decision:
        """The record as the life cycle replays it."""
        said = self.entry.details
        until, failed = said.get("scored_until"), said.get("failed_gates") if said.get("interim") is True else None
        return Decision(
            action=self.entry.action,
            model=self.entry.model,
            version=self.entry.model_version,
            month=self.entry.effective_month,
            scored_until=parse_month(until) if isinstance(until, str) else None,
            failed_gates=tuple(failed) if isinstance(failed, list) else (),
        )


Unless = Callable[[Sequence[AuditRecord]], bool]


@dataclass(frozen=True)
class AuditLog:
    """The log of one data folder."""

    layout: Layout

    @property
    def _chain(self) -> ChainedLog:
        return ChainedLog(self.layout.audit_log(), self.layout.audit_head())

    def append(self, entry: Entry, *, unless: Unless | None = None) -> AuditRecord | None:
        """Write an entry behind all others, safely beside other processes; None where `unless` holds of the records.

        Raises:
            AuditError: the chain is broken; writing on would hide it.
            StorageError: the disk does not take it.
        """

        def content() -> dict[str, object]:
            time = datetime.now(tz=UTC).isoformat(timespec="seconds")
            return {"time": time, **entry_dict(entry), "git_commit": code_state().commit}

        line = self._chain.append(content, unless=lambda lines: unless is not None and unless(_records(lines)))
        return None if line is None else _record(line)

    def records(self) -> list[AuditRecord]:
        """Every record in the order it was written; a last line cut off by a crash is left out.

        Actions have the names of today, and a record is about its model under the key of today, whatever it was called
        when it was written.

        Raises:
            AuditError: the chain is broken; no decision may rest on it.
        """
        return _records(self._chain.lines())

    def decisions(self) -> list[Decision]:
        """Every record as the life cycle replays it. Raises as `records` does."""
        return [record.decision for record in self.records()]

    def renames(self) -> dict[str, str]:
        """The key of today by each former key of a model."""
        lines = [line for line in whole_lines(self.layout.audit_log()) if RENAMED.encode() in line]
        return {
            str(record.entry.details["former"]): record.entry.model
            for record in _records(lines)
            if record.entry.action == RENAMED
        }

    def verify(self) -> list[Fault]:
        """Everything that is wrong with the chain, as `ChainedLog.verify` says it."""
        return self._chain.verify()

    def held(self) -> AbstractContextManager[object]:
        """Let nobody write on while the log and what it vouches for are copied."""
        return self._chain.held()


def entry_dict(entry: Entry) -> dict[str, object]:
    """An entry as it stands in the log."""
    return {
        "actor": entry.actor,
        "action": entry.action,
        "model": entry.model,
        "model_version": entry.model_version,
        "effective_month": month_key(entry.effective_month),
        "reasons": list(entry.reasons),
        "before": entry.before,
        "after": entry.after,
        "details": dict(entry.details),
        "policy_sha256": entry.policy_sha256,
    }


def _records(lines: Sequence[bytes]) -> list[AuditRecord]:
    """The records, each about its model under the key that a later record gives it."""
    records = [_record(line) for line in lines]
    names: dict[str, str] = {}
    for place, record in reversed(list(enumerate(records))):
        model = names.get(record.entry.model, record.entry.model)
        if record.entry.action == RENAMED:
            names[str(record.entry.details["former"])] = model
        records[place] = replace(record, entry=replace(record.entry, model=model))
    return records


def _record(line: bytes) -> AuditRecord:
    content = json.loads(line)
    entry = Entry(
        action=cast("Action", _FORMER_ACTIONS.get(content["action"], content["action"])),
        model=content["model"],
        model_version=content["model_version"],
        actor=content["actor"],
        reasons=tuple(content["reasons"]),
        effective_month=parse_month(content["effective_month"]),
        before=content["before"],
        after=content["after"],
        policy_sha256=content["policy_sha256"],
        details=content["details"],
    )
    return AuditRecord(
        sequence=content["sequence"],
        time=content["time"],
        entry=entry,
        git_commit=content["git_commit"],
        previous_sha256=content["previous_sha256"],
        sha256=content["sha256"],
    )
