"""Whether the month's action names an earlier version, on a finished book in which the second version has failed.

The outcome of the cohort judged is planted: its bads are the loans that the clickstream makes riskier to the first
version than to the second.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest

from credit_platform.assets.monitoring.action import ActionDecider
from credit_platform.lake.governance.audit import Entry
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.samples import without_source
from credit_platform.statistics.discrimination import roc_auc
from credit_platform_tests.cli.versions.decided_book import DecidedBook
from credit_platform_tests.small_book import LAST, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
COHORT = date(2024, 2, 1)
FEATURES, LABELS = "gold/feature_store", "gold/label_store"


def scores_of(decided: DecidedBook, version: str, loans: pl.DataFrame) -> np.ndarray:
    return decided.book.lake.versions.read(decided.model, version).fitted(LOANS.load_policy().model).predict(loans)


@pytest.fixture
def decided(book_copy: BookFolders) -> DecidedBook:
    decided = DecidedBook(book_copy)
    lake, table = book_copy.lake, f"monitoring/{decided.model}/performance"
    assert add_months(COHORT, 6) == LAST
    first, second, _ = decided.versions
    features = lake.scan(FEATURES, [COHORT]).collect()
    (lit, other), (dark, darker) = (
        [pl.Series(scores_of(decided, version, loans)).rank() for version in (first, second)]
        for loans in (features, without_source(features, "clickstream", LOANS.features))
    )
    ranks = features.select("loan_id").with_columns(rank=(other - lit - 0.7 * (darker - dark)).rank("ordinal"))
    labels = lake.scan(LABELS, [LAST]).collect().join(ranks, on="loan_id", how="left", maintain_order="left")
    is_bad = pl.col("rank") <= 40
    lake.write(LABELS, labels.with_columns(is_bad.cast(labels.schema["label"]).alias("label")).drop("rank"), [LAST])
    # The second version is judged, which in the book has not scored the cohort.
    is_auc, is_loss = (pl.col("metric") == metric for metric in ("roc_auc", "roc_auc_degradation"))
    value = pl.when(is_auc).then(0.72).when(is_loss).then(0.18).otherwise("value")
    counts = [pl.lit(100, pl.Int64).alias("n"), pl.lit(40, pl.Int64).alias("n_bad")]
    rows = lake.scan(table, [LAST]).collect()
    about = pl.lit(second).alias("model_version"), pl.lit("post").alias("sample_role")
    lake.write(table, rows.with_columns(value.alias("value"), *about, *counts).cast(rows.schema), [LAST])
    return decided


def blind(*months: date) -> Callable[[DecidedBook], None]:
    def without_clickstream(decided: DecidedBook) -> None:
        lake = decided.folders.lake
        for month in months:
            features = lake.scan(FEATURES, [month]).collect()
            lake.write(FEATURES, without_source(features, "clickstream", LOANS.features), [month])

    return without_clickstream


def damaged(decided: DecidedBook) -> None:
    (decided.folders.layout.model_version(decided.model, decided.versions[0]) / "metadata.json").write_bytes(b"{}")


def retired(decided: DecidedBook) -> None:
    decided.log.append(Entry("retired", decided.model, decided.versions[0], "Ann", ("Unfair.",), LAST))


def replaced(decided: DecidedBook) -> None:
    record = PromotionRecord(decided.model, decided.versions[2], date(2024, 7, 1), LAST, True, "Ann", ("Try.",))  # noqa: FBT003
    PromotionLog(decided.folders.layout).append(record)


def decision_of(decided: DecidedBook) -> dict[str, object]:
    book = decided.book
    decision = ActionDecider(book.lake, decided.model, book.axis, book.settings.policy).decide(LAST)[1]
    return {"within": decision.rollback.within, "why": decision.rollback.why, "reasons": "\n".join(decision.reasons)}


def test_a_version_that_would_do_better_is_named_with_both_figures(decided: DecidedBook) -> None:
    lake, (first, second, _) = decided.folders.lake, decided.versions
    labels = lake.scan(LABELS, [LAST]).select("loan_id", "label")
    loans = lake.scan(FEATURES, [COHORT]).join(labels, on="loan_id").collect()
    better, judged = (roc_auc(loans["label"], scores_of(decided, version, loans)) for version in (first, second))
    found = decision_of(decided)
    said = f"version {first} would rank the same {loans.height} loans at {better:.4f} instead of {judged:.4f} ("
    assert found["within"] == "2 hours"
    assert said in str(found["why"])
    assert str(found["why"]).endswith(") with the sources of 2024-08")
    assert f"rollback: advised, within 2 hours: {found['why']}" in str(found["reasons"])


@pytest.mark.parametrize(
    ("change", "within", "why"),
    [
        # Both versions lose what told who defaults, the loans judged as well or not yet.
        (blind(COHORT, LAST), "none", "on the sources that loans of 2024-08 have (1 tried)"),
        (blind(LAST), "none", "on the sources that loans of 2024-08 have (1 tried)"),
        (blind(COHORT), "unknown", "0 bads among 0 loans with the sources of 2024-08"),
        (damaged, "none", "there is no earlier version"),
        (retired, "none", "there is no earlier version"),
        (replaced, "none", "the version judged is no longer in effect"),
    ],
)
def test_where_none_would_do_better_no_reason_advises_a_rollback(
    decided: DecidedBook, change: Callable[[DecidedBook], None], within: str, why: str
) -> None:
    change(decided)
    found = decision_of(decided)
    assert found["within"] == within
    assert why in str(found["why"])
    assert "rollback" not in str(found["reasons"])
