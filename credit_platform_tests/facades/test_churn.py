"""Every name of the source document on a book of the kind it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform import facades
from credit_platform.cli.book import Book
from credit_platform.errors import MissingMonthsError, SettingsError, TableError, TrainingError
from credit_platform.lake.tables.catalog import refresh_datamart
from credit_platform.months import add_months
from credit_platform_tests.churn_book import FIRST, FIRST_TRAINING, LAST, MODEL_CONFIG, N_MONTHS
from credit_platform_tests.small_book import MODELS, PREVIEW_ALLOWED, BookFolders

# A month whose labels are of the cohort before it, and one with scores of versions in force.
MONTH = date(2023, 11, 1)
COHORT = date(2023, 10, 1)
# fmt: off
DOCUMENT = [
    "MLPipelineOrchestrator", "DataIngestionPipeline", "DataQualityChecker", "FeatureEngineer",
    "FeatureValidator", "FeatureStoreManager", "ChurnLabeler", "LabelQualityChecker", "ModelTrainer",
    "ModelValidator", "ModelComparator", "ModelMonitor", "PerformanceTracker", "DriftDetector",
    "AlertManager", "Config", "FeatureConfig", "FileUtils", "DatabaseUtils", "ValidationUtils",
    "FeatureStoreUtils", "ModelUtils", "DateUtils",
]
# fmt: on

pytestmark = PREVIEW_ALLOWED


@pytest.fixture
def book(finished_churn: BookFolders) -> Book:
    return Book.of(finished_churn.settings())


@pytest.fixture
def own_copy(finished_churn: BookFolders, tmp_path: Path) -> BookFolders:
    """A finished book of the test's own, with views of its own."""
    copied = finished_churn.copy_to(tmp_path)
    refresh_datamart(copied.layout)
    return copied


def test_every_name_of_the_document_is_there() -> None:
    assert [name for name in DOCUMENT if not hasattr(facades, name)] == []
    phases = ("run_initialization", "run_initial_training", "run_continuous_learning", "run_drift_simulation")
    assert all(callable(getattr(facades.MLPipelineOrchestrator, phase)) for phase in phases)


@pytest.mark.slow
def test_the_walk_of_the_document(small_churn: BookFolders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"DATA_DIR": tmp_path / "data", "RAW_DIR": small_churn.raw_dir, "POLICY_DIR": small_churn.policy_dir}
    for name, value in (variables | {"PORTFOLIO": "churn"}).items():
        monkeypatch.setenv(f"CREDIT_{name}", str(value))
    pipeline = facades.MLPipelineOrchestrator()
    assert pipeline.run_initialization().axis.last == LAST
    versions, metrics = pipeline.run_initial_training(num_months=6)
    assert set(versions) == set(MODELS)
    assert {"f1_score", "precision", "recall", "accuracy"} <= set(metrics["metric"])
    (walked,) = pipeline.run_continuous_learning(max_iterations=1)
    assert walked.month == f"{add_months(FIRST_TRAINING, 1):%Y-%m}"
    assert not walked.failures
    assert {one.in_force for one in walked.models} == set(versions.values())


def test_a_training_may_not_learn_from_fewer_months_than_policy_says(book: Book) -> None:
    pipeline = facades.MLPipelineOrchestrator(book.settings)
    with pytest.raises(SettingsError, match="policy has models learn from 3"):
        pipeline.run_initial_training(num_months=2)
    versions, _ = pipeline.run_initial_training(num_months=4)
    assert set(versions) == set(MODELS)


def test_the_verb_says_the_same_of_its_months(finished_churn: BookFolders) -> None:
    refused = finished_churn.verb("train", "--months", "2")
    assert refused.returncode == 2
    assert "--months: 2 months, and policy has models learn from 3. Say --months 3" in refused.stderr


def test_files_are_discovered_read_and_registered(book: Book) -> None:
    pipeline = facades.DataIngestionPipeline(book)
    found = pipeline.discover()
    assert dict(found.group_by("source").len().iter_rows()) == {
        "sales": N_MONTHS,
        "feedback_raw": N_MONTHS,
        "customers": 1,
    }
    assert found.filter(source="sales")["month"].min() == FIRST
    assert set(pipeline.registered()["source"]) == {"sales", "feedback_raw", "customers"}
    coverage = pipeline.coverage()
    assert coverage.filter(table="silver/sales")["present"].list.len().to_list() == [N_MONTHS]
    files = facades.FileUtils(book)
    first = files.of_source("sales")[0]
    stored = book.lake.scan("bronze/sales", [FIRST]).collect()
    assert files.read("sales", first).height == stored.height
    with pytest.raises(SettingsError, match="no source 'shoes'"):
        files.of_source("shoes")


