"""JSON documents, logs and plain texts of two lives: every key, value and line, exactly.

Pages have a module of their own, `pages`; tables another, `tables`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from fnmatch import fnmatchcase

from credit_platform_tests.campaigns.same_life.differences import Difference
from credit_platform_tests.campaigns.same_life.translation import Translation

_SHOWN = 80
# What a record of a log is about, and what therefore orders the log.
_SUBJECTS = ("table", "model", "source")
_EXAMPLES = 3
_LONGEST = 3000


def compare_json(old: bytes, new: bytes, file: str, translation: Translation) -> list[Difference]:
    """How two JSON documents differ."""
    return list(compare_values(json.loads(old), json.loads(new), file, "", translation))


def compare_jsonl(old: bytes, new: bytes, file: str, translation: Translation) -> list[Difference]:
    """How two logs differ, record by record; of records about tables and models, by table and by model.

    Which of two tables of a run is written first depends on their names.
    """
    was, now = ([json.loads(line) for line in each.splitlines()] for each in (old, new))
    keys = [entry for entry in translation.declared.keys if fnmatchcase(file, entry.within)]
    theirs = [next((entry.new for entry in keys if entry.old == subject), subject) for subject in _SUBJECTS]
    return list(
        compare_values(_by_subject(was, _SUBJECTS), _by_subject(now, [*theirs, *_SUBJECTS]), file, "", translation)
    )


def _by_subject(records: list[dict[str, object]], subjects: Sequence[str]) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for record in records:
        subject = next((str(record[name]) for name in subjects if name in record), "all")
        found.setdefault(subject, []).append(record)
    return found


def compare_text(old: bytes, new: bytes, file: str, translation: Translation) -> list[Difference]:
    """How two texts differ, line by line."""
    return list(compare_lines(old.decode().splitlines(), new.decode().splitlines(), file, "text", translation))


def compare_values(old: object, new: object, file: str, where: str, translation: Translation) -> Iterator[Difference]:
    """Every difference of two JSON values, by the path to it."""
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _compare_objects(old, new, file, where, translation)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield Difference(file, f"{where}[]", abs(len(old) - len(new)), (f"{len(old)} items -> {len(new)} items",))
        for place, (was, now) in enumerate(zip(old, new, strict=False)):
            yield from compare_values(was, now, file, f"{where}[{place}]", translation)
    elif isinstance(old, str) and isinstance(new, str):
        if not translation.is_same(old, new, file):
            yield Difference(file, where or "value", examples=(_change(translation.old(old, file), new),))
    elif repr(old) != repr(new):
        yield Difference(file, where or "value", examples=(_change(old, new),))


def _compare_objects(
    old: dict[str, object], new: dict[str, object], file: str, where: str, translation: Translation
) -> Iterator[Difference]:
    there = set(new)
    renamed = {translation.key(key, there, file): value for key, value in old.items()}
    for key in sorted(renamed.keys() | there):
        place = f"{where}.{key}" if where else key
        if translation.declared.is_of_the_moment(file, key):
            continue
        if key not in there:
            yield Difference(file, place, examples=(f"the key is gone: {_short(renamed[key])}",))
        elif key not in renamed:
            yield Difference(file, place, examples=(f"the key is new: {_short(new[key])}",))
        else:
            yield from compare_values(renamed[key], new[key], file, place, translation)


def compare_lines(
    old: Sequence[str], new: Sequence[str], file: str, where: str, translation: Translation
) -> Iterator[Difference]:
    """The lines that are gone, new or changed, as one difference."""
    was = [translation.old(line, file) for line in old]
    now = [translation.new(line, file) for line in new]
    if was == now:
        return
    changes = _changes(was, now)
    count = sum(max(len(gone), len(come)) for gone, come in changes)
    examples = tuple(_change("\n".join(gone[:9]), "\n".join(come[:9])) for gone, come in changes[:_EXAMPLES])
    yield Difference(file, where, count, examples)


def _changes(old: Sequence[str], new: Sequence[str]) -> list[tuple[Sequence[str], Sequence[str]]]:
    """The pieces that differ; of very long ones only that they do, as finding out more takes minutes."""
    pairs = zip(old, new, strict=False)
    begin = next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))
    pairs = zip(reversed(old[begin:]), reversed(new[begin:]), strict=False)
    alike = next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)) - begin)
    was, now = old[begin : len(old) - alike], new[begin : len(new) - alike]
    if max(len(was), len(now)) > _LONGEST:
        return [(was, now)]
    pieces = SequenceMatcher(None, was, now, autojunk=False).get_opcodes()
    return [(was[i1:i2], now[j1:j2]) for what, i1, i2, j1, j2 in pieces if what != "equal"]


def _change(old: object, new: object) -> str:
    """Two values, from a little before they part."""
    was, now = str(old), str(new)
    parted = next((place for place, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), 0)
    begin = max(0, parted - _SHOWN // 4)
    return f"{_short(was[begin:])!r} -> {_short(now[begin:])!r}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
