"""Every contract is green on the finished book and red on rows that break it."""

from __future__ import annotations

from collections.abc import Mapping

import dataframely as dy
import polars as pl
import pytest

from credit_platform.checks.contracts import MonthVerdict, contract_verdicts
from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import tables_of
from credit_platform.schemas.quarantine import Quarantine
from credit_platform_tests.checks.conftest import MONTH

SCHEMAS: Mapping[str, type[dy.Schema]] = {
    **tables_of(LOANS).shared,
    "quarantine/loan_snapshots": Quarantine,
    "prediction/gradient_boosting": tables_of(LOANS).of_models["prediction"],
    **{
        f"monitoring/gradient_boosting/{part}": tables_of(LOANS).of_models[part]
        for part in tables_of(LOANS).of_models
        if part != "prediction"
    },
}
Tables = Mapping[str, pl.DataFrame]
# One value out of the range of each table that has ranges beyond its keys and types.
OUT_OF_RANGE: list[tuple[str, pl.Expr]] = [
    ("bronze/lms_loan_daily", pl.lit(0, pl.Int64).alias("source_line")),
    ("bronze/features_attributes", pl.lit(0, pl.Int64).alias("source_line")),
    ("bronze/features_financials", pl.lit(-1, pl.Int64).alias("source_line")),
    ("bronze/feature_clickstream", pl.lit(0, pl.Int64).alias("source_line")),
    ("silver/loan_snapshots", pl.lit("61 to 90").alias("dpd_bucket")),
    ("silver/loan_snapshots", pl.col("mob") + 1),
    ("silver/loan_snapshots", pl.lit(400, pl.Int32).alias("dpd")),
    ("silver/customer_attributes", pl.lit(7, pl.Int32).alias("age")),
    ("silver/customer_financials", pl.lit(5797.0).alias("interest_rate")),
    ("silver/customer_clickstream", pl.lit("").alias("customer_id")),
    ("gold/feature_store", ~pl.col("has_clickstream")),
    ("gold/feature_store", pl.lit("attributes").alias("sources_present")),
    ("gold/label_store", pl.lit(2, pl.Int8).alias("label")),
    ("gold/label_store", pl.col("snapshot_month").alias("cohort")),
    ("gold/label_store", pl.lit("guessed").alias("label_basis")),
    ("gold/unlabelled", pl.lit("").alias("reason")),
    ("gold/vintages", pl.lit(1.5).alias("ever_30dpd_rate")),
    ("gold/vintages", pl.col("n_loans").alias("n_30dpd") + 1),
    ("gold/roll_rates", pl.lit(-0.1).alias("transition_rate")),
    ("gold/roll_rates", pl.lit(0.5).alias("cure_rate")),
    ("gold/cohort_calendar", pl.lit("ripe").alias("state")),
    ("monitoring/data_quality", pl.lit(1.2).alias("value")),
    ("quarantine/loan_snapshots", pl.lit("").alias("rule")),
    ("monitoring/row_balance", pl.col("rows_in") + 1),
    ("monitoring/history", pl.col("snapshot_month").dt.offset_by("1mo").alias("observed_month")),
    ("monitoring/champion_challenger", pl.lit("crown").alias("decision")),
    ("monitoring/champion_challenger", pl.col("n").alias("n_bad") + 1),
    ("monitoring/overrides", pl.col("snapshot_month").dt.offset_by("1mo").alias("cohort")),
    ("decision/batch", pl.lit("refer").alias("decision")),
    ("decision/online", pl.lit("live").alias("provenance")),
    ("monitoring/service", pl.col("n").alias("n_failed") + 1),
    ("prediction/gradient_boosting", pl.lit(1.2).alias("default_probability")),
    ("prediction/gradient_boosting", 1 - pl.col("default_probability")),
    ("prediction/gradient_boosting", pl.lit("maybe").alias("decision")),
    ("prediction/gradient_boosting", pl.lit(None, pl.String).alias("reason_1")),
    ("prediction/gradient_boosting", pl.col("reason_1").alias("reason_2")),
    ("monitoring/gradient_boosting/performance", pl.lit("fine").alias("status")),
    ("monitoring/gradient_boosting/fair_lending", pl.lit("unfair").alias("status")),
    ("monitoring/gradient_boosting/stability", pl.lit("guess").alias("provenance")),
    ("monitoring/gradient_boosting/estimate", pl.lit("guess").alias("status")),
    ("monitoring/gradient_boosting/early_reads", pl.col("mob") + 1),
    ("monitoring/gradient_boosting/early_reads", pl.lit(1.5).alias("holm_p_value")),
    ("monitoring/gradient_boosting/estimate_backtest", pl.col("realised") + 1),
    ("monitoring/gradient_boosting/action", pl.lit("panic").alias("action")),
]


