"""Whether the hashes that a life states of itself follow from what it holds: they may differ, if they are derived.

The rules are written down again here and not taken from the platform, as they are what is verified.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

from credit_platform_tests.campaigns.same_life.differences import Difference
from credit_platform_tests.campaigns.same_life.pairing import Life

_MONTH = re.compile(r"/\d{4}-\d\d-01\.parquet$")
_NOTHING_BEFORE = "0" * 64


def underived(life: Life) -> Iterator[Difference]:
    """Every stated hash that is not the one of what it is stated of."""
    for folder in life.versions:
        yield from _of_version(life, folder)
    yield from _of_chain(life)
    for file in life.files:
        if file.startswith("archive/policy/") and Path(file).stem != _policy_hash(life.read(file)):
            yield _fault(file, "its name", "it is not the hash of its values")
        if file.startswith("archive/") and file.endswith(".parquet") and Path(file).stem != life.sha256[file]:
            yield _fault(file, "its name", "it is not the hash of the file")
    known = {record_sha256 for written in life.editions.values() for record_sha256 in written}
    for (table, month), written in life.editions.items():
        held = life.sha256.get(f"{table}/{month}.parquet")
        if held != written[-1]:
            yield _fault(life.name_of("audit/editions.jsonl"), table, f"{month}: the last hash is not that of the file")
    for file, sha256 in life.sha256.items():
        if _is_month(file) and sha256 not in known and life.editions:
            yield _fault(file, "its hash", "no record of audit/editions.jsonl states it")


def _of_version(life: Life, folder: str) -> Iterator[Difference]:
    file = f"{folder}/manifest.json"
    if file not in life.sha256:
        yield _fault(folder, "manifest.json", "it is missing")
        return
    manifest = json.loads(life.read(file))
    digests = manifest["sha256"]
    held = {Path(name).name: life.sha256[name] for name in life.files if Path(name).parent == Path(folder)}
    held.pop("manifest.json")
    if digests != held:
        yield _fault(file, "sha256", "the hashes are not those of the files")
    name = f"{manifest['as_of']}-{_sha256(_document(digests))[:12]}"
    if (manifest["model_version"], Path(folder).name) != (name, name):
        yield _fault(file, "model_version", f"{manifest['model_version']} in {folder}: the hashes give {name}")
    body = {key: value for key, value in manifest.items() if key != "manifest_sha256"}
    if manifest["manifest_sha256"] != _sha256(_document(body)):
        yield _fault(file, "manifest_sha256", "it is not the hash of the manifest")
    registered = {str(_details(record).get("manifest_sha256")) for record in life.known("audit/audit.jsonl")}
    if registered and manifest["manifest_sha256"] not in registered:
        yield _fault(file, "manifest_sha256", "the audit log registers no such manifest")


def _of_chain(life: Life) -> Iterator[Difference]:
    file, before = "audit/audit.jsonl", _NOTHING_BEFORE
    records = life.records(file)
    for place, record in enumerate(records):
        body = {key: value for key, value in record.items() if key != "sha256"}
        stated = (record["sequence"], record["previous_sha256"], record["sha256"])
        sha256 = _sha256(json.dumps(body, ensure_ascii=False).encode())
        if stated != (place + 1, before, sha256):
            yield _fault(file, f"[{place}].sha256", "the chain is broken")
        before = str(record["sha256"])
    head = life.records("audit/audit_head.json")
    if records and head != [{"sequence": len(records), "sha256": before}]:
        yield _fault("audit/audit_head.json", "sha256", "it is not that of the last record")


def _details(record: dict[str, object]) -> dict[str, object]:
    details = record.get("details")
    return details if isinstance(details, dict) else {}


def _policy_hash(content: bytes) -> str:
    return _sha256(json.dumps(json.loads(content), sort_keys=True).encode())


def _document(content: object) -> bytes:
    return (json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_month(file: str) -> bool:
    return _MONTH.search(file) is not None and not file.startswith("archive/")


def _fault(file: str, where: str, reason: str) -> Difference:
    return Difference(file, where, examples=(f"not derived: {reason}",))
