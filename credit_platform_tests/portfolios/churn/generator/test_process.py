"""The known process: how many churn, how well it can be foretold, what shows before somebody leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from credit_platform.portfolios.churn.generator.comments import comments
from credit_platform_tests.portfolios.churn.generator.clean_rows import cases, mean, roc_auc

if TYPE_CHECKING:
    from credit_platform.portfolios.churn.generator.book import ChurnBook

Files = dict[str, pl.DataFrame]

GOOD = {"good", "nice", "friendly", "fine", "helpful", "like", "thanks", "glad", "easy", "excellent", "great"}
GOOD |= {
    "pleasant",
    "clean",
    "wonderful",
    "best",
    "perfect",
    "love",
    "happy",
    "recommended",
    "pleasure",
    "fantastic",
    "thank",
}
BAD = {"terrible", "awful", "horrible", "disappointment", "worst", "angry", "disappointing", "poor", "slow", "bad"}
BAD |= {
    "late",
    "broken",
    "useless",
    "sad",
    "wrong",
    "annoying",
    "problem",
    "hate",
    "unhappy",
    "disaster",
    "regret",
    "dirty",
    "damaged",
    "complain",
    "not",
}


def sentiment(comment: str) -> int:
    """Good words less bad ones; `not happy` is bad."""
    words = {word.strip(".,!") for word in comment.lower().split()}
    return -len(words & BAD) if words & BAD else len(words & GOOD)


@pytest.fixture(scope="module")
def labelled(churn_book: ChurnBook, churn_sales: pl.DataFrame) -> pl.DataFrame:
    months = churn_book.months[2:-1]
    return pl.concat(cases(churn_sales, month).with_columns(month=pl.lit(month)) for month in months)


def test_an_eighth_of_the_active_customers_churn(labelled: pl.DataFrame) -> None:
    assert 0.115 < mean(labelled["is_churned"]) < 0.15
    for month in labelled["month"].unique():
        assert 0.09 < mean(labelled.filter(pl.col("month") == month)["is_churned"]) < 0.19, month


def test_recency_and_frequency_foretell_churn_as_in_real_purchases(labelled: pl.DataFrame) -> None:
    is_bad = labelled["is_churned"]
    assert 0.74 < roc_auc(is_bad, labelled["recency"]) < 0.83
    assert 0.80 < roc_auc(is_bad, -labelled["purchases"].cast(pl.Int64)) < 0.88
    days, bad = labelled["recency"].to_numpy(), is_bad.to_numpy()
    rules = [days >= limit for limit in range(10, 40)]
    assert 0.38 < max(2 * np.sum(rule & bad) / (np.sum(rule) + np.sum(bad)) for rule in rules) < 0.49


def test_who_will_leave_buys_less_before(churn_book: ChurnBook, labelled: pl.DataFrame) -> None:
    month = churn_book.months[6]
    later = churn_book.truth(churn_book.months[9]).select("customer_id", "leaves", "rate")
    then = churn_book.truth(month).select("customer_id", "satisfaction", left="leaves")
    active = labelled.filter(pl.col("month") == month).join(then, on="customer_id").join(later, on="customer_id")
    there = active.filter(pl.col("left").is_null())
    by_fate = there.group_by(pl.col("leaves").is_not_null()).agg(
        pl.len(), pl.col("satisfaction").mean(), (pl.col("purchases") / pl.col("rate")).mean()
    )
    leaving, staying = (by_fate.filter(pl.col("leaves") == fate).row(0, named=True) for fate in (True, False))
    assert leaving["len"] > 20
    assert leaving["satisfaction"] < staying["satisfaction"] - 0.8
    assert leaving["purchases"] < 0.9 * staying["purchases"]


def test_comments_say_how_a_customer_feels(churn_book: ChurnBook, churn_files: Files) -> None:
    month = churn_book.months[6]
    said = churn_book.rows(month)["feedback_raw"].drop_nulls().with_columns(pl.col("customer_id").str.strip_chars())
    score = said["comment"].map_elements(sentiment, return_dtype=pl.Int64)
    felt = said.with_columns(score=score).join(churn_book.truth(month), on="customer_id")
    assert np.corrcoef(felt["score"], felt["satisfaction"])[0, 1] > 0.6
    everyone = churn_book.truth(churn_book.last_month).height
    authors = churn_files["feedback_raw"]["customer_id"].str.strip_chars().n_unique()
    assert 0.25 < authors / everyone < 0.5
    assert 0.1 < mean(score == 0) < 0.4


@pytest.mark.parametrize("mood", range(5))
def test_the_words_of_a_mood_have_its_sentiment(mood: int) -> None:
    made = comments(np.full(500, mood), np.random.default_rng(3))
    signs = {np.sign(sentiment(comment)) for comment in made}
    assert signs == {np.sign(mood - 2)}
    assert len(set(made)) > 100
    assert all(comment[0].isupper() and comment[-1] in ".!" for comment in made)


def test_who_has_left_never_comes_back(churn_book: ChurnBook) -> None:
    first = churn_book.truth(churn_book.months[3]).select("customer_id", "leaves")
    later = churn_book.truth(churn_book.last_month).select("customer_id", later="leaves")
    known = first.filter(pl.col("leaves").is_not_null()).join(later, on="customer_id")
    assert known.height > 20
    assert (known["leaves"] == known["later"]).all()
