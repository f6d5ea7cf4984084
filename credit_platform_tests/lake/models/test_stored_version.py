"""Versions as they are used: read and verified once in a run, again in the next."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import dagster as dg
import pytest

from credit_platform.errors import ModelStoreError
from credit_platform.lake.models.model_store import ModelStore, to_json
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import FIRST_OUTCOME, FIRST_TRAINING, LAST, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
MODEL = "gradient_boosting"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each version is verified from now on."""
    counted: Counter[str] = Counter()
    verified = ModelStore.verified

    def counting(store: ModelStore, model: str, version: str) -> tuple[dict[str, object], dict[str, bytes]]:
        counted[version] += 1
        return verified(store, model, version)

    monkeypatch.setattr(ModelStore, "verified", counting)
    return counted


@pytest.mark.parametrize("job", ["score_month", "monitor_month", "train_models"])
def test_a_run_verifies_every_version_once(book_copy: BookFolders, read: Counter[str], job: str) -> None:
    first = {"score_month": FIRST_TRAINING, "monitor_month": FIRST_OUTCOME, "train_models": FIRST_TRAINING}[job]
    last = first if job == "train_models" else LAST
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = book_copy.runner(instance).run(job, first, last)
    assert outcome.success, outcome.problems
    assert set(read.values()) == {1}


def test_a_file_that_has_changed_is_noticed_by_the_next_run(book_copy: BookFolders) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        runner = book_copy.runner(instance)
        assert runner.run("score_month", FIRST_TRAINING, FIRST_TRAINING).success
        for version in ModelStore(book_copy.layout).versions(MODEL):
            (book_copy.layout.model_version(MODEL, version) / "calibrator.json").write_bytes(b"{}")
        outcome = runner.run("score_month", FIRST_TRAINING, FIRST_TRAINING)
    assert any("calibrator.json has changed since it was stored" in problem for problem in outcome.problems)


def test_one_lake_reads_a_version_once_and_another_reads_it_again(book_copy: BookFolders, read: Counter[str]) -> None:
    lake = book_copy.lake
    version = ModelStore(lake.layout).versions(MODEL)[0]
    stored = lake.versions.read(MODEL, version)
    assert lake.versions.read(MODEL, version) is stored
    config = book_copy.settings().policy.model
    assert stored.fitted(config) is stored.fitted(config)
    assert stored.fitted(config).version == version
    assert stored.windows.train == stored.metadata.windows.train
    assert read[version] == 1
    assert book_copy.lake.versions.read(MODEL, version) is not stored
    assert read[version] == 2


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"model.txt": b"tree"}, r"its metadata\.json cannot be read: 'metadata\.json'"),
        ({"metadata.json": b"nothing"}, r"its metadata\.json cannot be read: Expecting value"),
        (
            {"metadata.json": to_json({"windows": {"train": ["2023-01-01"]}})},
            "does not say the cohorts of every sample",
        ),
    ],
)
def test_a_version_whose_metadata_cannot_be_used_is_named(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    lake = Lake.at(tmp_path, portfolio=LOANS)
    version = ModelStore(lake.layout).save(MODEL, FIRST_TRAINING, files)
    with pytest.raises(ModelStoreError, match=said) as refused:
        _ = lake.versions.read(MODEL, version).windows
    assert version in str(refused.value)
