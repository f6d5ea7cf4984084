"""The platform from Python: what the objects say is what the tables and the command line say."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import polars as pl
import pytest
from cyclopts import App, Parameter

from credit_platform import facades
from credit_platform.cli import main
from credit_platform.cli.book import Book
from credit_platform.cli.run.training import newest_built
from credit_platform.cli.run.verbs import add_pipeline_verbs
from credit_platform.errors import MissingMonthsError, ModelStoreError, SettingsError
from credit_platform.lake.governance.promotions import PromotionLog, incumbent
from credit_platform.months import add_months
from credit_platform.statistics.discrimination import roc_auc
from credit_platform_tests.small_book import FIRST_TRAINING, LAST, MODELS, BookFolders

MONTH = date(2024, 5, 1)


@pytest.fixture
def book(finished_book: BookFolders) -> Book:
    return Book.of(finished_book.settings())


def test_a_trained_book_gives_its_versions_and_what_they_reached(finished_book: BookFolders) -> None:
    pipeline = facades.MLPipelineOrchestrator(finished_book.settings())
    versions, metrics = pipeline.run_initial_training(num_months=20)
    records = PromotionLog(finished_book.layout).records()
    after = add_months(FIRST_TRAINING, 1)
    assert versions == {model: incumbent(records, model, after) for model in MODELS}
    row = metrics.filter(pl.col("sample_role") == "oot", pl.col("metric") == "roc_auc")
    assert row["model"].to_list() == list(MODELS)
    assert row["value"].is_between(0.5, 1).all()
    with pytest.raises(SettingsError, match="policy has models learn from 4"):
        pipeline.run_initial_training(num_months=3)
    assert pipeline.run_continuous_learning() == [], "every delivered month is built"


def test_initialization_writes_the_months_and_deletes_nothing(
    small_book: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir)
    for name, folder in {"DATA": folders.data_dir, "RAW": folders.raw_dir, "POLICY": folders.policy_dir}.items():
        monkeypatch.setenv(f"CREDIT_{name}_DIR", str(folder))
    own = folders.data_dir / "gold" / "mine.txt"
    own.parent.mkdir(parents=True)
    own.touch()
    pipeline = facades.MLPipelineOrchestrator()
    axis = pipeline.run_initialization().axis
    assert (axis.first_snapshot, axis.last) == (date(2023, 1, 1), LAST)
    assert (folders.data_dir / "platform.yaml").is_file()
    assert own.is_file()
    assert newest_built(pipeline.book) is None


def test_quality_of_tables_features_and_labels(book: Book) -> None:
    quality = facades.DataQualityChecker(book)
    assert quality.check("silver/loan_snapshots", [MONTH])[MONTH].passed
    assert quality.scores([MONTH]).height > 0
    with pytest.raises(MissingMonthsError, match="gold/no_such_table"):
        quality.check("gold/no_such_table", [MONTH])
    features = facades.FeatureValidator(book)
    assert features.validate([MONTH])[MONTH].rows > 0
    assert set(features.drift("model_1", MONTH)["segment"]) >= {"interest_rate", "outstanding_debt_amount"}
    labels = facades.LabelQualityChecker(book)
    assert labels.check([MONTH])[MONTH].passed
    stored = book.lake.scan("gold/label_store", [MONTH]).collect()
    (rate,) = labels.bad_rates([MONTH]).to_dicts()
    assert (rate["n"], rate["n_bad"]) == (stored.height, stored["label"].sum())


def test_a_table_that_breaks_its_contract_does_not_pass(book_copy: BookFolders) -> None:
    file = book_copy.layout.month_file("gold/label_store", MONTH)
    labels = pl.read_parquet(file)
    pl.concat([labels, labels.head(1)]).write_parquet(file, metadata=pl.read_parquet_metadata(file))
    verdict = facades.LabelQualityChecker(Book.of(book_copy.settings())).check([MONTH])[MONTH]
    assert not verdict.passed
    assert "primary_key" in verdict.broken_rules


def test_models_are_validated_compared_and_tracked(book: Book) -> None:
    version = PromotionLog(book.lake.layout).records()[0]
    gates = facades.ModelValidator(book)
    assert isinstance(gates.failed_gates(version.model, version.model_version), dict)
    with pytest.raises(ModelStoreError):
        gates.failed_gates(version.model, "2020-01-01-0")
    with pytest.raises(SettingsError, match="no model 'model_9'"):
        gates.failed_gates("model_9", version.model_version)
    label = np.array([0, 0, 1, 1, 0, 1])
    better, worse = np.array([0.1, 0.2, 0.8, 0.9, 0.3, 0.7]), np.array([0.5, 0.4, 0.3, 0.9, 0.1, 0.2])
    found = facades.ModelComparator.compare(label, better, worse)
    assert (found.n, found.n_bad, found.roc_auc_a) == (6, 3, 1.0)
    assert found.roc_auc_b == roc_auc(label, worse)
    assert found.p_value is not None
    assert facades.ModelComparator.compare([0, 0], [0.1, 0.2], [0.2, 0.1]).p_value is None
    assert facades.ModelComparator(book).decisions([LAST]).height > 0
    tracked = facades.PerformanceTracker(book).track("model_1")
    assert tracked["snapshot_month"].max() == LAST
    assert "roc_auc" in set(tracked["metric"])


def test_drift_is_detected_where_it_is_and_not_elsewhere(book: Book) -> None:
    detector = facades.DriftDetector(book)
    assert detector.index([500, 500], [50, 50]) == 0
    shifted = detector.index([500, 500], [200, 800])
    assert shifted is not None
    assert shifted > 0.25
    measured, found = detector.measure("model_2", MONTH), detector.detect("model_2", MONTH)
    assert found.height == measured.filter(pl.col("status").is_in(["warn", "breach"])).height < measured.height


def test_open_alerts_are_those_of_the_ledger(book: Book) -> None:
    alerts = facades.AlertManager(book)
    assert alerts.open_alerts() == alerts.dispatcher.log.open_alerts()


@pytest.fixture
def a_simulate(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """A verb that notes how it was called: simulating a life takes minutes and has tests of its own."""
    app, called = App(), list[tuple[str, ...]]()

    @app.command
    def simulate(*tokens: Annotated[str, Parameter(allow_leading_hyphen=True)]) -> int:
        called.append(tokens)
        sys.stdout.write(json.dumps({"noticed": "2023-09"}))
        return 0

    add_pipeline_verbs(app)
    monkeypatch.setattr(main, "app", app)
    return called


def test_a_drift_simulation_is_what_the_verb_simulates(
    finished_book: BookFolders, tmp_path: Path, a_simulate: list[tuple[str, ...]]
) -> None:
    pipeline = facades.MLPipelineOrchestrator(finished_book.settings())
    assert pipeline.run_drift_simulation("label", "2023-05", 0.5, out=tmp_path) == {"noticed": "2023-09"}
    asked = ("--drift", "label", "--from", "2023-05", "--strength", "0.5")
    assert a_simulate == [(*asked, "--out", str(tmp_path), "--json")]
    assert main.app(["drift", *asked], exit_on_error=False, result_action="return_value") == 0
    assert a_simulate[1] == asked
