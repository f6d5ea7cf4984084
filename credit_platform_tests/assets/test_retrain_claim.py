from __future__ import annotations

import dagster as dg

from credit_platform.assets.retrain_claim import LEFT_TO_TAG, RETRAIN_TAG, retrain_key
from credit_platform.lake.model_store import ModelStore
from credit_platform.lending.months import month_key
from credit_platform_tests.small_book import FIRST_TRAINING, MODELS, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED

MODEL = MODELS[0]
KEY = retrain_key(MODEL, month_key(FIRST_TRAINING), "v1")
TAGS = {RETRAIN_TAG.format(model=MODEL): KEY}


def trained(instance: dg.DagsterInstance) -> list[dict[str, object]]:
    records = instance.fetch_materializations(dg.AssetKey(["model", MODEL]), limit=10).records
    return [
        {name: value.value for name, value in record.asset_materialization.metadata.items()}
        for record in records
        if record.asset_materialization
    ]


def test_of_two_runs_started_for_one_retraining_the_older_trains_and_the_other_says_so(
    book_copy: BookFolders,
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        runner = book_copy.runner(instance)
        first = runner.run("train_models", FIRST_TRAINING, FIRST_TRAINING, assets=[f"model/{MODEL}"], tags=TAGS)
        assert first.success, first.problems
        versions = ModelStore(book_copy.layout).versions(MODEL)
        second = runner.run("train_models", FIRST_TRAINING, FIRST_TRAINING, assets=[f"model/{MODEL}"], tags=TAGS)
        assert second.success, second.problems
        left = instance.get_run_by_id(second.run_id)
        assert left is not None
        assert left.tags[LEFT_TO_TAG] == first.run_id
        newest, before = trained(instance)
        assert newest["left_to_run"] == first.run_id
        assert "model_version" not in newest
        assert "model_version" in before
        assert ModelStore(book_copy.layout).versions(MODEL) == versions


def test_a_run_that_no_action_asked_for_always_trains(book_copy: BookFolders) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        runner = book_copy.runner(instance)
        for _ in range(2):
            runner.run("train_models", FIRST_TRAINING, FIRST_TRAINING, assets=[f"model/{MODEL}"])
        assert ["model_version" in told for told in trained(instance)] == [True, True]
