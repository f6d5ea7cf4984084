from __future__ import annotations

from dataclasses import replace
from datetime import date

import dataframely as dy
import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.monitoring.data_quality.score import FORMULAS, quality_facts_sql, score_quality
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.source import Source
from credit_platform.schemas.evidence import DIMENSIONS, TOTAL, DataQuality

MONTHS = month_range(date(2023, 1, 1), date(2023, 3, 1))
NOW = MONTHS[-1]
N = 4


class TwoColumns(dy.Schema):
    snapshot_month = dy.Date()
    Customer_ID = dy.String()
    Age = dy.String()


def narrow(source: Source) -> Source:
    """A source of which two columns are delivered."""
    return replace(source, bronze=TwoColumns)


def loans() -> pl.DataFrame:
    """Four loans written in each month, each on book until the end."""
    seen = [
        (month, f"{cohort:%m}-{number}", (month.year - cohort.year) * 12 + month.month - cohort.month)
        for month in MONTHS
        for cohort in MONTHS
        if cohort <= month
        for number in range(N)
    ]
    frame = pl.DataFrame(seen, schema=["snapshot_month", "loan_id", "mob"], orient="row")
    return frame.with_columns(
        customer_id=pl.col("loan_id"),
        installment_num=pl.col("mob"),
        tenure=pl.lit(10),
        balance_amount=pl.lit(5000.0),
        snapshot_date=pl.col("snapshot_month"),
        repairs=pl.lit([], dtype=pl.List(pl.String)),
    )


def customers() -> pl.DataFrame:
    """One row for the customer of every loan, in the month it was written."""
    written = loans().filter(pl.col("mob") == 0)
    return written.select("snapshot_month", "snapshot_date", "customer_id", "repairs")


def delivered(silver: pl.DataFrame) -> pl.DataFrame:
    return silver.select("snapshot_month", Customer_ID="customer_id", Age=pl.lit("40"))


def scores(
    table: str = "customer_attributes",
    *,
    silver: pl.DataFrame | None = None,
    bronze: pl.DataFrame | None = None,
    quarantined: list[str] | None = None,
    duplicates: int = 0,
) -> dict[str, tuple[float | None, int, str]]:
    """Value, count and words of every dimension in the last month."""
    book = loans()
    kept = (book if table == "loan_snapshots" else customers()) if silver is None else silver
    source = delivered(kept) if bronze is None else bronze
    rules = quarantined or []
    balance = source.group_by("snapshot_month").len("rows_in")
    balance = pl.DataFrame({"snapshot_month": MONTHS}).join(balance, on="snapshot_month", how="left")
    balance = balance.with_columns(
        pl.col("rows_in").fill_null(0).cast(pl.Int64),
        table=pl.lit(table),
        quarantined=pl.lit(len(rules), pl.Int64),
        duplicates_dropped=pl.lit(duplicates, pl.Int64),
    )
    rejected = pl.DataFrame({"snapshot_month": [NOW] * len(rules), "rule": rules}, schema_overrides={"rule": pl.String})
    views = {
        "bronze": source.filter(snapshot_month=NOW),
        "silver": kept,
        "cases": book,
        "quarantine": rejected.cast({"snapshot_month": pl.Date}),
        "balance": balance,
    }
    counted = narrow(next(each for each in LOANS.sources if each.table == table))
    with duckdb.connect() as connection:
        for name, frame in views.items():
            connection.register(name, frame.to_arrow())
        connection.execute("create table as_of (snapshot_month date)")
        connection.execute("insert into as_of values (?)", [NOW])
        facts = connection.sql(quality_facts_sql(counted, median_months=12)).pl()
    scored = DataQuality.validate(
        score_quality(facts.with_columns(source=pl.lit(counted.name), unit=pl.lit(counted.due.unit)), "loans")
    )
    assert scored.height == len(DIMENSIONS) + 1
    return {row[2]: row[3:] for row in scored.iter_rows()}


@pytest.mark.parametrize("table", ["customer_attributes", "loan_snapshots"])
def test_a_source_without_fault_scores_one_in_every_dimension(table: str) -> None:
    found = scores(table)
    assert {name: value for name, (value, _, _) in found.items()} == dict.fromkeys((*DIMENSIONS, TOTAL), 1.0)


def test_a_loan_whose_customer_has_no_row_and_an_empty_cell_lower_completeness() -> None:
    silver = customers().filter(pl.col("customer_id") != "03-0")
    blank = delivered(silver).with_columns(
        Age=pl.when(pl.col("Customer_ID") != "03-1").then("Age").otherwise(pl.lit(" "))
    )
    value, n, detail = scores(silver=silver, bronze=blank)["completeness"]
    assert value == pytest.approx(3 / 4 * 5 / 6)
    assert n == 6
    assert detail == "3 of 4 loans due have a row; 5 of 6 cells are filled"


def test_a_customer_known_from_an_earlier_month_counts_as_covered() -> None:
    early = customers().with_columns(
        snapshot_month=pl.when(pl.col("customer_id") == "03-0").then(MONTHS[0]).otherwise("snapshot_month")
    )
    assert scores(silver=early)["completeness"][0] == 1.0


