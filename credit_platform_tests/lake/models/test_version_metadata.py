"""`metadata.json` of a version: one type writes and reads it, and knows what older versions lack."""

from __future__ import annotations

import json
from datetime import date

import pytest

from credit_platform.lake.models.model_store import ModelStore, to_json
from credit_platform.lake.models.stored_version import METADATA, MetricRow, VersionMetadata
from credit_platform_tests.small_book import MODELS, BookFolders

ROW = {"sample_role": "oot", "metric": "roc_auc", "value": 0.8, "ci_low": 0.7, "ci_high": 0.9, "n": 9, "n_bad": 3}
DOCUMENT: dict[str, object] = {
    "model": "m",
    "as_of": "2024-01-01",
    "windows": {"kind": "relative", "train": ["2023-01-01", "2023-02-01"], "oot": ["2023-03-01"]},
    "metrics": [ROW, ROW | {"metric": "ks", "value": None}],
    "without_clickstream": [ROW],
    "without_bureau": [],
    "params": {"depth": 3, "rate": 0.1, "is_fast": True, "inner": {"a": [1, None]}},
    "oot_null_rate": None,
    "artifacts_load_back": True,
    "later": {"added": ["by", "a", "later", "release"]},
}


@pytest.mark.parametrize("model", MODELS)
def test_every_byte_of_a_stored_version_s_metadata_is_understood(finished_book: BookFolders, model: str) -> None:
    store = ModelStore(finished_book.layout)
    for version in store.versions(model):
        content = store.load(model, version)[METADATA]
        metadata = VersionMetadata.from_bytes(content)
        assert metadata.to_bytes() == content
        assert metadata.model_extra == {}
        # Only a version whose training loans are rebalanced says how.
        assert metadata.model_fields_set | {"rebalancing"} == set(VersionMetadata.model_fields)
        assert set(metadata.without) == {"clickstream"}


def test_what_is_written_is_what_was_given() -> None:
    metadata = VersionMetadata.model_validate(DOCUMENT)
    assert metadata.to_bytes() == to_json(DOCUMENT)
    assert VersionMetadata.from_bytes(to_json(DOCUMENT)) == metadata


def test_months_metrics_and_groups_are_read_as_what_they_are() -> None:
    metadata = VersionMetadata.model_validate(DOCUMENT)
    assert metadata.as_of == date(2024, 1, 1)
    assert metadata.windows.train == (date(2023, 1, 1), date(2023, 2, 1))
    assert metadata.without == {"clickstream": (MetricRow.model_validate(ROW),), "bureau": ()}
    assert metadata.roc_auc("oot") == MetricRow.model_validate(ROW)
    assert metadata.roc_auc("test") is None


def test_a_version_that_says_nothing_reaches_no_gate() -> None:
    metadata = VersionMetadata.from_bytes(b"{}")
    assert metadata == VersionMetadata()
    assert (metadata.result.roc_auc, metadata.result.null_rate, metadata.result.artifacts_load_back) == (
        {},
        None,
        False,
    )


@pytest.mark.parametrize("content", [b"", b"[]", b'"x"', b"{", b'{"metrics": 3}', b'{"as_of": "soon"}'])
def test_something_else_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        VersionMetadata.from_bytes(content)


def test_nothing_changes_what_was_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        VersionMetadata.from_bytes(json.dumps(DOCUMENT).encode()).model = "other"  # type: ignore[misc]
