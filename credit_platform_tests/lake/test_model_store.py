from __future__ import annotations

import json
from datetime import date

import pytest

from credit_platform.errors import ModelStoreError
from credit_platform.lake.model_store import MANIFEST, SCHEMA_VERSION, ModelStore, to_json
from credit_platform.lake.tables import Lake

MODEL, AS_OF = "gradient_boosting", date(2024, 12, 1)
METRICS = [
    {"sample_role": "test", "metric": "roc_auc", "value": 0.7},
    {"sample_role": "oot", "metric": "roc_auc", "value": 0.91},
]
ARTIFACTS = {"model.txt": b"tree\n", "metadata.json": to_json({"metrics": METRICS})}


@pytest.fixture
def store(lake: Lake) -> ModelStore:
    return ModelStore(lake.layout)


def test_a_version_reads_back_byte_for_byte(store: ModelStore) -> None:
    version = store.save(MODEL, AS_OF, ARTIFACTS)
    assert version.startswith("2024-12-01-")
    assert store.load(MODEL, version) == ARTIFACTS
    assert store.versions(MODEL) == [version]
    assert store.out_of_time_auc(MODEL, version) == 0.91


def test_the_same_content_is_the_same_version_and_is_not_written_again(store: ModelStore) -> None:
    version = store.save(MODEL, AS_OF, ARTIFACTS)
    file = store.layout.model_version(MODEL, version) / "model.txt"
    inode = file.stat().st_ino
    assert store.save(MODEL, AS_OF, dict(reversed(ARTIFACTS.items()))) == version
    assert file.stat().st_ino == inode
    assert store.versions(MODEL) == [version]


def test_other_content_or_another_month_is_another_version_beside_it(store: ModelStore) -> None:
    first = store.save(MODEL, AS_OF, ARTIFACTS)
    other = store.save(MODEL, AS_OF, ARTIFACTS | {"model.txt": b"another tree\n"})
    later = store.save(MODEL, date(2025, 3, 1), ARTIFACTS)
    assert len({first, other, later}) == 3
    assert store.load(MODEL, first) == ARTIFACTS
    assert store.versions(MODEL)[-1] == later


def test_no_temporary_folder_stays_behind(store: ModelStore) -> None:
    version = store.save(MODEL, AS_OF, ARTIFACTS)
    assert [path.name for path in store.layout.model(MODEL).iterdir()] == [version]


def test_a_version_that_was_never_stored_is_refused(store: ModelStore) -> None:
    with pytest.raises(ModelStoreError, match=r"version 2024-12-01-none: no manifest\.json"):
        store.load(MODEL, "2024-12-01-none")


@pytest.mark.parametrize(("content", "said"), [(b"tampered\n", "has changed since"), (None, "is missing")])
def test_a_tampered_or_missing_file_is_named_and_never_loaded_or_overwritten(
    store: ModelStore, content: bytes | None, said: str
) -> None:
    version = store.save(MODEL, AS_OF, ARTIFACTS)
    file = store.layout.model_version(MODEL, version) / "model.txt"
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ModelStoreError, match=rf"model\.txt {said}"):
        store.load(MODEL, version)
    with pytest.raises(ModelStoreError, match=rf"model\.txt {said}"):
        store.save(MODEL, AS_OF, ARTIFACTS)
    assert (file.read_bytes() if file.exists() else None) == content


def test_a_version_of_a_newer_schema_is_refused(store: ModelStore) -> None:
    version = store.save(MODEL, AS_OF, ARTIFACTS)
    file = store.layout.model_version(MODEL, version) / MANIFEST
    manifest = json.loads(file.read_bytes()) | {"schema_version": SCHEMA_VERSION + 1}
    file.write_bytes(to_json(manifest))
    with pytest.raises(ModelStoreError, match=f"schema {SCHEMA_VERSION + 1}, this platform reads up to"):
        store.load(MODEL, version)


def test_a_version_without_an_out_of_time_auc_says_none(store: ModelStore) -> None:
    version = store.save(MODEL, AS_OF, {"metadata.json": to_json({"metrics": METRICS[:1]})})
    assert store.out_of_time_auc(MODEL, version) is None


def test_json_bytes_depend_on_the_content_alone() -> None:
    assert to_json({"b": 1, "a": "ü"}) == to_json({"a": "ü", "b": 1}) == '{\n "a": "ü",\n "b": 1\n}\n'.encode()