def test_the_tables_of_the_document_are_views(own_copy: BookFolders) -> None:
    book = Book.of(own_copy.settings())
    database = facades.DatabaseUtils(book)
    own = ["CUSTOMERS", "CUSTOMER_FEATURES", "CUSTOMER_FEATURES_LABELED", "FEEDBACK_SENTIMENT", "SALES"]
    assert set(own) <= set(database.views())
    labelled = database.query("select customer_month, snapshot_month, label from CUSTOMER_FEATURES_LABELED")
    labels = book.lake.scan("gold/label_store", book.lake.months("gold/label_store")).collect()
    assert labelled.sort("customer_month").equals(
        labels.select("customer_month", snapshot_month="cohort", label="label").sort("customer_month")
    )
    assert database.query("select * from FEEDBACK_SENTIMENT limit 0").columns[-2:] == ["sentiment", "snapshot_month"]


def test_views_wait_for_their_tables(own_copy: BookFolders) -> None:
    for file in own_copy.layout.table("gold/label_store").glob("*.parquet"):
        file.unlink()
    database = facades.DatabaseUtils(Book.of(own_copy.settings()))
    database.refresh()
    assert "CUSTOMER_FEATURES" in database.views()
    assert "CUSTOMER_FEATURES_LABELED" not in database.views()
    own_copy.layout.datamart.unlink()
    with pytest.raises(MissingMonthsError):
        database.views()


def test_features_are_built_validated_and_given_out(own_copy: BookFolders) -> None:
    book = Book.of(own_copy.settings())
    stored = facades.FeatureStoreManager(book).read([MONTH])
    assert facades.FeatureEngineer(book).create(MONTH, MONTH).equals(stored)
    silver = {
        each.table: book.lake.scan(each.table, book.lake.months(each.table)).filter(
            pl.lit(value=True) if each.reach != "month" else pl.col("snapshot_month") == MONTH
        )
        for each in book.settings.portfolio.features.inputs
    }
    lazy = {table: rows.collect() for table, rows in silver.items()}
    again = facades.FeatureEngineer(book).from_rows(lazy).filter(pl.col("snapshot_month") == MONTH)
    assert again.sort("customer_month").equals(stored.sort("customer_month"))
    validator = facades.FeatureValidator(book)
    assert validator.validate([MONTH])[MONTH].passed
    empty = validator.missing([MONTH]).filter(feature="income_group")["missing"].item()
    assert empty == stored["income_group"].null_count() / stored.height
    close = validator.correlated([MONTH], limit=0.9)
    pairs = set(close.select("feature", "other").iter_rows())
    assert ("n_orders_3m", "n_purchase_days_3m") in pairs
    assert not {(b, a) for a, b in pairs} & pairs
    assert ("amount_1m", "amount_2m") not in set(validator.correlated([MONTH], 0.999).select("feature", "other").rows())
    version = facades.ModelUtils(book).versions("model_2")[0]
    assert validator.importance("model_2", version)["importance"].sum() == pytest.approx(1)
    samples = facades.FeatureStoreManager(book).dataset("model_2", version)
    assert set(samples["sample"]) == {"train", "validation", "test", "oot"}
    assert facades.FeatureStoreManager(book).dataset("model_2", version, "oot")["snapshot_month"].n_unique() == 1
    columns = facades.FeatureStoreUtils(book)
    assert ("silver/sales", "amount") in columns.lineage("amount_1m")
    assert set(columns.schema.column_names()) == set(stored.columns)


def test_the_features_of_the_configuration_are_those_of_the_book(book: Book) -> None:
    config = facades.FeatureConfig.of(book.settings.portfolio)
    assert "amount_3m" in config.NUMERICAL_COLS
    assert config.CATEGORICAL_COLS == ("income_group", "home_ownership", "household_size", "kids_count")
    assert config.directions["days_since_purchase"] == 1
    assert set(config.NUMERICAL_COLS) <= set(config.reasons)


def test_labels_are_made_again_and_are_the_same(own_copy: BookFolders) -> None:
    book = Book.of(own_copy.settings())
    labeler = facades.ChurnLabeler(book)
    assert (labeler.definition.label_def, labeler.known_in(COHORT)) == ("churn_30d", MONTH)
    before = labeler.labels([COHORT])
    assert labeler.create(MONTH, MONTH).equals(before)
    assert labeler.labels([LAST]).is_empty(), "nobody knows yet what comes after the last month"
    quality = facades.LabelQualityChecker(book)
    quality.require_consistent([MONTH])
    assert quality.check([MONTH])[MONTH].passed
    assert (
        f"{before.height:,} labels of cohort 2023-10 are mature, 100.0%" in quality.maturity([MONTH])[MONTH].description
    )
    band = quality.band([MONTH])[MONTH]
    assert band.metadata["bad_rate"] == pytest.approx(before["label"].mean())
    assert quality.duplicates([MONTH]).is_empty()


def test_a_label_of_an_immature_month_is_refused_by_name(own_copy: BookFolders) -> None:
    book = Book.of(own_copy.settings())
    file = own_copy.layout.month_file("gold/label_store", LAST)
    stored, cases = pl.read_parquet(file), book.lake.scan("silver/customer_months", [LAST]).collect()
    planted = (
        cases.select("customer_month", "customer_id", cohort="snapshot_month")
        .with_columns(label=pl.lit(1, pl.Int8), label_def=pl.lit("churn_30d"), snapshot_month=pl.lit(LAST))
        .with_columns(window_end=pl.lit(LAST), next_purchase_date=pl.lit(None, pl.Date))
        .select(stored.columns)
    )
    pl.concat([stored, planted]).write_parquet(file, metadata=pl.read_parquet_metadata(file))
    with pytest.raises(TableError, match=r"2024-02 \(known in 2024-03\)"):
        facades.LabelQualityChecker(book).require_consistent([LAST])


