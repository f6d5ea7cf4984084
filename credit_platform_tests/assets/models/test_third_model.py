"""A third model: one entry in policy, one class, and nothing else."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from credit_platform.code_location import build_definitions
from credit_platform.errors import ModelStoreError
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.version import load_version
from credit_platform_tests.scoring.nearest_mean import NearestMeanEstimator
from credit_platform_tests.small_book import FIRST_TRAINING, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED

MODEL = "nearest_mean"
ADDRESS = "credit_platform_tests.scoring.nearest_mean:NearestMeanEstimator"
ENTRY = f"""
models:
  {MODEL}:
    alias: model_3
    algorithm: {ADDRESS}
    params: {{strength: 1.0}}
    tuning: {{trials: 2, min_validation_bads: 10, space: {{strength: {{low: 0.5, high: 2.0}}}}}}
"""
SCORED = date(2024, 2, 1)


@pytest.fixture
def with_third(book_copy: BookFolders, tmp_path: Path) -> BookFolders:
    """The book under a policy with one entry more."""
    policy_dir = tmp_path / "policy"
    policy_dir.mkdir()
    for file in book_copy.policy_dir.iterdir():
        (policy_dir / file.name).write_text(file.read_text())
    with (policy_dir / "model_config.yaml").open("a") as config:
        config.write(ENTRY)
    return BookFolders(book_copy.data_dir, book_copy.raw_dir, policy_dir)


def test_an_entry_in_policy_is_a_model_with_assets_of_its_own(with_third: BookFolders) -> None:
    graph = build_definitions(LOANS, with_third.settings()).get_repository_def().asset_graph
    keys = {key.to_user_string() for key in graph.get_all_asset_keys()}
    assert {f"model/{MODEL}", f"prediction/{MODEL}", f"monitoring/{MODEL}/action"} <= keys


def test_it_is_trained_stored_loaded_and_scores_in_runs_like_the_others(with_third: BookFolders) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        runner = with_third.runner(instance)
        trained = runner.run("train_models", FIRST_TRAINING, FIRST_TRAINING, assets=[f"model/{MODEL}"])
        assert trained.success, trained.problems
        logged = [entry.user_message for entry in instance.all_logs(trained.run_id)]
        assert [line.split(":")[0] for line in logged if line.startswith("trial ")] == ["trial 1 of 2", "trial 2 of 2"]
        metadata = instance.fetch_materializations(dg.AssetKey(["model", MODEL]), limit=1).records[0]
        assert metadata.asset_materialization is not None
        assert "(kept)" in str(metadata.asset_materialization.metadata["tuning"].value)
        tables = [f"prediction/{MODEL}", f"monitoring/{MODEL}/stability"]
        scored = runner.run("score_month", SCORED, SCORED, assets=tables)
        assert scored.success, scored.problems
    (version,) = ModelStore(with_third.layout).versions(MODEL)
    rows = with_third.lake.scan(f"prediction/{MODEL}", [SCORED]).collect()
    assert rows.height > 50
    assert set(rows["model_version"]) == {version}
    stored = with_third.lake.versions.read(MODEL, version).fitted(with_third.settings().policy.model)
    assert isinstance(stored.estimator, NearestMeanEstimator)
    loans = rows.select("loan_id").join(
        with_third.lake.scan("gold/feature_store", [SCORED]).collect(), on="loan_id", how="left", maintain_order="left"
    )
    assert np.array_equal(stored.predict(loans), rows["default_probability"].to_numpy())
    files = ModelStore(with_third.layout).load(MODEL, version)
    assert json.loads(files["tuning.json"])["trials"][0]["params"] == {"strength": 1.0}
    kept = json.loads(files["tuning.json"])["kept"]
    tried = json.loads(files["tuning.json"])["trials"][kept - 1]["params"]
    assert json.loads(files["metadata.json"])["params"] == tried

    config = with_third.settings().policy.model
    other = config.model_copy(update={"models": {MODEL: config.models["gradient_boosting"]}})
    with pytest.raises(ModelStoreError, match=rf"names the algorithm '{ADDRESS}', which policy does not"):
        with_third.lake.versions.read(MODEL, version).fitted(other)


def test_a_file_that_names_another_class_is_refused_before_anything_is_imported(tmp_path: Path) -> None:
    marker = tmp_path / "was_imported"
    (tmp_path / "evil.py").write_text(f"open({str(marker)!r}, 'w')")
    files = {"features.json": json.dumps({"algorithm": "evil:Learner"}).encode()}
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(tmp_path))
        with pytest.raises(ModelStoreError, match="names the algorithm 'evil:Learner', which policy does not"):
            load_version(MODEL, files, portfolio=LOANS, algorithm=ADDRESS)
    assert not marker.exists()
