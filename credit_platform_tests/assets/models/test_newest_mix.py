"""A version trained while a source is out is judged as the newest cohorts have sources; without an outage as ever."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path

import dagster as dg
import polars as pl
import pytest
from rich.console import Console

from credit_platform.assets.models import training
from credit_platform.assets.models.judgement import newest_mix
from credit_platform.assets.models.training import TrainingOutcome, train_as_of
from credit_platform.cli.run.runs import Runner
from credit_platform.code_location import build_definitions
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.models.stored_version import METADATA, VersionMetadata
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.months import add_months, month_range
from credit_platform.policy.load import Policy
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.governance.head_to_head import HeadToHead, RankedBy
from credit_platform.scoring.training.samples import without_source
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.training.windows import windows_for
from credit_platform_tests.small_book import (
    FIRST,
    FIRST_TRAINING,
    MODEL_CONFIG,
    MODELS,
    PREVIEW_ALLOWED,
    SPEC,
    BookFolders,
)

pytestmark = PREVIEW_ALLOWED

NEWEST = month_range(add_months(FIRST_TRAINING, -5), FIRST_TRAINING)


def darkened(book: BookFolders, sources: Sequence[str], months: Sequence[date] = NEWEST) -> None:
    """Take sources from some cohorts, by default from the newest ones of the first training."""
    for month in months:
        rows = book.lake.scan("gold/feature_store", [month]).collect()
        for source in sources:
            rows = without_source(rows, source, LOANS.features)
        book.lake.write("gold/feature_store", rows, [month])


def with_floor(policy: Policy, floor: float) -> Policy:
    gates = policy.model.gates.model_copy(update={"min_oot_roc_auc": floor})
    return replace(policy, model=policy.model.model_copy(update={"gates": gates}))


def stored(book: BookFolders, model: str, outcome: TrainingOutcome) -> VersionMetadata:
    return VersionMetadata.from_bytes(ModelStore(book.layout).load(model, outcome.model_version)[METADATA])


@pytest.fixture
def untrained(book_copy: BookFolders) -> BookFolders:
    book_copy.forget_decisions()
    return book_copy


@pytest.mark.parametrize("model", MODELS)
def test_without_an_outage_every_figure_is_that_on_the_samples(finished_book: BookFolders, model: str) -> None:
    store = ModelStore(finished_book.layout)
    for version in store.versions(model):
        said = json.loads(store.load(model, version)[METADATA])
        assert said["newest_mix"]["metrics"] == said["metrics"]
        metadata = VersionMetadata.model_validate(said)
        assert metadata.judged_auc("oot") == metadata.roc_auc("oot")


def test_the_newest_cohorts_are_those_after_the_samples_up_to_the_training(finished_book: BookFolders) -> None:
    windows = windows_for(FIRST_TRAINING, LOANS.load_policy(finished_book.policy_dir).model)
    mix = newest_mix(finished_book.lake, windows.oot[-1], FIRST_TRAINING)
    assert mix.cohorts == tuple(NEWEST)
    assert mix.n == finished_book.lake.scan("gold/feature_store", NEWEST).select(pl.len()).collect().item()
    assert set(mix.present) == {"attributes", "clickstream", "financials"}
    assert newest_mix(finished_book.lake, windows.oot[-1], add_months(NEWEST[0], -1)).n == 0


@pytest.mark.parametrize("model", MODELS)
def test_in_an_outage_the_figure_without_the_source_is_stored_and_decides_the_gates(
    untrained: BookFolders, model: str
) -> None:
    policy = LOANS.load_policy(untrained.policy_dir)
    darkened(untrained, ["clickstream"])
    metadata = stored(untrained, model, train_as_of(untrained.lake, model, FIRST_TRAINING, policy))
    mix, dark = metadata.newest_mix, metadata.without["clickstream"]
    assert mix is not None
    assert mix.present["clickstream"] == 0.0 < mix.sample["clickstream"]
    assert [row for row in mix.metrics if row.sample_role == "oot"] == list(dark)
    judged, on_samples = metadata.judged_auc("oot"), metadata.roc_auc("oot")
    assert judged is not None
    assert on_samples is not None
    assert judged.value is not None
    assert on_samples.value is not None
    assert judged.value < on_samples.value - 0.02
    between = with_floor(policy, (judged.value + on_samples.value) / 2)
    outcome = train_as_of(untrained.lake, model, FIRST_TRAINING, between)
    assert "min_oot_roc_auc" in outcome.decision.failed_gates
    assert "min_oot_roc_auc" in (stored(untrained, model, outcome).failed_gates or ())
    assert "max_train_validation_gap" not in outcome.decision.failed_gates


@pytest.mark.slow
def test_a_source_gone_dark_before_the_training_of_a_generated_book_decides_its_gates(tmp_path: Path) -> None:
    book = BookFolders(tmp_path / "data", tmp_path / "raw", tmp_path / "policy")
    book.policy_dir.mkdir()
    (book.policy_dir / "model_config.yaml").write_text(f"{MODEL_CONFIG}gates: {{min_oot_roc_auc: 0.84}}\n")
    drift = Drift(DriftKind.SOURCE_DARK, NEWEST[0], 1.0)
    write_book(book.layout, replace(SPEC, n_months=13, history_months=1, drifts=(drift,)), on_month=lambda: None)
    with dg.DagsterInstance.ephemeral() as instance:
        repository = build_definitions(LOANS, book.settings(FIRST_TRAINING)).get_repository_def()
        ended = Runner(repository, LOANS, instance, Console(file=StringIO()), "test").run(
            "build_month", FIRST, FIRST_TRAINING
        )
        assert ended.success, ended.problems
    outcome = train_as_of(book.lake, "scorecard", FIRST_TRAINING, LOANS.load_policy(book.policy_dir))
    metadata = stored(book, "scorecard", outcome)
    assert metadata.newest_mix is not None
    assert (metadata.newest_mix.present["clickstream"], metadata.scarcer_sources) == (0.0, ("clickstream",))
    on_samples, judged = metadata.roc_auc("oot"), metadata.judged_auc("oot")
    assert judged == metadata.without["clickstream"][0]
    assert on_samples is not None
    assert on_samples.value is not None
    assert on_samples.value >= 0.84
    assert "min_oot_roc_auc" in outcome.decision.failed_gates


def test_both_versions_are_compared_on_the_same_loans_without_the_source(
    book_copy: BookFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[pl.DataFrame] = []
    compare = training.compare_versions

    def watched(
        candidate: FittedVersion,
        incumbent: FittedVersion,
        loans: pl.DataFrame,
        *,
        incumbent_version: str,
        by: RankedBy | None = None,
    ) -> HeadToHead:
        seen.append(loans)
        return compare(candidate, incumbent, loans, incumbent_version=incumbent_version, by=by)

    monkeypatch.setattr(training, "compare_versions", watched)
    month, policy = add_months(FIRST_TRAINING, 1), LOANS.load_policy(book_copy.policy_dir)
    for dark in ((), ("clickstream", "financials")):
        darkened(book_copy, dark, month_range(add_months(month, -5), month))
        train_as_of(book_copy.lake, "scorecard", month, policy)
    bright, without = seen
    assert bright["loan_id"].to_list() == without["loan_id"].to_list()
    assert bright["has_clickstream"].all()
    assert set(without["sources_present"]) == {"attributes"}
    assert without["n_loans"].null_count() == without.height
