"""Decisions about cases that people took otherwise than the champion: who, when, why, and in place of what.

An append-only chain beside the audit log, which is about versions. What the champion says stays as it is in
`decision/batch`. Overrides of a lender's own system, delivered as a file, belong to `lake.raw.decisions`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime

import polars as pl

from credit_platform.lake.hash_chain import ChainedLog, Fault
from credit_platform.lake.layout import Layout
from credit_platform.months import month_key, parse_month

DECISIONS = ("approve", "decline")


@dataclass(frozen=True)
class DecisionOverride:
    """A person's decision about a case in place of `instead_of`, which the champion's version had decided."""

    case: str
    month: date
    decision: str
    instead_of: str
    model: str
    model_version: str
    approver: str
    reason: str


@dataclass(frozen=True)
class OverrideRecord:
    """An override as it was written down: its number, and when."""

    sequence: int
    time: str
    override: DecisionOverride


@dataclass(frozen=True)
class DecisionOverrideLog:
    """The overridden decisions of one data folder."""

    layout: Layout

    @property
    def _chain(self) -> ChainedLog:
        return ChainedLog(self.layout.decision_overrides(), self.layout.decision_overrides_head())

    def append(self, override: DecisionOverride, *, policy_sha256: str) -> bool:
        """Write an override behind all others unless it is the last one about its case; says whether it wrote.

        Raises:
            AuditError: the log was tampered with.
            StorageError: the disk does not take it.
        """

        def content() -> dict[str, object]:
            time = datetime.now(tz=UTC).isoformat(timespec="seconds")
            said = asdict(override) | {"month": month_key(override.month)}
            return {"time": time, **said, "policy_sha256": policy_sha256}

        def is_known(lines: Sequence[bytes]) -> bool:
            last = _last(_records(lines), override.month, override.case)
            return last is not None and last.override == override

        return self._chain.append(content, unless=is_known) is not None

    def last_of(self, month: date, case: str) -> OverrideRecord | None:
        """The last override of a case; None where nobody overrode it. Raises AuditError."""
        return _last(_records(self._chain.lines()), month, case)

    def overridden(self) -> pl.DataFrame:
        """What people decided last of every case they overrode, as `snapshot_month, case, final_decision`.

        Raises:
            AuditError: the log was tampered with.
        """
        last = {(one.override.month, one.override.case): one.override.decision for one in _records(self._chain.lines())}
        schema = {"snapshot_month": pl.Date, "case": pl.String, "final_decision": pl.String}
        return pl.DataFrame([(*key, decision) for key, decision in last.items()], schema=schema, orient="row")

    def verify(self) -> list[Fault]:
        """Everything that is wrong with the log, by line."""
        return self._chain.verify()


def _last(records: Sequence[OverrideRecord], month: date, case: str) -> OverrideRecord | None:
    own = [one for one in records if (one.override.month, one.override.case) == (month, case)]
    return own[-1] if own else None


def _records(lines: Sequence[bytes]) -> list[OverrideRecord]:
    return [_record(json.loads(line)) for line in lines]


def _record(content: dict[str, str]) -> OverrideRecord:
    own = {name: content[name] for name in DecisionOverride.__dataclass_fields__ if name != "month"}
    override = DecisionOverride(month=parse_month(content["month"]), **own)
    return OverrideRecord(int(content["sequence"]), content["time"], override)
