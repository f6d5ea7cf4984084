"""The pages people read, their fenced blocks and commands, and how an edit written in a recipe is carried out.

What a block must come to stands in the tests.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "credit_platform" / "guide"
PAGES = (ROOT / "README.md", ROOT / "data" / "README.md", *sorted(GUIDE.glob("*.md")))
_FENCE = re.compile(
    r"^```(?P<language>\w+)?(?: file=(?P<file>\S+))?\s*\n(?P<text>.*?)^```\s*$", re.MULTILINE | re.DOTALL
)
_EXITS = re.compile(r"\bexits (\d)\b")


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, the file it is to be written to (if it says so) and its text."""

    language: str
    file: str | None
    text: str


@dataclass(frozen=True)
class Command:
    """One line of a console block after `$`, without its comment; the comment may name the exit code."""

    words: tuple[str, ...]
    exit_code: int

    def __str__(self) -> str:
        return shlex.join(self.words)


def blocks_of(text: str) -> list[Block]:
    """The fenced blocks of a page or section, in order."""
    return [Block(found["language"] or "", found["file"], found["text"]) for found in _FENCE.finditer(text)]


def commands_of(text: str) -> list[Command]:
    """The commands of all console blocks, in order."""
    commands: list[Command] = []
    for block in blocks_of(text):
        if block.language != "console":
            continue
        for line in block.text.splitlines():
            if line.startswith("$ "):
                said = _EXITS.search(line.partition("#")[2])
                words = tuple(shlex.split(line.removeprefix("$ "), comments=True))
                commands.append(Command(words, int(said[1]) if said else 0))
    return commands


def inline_commands(text: str) -> list[str]:
    """The commands written inline, `credit-platform ...` or `make ...`, outside fenced blocks."""
    return re.findall(r"`((?:credit-platform|make) [^`]+)`", _FENCE.sub("", text))


def section(text: str, title: str) -> str:
    """The text below a second-level heading, up to the next one."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"no section {title!r}"
    return found[1]


def apply_edits(root: Path, diff: str) -> list[Path]:
    """Carry out the edits of a diff block: every hunk's old lines are found once, and replaced by its new ones."""
    changed: list[Path] = []
    for part in re.split(r"^--- ", diff, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        file = root / name.strip()
        text = file.read_text(encoding="utf-8")
        for hunk in re.split(r"^@@\n", body, flags=re.MULTILINE)[1:]:
            lines = hunk.splitlines()
            old = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "+")
            new = "".join(f"{line[1:]}\n" for line in lines if line[:1] != "-")
            assert text.count(old) == 1, f"{name.strip()} holds these lines {text.count(old)} times:\n{old}"
            text = text.replace(old, new)
        file.write_text(text, encoding="utf-8")
        changed.append(file)
    return changed
