"""The table of all cases: each is declared by the test that holds it, so that none is in the table without a test.

`python -m credit_platform_tests.field_faults` prints it. A case of a kind (A outcome, B identity, C shares, D numbers,
E places and storage, F secrets and the web, G file scoring) has the kind's letter and a number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TypeVar

_Test = TypeVar("_Test", bound=Callable[..., object])
_CASES: dict[str, Case] = {}


@dataclass(frozen=True)
class Case:
    """One trouble with a tape.

    Attributes:
        name: kind and number, such as `A1`.
        given: what the lender delivers or does.
        right: what the platform makes of it.
        test: module and function that hold it.
    """

    name: str
    given: str
    right: str
    test: str


def case(name: str, *, given: str, right: str) -> Callable[[_Test], _Test]:
    """Declare that a test holds a case.

    Raises:
        ValueError: another test holds a case of this name.
    """

    def declare(test: _Test) -> _Test:
        held = f"{test.__module__.rpartition('.')[2]}::{getattr(test, '__name__', '')}"
        known = _CASES.setdefault(name, Case(name, given, right, held))
        if known.test != held:
            message = f"{name} is held by {known.test} and {held}"
            raise ValueError(message)
        return test

    return declare


def cases() -> list[Case]:
    """Every case, by kind and number."""
    for file in sorted(Path(__file__).parent.glob("test_*.py")):
        import_module(f"{__package__}.{file.stem}")
    return sorted(_CASES.values(), key=lambda case: (case.name[0], int(case.name[1:])))
