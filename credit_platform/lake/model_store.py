"""Versions of models on disk: written once, whole, verified before use.

A version is a folder named `<month trained as of>-<hash of its content>`. Which version is in force is said by the
promotion log; fitting and prediction belong to `scoring`.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from credit_platform.errors import ModelStoreError
from credit_platform.lake.layout import Layout
from credit_platform.lending.months import month_key

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1


def to_json(content: object) -> bytes:
    """JSON bytes that depend on the content alone: sorted keys, fixed layout."""
    return (json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False) + "\n").encode()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class ModelStore:
    """The versions of all models below one data folder."""

    layout: Layout

    def versions(self, model: str) -> list[str]:
        """Every stored version of a model, by name, which is the order of training months."""
        return sorted(file.parent.name for file in self.layout.model(model).glob(f"[0-9]*/{MANIFEST}"))

    def save(self, model: str, as_of: date, artifacts: Mapping[str, bytes]) -> str:
        """Store the files of a version and return its name; the same files give the same version, never a second one.

        Raises:
            ModelStoreError: a version of this name exists with other bytes.
        """
        digests = {name: _sha256(content) for name, content in sorted(artifacts.items())}
        content_hash = _sha256(to_json(digests))
        version = f"{month_key(as_of)}-{content_hash[:12]}"
        if version in self.versions(model):
            self.load(model, version)
            return version
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "model": model,
            "model_version": version,
            "as_of": month_key(as_of),
            "sha256": digests,
        }
        self._write_folder(self.layout.model_version(model, version), {**artifacts, MANIFEST: to_json(manifest)})
        return version

    def load(self, model: str, version: str) -> dict[str, bytes]:
        """Read every file of a version after comparing it with the manifest.

        Raises:
            ModelStoreError: the version or one of its files is missing, changed, or of a newer schema.
        """
        folder = self.layout.model_version(model, version)
        if not (folder / MANIFEST).is_file():
            raise ModelStoreError(
                model=model, version=version, reason=f"no {MANIFEST} in {folder}", fix="Train the model again."
            )
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["schema_version"] > SCHEMA_VERSION:
            raise ModelStoreError(
                model=model,
                version=version,
                reason=f"it is of schema {manifest['schema_version']}, this platform reads up to {SCHEMA_VERSION}",
                fix="Use the platform release that wrote it, or a newer one.",
            )
        return {name: self._verified(model, version, folder / name, sha) for name, sha in manifest["sha256"].items()}

    def out_of_time_auc(self, model: str, version: str) -> float | None:
        """The ROC-AUC a version reached on its out-of-time cohort; None where the cohort did not define it.

        Raises:
            ModelStoreError: as `load`.
        """
        metadata = json.loads(self.load(model, version)["metadata.json"])
        found = [
            row["value"] for row in metadata["metrics"] if (row["sample_role"], row["metric"]) == ("oot", "roc_auc")
        ]
        return found[0] if found else None

    @staticmethod
    def _verified(model: str, version: str, file: Path, expected: str) -> bytes:
        content = file.read_bytes() if file.is_file() else None
        if content is None or _sha256(content) != expected:
            raise ModelStoreError(
                model=model,
                version=version,
                reason=f"{file.name} {'is missing' if content is None else 'has changed since it was stored'}",
                fix=f"Restore {file} from a backup, or train the model again and promote the new version.",
            )
        return content

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
