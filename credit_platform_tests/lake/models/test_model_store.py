"""The model store: what is stored comes back byte for byte, and nothing else ever does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from credit_platform.errors import ModelStoreError
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.models.model_store import (
    MANIFEST,
    SCHEMA_VERSION,
    ModelStore,
    make_manifest,
    own_hash,
    sha256_of,
    to_json,
)
from credit_platform.lake.provenance import code, input_hashes, libraries
from credit_platform.lake.tables.monthly import Lake

MODEL, AS_OF = "gradient_boosting", date(2024, 12, 1)
METRICS = [
    {"sample_role": "test", "metric": "roc_auc", "value": 0.7},
    {"sample_role": "oot", "metric": "roc_auc", "value": 0.91},
]
ARTIFACTS = {"model.txt": b"tree\n", "metadata.json": to_json({"metrics": METRICS})}
MADE_OF = {"policy_sha256": "ab", "seeds": {"random_seed": 42}}


@pytest.fixture
def store(lake: Lake) -> ModelStore:
    return ModelStore(lake.layout)


@pytest.fixture
def version(store: ModelStore) -> str:
    return store.save(MODEL, AS_OF, ARTIFACTS, MADE_OF)


def folder_of(store: ModelStore, version: str) -> Path:
    return store.layout.model_version(MODEL, version)


def test_a_version_reads_back_byte_for_byte(store: ModelStore, version: str) -> None:
    assert version.startswith("2024-12-01-")
    assert store.load(MODEL, version) == ARTIFACTS
    assert (store.models(), store.versions(MODEL)) == ([MODEL], [version])


def test_the_same_content_is_the_same_version_and_is_not_written_again(store: ModelStore, version: str) -> None:
    inodes = {file.name: file.stat().st_ino for file in folder_of(store, version).iterdir()}
    again = {"policy_sha256": "cd"}
    assert store.save(MODEL, AS_OF, dict(reversed(ARTIFACTS.items())), again) == version
    assert {file.name: file.stat().st_ino for file in folder_of(store, version).iterdir()} == inodes
    assert store.versions(MODEL) == [version]
    assert len(AuditLog(store.layout).records()) == 1


def test_other_content_or_another_month_is_another_version_beside_it(store: ModelStore, version: str) -> None:
    other = store.save(MODEL, AS_OF, ARTIFACTS | {"model.txt": b"another tree\n"})
    later = store.save(MODEL, date(2025, 3, 1), ARTIFACTS)
    assert len({version, other, later}) == 3
    assert store.load(MODEL, version) == ARTIFACTS
    assert store.versions(MODEL)[-1] == later


def test_no_temporary_folder_stays_behind(store: ModelStore, version: str) -> None:
    assert [path.name for path in store.layout.model(MODEL).iterdir()] == [version]


def test_the_manifest_says_what_a_version_was_made_of_and_is_registered_by_its_hash(
    store: ModelStore, version: str
) -> None:
    manifest = store.verified(MODEL, version)[0]
    assert manifest["sha256"] == {name: sha256_of(content) for name, content in sorted(ARTIFACTS.items())}
    assert manifest["schema_version"] == SCHEMA_VERSION
    assert {key: manifest[key] for key in MADE_OF} == MADE_OF
    (record,) = AuditLog(store.layout).records()
    assert record.entry.action == "registered"
    assert (record.entry.model_version, record.entry.policy_sha256) == (version, "ab")
    assert record.entry.details == {"manifest_sha256": own_hash(manifest)}


def test_a_version_that_the_log_lost_is_registered_when_it_is_trained_again(store: ModelStore, version: str) -> None:
    shutil.rmtree(store.layout.audit_log().parent)
    with pytest.raises(ModelStoreError, match="the audit log knows no registration of it"):
        store.load(MODEL, version)
    assert store.save(MODEL, AS_OF, ARTIFACTS, MADE_OF) == version
    assert store.load(MODEL, version) == ARTIFACTS


def test_an_unknown_model_or_version_is_refused_with_those_there_are(store: ModelStore, version: str) -> None:
    with pytest.raises(ModelStoreError, match=f"2024-12-01-none: it is not in the model store. Name one of {version}"):
        store.load(MODEL, "2024-12-01-none")
    with pytest.raises(ModelStoreError, match=rf"no version of forest is in the model store.*{MODEL}"):
        store.load("forest", version)
    with pytest.raises(ModelStoreError, match="is not in the model store"):
        store.load(MODEL, f"../{MODEL}/{version}")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.txt", b"tampered\n", r"model\.txt has changed since"),
        ("model.txt", b"tree", r"model\.txt has changed since"),
        ("model.txt", None, r"model\.txt is missing"),
        ("metadata.json", b"{}", r"metadata\.json has changed since"),
        (MANIFEST, None, r"manifest\.json is missing"),
        (MANIFEST, b"{", r"manifest\.json has changed since .* cannot be read"),
        (MANIFEST, b"[]", r"manifest\.json has changed since .* cannot be read"),
        (MANIFEST, b"{}", r"states no schema version"),
        ("notes.txt", b"hello", r"notes\.txt lies in its folder and not in manifest\.json"),
    ],
)
def test_a_changed_missing_or_added_file_is_named_and_never_loaded_or_overwritten(
    store: ModelStore, version: str, name: str, content: bytes | None, said: str
) -> None:
    file = folder_of(store, version) / name
    file.unlink(missing_ok=True)
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelStoreError, match=rf"version {version}: .*{said}"):
        store.load(MODEL, version)
    if name != MANIFEST or content is not None:
        with pytest.raises(ModelStoreError, match=said):
            store.save(MODEL, AS_OF, ARTIFACTS, MADE_OF)
        assert (file.read_bytes() if file.exists() else None) == content


def test_every_single_changed_byte_of_a_version_is_refused(store: ModelStore, version: str) -> None:
    for file in sorted(folder_of(store, version).iterdir()):
        content = file.read_bytes()
        for place in range(0, len(content), max(1, len(content) // 40)):
            file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            with pytest.raises(ModelStoreError):
                store.load(MODEL, version)
        file.write_bytes(content)
    assert store.load(MODEL, version) == ARTIFACTS


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (SCHEMA_VERSION + 1, f"schema {SCHEMA_VERSION + 1}, this platform reads up to {SCHEMA_VERSION}. Use the"),
        (1, "schema 1, whose versions are not known to the audit log. Train the month again"),
    ],
)
def test_a_version_of_another_schema_is_refused(store: ModelStore, version: str, schema: int, said: str) -> None:
    file = folder_of(store, version) / MANIFEST
    file.write_bytes(to_json(json.loads(file.read_bytes()) | {"schema_version": schema}))
    with pytest.raises(ModelStoreError, match=said):
        store.load(MODEL, version)


Forge = Callable[[ModelStore, str], None]


def other_provenance(store: ModelStore, version: str) -> None:
    """A manifest that is sound in itself and says something else of the version's making."""
    digests = store.verified(MODEL, version)[0]["sha256"]
    assert isinstance(digests, dict)
    forged = make_manifest(MODEL, AS_OF, digests, {"policy_sha256": "forged"})
    (folder_of(store, version) / MANIFEST).write_bytes(to_json(forged))


