"""A difference between two lives, and the sum of them as tables.

Finding differences belongs to the modules for tables, documents and pages.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from credit_platform_tests.campaigns.same_life.declared import Declarations

_CHANGING = re.compile(r"\d{4}-\d\d-\d\d-[0-9a-f]{12}|[0-9a-f]{64}|\d{4}[-_]\d\d([-_]\d\d)?|\[\d+\]")
_MONTH = re.compile(r"(?<!\d)(\d{4})[-_](\d\d)(?!\d)")
_TABLE_MONTH = re.compile(r"\d{4}-\d\d-01\.parquet$")
_EXAMPLES = 2
SAME_BYTES, SAME_CONTENT, DIFFERENT = "same bytes", "same but for what is declared", "different"


@dataclass(frozen=True)
class Difference:
    """One thing that differs: the file by its name in the new life, the place in it, how often, and examples."""

    file: str
    where: str
    count: int = 1
    examples: tuple[str, ...] = ()

    @property
    def month(self) -> str:
        """The month in the file's name."""
        found = _MONTH.findall(self.file)
        return "-".join(found[-1]) if found else ""


def kind_of(file: str) -> str:
    """What a file is one of: its name without months, versions and hashes."""
    return re.sub(r"(\*[-_]?)+", "*", _CHANGING.sub("*", file))


@dataclass
class Comparison:
    """What was compared and what was found."""

    declared: Declarations
    states: list[tuple[str, str, int]] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    accepted: list[tuple[Difference, str]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    in_effect: Counter[str] = field(default_factory=Counter)

    def add(self, file: str, found: Iterable[Difference], *, is_same_bytes: bool, rows: int = 0) -> None:
        """Note one compared file and what differs in it."""
        counted = self.note(found)
        state = DIFFERENT if counted else (SAME_BYTES if is_same_bytes else SAME_CONTENT)
        self.states.append((file, state, rows))

    def note(self, found: Iterable[Difference]) -> int:
        """Note differences; returns how many nothing declares."""
        n = 0
        for difference in found:
            entry = self.declared.accepted_by(difference.file, difference.where)
            if entry is None:
                self.differences.append(difference)
                n += 1
            else:
                self.accepted.append((difference, entry.cause))
        return n

    def show(self, console: Console) -> None:
        """Print what was compared, what is declared, and what is not."""
        console.print(_compared(self.states))
        for cause, n in sorted(self.left_out.items()):
            console.print(f"Left out: {n} files: {cause}", highlight=False)
        for entry, n in sorted(self.in_effect.items()):
            console.print(f"Declared: {entry}: {n} times" if n else f"Not in effect: {entry}", highlight=False)
        if self.accepted:
            console.print(_listed("Declared differences", [found for found, _ in self.accepted]))
            for cause in sorted({cause for _, cause in self.accepted}):
                console.print(f"Declared: {cause}", highlight=False)
        if self.differences:
            console.print(_listed("Differences that nothing declares", self.differences))
        files = {difference.file for difference in self.differences}
        tables = [file.rpartition("/")[0] for file, _, _ in self.states if _TABLE_MONTH.search(file)]
        console.print(
            f"{len(set(tables))} tables of {len(tables)} months and {sum(rows for *_, rows in self.states)} rows; "
            f"{len(self.states)} files compared, {len(self.differences)} differences in {len(files)} files.",
            highlight=False,
        )


def _compared(states: Sequence[tuple[str, str, int]]) -> Table:
    kinds: dict[str, Counter[str]] = {}
    for file, state, rows in states:
        counts = kinds.setdefault(kind_of(file), Counter())
        counts.update({"files": 1, state: 1, "rows": rows})
    table = Table(title="Compared")
    table.add_column("what", overflow="fold")
    columns = ("files", "rows", SAME_BYTES, SAME_CONTENT, DIFFERENT)
    for column in columns:
        table.add_column(column, justify="right")
    for kind, counts in sorted(kinds.items()):
        table.add_row(kind, *(str(counts[column]) if counts[column] else "" for column in columns))
    total = Counter[str]()
    for counts in kinds.values():
        total.update(counts)
    table.add_row("all", *(str(total[column]) for column in columns), style="bold")
    return table


def _listed(title: str, differences: Sequence[Difference]) -> Table:
    groups: dict[tuple[str, str], list[Difference]] = {}
    for difference in differences:
        groups.setdefault((kind_of(difference.file), _CHANGING.sub("*", difference.where)), []).append(difference)
    table = Table(title=title)
    for column in ("file", "where", "files", "count", "months", "examples"):
        table.add_column(column, overflow="fold")
    for (kind, where), found in sorted(groups.items()):
        shown = found[0].file if len(found) == 1 else kind
        months = sorted({difference.month for difference in found if difference.month})
        span = months[0] if len(months) == 1 else f"{months[0]}..{months[-1]} ({len(months)})" if months else ""
        examples = [example for difference in found for example in difference.examples][:_EXAMPLES]
        count = sum(difference.count for difference in found)
        table.add_row(shown, where, str(len(found)), str(count), span, "\n".join(examples))
    return table
