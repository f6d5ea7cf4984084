"""The manifest of a stored version: what it holds, byte for byte, and what it was made of, under a hash of its own.

Pure checks of one document; reading and writing the folder belongs to `model_store`.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import date

from credit_platform.months import month_key

MANIFEST = "manifest.json"
# 2: the manifest carries its own hash and what the version was made of, and the audit log knows it.
SCHEMA_VERSION = 2
_OWN_HASH = "manifest_sha256"


def to_json(content: object) -> bytes:
    """JSON bytes that depend on the content alone: sorted keys, fixed layout."""
    return (json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def sha256_of(content: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return hashlib.sha256(content).hexdigest()


def version_name(as_of: date | str, digests: Mapping[str, str]) -> str:
    """`<month trained as of>-<hash of the files>`: the same files give the same name."""
    month = as_of if isinstance(as_of, str) else month_key(as_of)
    return f"{month}-{sha256_of(to_json(dict(digests)))[:12]}"


def make_manifest(
    model: str, as_of: date, digests: Mapping[str, str], made_of: Mapping[str, object]
) -> dict[str, object]:
    """The manifest of a version: hash by file under `sha256`, what it was made of beside it, its own hash last."""
    manifest = {
        **made_of,
        "schema_version": SCHEMA_VERSION,
        "model": model,
        "model_version": version_name(as_of, digests),
        "as_of": month_key(as_of),
        "sha256": dict(sorted(digests.items())),
    }
    return {**manifest, _OWN_HASH: sha256_of(to_json(manifest))}


def own_hash(manifest: Mapping[str, object]) -> str:
    """The hash a manifest states of itself."""
    return str(manifest[_OWN_HASH])


def read_manifest(content: bytes) -> dict[str, object] | None:
    """A manifest as stored; None where it is no such document."""
    try:
        manifest = json.loads(content)
    except ValueError:
        return None
    return manifest if isinstance(manifest, dict) else None


def fault_of_schema(manifest: Mapping[str, object]) -> tuple[str, str] | None:
    """Why a manifest cannot be read by this release, and what to do; None where it can."""
    schema = manifest.get("schema_version")
    if not isinstance(schema, int):
        return f"{MANIFEST} states no schema version", "Restore it from a backup, or train the month again."
    if schema > SCHEMA_VERSION:
        reason = f"it is of schema {schema}, this platform reads up to {SCHEMA_VERSION}"
        return reason, "Use the platform release that wrote it, or a newer one."
    if schema < SCHEMA_VERSION:
        reason = f"it is of schema {schema}, whose versions are not known to the audit log"
        return reason, "Train the month again."
    return None


def fault_of_content(content: bytes, manifest: Mapping[str, object], *, model: str, version: str) -> str | None:
    """What shows that a manifest is not the one that was written for this version; None where nothing does."""
    body = {name: value for name, value in manifest.items() if name != _OWN_HASH}
    if manifest.get(_OWN_HASH) != sha256_of(to_json(body)) or content != to_json(manifest):
        return f"{MANIFEST} has changed since it was stored"
    if (manifest.get("model"), manifest.get("model_version")) != (model, version):
        return f"{MANIFEST} is of model {manifest.get('model')}, version {manifest.get('model_version')}"
    digests = manifest.get("sha256")
    if not isinstance(digests, dict) or version_name(str(manifest.get("as_of")), digests) != version:
        return f"{MANIFEST} lists other files than the version's name is made of"
    return None
