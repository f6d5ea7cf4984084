"""Bodies of requests read: JSON to applications or feature rows, with a fault for every field that is out of place.

Numbers keep the text in which they were written. What a cell must be is judged by who scores; nothing of a cell is
repeated here either.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, NoReturn, TypeVar

from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.serving.application import CellFault, RawApplication, RawRow, Row
from credit_platform.serving.http.problems import FieldFault, ProblemError, invalid

SNAPSHOT_DATE, RECORDS, THRESHOLD = "snapshot_date", "records", "threshold"
_DAY = re.compile(r"(?:19|20|21)\d\d-[01]\d-[0-3]\d", re.ASCII)
_LONGEST_CELL, _LONGEST_KEY, _MOST_ROWS = 10_000, 200, 10_000
_KINDS: dict[type, str] = {dict: "an object", list: "a list", bool: "true or false", str: "text", type(None): "null"}

Path = tuple[str | int, ...]
Record = TypeVar("Record")


class _RepeatedName(dict[str, Any]):
    """An object that has a name twice: which of the two is meant nobody knows."""


@dataclass(frozen=True)
class ReadRequest(Generic[Record]):
    """A request as it is understood.

    Attributes:
        records: in the order given.
        threshold: in place of the policy's cut-off; None for that.
        places: of each record, the sources that were given as a list, whose rows have a place in pointers.
    """

    records: list[Record]
    threshold: float | None
    places: list[frozenset[str]]

    def fault_at(self, index: int, fault: CellFault) -> FieldFault:
        """What is wrong with a cell of a record, as a fault of the request."""
        path: list[str | int] = [RECORDS, index]
        if fault.source and isinstance(self.records[index], RawApplication):
            path.append(fault.source)
            if fault.source in self.places[index]:
                path.append(fault.row)
        if fault.column:
            path.append(fault.column)
        return FieldFault(tuple(path), fault.rule, fault.reason)


@dataclass
class _FieldFaults:
    """Faults as they are found."""

    faults: list[FieldFault] = field(default_factory=list)

    def fault(self, path: Path, rule: str, detail: str) -> None:
        self.faults.append(FieldFault(path, rule, detail))

    def kind(self, path: Path, value: object, wanted: str) -> None:
        self.fault(path, "type", f"it is {_KINDS.get(type(value), 'a number')} and must be {wanted}")

    def named(self, path: Path, value: object) -> Mapping[str, Any]:
        """An object as it is, and an empty one in the place of anything else."""
        if isinstance(value, _RepeatedName):
            self.fault(path, "names_are_unique", "it has a name twice")
        elif isinstance(value, dict):
            return value
        else:
            self.kind(path, value, "an object")
        return {}

    def text(self, path: Path, value: object, *, longest: int = _LONGEST_CELL) -> str | None:
        """The text of a cell; None where it is empty or at fault."""
        if value is None:
            return None
        if not isinstance(value, str):
            self.kind(path, value, "text, a number or null")
        elif len(value) > longest:
            self.fault(path, "length", f"it has more than {longest:,} characters")
        elif not _is_whole(value):
            self.fault(path, "unicode", "it holds half a character")
        else:
            return value
        return None

    def key(self, path: Path, value: object, *, is_needed: bool) -> str | None:
        """A key as text; None where there is none."""
        text = self.text(path, value, longest=_LONGEST_KEY)
        if text is not None and not text.isprintable():
            self.fault(path, "characters", "it holds characters that cannot be printed")
            return None
        if is_needed and (value is None or text == ""):
            self.fault(path, "is_given", "it is missing or empty")
        return text or None

    def day(self, path: Path, value: object) -> date:
        """A day; any where it is at fault."""
        if value is None:
            self.fault(path, "is_given", "it is missing or empty")
        elif not isinstance(value, str):
            self.kind(path, value, "a day as YYYY-MM-DD")
        else:
            try:
                if _DAY.fullmatch(value):
                    return date.fromisoformat(value)
            except ValueError:
                pass
            self.fault(path, "is_a_day", "it is no day from 1900 to 2199 as YYYY-MM-DD")
        return date.min


def read_applications(body: bytes, portfolio: Portfolio, *, most: int) -> ReadRequest[RawApplication]:
    """Raw applications of a request. Raises ProblemError, of status 400 or 422."""
    cases, sources = portfolio.cases, {source.name: source.columns for source in portfolio.sources}
    # A source may spell the key of the customer otherwise.
    names = {cases.customer.lower(): "customer"}
    if not cases.made:
        names[cases.key.lower()] = "case"
    places: list[frozenset[str]] = []

    def record(found: _FieldFaults, path: Path, value: Mapping[str, Any]) -> RawApplication:
        keys: dict[str, str | None] = {"case": None, "customer": None}
        rows: dict[str, list[RawRow]] = {}
        lists: set[str] = set()
        has_case = bool(cases.made)
        for name, content in value.items():
            own = (*path, name)
            if name in sources:
                if content is not None:
                    rows[name] = _rows(found, own, content, sources[name])
                if isinstance(content, list):
                    lists.add(name)
            elif (which := names.get(name.lower())) is not None:
                keys[which] = found.key(own, content, is_needed=which == "case")
                has_case = has_case or which == "case"
            elif name != SNAPSHOT_DATE:
                found.fault(own, "is_known", f"a record has no such field; its sources are {', '.join(sources)}")
        if not has_case:
            found.fault((*path, cases.key), "is_given", "it is missing or empty")
        places.append(frozenset(lists))
        day = found.day((*path, SNAPSHOT_DATE), value.get(SNAPSHOT_DATE))
        return RawApplication(keys["case"], keys["customer"], day, rows)

    return _read(body, record, places, most=most)


def read_features(body: bytes, portfolio: Portfolio, *, most: int) -> ReadRequest[Row]:
    """Feature rows of a request, their cells as text. Raises ProblemError, of status 400 or 422."""
    columns = portfolio.features.schema.column_names()

    def record(found: _FieldFaults, path: Path, value: Mapping[str, Any]) -> Row:
        plain = {name: str(cell).lower() if isinstance(cell, bool) else cell for name, cell in value.items()}
        return _row(found, path, plain, columns)

    return _read(body, record, [], most=most)


def _read(
    body: bytes,
    record: Callable[[_FieldFaults, Path, Mapping[str, Any]], Record],
    places: list[frozenset[str]],
    *,
    most: int,
) -> ReadRequest[Record]:
    found = _FieldFaults()
    content = found.named((), _parsed(body))
    for name in content:
        if name not in {RECORDS, THRESHOLD}:
            found.fault((name,), "is_known", f"a request has {RECORDS} and {THRESHOLD} alone")
    threshold = _threshold(found, content.get(THRESHOLD))
    listed = content.get(RECORDS)
    if not isinstance(listed, list):
        if not found.faults or content:
            found.kind((RECORDS,), listed, "a list")
    elif not 0 < len(listed) <= most:
        found.fault((RECORDS,), "size", f"it has {len(listed):,} records and may have 1 to {most:,}")
    else:
        paths = [(RECORDS, index) for index in range(len(listed))]
        records = [record(found, path, found.named(path, value)) for path, value in zip(paths, listed, strict=True)]
        if not found.faults:
            return ReadRequest(records, threshold, places)
    raise invalid(found.faults)


def _rows(found: _FieldFaults, path: Path, content: object, columns: Sequence[str]) -> list[RawRow]:
    if not isinstance(content, list):
        return [_row(found, path, content, columns)]
    if len(content) > _MOST_ROWS:
        found.fault(path, "size", f"it has more than {_MOST_ROWS:,} rows")
        return []
    return [_row(found, (*path, place), row, columns) for place, row in enumerate(content)]


def _row(found: _FieldFaults, path: Path, content: object, columns: Sequence[str]) -> dict[str, str | None]:
    row: dict[str, str | None] = {}
    for name, cell in found.named(path, content).items():
        own = (*path, name)
        # Left out silently it would be empty, and the score another one.
        if name not in columns:
            found.fault(own, "is_known", "there is no such column")
        else:
            row[name] = found.text(own, cell)
    return row


def _threshold(found: _FieldFaults, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, (bool, dict, list)):
        found.kind((THRESHOLD,), value, "a number")
        return None
    try:
        number = float(str(value))
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        found.fault((THRESHOLD,), "is_between", "it is no number between 0 and 1")
    return number


def _parsed(body: bytes) -> object:
    try:
        text = body.decode()
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant, parse_float=str, parse_int=str)
    except UnicodeDecodeError as error:
        raise ProblemError(400, "not-json", "The body is not UTF-8.") from error
    except RecursionError as error:
        raise ProblemError(400, "not-json", "The body is nested too deep.") from error
    except json.JSONDecodeError as error:
        detail = f"The body is not JSON: {error.msg.lower()} at line {error.lineno}, column {error.colno}."
        raise ProblemError(400, "not-json", detail) from error
    except ValueError as error:
        raise ProblemError(400, "not-json", "The body has a number that JSON does not have.") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else _RepeatedName(found)


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _is_whole(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