def test_a_cohort_that_lacks_labels_is_refused(own_copy: BookFolders) -> None:
    file = own_copy.layout.month_file("gold/label_store", MONTH)
    labels = pl.read_parquet(file)
    labels.head(labels.height // 2).write_parquet(file, metadata=pl.read_parquet_metadata(file))
    with pytest.raises(TableError, match=r"customers active in 2023-10 have a label"):
        facades.LabelQualityChecker(Book.of(own_copy.settings())).require_consistent([MONTH])


def test_a_label_that_is_there_twice_is_refused(own_copy: BookFolders) -> None:
    book = Book.of(own_copy.settings())
    file = own_copy.layout.month_file("gold/label_store", MONTH)
    labels = pl.read_parquet(file)
    pl.concat([labels, labels.head(1)]).write_parquet(file, metadata=pl.read_parquet_metadata(file))
    quality = facades.LabelQualityChecker(book)
    assert quality.duplicates([MONTH])["n"].to_list() == [2]
    with pytest.raises(TableError, match=r"1 cases have two labels"):
        quality.require_consistent([MONTH])


def test_a_training_that_fails_leaves_the_version_in_force(own_copy: BookFolders, tmp_path: Path) -> None:
    policy = tmp_path / "policy"
    policy.mkdir()
    (policy / "model_config.yaml").write_text(MODEL_CONFIG.replace("min_samples: 50", "min_samples: 100000"))
    strict = Book.of(replace(own_copy, policy_dir=policy).settings())
    after, versions = add_months(LAST, 1), facades.ModelUtils(strict)
    before = {model: (versions.in_force(model, after), versions.versions(model)) for model in MODELS}
    assert all(in_force for in_force, _ in before.values())
    with pytest.raises(TrainingError, match=r"(?s)100,?000.*The versions in force stay in force"):
        facades.ModelTrainer(strict).train("model_1", as_of=LAST)
    assert {model: (versions.in_force(model, after), versions.versions(model)) for model in MODELS} == before
    scored = facades.ModelMonitor(Book.of(own_copy.settings())).run_inference(LAST, LAST)
    assert {model: set(rows["model_version"]) for model, rows in scored.items()} == {
        model: {versions.in_force(model, LAST)} for model in MODELS
    }


def test_a_training_by_hand_gives_the_version_that_is_stored(own_copy: BookFolders) -> None:
    book = Book.of(own_copy.settings())
    trainer, known = facades.ModelTrainer(book), facades.ModelUtils(book)
    versions = known.versions("model_1")
    assert trainer.train("model_1", as_of=FIRST_TRAINING) == []
    assert known.versions("model_1") == versions
    reached = trainer.evaluate("model_1", versions[0])
    assert reached.filter(sample_role="oot", metric="roc_auc")["value"].item() > 0.5
    rows = facades.FeatureStoreManager(book).read([MONTH])
    stored = facades.ModelMonitor(book).predictions("model_1", [MONTH])
    assert set(stored["model_version"]) == {known.in_force("model_1", MONTH)}
    assert known.load("model_1", stored["model_version"][0]).predict(rows).shape == (stored.height,)


def test_versions_in_use_are_followed(book: Book) -> None:
    monitor = facades.ModelMonitor(book)
    assert set(monitor.versions()["role"]) >= {"in force"}
    actions = monitor.actions(FIRST, LAST)
    assert set(actions["model"]) == set(MODELS)
    tracked = facades.PerformanceTracker(book).track("model_2")
    assert tracked.filter(metric="f1_score").height > 0
    drift = facades.FeatureValidator(book).drift("model_2", MONTH)
    assert "days_since_purchase" in set(drift["segment"])
    assert isinstance(facades.AlertManager(book).open_alerts(), list)
    assert facades.ModelComparator(book).decisions([LAST]).height > 0
    version = facades.ModelUtils(book).versions("model_1")[0]
    assert isinstance(facades.ModelValidator(book).failed_gates("model_1", version), dict)


def test_rows_at_hand_are_held_against_a_contract(book: Book) -> None:
    rows = book.lake.scan("silver/sales", [MONTH]).collect()
    check = facades.ValidationUtils(book).check
    assert check("silver/sales", rows)[MONTH].passed
    broken = check("silver/sales", pl.concat([rows, rows.head(1)]))[MONTH]
    assert set(broken.broken_rules) == {"primary_key"}
    with pytest.raises(MissingMonthsError):
        check("silver/shoes", rows)
    assert facades.DateUtils.between(FIRST, LAST) == N_MONTHS - 1
    assert facades.DateUtils.parse("2023-01") == FIRST
