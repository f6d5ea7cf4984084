"""What the service did in a month of a book, as tables: made again at any time, and checked against the pipeline."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from credit_platform.cli.book import Book
from credit_platform.cli.instance import open_instance
from credit_platform.cli.run.missing import table_months
from credit_platform.lake.governance.service_minutes import RequestCounts, ServiceMinutes
from credit_platform.months import add_months
from credit_platform.portfolios.tables import DECISIONS, OF_THE_SERVICE, ONLINE_DECISIONS, SERVICE
from credit_platform_tests.lake.governance.test_last_decisions import NOON, decision, logged
from credit_platform_tests.small_book import LAST, PREVIEW_ALLOWED, BookFolders, check_results, table_bytes

pytestmark = PREVIEW_ALLOWED
NOT_LOGGED = {"snapshot_month", "loan_id", "customer_id", "provenance"}
BEFORE = add_months(LAST, -1)


def as_logged(book: BookFolders, month: date) -> list[dict[str, object]]:
    """The pipeline's decisions of a month as the service would have logged them."""
    features = book.lake.scan("gold/feature_store", [month]).drop("customer_id").collect()
    made_of = {row["loan_id"]: row for row in features.iter_rows(named=True)}
    return [
        decision(
            row["loan_id"],
            month,
            **{name: value for name, value in row.items() if name not in NOT_LOGGED},
            reasons=[{"code": row[f"reason_{n}"], "text": "-"} for n in range(1, 5) if row[f"reason_{n}"]],
            features={
                name: value.isoformat() if isinstance(value, date) else value
                for name, value in made_of[row["loan_id"]].items()
            },
        )
        for row in book.lake.scan(DECISIONS, [month]).collect().iter_rows(named=True)
    ]


@pytest.fixture
def serving(book_copy: BookFolders) -> BookFolders:
    """A book whose newest month was decided online as well, one loan twice, and one that is not in the book."""
    decisions = as_logged(book_copy, LAST)
    logged(book_copy.lake, [{**decisions[0], "default_probability": 0.5}], at=NOON - timedelta(days=1))
    logged(book_copy.lake, decisions, [{**decisions[1], "case": "stranger"}])
    ServiceMinutes(book_copy.layout).append(
        {f"{LAST:%Y-%m}-03T09:00Z": {("/v1/predict", "single"): RequestCounts({"2xx": 2000}, {"0.01": 2000}, 2000)}}
    )
    return book_copy


def test_months_that_were_served_are_in_the_tables_and_checked_and_others_are_empty(serving: BookFolders) -> None:
    with open_instance(serving.settings()) as instance:
        assert serving.runner(instance).run("score_month", BEFORE, LAST, assets=sorted(OF_THE_SERVICE)).success
        for table in OF_THE_SERVICE:
            results = {month: result for month, result in check_results(instance, table).items() if month}
            assert set(results.values()) == {("SUCCEEDED", True)}, table
    batch = serving.lake.scan(DECISIONS, [LAST]).drop("provenance").collect()
    online = serving.lake.scan(ONLINE_DECISIONS, [LAST]).collect()
    known = online.filter(pl.col("loan_id") != "stranger")
    assert known.select(batch.columns).equals(batch)
    assert set(online["provenance"]) == {"api"}
    assert online.filter(loan_id="stranger").select("customer_id", "n_decisions").rows() == [(None, 1)]
    assert sorted(online["n_decisions"], reverse=True)[:2] == [2, 1]
    assert serving.lake.scan(SERVICE, [LAST]).select("endpoint", "n", "status").collect().rows() == [
        ("/v1/predict", 2000, "ok")
    ]
    assert all(serving.lake.scan(table, [BEFORE]).collect().is_empty() for table in OF_THE_SERVICE)
    before = table_bytes(serving, ONLINE_DECISIONS, LAST)
    with open_instance(serving.settings()) as instance:
        assert serving.runner(instance).run("score_month", LAST, LAST, assets=[ONLINE_DECISIONS]).success
    assert table_bytes(serving, ONLINE_DECISIONS, LAST) == before


def test_a_folder_of_before_that_never_served_lacks_nothing_and_one_that_did_is_filled(book_copy: BookFolders) -> None:
    def missing() -> dict[str, tuple[date, ...]]:
        book = Book.of(book_copy.settings())
        return {one.table: one.missing for one in table_months(book) if one.table in OF_THE_SERVICE}

    for table in OF_THE_SERVICE:
        book_copy.layout.month_file(table, LAST).unlink()
    assert missing() == dict.fromkeys(OF_THE_SERVICE, ())
    logged(book_copy.lake, as_logged(book_copy, LAST)[:3])
    assert missing() == dict.fromkeys(OF_THE_SERVICE, (LAST,))
    done = book_copy.verb("backfill", "--missing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert missing() == dict.fromkeys(OF_THE_SERVICE, ())
    assert book_copy.lake.scan(ONLINE_DECISIONS, [LAST]).collect().height == 3
