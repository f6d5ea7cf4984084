"""Everything a test makes the platform say or write, searched for the planted person.

Errors with their causes, warnings, findings, check results, receipts, alerts, events of any run history, log records,
what consoles and programs print, and files. The person itself is in `planted`.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from traceback import format_exception
from typing import Any

import dagster as dg
import polars as pl
import pytest
from rich.console import Console
from typing_extensions import override

from credit_platform.cli.doctor.findings import DoctorFinding
from credit_platform.errors import CreditPlatformError
from credit_platform.lake.raw.delivery_log import Receipt
from credit_platform.lake.tables.monthly import StrayFileWarning
from credit_platform.monitoring.action.alerts import AlertEvent
from credit_platform.portfolios.portfolio import MonthResult
from credit_platform_tests.bad_inputs.delivery import ATTRIBUTES
from credit_platform_tests.field_faults.planted import found_in

# Programs end in a CompletedProcess, as do verbs that are run in the test's own process.
_MESSAGES = (CreditPlatformError, StrayFileWarning, DoctorFinding, MonthResult, Receipt, AlertEvent,
             subprocess.CompletedProcess)  # fmt: skip


@dataclass
class Heard:
    """What was said so far; read only when the test is over, as an error has its causes only once it is raised."""

    messages: list[object] = field(default_factory=list)
    records: list[logging.LogRecord] = field(default_factory=list)
    consoles: list[Console] = field(default_factory=list)

    def disclosed(self) -> list[str]:
        """Every message that contains something of the person, with the class of what said it."""
        texts = [(type(message).__name__, _text_of(message)) for message in self.messages]
        texts += [("log", f"{record.getMessage()} {record.exc_text or ''}") for record in self.records]
        texts += [("console", console.export_text(clear=False)) for console in self.consoles]
        return [f"{kind}: {text}" for kind, text in texts if found_in(text)]


class _Records(logging.Handler):
    def __init__(self, records: list[logging.LogRecord]) -> None:
        super().__init__()
        self.records = records

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        self.records.append(record)


@contextmanager
def listening() -> Iterator[Heard]:
    """Hear everything that is said inside the block."""
    heard = Heard()
    handler = _Records(heard.records)
    with pytest.MonkeyPatch.context() as patch:
        for kind in _MESSAGES:
            _hear(patch, kind, heard.messages)
        _record_consoles(patch, heard.consoles)
        _hear_events(patch, heard.messages)
        logging.getLogger().addHandler(handler)
        try:
            yield heard
        finally:
            logging.getLogger().removeHandler(handler)


def not_planted(folder: Path) -> list[str]:
    """The bronze files of attributes below a folder that have rows and not the person."""
    files = [file for file in folder.rglob(f"bronze/{ATTRIBUTES}/*.parquet") if file.is_file()]
    rows = {file: pl.read_parquet(file, glob=False) for file in files}
    return [str(file) for file, frame in rows.items() if frame.height and not found_in(frame.write_ndjson())]


def _text_of(message: object) -> str:
    return "".join(format_exception(message)) if isinstance(message, BaseException) else str(message)


def _hear(patch: pytest.MonkeyPatch, kind: type, messages: list[object]) -> None:
    before = kind.__init__

    def init(self: object, *args: object, **named: object) -> None:
        before(self, *args, **named)
        messages.append(self)

    patch.setattr(kind, "__init__", init)


def _record_consoles(patch: pytest.MonkeyPatch, consoles: list[Console]) -> None:
    before = Console.__init__

    def init(self: Console, *args: Any, **named: Any) -> None:
        before(self, *args, **named | {"record": True})
        consoles.append(self)

    patch.setattr(Console, "__init__", init)


def _hear_events(patch: pytest.MonkeyPatch, messages: list[object]) -> None:
    before = dg.DagsterInstance.handle_new_event

    def handle(self: dg.DagsterInstance, event: Any, **named: Any) -> None:
        messages.append(event)
        before(self, event, **named)

    patch.setattr(dg.DagsterInstance, "handle_new_event", handle)
