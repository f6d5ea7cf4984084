"""Versions of models on disk: written once, whole, verified before every use.

A version is a folder named `<month trained as of>-<hash of its content>`. Its manifest says what it holds, byte for
byte, and what it was made of, under a hash of its own. Which version is in force says the audit log; fitting and
prediction belong to `scoring`.
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NoReturn

from credit_platform.errors import ModelStoreError
from credit_platform.lake.files import record_of
from credit_platform.lake.governance.audit import AuditLog, AuditRecord, Entry
from credit_platform.lake.layout import Layout
from credit_platform.months import month_key

RESTORE = "Restore the version's folder from a backup, or train the month again and promote the new version."
MANIFEST = "manifest.json"
# 2: the manifest carries its own hash and what the version was made of, and the audit log knows it.
SCHEMA_VERSION = 2
_OWN_HASH = "manifest_sha256"


@dataclass(frozen=True)
class ModelStore:
    """The versions of all models below one data folder."""

    layout: Layout

    def models(self) -> list[str]:
        """Every model that has a version."""
        return sorted({file.parents[1].name for file in self.layout.model("*").parent.glob(f"*/[0-9]*/{MANIFEST}")})

    def versions(self, model: str) -> list[str]:
        """Every stored version of a model, by name, which is the order of training months."""
        return sorted(file.parent.name for file in self.layout.model(model).glob(f"[0-9]*/{MANIFEST}"))

    def save(
        self, model: str, as_of: date, artifacts: Mapping[str, bytes], provenance: Mapping[str, object] | None = None
    ) -> str:
        """Store the files of a version and return its name; the same files give the same version, never a second one.

        Args:
            model: The model it is a version of.
            as_of: The month it was trained as of.
            artifacts: Content by file name.
            provenance: What it was made of, as JSON values; the manifest holds it. It has no part in the name.

        The audit log learns of the version before the folder appears, so that none is ever found that it does not know.

        Raises:
            ModelStoreError: a version of this name exists with other bytes.
            AuditError: the audit log was tampered with.
        """
        digests = {name: sha256_of(content) for name, content in sorted(artifacts.items())}
        manifest = make_manifest(model, as_of, digests, provenance or {})
        version = str(manifest["model_version"])
        if version in self.versions(model):
            stored, _ = self._consistent(model, version)
            self._register(model, stored, as_of)
            return version
        self._register(model, manifest, as_of)
        self._write_folder(self.layout.model_version(model, version), {**artifacts, MANIFEST: to_json(manifest)})
        return version

    def load(self, model: str, version: str) -> dict[str, bytes]:
        """Read every file of a version. Raises as `verified` does."""
        return self.verified(model, version)[1]

    def verified(self, model: str, version: str) -> tuple[dict[str, object], dict[str, bytes]]:
        """Read manifest and files of a version after comparing them with each other and with the audit log.

        Raises:
            ModelStoreError: the model or version is unknown; a file or the manifest is missing, changed, added, of a
                newer schema, or not what was registered.
            AuditError: the audit log was tampered with.
        """
        manifest, files = self._consistent(model, version)
        if own_hash(manifest) not in _registered(AuditLog(self.layout).records(), model, version):
            raise ModelStoreError(
                model=model,
                version=version,
                reason=f"the audit log knows no registration of it with this {MANIFEST}",
                fix=RESTORE,
            )
        return manifest, files

    def _register(self, model: str, manifest: Mapping[str, object], as_of: date) -> None:
        version, sha256 = str(manifest["model_version"]), own_hash(manifest)
        policy = manifest.get("policy_sha256")
        entry = Entry(
            action="registered",
            model=model,
            model_version=version,
            actor="training",
            reasons=(),
            effective_month=as_of,
            policy_sha256=policy if isinstance(policy, str) else None,
            details={"manifest_sha256": sha256},
        )
        AuditLog(self.layout).append(entry, unless=lambda records: sha256 in _registered(records, model, version))

    def _consistent(self, model: str, version: str) -> tuple[dict[str, object], dict[str, bytes]]:
        """Manifest and files of a version that are in agreement with each other."""

        def refuse(reason: str, fix: str = RESTORE) -> NoReturn:
            raise ModelStoreError(model=model, version=version, reason=reason, fix=fix)

        folder = self.layout.model_version(model, version)
        if version not in self.versions(model):
            refuse(*self._why_unknown(model, version))
        content = (folder / MANIFEST).read_bytes()
        manifest = record_of(content)
        if manifest is None:
            refuse(reason=f"{MANIFEST} has changed since it was stored and cannot be read")
        fault = fault_of_schema(manifest)
        if fault is not None:
            refuse(*fault)
        written_for = str(manifest.get("model"))
        is_former = written_for != model and AuditLog(self.layout).renames().get(written_for) == model
        reason = fault_of_content(content, manifest, model=written_for if is_former else model, version=version)
        if reason is not None:
            refuse(reason)
        digests = manifest["sha256"]
        named = digests if isinstance(digests, dict) else {}
        strangers = sorted(file.name for file in folder.iterdir() if file.name not in {*named, MANIFEST})
        if strangers:
            refuse(
                reason=f"{', '.join(strangers)} lies in its folder and not in {MANIFEST}",
                fix=f"Move it out of {folder}.",
            )
        files: dict[str, bytes] = {}
        for name, expected in named.items():
            file = folder / name
            if not file.is_file():
                refuse(reason=f"{name} is missing")
            files[name] = file.read_bytes()
            if sha256_of(files[name]) != expected:
                refuse(reason=f"{name} has changed since it was stored")
        return manifest, files

    def _why_unknown(self, model: str, version: str) -> tuple[str, str]:
        folder = self.layout.model_version(model, version)
        if folder.is_dir() and folder.parent == self.layout.model(model):
            return f"{MANIFEST} is missing", RESTORE
        versions = self.versions(model)
        if versions:
            return "it is not in the model store", f"Name one of {', '.join(versions)}."
        models = ", ".join(self.models()) or "none yet"
        return f"no version of {model} is in the model store", f"Models with versions: {models}. Or train it first."

    @staticmethod
    def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
        part = folder.parent / f".{folder.name}.{uuid.uuid4().hex}.part"
        part.mkdir(parents=True)
        try:
            for name, content in files.items():
                with (part / name).open("wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
            try:
                part.rename(folder)
            except OSError:
                # Another process stored the same version first; names are content hashes, so it is the same.
                if not (folder / MANIFEST).is_file():
                    raise
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _registered(records: Sequence[AuditRecord], model: str, version: str) -> set[str]:
    """The hashes of the manifests under which a version was registered."""
    return {
        str(record.entry.details.get("manifest_sha256"))
        for record in records
        if record.entry.action == "registered" and (record.entry.model, record.entry.model_version) == (model, version)
    }


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