def test_a_loan_that_vanishes_before_its_last_instalment_lowers_completeness_of_the_loan_book() -> None:
    whole = loans()
    gone = whole.filter((pl.col("loan_id") != "01-0") | (pl.col("snapshot_month") != NOW))
    with duckdb.connect() as connection:
        for name, frame in {
            "cases": gone,
            "silver": gone,
            "bronze": delivered(gone).filter(snapshot_month=NOW),
        }.items():
            connection.register(name, frame.to_arrow())
        connection.execute("create table as_of as select date '2023-03-01' as snapshot_month")
        connection.execute("create table quarantine (snapshot_month date, rule varchar)")
        connection.execute(
            "create table balance as select date '2023-03-01' as snapshot_month, 'loan_snapshots' as \"table\", "
            "11::bigint as rows_in, 0::bigint as quarantined, 0::bigint as duplicates_dropped"
        )
        facts = connection.sql(quality_facts_sql(narrow(LOANS.sources[0]), median_months=12)).pl()
    row = facts.row(0, named=True)
    assert (row["n_due"], row["n_covered"], row["amount"], row["usual_amount"]) == (8, 7, 4, 4)


def test_repairs_and_quarantined_rows_lower_validity() -> None:
    repaired = customers().with_columns(
        repairs=pl.when(pl.col("customer_id") == "03-0").then(pl.lit(["a", "b"])).otherwise("repairs")
    )
    value, n, detail = scores(silver=repaired, quarantined=["date_is_read"])["validity"]
    assert value == pytest.approx(1 - (2 + 2) / 8)
    assert (n, detail) == (8, "4 of 8 cells were repaired, emptied or quarantined")


def test_duplicates_and_conflicting_keys_lower_uniqueness_and_other_rejects_do_not() -> None:
    value, n, _ = scores(duplicates=1, quarantined=["key_is_unique", "date_is_read"])["uniqueness"]
    assert (value, n) == (0.5, 4)


def test_rows_dated_after_the_first_of_the_month_lower_timeliness() -> None:
    late = customers().with_columns(
        snapshot_date=pl.when(pl.col("customer_id") == "03-0").then(date(2023, 3, 2)).otherwise("snapshot_date")
    )
    assert scores(silver=late)["timeliness"][:2] == (0.75, 4)


@pytest.mark.parametrize("factor", [2, 0.5])
def test_twice_and_half_the_usual_volume_score_the_same(factor: float) -> None:
    now = customers().filter(snapshot_month=NOW)
    other = pl.concat([now, now.with_columns(pl.col("customer_id") + "x")]) if factor > 1 else now.head(2)
    silver = pl.concat([customers().filter(pl.col("snapshot_month") != NOW), other])
    value, n, detail = scores(silver=silver)["volume"]
    assert (value, n) == (0.5, int(N * factor))
    assert detail == f"{int(N * factor)} rows; the median of earlier months is 4.0"


def test_a_source_that_delivers_nothing_scores_zero_and_what_cannot_be_counted_is_null() -> None:
    found = scores(silver=customers().filter(pl.col("snapshot_month") != NOW))
    values = {name: value for name, (value, _, _) in found.items()}
    assert values == {
        "completeness": 0.0,
        "validity": None,
        "uniqueness": None,
        "timeliness": None,
        "volume": 0.0,
        "total": 0.0,
    }


def test_a_source_that_is_dark_for_new_loans_alone_scores_zero() -> None:
    silver = customers().with_columns(customer_id=pl.lit("old-") + pl.col("customer_id"))
    found = scores(silver=silver)
    assert (found["completeness"][0], found["total"][0]) == (0.0, 0.0)
    assert found["volume"][0] == 1.0


COUNTS = st.integers(0, 1000)


@given(n_rows=COUNTS, shares=st.lists(st.floats(0, 1), min_size=6, max_size=6), usual=st.none() | st.floats(0.5, 1e6))
def test_scores_are_shares_and_the_total_lies_between_the_lowest_and_the_highest(
    n_rows: int, shares: list[float], usual: float | None
) -> None:
    parts = [int(share * n_rows) for share in shares]
    facts = pl.DataFrame(
        {
            "snapshot_month": [NOW],
            "source": ["features_attributes"],
            "n_rows": [n_rows],
            "n_cells": [n_rows * 2],
            "n_filled": [parts[0]],
            "holds_on": [False],
            "n_faulty_cells": [parts[1]],
            "n_repeated": [parts[2]],
            "n_kept": [n_rows],
            "n_on_time": [parts[3]],
            "n_due": [n_rows],
            "n_covered": [parts[4]],
            "amount": [parts[5]],
            "usual_amount": [usual],
        },
        schema_overrides={"usual_amount": pl.Float64},
    )
    scored = DataQuality.validate(score_quality(facts.with_columns(unit=pl.lit("rows")), "loans"))
    values = [value for value in scored.filter(pl.col("dimension") != TOTAL)["value"] if value is not None]
    total = scored.filter(dimension=TOTAL)["value"].item()
    assert (total is None) == (not values)
    if values:
        assert min(values) - 1e-9 <= total <= max(values) + 1e-9


def test_every_dimension_has_a_written_formula() -> None:
    assert set(FORMULAS) == {*DIMENSIONS, TOTAL}


def test_a_month_scored_alone_is_scored_as_among_others() -> None:
    """One row of each source, all with the same number due, is what made a constant column of it."""
    one = {
        "n_due": 125,
        "n_rows": 5,
        "usual_amount": 1.0,
        "amount": 1,
        "n_faulty_cells": 0,
        "n_repeated": 0,
        "holds_on": False,
    }
    rows = [
        pl.DataFrame([one | {"n_covered": n, "n_filled": n, "n_cells": 128, "n_kept": 5, "n_on_time": 5}]).with_columns(
            snapshot_month=pl.date(2024, 1, 1), source=pl.lit(f"s{n}"), unit=pl.lit("rows")
        )
        for n in (104, 119)
    ]
    together = score_quality(pl.concat(rows), "loans").filter(dimension="completeness")
    assert together["value"].to_list() == [104 / 125 * (104 / 128), 119 / 125 * (119 / 128)]
