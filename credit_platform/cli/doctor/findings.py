"""What the doctor says: one finding per thing looked at, with how bad it is and how to mend it.

A look that fails itself is a finding too: whoever asks what is wrong wants to be text_of, not to see it break. Looking
belongs to `doctor_machine`, `doctor_history` and `doctor_data`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from credit_platform.errors import CreditPlatformError

# warning: absent, busy or left over; everything else still works. error: something does not work, or cannot be trusted.
Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class DoctorFinding:
    """What was looked at, how it is, and what to do about it (empty where all is well)."""

    check: str
    level: Level
    found: str
    mend: str = ""


def well(check: str, found: str) -> DoctorFinding:
    """All is well."""
    return DoctorFinding(check, "ok", found)


def warning(check: str, found: str, mend: str) -> DoctorFinding:
    """Something is absent, busy or left over."""
    return DoctorFinding(check, "warning", found, mend)


def error(check: str, found: str, mend: str) -> DoctorFinding:
    """Something does not work, or cannot be trusted."""
    return DoctorFinding(check, "error", found, mend)


def findings_of(check: str, look: Callable[[], DoctorFinding | Sequence[DoctorFinding]]) -> list[DoctorFinding]:
    """What a look finds; where it fails itself, an error that says with what."""
    try:
        found = look()
    except Exception as fault:  # noqa: BLE001 - whatever is broken here is what the doctor was asked for
        return [error(check, f"cannot be looked at: {text_of(fault)}", mend_of(fault))]
    return [found] if isinstance(found, DoctorFinding) else list(found)


def text_of(fault: Exception) -> str:
    """The class of an exception and the first line of what it says."""
    said = str(fault).strip().splitlines()
    return f"{type(fault).__name__}: {said[0]}" if said else type(fault).__name__


def mend_of(fault: Exception) -> str:
    """What to do about an exception that nobody foresaw at this place."""
    if isinstance(fault, PermissionError):
        return f"Give this account the right to read {fault.filename or 'it'}: chown -R, or chmod."
    if isinstance(fault, CreditPlatformError):
        return "Do what it says, and look again."
    return "Correct or remove the file it names, or restore it from a backup, and look again."


def first_of(names: list[str], shown: int = 3) -> str:
    """The first few names and how many more."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
