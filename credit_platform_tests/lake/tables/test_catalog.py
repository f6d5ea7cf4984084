from __future__ import annotations

from datetime import date
from threading import Event, Thread

import duckdb
import polars as pl
import pytest

from credit_platform.errors import MissingMonthsError
from credit_platform.lake.tables.catalog import TableMonths, create_as_of, create_view, monthly_tables, refresh_datamart
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.portfolio import LOANS

MONTHS = [date(2023, 1, 1), date(2023, 2, 1)]


def fill(lake: Lake, *tables: str) -> None:
    for table in tables:
        lake.write(table, pl.DataFrame({"snapshot_month": MONTHS, "table": [table] * 2}), MONTHS)


def test_a_view_joins_months_of_tables_of_one_shape(lake: Lake) -> None:
    fill(lake, "monitoring/a/stability", "monitoring/b/stability")
    parts = [TableMonths("monitoring/a/stability", MONTHS), TableMonths("monitoring/b/stability", MONTHS[1:])]
    with duckdb.connect() as connection:
        create_view(connection, "stability", lake.layout, parts)
        counts = connection.sql('select "table", count(*) from stability group by 1 order by 1').fetchall()
    assert counts == [("monitoring/a/stability", 2), ("monitoring/b/stability", 1)]


@pytest.mark.parametrize("months", [[date(2023, 1, 1), date(2023, 3, 1)], []])
def test_a_view_over_a_missing_month_or_none_is_refused(lake: Lake, months: list[date]) -> None:
    fill(lake, "gold/x")
    with duckdb.connect() as connection, pytest.raises(MissingMonthsError, match="gold/x has no file"):
        create_view(connection, "x", lake.layout, [TableMonths("gold/x", months)])


def test_the_months_a_query_is_asked_for_are_a_table(lake: Lake) -> None:
    assert lake.months("gold/x") == []
    with duckdb.connect() as connection:
        create_as_of(connection, MONTHS)
        create_as_of(connection, MONTHS[:1])
        assert connection.sql("select * from as_of").fetchall() == [(MONTHS[0],)]


def test_a_folder_with_a_quote_in_its_name_does_no_harm(lake: Lake) -> None:
    quoted = Lake.at(lake.layout.data_dir / "o'brien", portfolio=LOANS)
    fill(quoted, "gold/x")
    refresh_datamart(quoted.layout)
    with duckdb.connect(str(quoted.layout.datamart), read_only=True) as connection:
        assert connection.sql("select count(*) from gold.x").fetchall() == [(2,)]


def test_the_datamart_has_a_view_per_table_and_no_data(lake: Lake) -> None:
    fill(lake, "silver/loan_snapshots", "quarantine/loan_snapshots", "monitoring/m/action")
    refresh_datamart(lake.layout)
    assert monthly_tables(lake.layout) == ["monitoring/m/action", "quarantine/loan_snapshots", "silver/loan_snapshots"]
    with duckdb.connect(str(lake.layout.datamart), read_only=True) as connection:
        named = connection.sql(
            "select table_schema || '.' || table_name, table_type from information_schema.tables order by 1"
        ).fetchall()
        assert connection.sql("select count(*) from monitoring.m_action").fetchall() == [(2,)]
    assert named == [
        (name, "VIEW") for name in ("monitoring.m_action", "quarantine.loan_snapshots", "silver.loan_snapshots")
    ]


def test_a_reader_keeps_the_datamart_it_holds_open_while_a_new_one_is_swapped_in(lake: Lake) -> None:
    fill(lake, "gold/x")
    refresh_datamart(lake.layout)
    held, swapped = Event(), Event()
    failures: list[Exception] = []

    def read() -> None:
        try:
            with duckdb.connect(str(lake.layout.datamart), read_only=True) as connection:
                held.set()
                assert swapped.wait(30)
                assert connection.sql("select count(*) from gold.x").fetchall() == [(2,)]
                assert connection.sql("select 1 from information_schema.tables where table_name = 'y'").fetchall() == []
        except (duckdb.Error, AssertionError) as error:
            failures.append(error)
            held.set()

    reader = Thread(target=read)
    reader.start()
    assert held.wait(30)
    fill(lake, "gold/y")
    refresh_datamart(lake.layout)
    swapped.set()
    reader.join()
    assert failures == []
    with duckdb.connect(str(lake.layout.datamart), read_only=True) as connection:
        assert connection.sql("select count(*) from gold.y").fetchall() == [(2,)]
    assert [path.name for path in lake.layout.data_dir.glob("*.part")] == []


def test_the_tables_of_a_renamed_model_have_views_under_its_former_key_as_well(lake: Lake) -> None:
    fill(lake, "prediction/scorecard", "monitoring/scorecard/action", "gold/scorecard")
    refresh_datamart(lake.layout)
    with duckdb.connect(str(lake.layout.datamart), read_only=True) as connection:
        views = connection.sql("select schema_name || '.' || view_name from duckdb_views() where not internal")
        assert sorted(name for (name,) in views.fetchall()) == [
            "gold.scorecard",
            "monitoring.logistic_regression_action",
            "monitoring.scorecard_action",
            "prediction.logistic_regression",
            "prediction.scorecard",
        ]
        assert connection.sql("select count(*) from monitoring.logistic_regression_action").fetchall() == [(2,)]
