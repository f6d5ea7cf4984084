"""The twelve features that others rely on equal plain SQL over the files, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from credit_platform.portfolios.home_credit.features.feature_store import ApplicationFeatures, build_feature_store
from credit_platform_tests.portfolios.home_credit.delivered_rows import (
    KEYS,
    SOURCES,
    Cells,
    file_of,
    real_folder,
    real_silver,
    silver_of,
)

SQL = Path(__file__).with_name("fixed_features.sql").read_text(encoding="utf-8")
FIXED = (
    "bureau_n_active",
    "bureau_n_closed",
    "bureau_debt_amount",
    "bureau_overdue_days_max",
    "bureau_balance_worst_status",
    "previous_n_applications",
    "previous_refused_rate",
    "previous_days_since_last_decision",
    "instalments_late_rate",
    "instalments_days_late_mean",
    "pos_dpd_rate",
    "card_utilisation_mean",
)


def of_sql(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return connection.sql(SQL).pl().select("application_id", pl.col(FIXED).cast(pl.Float64))


def of_features(silver: Mapping[str, pl.LazyFrame]) -> pl.DataFrame:
    built = ApplicationFeatures.validate(build_feature_store(silver).collect())
    return built.select("application_id", pl.col(FIXED).cast(pl.Float64)).sort("application_id")


def test_real_rows() -> None:
    folder = real_folder()
    with duckdb.connect() as connection:
        for name, source in SOURCES.items():
            connection.execute(f"create view \"{name}\" as from read_csv('{folder / file_of(source)}')")
        expected = of_sql(connection)
    found = of_features(real_silver(folder))
    assert found.height == 2000
    assert all(found[name].count() > 5 for name in FIXED)
    assert_frame_equal(found, expected, rel_tol=1e-12, abs_tol=1e-12)


def _optional(*values: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from((*values, None))


_DAYS = st.one_of(st.none(), st.integers(-90, 0).map(str), st.integers(-90, 0).map("{}.0".format))
_AMOUNT = st.one_of(st.none(), st.integers(-9_000, 9_000_000).map(lambda thousandths: str(thousandths / 1000)))
_POSITIVE = st.one_of(st.none(), st.integers(0, 9_000_000).map(lambda thousandths: str(thousandths / 1000)))
# 3 is an applicant whose application is not delivered.
_WHO = {"SK_ID_CURR": st.sampled_from(("1", "2", "3"))}
_CONTRACT = {"SK_ID_PREV": st.sampled_from(("11", "12", "13"))}
ROWS: Mapping[str, Mapping[str, st.SearchStrategy[str | None]]] = {
    "bureau": {
        **_WHO,
        "CREDIT_ACTIVE": _optional("Active", "Closed", "Sold", "Frozen"),
        "AMT_CREDIT_SUM_DEBT": _AMOUNT,
        "CREDIT_DAY_OVERDUE": _optional("0", "0.0", "12", "2234"),
    },
    "bureau_balance": {
        "SK_ID_BUREAU": st.sampled_from(("0", "1", "2", "99")),
        "STATUS": st.sampled_from((*"012345CX", None)),
    },
    "previous_application": {
        **_WHO,
        "NAME_CONTRACT_STATUS": _optional("Refused", "Approved", "XNA"),
        "DAYS_DECISION": _DAYS,
        "DAYS_FIRST_DRAWING": _optional("365243", "365243.0", "-7"),
    },
    "installments_payments": {
        **_WHO,
        **_CONTRACT,
        "DAYS_INSTALMENT": _DAYS,
        "DAYS_ENTRY_PAYMENT": _DAYS,
        "AMT_INSTALMENT": _POSITIVE,
        "AMT_PAYMENT": _POSITIVE,
    },
    "POS_CASH_balance": {**_WHO, **_CONTRACT, "SK_DPD": _optional("0", "1", "2205.0")},
    "credit_card_balance": {
        **_WHO,
        **_CONTRACT,
        "AMT_BALANCE": _AMOUNT,
        "AMT_CREDIT_LIMIT_ACTUAL": _optional("0", "0.0", "90000", "1"),
    },
}
# What tells one row from another where the key says nothing of what is tested: the row's place.
_PLACED = {
    "bureau": "SK_ID_BUREAU",
    "previous_application": "SK_ID_PREV",
    "bureau_balance": "MONTHS_BALANCE",
    "POS_CASH_balance": "MONTHS_BALANCE",
    "credit_card_balance": "MONTHS_BALANCE",
}


def _placed(name: str, rows: Sequence[Cells]) -> list[Cells]:
    column = _PLACED.get(name)
    sign = "-" if column == "MONTHS_BALANCE" else ""
    return [{**row, **({column: f"{sign}{place}"} if column else {})} for place, row in enumerate(rows)]


def _typed(column: str) -> pl.Expr:
    is_text = column.startswith(("NAME_", "CREDIT_ACTIVE", "STATUS", "SK_ID_"))
    return pl.col(column) if is_text else pl.col(column).cast(pl.Float64)


BOOK = st.fixed_dictionaries(
    {name: st.lists(st.fixed_dictionaries(dict(cells)), max_size=6) for name, cells in ROWS.items()}
)
_PART: Cells = {
    "SK_ID_CURR": "1",
    "SK_ID_PREV": "11",
    "DAYS_INSTALMENT": "-30",
    "DAYS_ENTRY_PAYMENT": "-20",
    "AMT_INSTALMENT": "9",
    "AMT_PAYMENT": "3",
}
_NOTHING: dict[str, list[Cells]] = {name: [] for name in ROWS}
_IDS = ("SK_ID_CURR", "SK_ID_PREV", "SK_ID_BUREAU")


def _numbered(book: dict[str, list[Cells]], number: int) -> dict[str, list[Cells]]:
    """The rows with ids that no other book has."""
    numbered: dict[str, list[Cells]] = {"application": [{"SK_ID_CURR": f"{number}0{who}"} for who in (1, 2)]}
    for name, rows in book.items():
        numbered[name] = [
            {**row, **{column: f"{number}0{row[column]}" for column in _IDS if column in row}}
            for row in _placed(name, rows)
        ]
    return numbered


# Many small books are cleaned and aggregated at once: planning takes longer than computing.
@settings(max_examples=8)
@given(st.lists(BOOK, min_size=1, max_size=6))
@example([_NOTHING, _NOTHING | {"installments_payments": [_PART] * 3}])
def test_small_books(books: list[dict[str, list[Cells]]]) -> None:
    numbered = [_numbered(book, number) for number, book in enumerate(books, start=1)]
    tables = {name: [row for book in numbered for row in book[name]] for name in SOURCES}
    with duckdb.connect() as connection:
        for name, source in SOURCES.items():
            cells = [{column: {**KEYS, **row}.get(column) for column in source.columns} for row in tables[name]]
            read = [column for column in source.columns if column in {*KEYS, *ROWS.get(name, ())}]
            frame = pl.DataFrame(cells, schema=dict.fromkeys(source.columns, pl.String)).select(map(_typed, read))
            connection.register(name, frame)
        expected = of_sql(connection)
    assert_frame_equal(of_features(silver_of(tables)), expected, rel_tol=1e-12, abs_tol=1e-12)
