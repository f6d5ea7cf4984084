from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from credit_platform.assets.models.retrain_claim import LEFT_TO_TAG, RETRAIN_TAG, retrain_key, train_once
from credit_platform.lake.governance.retrainings import Done, Retraining
from credit_platform.lake.layout import Layout
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.months import month_key
from credit_platform.portfolios.loans.portfolio import LOANS
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


class Trainer:
    """An asset that does nothing but train once, and what became of it."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.layout, self.instance = Layout.of(folder, folder, LOANS), instance
        self.trained: list[str] = []

    def run(self, *, is_broken: bool = False, is_given_up: bool = False) -> dg.ExecuteInProcessResult:
        """One run for the retraining, whose training may fail, or which was reported as failed before it begins."""

        @dg.asset
        def version(context: dg.AssetExecutionContext) -> None:
            def train() -> str:
                if is_broken:
                    message = "no features"
                    raise ValueError(message)
                self.trained.append(context.run.run_id)
                return "v2"

            if is_given_up:
                context.instance.report_run_failed(context.run, "nothing was heard of it")
            train_once(context, self.layout, MODEL, train)

        return dg.materialize([version], instance=self.instance, tags=TAGS, raise_on_error=False)


@pytest.fixture
def trainer(tmp_path: Path) -> Iterator[Trainer]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Trainer(tmp_path, instance)


def test_a_training_that_fails_leaves_its_turn_to_the_next(trainer: Trainer) -> None:
    assert not trainer.run(is_broken=True).success
    assert Retraining(trainer.layout, KEY).done() is None
    second = trainer.run()
    assert second.success
    assert Retraining(trainer.layout, KEY).done() == Done("v2", second.run_id)
    third = trainer.run()
    assert third.success
    assert trainer.trained == [second.run_id]


def test_a_run_that_was_given_up_as_dead_trains_nothing_and_does_not_end_well(trainer: Trainer) -> None:
    assert not trainer.run(is_given_up=True).success
    assert trainer.trained == []
    assert trainer.run().success
    assert len(trainer.trained) == 1


def test_what_was_trained_by_a_run_that_died_afterwards_is_not_trained_again(trainer: Trainer) -> None:
    first = trainer.run()
    run = trainer.instance.get_run_by_id(first.run_id)
    assert run is not None
    trainer.instance.report_run_failed(run)
    second = trainer.run()
    assert second.success
    assert trainer.trained == [first.run_id]
    left = trainer.instance.get_run_by_id(second.run_id)
    assert left is not None
    assert left.tags[LEFT_TO_TAG] == first.run_id
