"""The promotion log: which version of a model took effect when, and why others did not.

An append-only file of one JSON record a line. Deciding about a promotion belongs to `scoring.promotion`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from credit_platform.errors import NoVersionInForceError
from credit_platform.lake.layout import Layout
from credit_platform.lending.months import month_key, parse_month

Provenance = Literal["live", "backfill"]


@dataclass(frozen=True)
class PromotionRecord:
    """A decision about one version: `promoted` with the month it takes effect, or kept out, with the reasons."""

    model: str
    model_version: str
    as_of: date
    effective_month: date
    promoted: bool
    actor: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class PromotionLog:
    """The log of one data folder."""

    layout: Layout

    def records(self) -> list[PromotionRecord]:
        """Every record in the order it was written; a last line cut off by a crash is left out."""
        file = self.layout.promotions()
        lines = file.read_bytes().split(b"\n")[:-1] if file.is_file() else []
        return [_record(json.loads(line)) for line in lines if line]

    def append(self, record: PromotionRecord) -> bool:
        """Write a record unless it is already the model's latest for that month; says whether it wrote."""
        file = self.layout.promotions()
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("ab+") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            same_month = [r for r in self.records() if (r.model, r.as_of) == (record.model, record.as_of)]
            if same_month and same_month[-1] == record:
                return False
            _drop_torn_line(stream.fileno())
            line = {
                "time": datetime.now(tz=UTC).isoformat(timespec="seconds"),
                "model": record.model,
                "model_version": record.model_version,
                "as_of": month_key(record.as_of),
                "effective_month": month_key(record.effective_month),
                "promoted": record.promoted,
                "actor": record.actor,
                "reasons": list(record.reasons),
            }
            stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        return True


def _drop_torn_line(descriptor: int) -> None:
    size = os.fstat(descriptor).st_size
    content = os.pread(descriptor, size, 0)
    if content and not content.endswith(b"\n"):
        os.ftruncate(descriptor, content.rfind(b"\n") + 1)


def _record(line: dict[str, object]) -> PromotionRecord:
    reasons = line["reasons"]
    return PromotionRecord(
        model=str(line["model"]),
        model_version=str(line["model_version"]),
        as_of=parse_month(str(line["as_of"])),
        effective_month=parse_month(str(line["effective_month"])),
        promoted=bool(line["promoted"]),
        actor=str(line["actor"]),
        reasons=tuple(str(reason) for reason in reasons) if isinstance(reasons, list) else (),
    )


def _promotions(records: Iterable[PromotionRecord], model: str) -> list[PromotionRecord]:
    # The sort is stable: of two promotions with one effective month the later decision counts.
    return sorted((r for r in records if r.model == model and r.promoted), key=lambda r: r.effective_month)


def incumbent(records: Sequence[PromotionRecord], model: str, month: date) -> str | None:
    """The version whose promotion is in effect in `month`; None before the first takes effect."""
    effective = [r for r in _promotions(records, model) if r.effective_month <= month]
    return effective[-1].model_version if effective else None


def version_in_force(records: Sequence[PromotionRecord], model: str, month: date) -> tuple[str, Provenance]:
    """The version that scores `month`, and whether it does so live.

    Months before the first promotion takes effect are scored by the first version, as a backfill.

    Raises:
        NoVersionInForceError: no version of the model was ever promoted.
    """
    version = incumbent(records, model, month)
    if version is not None:
        return version, "live"
    promotions = _promotions(records, model)
    if not promotions:
        raise NoVersionInForceError(
            model=model, month=month, fix=f"Train it first: materialize model/{model}, or run credit-platform backfill."
        )
    first = [r for r in promotions if r.effective_month == promotions[0].effective_month][-1]
    return first.model_version, "backfill"