def verdict(frame: pl.DataFrame, table: str) -> MonthVerdict:
    return contract_verdicts(frame.lazy(), SCHEMAS[table], [MONTH])[MONTH]


@pytest.mark.parametrize("table", SCHEMAS)
def test_the_finished_book_meets_every_contract(month_of_tables: Tables, table: str) -> None:
    found = verdict(month_of_tables[table], table)
    assert found.passed, found.description
    assert found.rows == month_of_tables[table].height > 0


@pytest.mark.parametrize("table", SCHEMAS)
def test_a_repeated_key_is_red(month_of_tables: Tables, table: str) -> None:
    rows = month_of_tables[table]
    found = verdict(pl.concat([rows, rows.head(1)]), table)
    assert "primary_key" in found.broken_rules
    assert found.rows_in_breach == 2
    assert f"snapshot_month={MONTH}" in found.example


@pytest.mark.parametrize("table", [name for name, schema in SCHEMAS.items() if len(schema.primary_key()) > 1])
def test_an_empty_key_is_red(month_of_tables: Tables, table: str) -> None:
    key = [name for name in SCHEMAS[table].primary_key() if name != "snapshot_month"]
    rows = month_of_tables[table]
    blank = rows.with_columns(pl.when(pl.int_range(pl.len()) > 0).then(pl.col(key[-1])).alias(key[-1]))
    found = verdict(blank, table)
    assert found.broken_rules[f"{key[-1]}|nullability"] == 1


@pytest.mark.parametrize(("table", "broken"), OUT_OF_RANGE, ids=lambda value: value if isinstance(value, str) else "")
def test_a_value_its_contract_forbids_is_red(month_of_tables: Tables, table: str, broken: pl.Expr) -> None:
    found = verdict(month_of_tables[table].with_columns(broken), table)
    assert not found.passed
    assert found.rows_in_breach > 0
    assert f"rows break {min(found.broken_rules)}" in found.description


def test_every_contract_has_a_value_it_forbids_among_the_cases() -> None:
    assert {table for table, _ in OUT_OF_RANGE} == set(SCHEMAS)


@pytest.mark.parametrize("table", SCHEMAS)
def test_a_missing_an_unknown_and_a_retyped_column_are_named(month_of_tables: Tables, table: str) -> None:
    rows = month_of_tables[table]
    column = rows.columns[-1] if rows.columns[-1] != "snapshot_month" else rows.columns[0]
    changes = {
        f"missing column {column}": rows.drop(column),
        "unknown column surprise": rows.with_columns(surprise=1),
        f"{column} is Binary, not": rows.with_columns(pl.lit(b"").alias(column)),
    }
    for said, changed in changes.items():
        found = verdict(changed, table)
        assert list(found.broken_rules) == ["columns_match_the_schema"]
        assert said in found.example


def test_a_table_without_its_month_column_is_red_in_every_month(month_of_tables: Tables) -> None:
    rows = month_of_tables["gold/label_store"].drop("snapshot_month")
    months = [MONTH, add_months(MONTH, 1)]
    found = contract_verdicts(rows.lazy(), SCHEMAS["gold/label_store"], months)
    assert [each.passed for each in found.values()] == [False, False]


def test_only_the_month_with_the_bad_row_is_red_and_an_empty_month_is_green(month_of_tables: Tables) -> None:
    rows = month_of_tables["gold/label_store"]
    later, empty = add_months(MONTH, 1), add_months(MONTH, 2)
    bad = rows.with_columns(pl.lit(later).alias("snapshot_month"), pl.lit(7, pl.Int8).alias("label"))
    found = contract_verdicts(pl.concat([rows, bad]).lazy(), SCHEMAS["gold/label_store"], [MONTH, later, empty])
    assert {month: each.passed for month, each in found.items()} == {MONTH: True, later: False, empty: True}
    assert found[later].rows_in_breach == bad.height
    assert found[empty].description == "2024-10: all 0 rows meet the contract."
