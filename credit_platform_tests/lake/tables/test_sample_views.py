"""`samples.train` and the others are the cases a version was fitted and measured on."""

from __future__ import annotations

import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from credit_platform.assets.models.training import SampleReader
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.models.stored_version import METADATA, Versions
from credit_platform.lake.tables.catalog import refresh_datamart
from credit_platform.lake.tables.sample_views import SAMPLES
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.lake.tables.sample_rows import asked, require_samples_of_every_version
from credit_platform_tests.small_book import LAST, MODELS, BookFolders


def test_the_samples_of_every_version_are_those_it_was_trained_on(finished_book: BookFolders) -> None:
    n = require_samples_of_every_version(finished_book.lake, finished_book.settings().policy.model)
    assert n >= 2 * len(MODELS)


def test_samples_without_a_version_are_of_the_one_that_decided_the_newest_month(finished_book: BookFolders) -> None:
    lake, champion = finished_book.lake, MODELS[0]
    version, _ = version_in_force(PromotionLog(lake.layout).records(), champion, LAST)
    metadata = json.loads((lake.layout.model_version(champion, version) / METADATA).read_text())
    cases: list[pl.DataFrame] = []
    for sample in SAMPLES:
        found = asked(lake, f"from samples.{sample}")
        assert found.select("model", "model_version").unique().rows() == [(champion, version)]
        size = metadata["samples"][sample]
        assert (found.height, found["label"].sum()) == (size["n"], size["n_bad"])
        cases.append(found.select("snapshot_month", "loan_id"))
    assert not pl.concat(cases).is_duplicated().any()


def test_samples_follow_what_is_stored_without_a_refresh(book_copy: BookFolders) -> None:
    lake = book_copy.lake
    model, (first, *_) = MODELS[0], ModelStore(lake.layout).versions(MODELS[0])
    refresh_datamart(lake.layout)
    newer = lake.layout.model_version(model, "2099-01-01-abcdefabcdef")
    newer.mkdir()
    (newer / METADATA).write_bytes((lake.layout.model_version(model, first) / METADATA).read_bytes())
    cohorts = asked(lake, "select model_version, sample, cohort from samples.cohorts")
    mine, copied = (cohorts.filter(model_version=name).drop("model_version") for name in (first, newer.name))
    assert copied.height > 0
    assert_frame_equal(copied, mine, check_row_order=False)
    decided = asked(lake, "from samples.deciding")
    for file in (lake.layout.data_dir / "decision" / "batch").glob("*.parquet"):
        file.unlink()
    refresh_datamart(lake.layout)
    assert decided.rows() != asked(lake, "from samples.deciding").rows() == [(model, newer.name)]


def test_without_a_version_there_are_no_samples(book_copy: BookFolders) -> None:
    lake = book_copy.lake
    for model in MODELS:
        for version in ModelStore(lake.layout).versions(model):
            (lake.layout.model_version(model, version) / METADATA).unlink()
    refresh_datamart(lake.layout)
    assert asked(lake, "from duckdb_views() select view_name where schema_name = 'samples'").height == 0
    assert asked(lake, "select count(*) from gold.feature_store").item() > 0


@pytest.mark.parametrize("policy", ["measured", "left_out"])
def test_a_customer_is_in_the_first_sample_alone_where_policy_says_so(book_copy: BookFolders, policy: str) -> None:
    lake, model = book_copy.lake, MODELS[0]
    version = ModelStore(lake.layout).versions(model)[0]
    stored, config = Versions(lake.layout).read(model, version), book_copy.settings().policy.model
    cohorts = stored.windows.by_role
    # Every second customer of the first training cohort comes again in every later sample.
    again = lake.scan("gold/feature_store", [cohorts["train"][0]]).collect()["customer_id"].gather_every(2)
    for role in ("validation", "test", "oot"):
        month = cohorts[role][0]
        frame = lake.scan("gold/feature_store", [month]).collect()
        n = min(frame.height // 2, again.len())
        customers = pl.concat([again.head(n), frame["customer_id"].tail(frame.height - n)])
        lake.write("gold/feature_store", frame.with_columns(customer_id=customers), [month])
    file = lake.layout.model_version(model, version) / METADATA
    metadata = json.loads(file.read_text())
    metadata["shared_customers"]["policy"] = policy
    file.write_text(json.dumps(metadata))
    refresh_datamart(lake.layout)
    windows = config.windows.model_copy(update={"shared_customers": policy})
    reader = SampleReader(lake, stored.windows, config.model_copy(update={"windows": windows}))
    found = asked(lake, f"from samples.of_version('{model}', '{version}')")
    for role in cohorts:
        expected = reader.read(role)
        sample = found.filter(sample=role).sort("snapshot_month", LOANS.cases.key)
        assert sample[LOANS.cases.key].to_list() == expected[LOANS.cases.key].to_list()
    shared = found.group_by("customer_id").agg(pl.col("sample").n_unique()).filter(pl.col("sample") > 1)
    assert (shared.height == 0) == (policy == "left_out")