def other_model(store: ModelStore, version: str) -> None:
    """Files and a sound manifest of other content under the version's name."""
    files = ARTIFACTS | {"model.txt": b"another tree\n"}
    forged = make_manifest(MODEL, AS_OF, {name: sha256_of(content) for name, content in files.items()}, MADE_OF)
    (folder_of(store, version) / "model.txt").write_bytes(files["model.txt"])
    (folder_of(store, version) / MANIFEST).write_bytes(to_json(forged))


def other_folder(store: ModelStore, version: str) -> None:
    """A sound version of another month in the folder of this one."""
    other = store.save(MODEL, date(2025, 3, 1), ARTIFACTS | {"model.txt": b"another tree\n"}, MADE_OF)
    shutil.rmtree(folder_of(store, version))
    shutil.copytree(folder_of(store, other), folder_of(store, version))


@pytest.mark.parametrize(
    ("forge", "said"),
    [
        (other_provenance, "knows no registration of it with this manifest"),
        (other_model, "manifest.json is of model"),
        (other_folder, "manifest.json is of model"),
    ],
)
def test_a_forged_version_is_refused_however_sound_it_is_in_itself(
    store: ModelStore, version: str, forge: Forge, said: str
) -> None:
    forge(store, version)
    with pytest.raises(ModelStoreError, match=said):
        store.load(MODEL, version)


def test_json_bytes_depend_on_the_content_alone() -> None:
    assert to_json({"b": 1, "a": "ü"}) == to_json({"a": "ü", "b": 1}) == '{\n "a": "ü",\n "b": 1\n}\n'.encode()


def test_input_months_are_known_by_the_bytes_of_their_files(lake: Lake) -> None:
    file = lake.layout.month_file("gold/label_store", AS_OF)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"rows")
    hashes = input_hashes(lake.layout, {"gold/label_store": [AS_OF], "gold/feature_store": []})
    assert hashes == {"gold/label_store": {"2024-12-01": sha256_of(b"rows")}, "gold/feature_store": {}}


def test_code_and_libraries_are_named() -> None:
    assert set(code()) == {"git_commit", "git_dirty"}
    assert {"lightgbm", "polars", "python"} <= set(libraries())
