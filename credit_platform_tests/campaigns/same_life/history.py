"""What the run history of a life says of checks, materializations and runs: documents without ids and times.

Comparing documents belongs to `documents`. The databases are read as they are; Dagster would change them on opening.
"""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from os.path import commonpath
from pathlib import Path

_STORAGE = Path(".dagster/storage/history")
_CHECKS = "select evaluation_event from asset_check_executions where evaluation_event is not null order by id"
_MATERIALIZATIONS = "select event from event_logs where dagster_event_type = 'ASSET_MATERIALIZATION' order by id"
_RUNS = "select pipeline_name, status from runs order by id"
_PICTURE = re.compile(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)")


def histories(folder: Path) -> dict[str, object]:
    """A document each: results of checks, metadata of materializations, numbers of runs; none without a history."""
    if not (folder / _STORAGE / "runs/index.db").is_file():
        return {}
    made = _materializations(folder)
    home = _home(made)
    documents = {"checks": _checks(folder), "materializations": made, "runs": _runs(folder)}
    return {
        f"history/{name}": json.loads(json.dumps(document).replace(f"{home}/", "<data>/"))
        for name, document in documents.items()
    }


def _home(made: dict[str, list[dict[str, object]]]) -> str:
    """The folder in which the life was lived; a copy lies elsewhere."""
    files = {str(metadata["file"]) for each in made.values() for metadata in each if "file" in metadata}
    return commonpath(files) if len(files) > 1 else "<data>"


def _rows(file: Path, query: str) -> Iterator[tuple[str, ...]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        yield from connection.execute(query)


def _checks(folder: Path) -> dict[str, list[object]]:
    """By asset, check and month: every result, in order."""
    results: dict[str, list[object]] = {}
    for (event,) in _rows(folder / _STORAGE / "runs/index.db", _CHECKS):
        found = json.loads(event)["dagster_event"]["event_specific_data"]
        if "success" not in found:
            continue  # planned, and told apart from its result
        name = "/".join([*found["asset_key"]["path"], found["check_name"], found.get("partition") or "all"])
        said = {name: found[name] for name in ("success", "blocking", "description")}
        metadata = {label: _value(entry) for label, entry in found["metadata"].items()}
        results.setdefault(name, []).append({**said, "severity": found["severity"]["__enum__"], "metadata": metadata})
    return results


def _materializations(folder: Path) -> dict[str, list[dict[str, object]]]:
    """By asset and month: the metadata of every materialization, in order."""
    made: dict[str, list[dict[str, object]]] = {}
    for (event,) in _rows(folder / _STORAGE / "runs/index.db", _MATERIALIZATIONS):
        found = json.loads(event)["dagster_event"]["event_specific_data"]["materialization"]
        name = "/".join([*found["asset_key"]["path"], found.get("partition") or "all"])
        metadata = {entry["label"]: _value(entry["entry_data"]) for entry in found["metadata_entries"]}
        made.setdefault(name, []).append(metadata)
    return made


def _runs(folder: Path) -> dict[str, int]:
    """The number of runs by job and how they ended."""
    runs: dict[str, int] = {}
    for job, status in _rows(folder / _STORAGE / "runs.db", _RUNS):
        runs[f"{job} {status}"] = runs.get(f"{job} {status}", 0) + 1
    return runs


def _value(entry: dict[str, object]) -> object:
    """A value of metadata, pictures as their markup."""
    values = [value for name, value in entry.items() if not name.startswith("__")]
    value = values[0] if len(values) == 1 else values
    if not isinstance(value, str):
        return value
    return _PICTURE.sub(lambda found: base64.b64decode(found[1]).decode(), value)
