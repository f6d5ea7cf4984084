"""What the doctor says: one finding per thing looked at, with how bad it is and how to mend it.

Looking belongs to `doctor_machine`, `doctor_history` and `doctor_data`.
"""

from dataclasses import dataclass
from typing import Literal

# warning: absent, busy or left over; everything else still works. error: something does not work, or cannot be trusted.
Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do about it (empty where all is well)."""

    check: str
    level: Level
    found: str
    mend: str = ""


def well(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, mend: str) -> Finding:
    """Something is absent, busy or left over."""
    return Finding(check, "warning", found, mend)


def error(check: str, found: str, mend: str) -> Finding:
    """Something does not work, or cannot be trusted."""
    return Finding(check, "error", found, mend)


def first_of(names: list[str], shown: int = 3) -> str:
    """The first few names and how many more."""
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more
