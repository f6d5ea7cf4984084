from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from credit_platform.monitoring.early_warning.early_outcomes import cohort_readings, early_labels
from credit_platform.months import add_months
from credit_platform.portfolios.loans.outcome.early_outcomes import early_outcomes
from credit_platform_tests.monitoring.early_warning.early_books import FIRST, Book, label_config
from credit_platform_tests.monitoring_rows import thresholds

READS = thresholds().early_performance.reads
LAST = date(2030, 1, 1)


def snapshot(loan: str, mob: int, missed: int, start: date = FIRST, balance: float = 500.0) -> dict[str, object]:
    at = add_months(start, mob)
    first_missed = add_months(at, -missed) if missed else None
    return {
        "snapshot_month": at,
        "snapshot_date": at,
        "loan_id": loan,
        "loan_start_date": start,
        "mob": mob,
        "first_missed_date": first_missed,
        "dpd": 30 * missed,
        "customer_id": loan,
        "balance_amount": balance,
    }


def as_table(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema_overrides={"mob": pl.Int32, "dpd": pl.Int32, "first_missed_date": pl.Date})


def read(rows: list[dict[str, object]], until: date = LAST) -> list[tuple[str, bool, bool | None]]:
    labels = early_labels(as_table(rows).lazy(), READS, read=early_outcomes, label=label_config(), until=until)
    return labels.select("read", "is_bad", "is_label_bad").rows()


def test_the_four_reads_of_one_loan_and_its_label() -> None:
    rows = [snapshot("a", mob, missed) for mob, missed in enumerate([0, 1, 0, 1, 2, 3, 4])]
    assert read(rows) == [
        ("first_payment_missed", True, True),
        ("dpd_1_at_mob_2", False, True),
        ("dpd_15_at_mob_3", True, True),
        ("dpd_30_at_mob_4", True, True),
    ]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([snapshot("a", 0, 0), snapshot("a", 1, 0), snapshot("a", 2, 0, balance=0.0)], [False, False, False, False]),
        ([snapshot("a", 0, 0), snapshot("a", 1, 1), snapshot("a", 2, 2)], [True, True, True, True]),
        ([snapshot("a", 0, 0), snapshot("a", 1, 1), snapshot("a", 2, 0)], [True, False]),
    ],
    ids=["repaid", "left past due", "left with a balance"],
)
def test_a_loan_that_left_is_read_in_its_last_row_where_its_label_is(
    rows: list[dict[str, object]], expected: list[bool]
) -> None:
    others = [snapshot("b", mob, 0) for mob in range(7)]
    labels = early_labels(as_table(rows + others).lazy(), READS, read=early_outcomes, label=label_config(), until=LAST)
    assert labels.filter(loan_id="a")["is_bad"].to_list() == expected
    assert labels.filter(loan_id="a")["is_label_bad"].unique().to_list() == [
        expected[-1] if len(expected) > 2 else None
    ]


def test_a_label_that_matures_later_is_not_known() -> None:
    rows = [snapshot("a", mob, 1) for mob in (1, 6)]
    assert read(rows, until=add_months(FIRST, 5)) == [("first_payment_missed", True, None)]
    assert read(rows, until=add_months(FIRST, 6)) == [("first_payment_missed", True, True)]


def test_a_read_not_yet_reached_has_no_row() -> None:
    book = Book(n_cohorts=1, loans_per_month=5)
    labels = early_labels(
        book.snapshots.lazy(), READS, read=early_outcomes, label=label_config(), until=add_months(FIRST, 2)
    )
    assert set(labels["read"]) == {"first_payment_missed", "dpd_1_at_mob_2"}
    assert labels["is_label_bad"].null_count() == labels.height == 10


def test_a_cohort_is_counted_and_ranked() -> None:
    book = Book(n_cohorts=2, loans_per_month=200)
    labels = early_labels(book.snapshots.lazy(), READS, read=early_outcomes, label=label_config(), until=LAST)
    second = add_months(FIRST, 1)
    reads = cohort_readings(labels, book.scored.filter(pl.col("snapshot_month") == second), key="loan_id")
    assert [(one.cohort, one.mob) for one in reads] == [
        (month, mob) for month in (FIRST, second) for mob in (1, 2, 3, 4)
    ]
    unscored, ranked = reads[3], reads[7]
    assert (unscored.spread, unscored.scorer, unscored.n) == (None, None, 200)
    assert ranked.scorer is not None
    assert ranked.scorer.model_version == "2022-01-01-known"
    assert ranked.spread is not None
    assert ranked.spread.n_bad == ranked.n_bad > 10
    assert ranked.spread.auc > 0.7
    # Whoever is behind after four months and defaults in the end; nobody cures after the fifth.
    assert ranked.n_both == ranked.n_labelled_bad == ranked.n_bad < ranked.n_label_bad
    assert ranked.read_month == add_months(second, 4)


def test_loans_are_ranked_by_the_sources_they_have() -> None:
    book = Book(n_cohorts=1, loans_per_month=400)
    labels = early_labels(book.snapshots.lazy(), READS, read=early_outcomes, label=label_config(), until=LAST)
    has_web = pl.int_range(pl.len()) < 150
    scored = book.scored.with_columns(
        sources_present=pl.when(has_web).then(pl.lit("financials+web")).otherwise(pl.lit("financials"))
    )
    for one in cohort_readings(labels, scored, key="loan_id"):
        assert {sources: loans.n for sources, loans in one.by_sources.items()} == {
            "financials": 250,
            "financials+web": 150,
        }
        assert sum(loans.n_bad for loans in one.by_sources.values()) == one.n_bad
        for sources, loans in one.by_sources.items():
            (alone,) = (
                read
                for read in cohort_readings(labels, scored.filter(sources_present=sources), key="loan_id")
                if read.read == one.read
            )
            assert loans.spread == alone.spread != one.spread


@pytest.mark.parametrize("kept", [0, 1])
def test_a_book_of_no_loan_or_no_score_is_no_error(kept: int) -> None:
    book = Book(n_cohorts=1, loans_per_month=5)
    labels = early_labels(
        book.snapshots.head(kept).lazy(), READS, read=early_outcomes, label=label_config(), until=LAST
    )
    assert cohort_readings(labels, book.scored.clear(), key="loan_id") == []
