"""Two lives held against each other, file by file.

How files of a kind are compared is written in `tables`, `documents` and `pages`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from os.path import commonpath
from pathlib import Path

import duckdb

from credit_platform_tests.campaigns.same_life.declared import Declarations
from credit_platform_tests.campaigns.same_life.derived import underived
from credit_platform_tests.campaigns.same_life.differences import Comparison, Difference
from credit_platform_tests.campaigns.same_life.documents import (
    compare_json,
    compare_jsonl,
    compare_text,
    compare_values,
)
from credit_platform_tests.campaigns.same_life.history import histories
from credit_platform_tests.campaigns.same_life.pages import compare_pages
from credit_platform_tests.campaigns.same_life.pairing import Life, pair, translation_of
from credit_platform_tests.campaigns.same_life.tables import compare_csv, compare_parquet, rows_of
from credit_platform_tests.campaigns.same_life.translation import Translation

_DOCUMENTS: dict[str, Callable[[bytes, bytes, str, Translation], list[Difference]]] = {
    ".json": compare_json,
    ".jsonl": compare_jsonl,
    ".html": compare_pages,
    **dict.fromkeys((".txt", ".md", ".sql", ".yaml"), compare_text),
}
_TABLES = {".parquet": compare_parquet, ".csv": compare_csv}
_NAMED_FILES = re.compile(r"'(/[^']*)'")


def compare(old_folder: Path, new_folder: Path, declared: Declarations) -> Comparison:
    """Everything that two lives differ in."""
    old, new = Life(old_folder, declared), Life(new_folder, declared)
    translation = translation_of(old, new)
    accepted = [entry for entry in declared.accepted if translation.models or not entry.only_with_a_renamed_model]
    comparison = Comparison(replace(declared, accepted=tuple(accepted)))
    for life in (old, new):
        for file in life.every_file:
            entry = declared.left_out_by(file)
            if entry is not None:
                comparison.left_out[entry.cause] += 1
    pairs = pair(old, new, translation)
    comparison.note(Difference(file, "whole file", examples=("is gone",)) for file in pairs.old_only)
    comparison.note(Difference(file, "whole file", examples=("is new",)) for file in pairs.new_only)
    for file, was in pairs.both.items():
        is_same = old.sha256[was] == new.sha256[file]
        rows, found = _compare_file(old.folder / was, new.folder / file, file, translation, is_same=is_same)
        comparison.add(file, found, is_same_bytes=is_same, rows=rows)
    _compare_histories(old_folder, new_folder, comparison, translation)
    comparison.note(underived(new))
    comparison.note(Difference(f"{each.file} (old life)", each.where, 1, each.examples) for each in underived(old))
    for entry in (*declared.models, *declared.paths):
        name = f"{entry.old} -> {entry.new}: {entry.cause}"
        comparison.in_effect[name] = translation.used.pop(name, 0)
    comparison.in_effect.update(translation.used)
    return comparison


def _compare_file(
    old: Path, new: Path, file: str, translation: Translation, *, is_same: bool
) -> tuple[int, list[Difference]]:
    if new.suffix == ".duckdb":
        return 0, list(compare_values(_views(old), _views(new), file, "", translation))
    # A name that should be gone from everywhere may have stayed where the bytes are the same.
    if is_same and not translation.models:
        return rows_of(new), []
    if new.suffix in _TABLES:
        return _TABLES[new.suffix](old, new, file, translation)
    if new.suffix in _DOCUMENTS:
        return 0, _DOCUMENTS[new.suffix](old.read_bytes(), new.read_bytes(), file, translation)
    return 0, [] if is_same else [Difference(file, "bytes", examples=("other bytes",))]


def _compare_histories(old: Path, new: Path, comparison: Comparison, translation: Translation) -> None:
    was, now = histories(old), histories(new)
    comparison.note(Difference(name, "whole history", examples=("is gone",)) for name in was.keys() - now.keys())
    comparison.note(Difference(name, "whole history", examples=("is new",)) for name in now.keys() - was.keys())
    for name in sorted(was.keys() & now.keys()):
        found = list(compare_values(was[name], now[name], name, "", translation))
        comparison.add(name, found, is_same_bytes=False)


def _views(datamart: Path) -> dict[str, str]:
    """The SQL of every view, without the folder it was written in: where a life was copied, that is another one."""
    query = "select schema_name, view_name, sql from duckdb_views() where not internal"
    with closing(duckdb.connect(str(datamart), read_only=True)) as connection:
        views = {f"{schema}.{view}": str(sql) for schema, view, sql in connection.execute(query).fetchall()}
    files = [file for sql in views.values() for file in _NAMED_FILES.findall(sql)]
    folder = commonpath(files) if files else ""
    return {name: sql.replace(folder, "<data>") for name, sql in views.items()}
