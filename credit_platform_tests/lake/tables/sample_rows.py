"""The samples of versions as people ask DuckDB for them, held against what training reads."""

from __future__ import annotations

from contextlib import closing

import duckdb
import polars as pl
from polars.testing import assert_frame_equal

from credit_platform.assets.models.training import SampleReader
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.models.stored_version import Versions
from credit_platform.lake.tables.monthly import Lake
from credit_platform.policy.model_config import ModelConfig


def asked(lake: Lake, query: str) -> pl.DataFrame:
    with closing(duckdb.connect(str(lake.layout.datamart), read_only=True)) as connection:
        return connection.sql(query).pl()


def require_samples_of_every_version(lake: Lake, config: ModelConfig) -> int:
    """Compare the samples of every version with those that training reads and with its metadata; their number."""
    store, key = ModelStore(lake.layout), lake.layout.portfolio.cases.key
    n_versions = 0
    for model in store.models():
        for version in store.versions(model):
            n_versions += 1
            stored = Versions(lake.layout).read(model, version)
            reader = SampleReader(lake, stored.windows, config)
            found = asked(lake, f"from samples.of_version('{model}', '{version}')")
            assert found["model_version"].unique().to_list() == [version]
            for role in stored.windows.by_role:
                expected = reader.read(role)
                sample = found.filter(sample=role).drop("model", "model_version", "sample")
                assert_frame_equal(sample.sort("snapshot_month", key), expected, check_column_order=False)
                said = stored.metadata.samples[role]
                assert (said.n, said.n_bad) == (sample.height, int(sample["label"].sum())) != (0, 0)
            assert not found.select("snapshot_month", key).is_duplicated().any()
    return n_versions
