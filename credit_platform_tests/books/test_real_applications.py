"""Gradient boosting on real applications ranks as plain LightGBM does with the same columns and parameters."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split

from credit_platform.portfolios.home_credit.portfolio import HOME_CREDIT
from credit_platform.scoring.estimators.gradient_boosting import PATIENCE
from credit_platform.scoring.training.version import fit_version
from credit_platform_tests.small_book import PREVIEW_ALLOWED

pytestmark = [pytest.mark.slow, *PREVIEW_ALLOWED]
MODEL, MONTH = "gradient_boosting", date(2020, 1, 1)
LARGEST_LOSS = 0.01


@pytest.fixture(scope="module")
def applications() -> pl.DataFrame:
    """Feature store rows of the real applications with their label; every child table is empty."""
    folder = os.environ.get("CREDIT_TEST_HOME_CREDIT", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CREDIT_TEST_HOME_CREDIT names no folder with real rows of Home Credit")
    source = HOME_CREDIT.case_source
    raw = pl.read_csv(Path(folder) / "application_train.csv", infer_schema=False)
    lacking = [column for column in source.columns if column not in raw.columns]
    rows = raw.with_columns(pl.lit(None, pl.String).alias(column) for column in lacking).with_columns(
        snapshot_month=pl.lit(MONTH), source_file=pl.lit("x"), source_line=pl.int_range(2, pl.len() + 2, dtype=pl.Int64)
    )
    config = HOME_CREDIT.load_policy().model
    silver: dict[str, pl.LazyFrame] = {
        f"silver/{one.table}": one.silver.create_empty(lazy=True) for one in HOME_CREDIT.sources
    }
    silver[HOME_CREDIT.cases.table] = source.clean(rows.lazy(), config, {}).rows
    features = HOME_CREDIT.features.build(silver, config)
    label = pl.col("target").cast(pl.Int8).alias("label")
    known = silver[HOME_CREDIT.cases.table].select("application_id", label)
    return features.join(known, on="application_id", maintain_order="left").collect()


def plain_scores(
    train: pl.DataFrame, validation: pl.DataFrame, test: pl.DataFrame, columns: list[str], levels: list[str]
) -> NDArray[np.float64]:
    """What LightGBM itself makes of the same columns and parameters."""
    known = {name: train[name].drop_nulls().unique().sort().to_list() for name in levels}

    def values(rows: pl.DataFrame) -> NDArray[np.float64]:
        coded = rows.with_columns(
            pl.col(name).replace_strict({level: n for n, level in enumerate(found)}, default=None)
            for name, found in known.items()
        )
        return coded.select(pl.col(columns).cast(pl.Float64)).to_numpy()

    spec = HOME_CREDIT.load_policy().model.models[MODEL]
    params = dict(spec.params) | {"objective": "binary", "metric": "auc", "seed": 42, "num_threads": 1, "verbosity": -1}
    trees = int(params.pop("n_estimators"))
    categories = [columns.index(name) for name in levels]
    data = lightgbm.Dataset(values(train), train["label"].to_numpy(), categorical_feature=categories)
    held = data.create_valid(values(validation), validation["label"].to_numpy())
    booster = lightgbm.train(
        params,
        data,
        num_boost_round=trees,
        valid_sets=[held],
        callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)],
    )
    return np.asarray(booster.predict(values(test), num_iteration=booster.best_iteration))


def test_gradient_boosting_is_no_worse_than_plain_lightgbm(applications: pl.DataFrame) -> None:
    features = HOME_CREDIT.features
    columns = [name for name in features.columns if applications[name].null_count() < applications.height]
    levels = [name for name in features.categorical if name in columns]
    numbers = tuple(name for name in features.numeric if name in columns)
    book = replace(HOME_CREDIT, features=replace(features, numeric=numbers, categorical=tuple(levels)))
    config = HOME_CREDIT.load_policy().model
    label = applications["label"].to_numpy()
    differences = []
    for seed in range(5):
        folds = StratifiedKFold(5, shuffle=True, random_state=seed).split(label, label)
        for rest, tested in folds:
            learnt, watched = train_test_split(rest, test_size=0.2, stratify=label[rest], random_state=seed)
            train, validation, test = (applications[np.sort(rows)] for rows in (learnt, watched, tested))
            fitted = fit_version(MODEL, train, validation, config, portfolio=book)
            ours = roc_auc_score(test["label"], fitted.predict(test))
            plain = roc_auc_score(test["label"], plain_scores(train, validation, test, columns, levels))
            differences.append(ours - plain)
    mean, error = float(np.mean(differences)), float(np.std(differences) / np.sqrt(len(differences)))
    assert mean >= -LARGEST_LOSS, f"mean difference {mean:.4f}, standard error {error:.4f}"
