"""The names of the document on every kind of book."""

from __future__ import annotations

from datetime import date

import pytest

from credit_platform import facades
from credit_platform.cli.book import Book
from credit_platform_tests.small_book import BookFolders


@pytest.fixture
def book(any_finished_book: BookFolders) -> Book:
    return Book.of(any_finished_book.settings())


def test_files_features_labels_and_versions_are_given_out(book: Book) -> None:
    sources = {source.name for source in book.settings.portfolio.sources}
    assert set(facades.DataIngestionPipeline(book).discover()["source"]) <= sources
    store, labeler = facades.FeatureStoreManager(book), facades.ChurnLabeler(book)
    labelled = [month for month in book.lake.months("gold/label_store") if labeler.definition.cohorts_known_in(month)]
    quality = facades.LabelQualityChecker(book)
    rates = quality.bad_rates(labelled)
    newest: date = rates["snapshot_month"].to_list()[-1]
    quality.require_consistent([newest])
    assert quality.band([newest])[newest].metadata["bad_rate"] == rates["bad_rate"][-1]
    cohorts = labeler.definition.cohorts_known_in(newest)
    assert labeler.labels(cohorts).height == rates["n"][-1]
    month = store.months()[-1]
    validator = facades.FeatureValidator(book)
    assert validator.validate([month])[month].passed
    assert validator.missing([month])["missing"].is_between(0, 1).all()
    correlations = validator.correlations([month])
    assert correlations.columns[1:] == correlations["feature"].to_list()
    for model in book.settings.policy.model.models:
        for version in facades.ModelUtils(book).versions(model):
            assert validator.importance(model, version)["rank"][0] == 1
            assert set(store.dataset(model, version)["label"]) == {0, 1}
    features = facades.FeatureConfig.of(book.settings.portfolio)
    assert set(features.NUMERICAL_COLS) | set(features.CATEGORICAL_COLS) <= set(store.read([month]).columns)
    assert facades.ModelMonitor(book).actions(book.axis.first_snapshot, month).height > 0
