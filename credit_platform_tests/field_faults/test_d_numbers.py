"""Numbers no type holds, dates no calendar has, quotes that vanish: a row is set aside, no month lost, no sum wrong.

The extremes of every contract are computed twice: by the platform, and exactly by Python.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import dataframely as dy
import duckdb
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from credit_platform.errors import SourceError
from credit_platform.lake.raw.readers import parse_file
from credit_platform.lake.raw.sources import source_months
from credit_platform.lake.tables.catalog import create_as_of
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.loans.features.catalogue import CHANNELS
from credit_platform.portfolios.loans.features.feature_store import build_feature_store
from credit_platform.portfolios.loans.features.ratios_check import RATIOS_CHECK
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.portfolio import LOANS as LOAN_BOOK
from credit_platform.portfolios.loans.sources.attributes import clean_attributes
from credit_platform.portfolios.loans.sources.clickstream import clean_clickstream, clickstream_cleaning
from credit_platform.portfolios.loans.sources.financials import clean_financials
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots, loan_cleaning
from credit_platform.portfolios.loans.sources.silver import LARGEST_AMOUNT, LoanSnapshots
from credit_platform.schemas.cleaning.keys import PLACEHOLDERS
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import clean_table
from credit_platform_tests.bad_inputs.delivery import (
    ATTRIBUTES,
    CLICKS,
    FINANCIALS,
    LOANS,
    MONTHS,
    ROWS_A_MONTH,
    cell,
    deliver,
    outcome_of,
    source_of,
)
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.source_rows import bronze_rows

MONTH = date(2023, 1, 1)
ALL_ROWS = ROWS_A_MONTH * len(MONTHS)
AMOUNTS = ("loan_amt", "due_amt", "paid_amt", "overdue_amt", "balance")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(tmp_path / "data", tmp_path / "raw", portfolio=LOAN_BOOK)


def features_of(*financials: dict[str, str | None]) -> pl.DataFrame:
    """Features of one loan per row of financials, each of a customer of its own."""
    ids = [f"CUS_0x{n}" for n in range(100, 100 + len(financials))]
    loans = [{"loan_id": f"{customer}_L", "Customer_ID": customer} for customer in ids]
    known = [{"Customer_ID": customer, **cells} for customer, cells in zip(ids, financials, strict=True)]
    return build_feature_store(
        clean_loan_snapshots(bronze_rows(LOANS, *loans)).rows,
        clean_attributes(bronze_rows(ATTRIBUTES)).rows,
        clean_financials(bronze_rows(FINANCIALS, *known)).rows,
        clean_clickstream(bronze_rows(CLICKS)).rows,
        clickstream_months=6,
    ).collect()


def portfolio_tables(silver: pl.DataFrame, months: list[date]) -> dict[str, pl.DataFrame]:
    """The book's SQL tables over some loan snapshots."""
    made = {}
    with duckdb.connect() as connection:
        connection.register("loan_snapshots", silver.to_arrow())
        create_as_of(connection, months)
        for table in LOAN_BOOK.tables:
            made[table.name] = connection.sql(
                table.sql if isinstance(table.sql, str) else table.sql(LOAN_BOOK.load_policy().model.label)
            ).pl()
    return made


@case(
    "D1",
    given="an amount of 1e17 in one row of the loan tape",
    right="the row is quarantined with the reason; the other loans of every month are built",
)
@pytest.mark.parametrize("amount", ["1e17", "90000000000000.02", "1e16", "1e308", "-1e17"])
@pytest.mark.parametrize("column", AMOUNTS)
def test_an_amount_no_type_holds_sets_its_row_aside(lake: Lake, column: str, amount: str) -> None:
    cell(8, column, amount)(deliver(lake.layout.raw_dir, LOANS))
    outcome = outcome_of(lake, LOANS)
    assert (outcome.refusal, outcome.held_back, outcome.silver.height) == ("", {}, ALL_ROWS - 1)
    set_aside = outcome.quarantined.row(0, named=True)
    assert set_aside["source_line"] == 8
    assert set_aside["reason"].startswith(f"{column}: ")
    assert portfolio_tables(outcome.silver, list(MONTHS))["vintages"]["n_loans"].sum() > 0


@case(
    "D2",
    given="Delay_from_due_date 1500000000 and two other loans",
    right="no product wraps: a delay beyond a century is null and counted, any other product is exact",
)
def test_a_product_of_counts_never_wraps() -> None:
    made = features_of(
        {"Delay_from_due_date": "1500000000"},
        {"Delay_from_due_date": "36525", "Num_of_Loan": "9", "Type_of_Loan": "_"},
        {"Delay_from_due_date": "-36525", "Num_of_Loan": "9", "Type_of_Loan": "_"},
    )
    assert made["loan_extent"].to_list() == [None, 36525.0 * 9, -36525.0 * 9]
    cleaned = clean_financials(bronze_rows(FINANCIALS, {"Delay_from_due_date": "1500000000"})).rows.collect()
    assert cleaned["repairs"].to_list() == [["Delay_from_due_date_out_of_range_nulled"]]


@case(
    "D3",
    given="a salary of 0.001 and a debt of 1e308; a salary of 1e-310 and the largest debt there is",
    right="the ratio is null and counted: a repair where an amount is impossible, a yellow check where the ratio is",
)
def test_an_infinite_ratio_is_null_and_counted() -> None:
    made = features_of(
        {"Monthly_Inhand_Salary": "0.001", "Outstanding_Debt": "1e308"},
        {"Monthly_Inhand_Salary": "1e-310", "Outstanding_Debt": f"{LARGEST_AMOUNT}"},
        {"Monthly_Inhand_Salary": "0.001", "Outstanding_Debt": "5"},
    )
    assert made["debt_to_salary"].to_list() == [None, None, 5 / 0.001]
    FeatureStore.validate(made)
    label = LOAN_BOOK.load_policy(None).model.label
    found = RATIOS_CHECK.evaluate(made.lazy(), [MONTH], label)[MONTH]
    assert (found.passed, found.metadata["debt_to_salary_left_empty"]) == (False, 1)
    assert "debt_to_salary of 1 loans" in found.description


@case(
    "D4",
    given="one clickstream row dated 0000-01-01, 2023-02-30 or 2023-13-01",
    right="that row is set aside with its line, every month is built from the others",
)
@pytest.mark.parametrize("source", [LOANS, ATTRIBUTES, FINANCIALS, CLICKS])
@pytest.mark.parametrize("day", ["0000-01-01", "2023-02-30", "2023-13-01", "2023-00-10"])
def test_a_row_of_a_day_no_calendar_has_is_set_aside(lake: Lake, source: str, day: str) -> None:
    cell(8, "snapshot_date", day)(deliver(lake.layout.raw_dir, source))
    outcome = outcome_of(lake, source)
    assert (outcome.refusal, outcome.held_back, outcome.silver.height) == ("", {}, ALL_ROWS - 1)
    assert outcome.quarantined.select("snapshot_month", "source_line", "rule").rows() == [
        (MONTHS[1], 8, "snapshot_date_is_readable")
    ]


@case(
    "D5",
    given='quotes escaped by a backslash in a CSV cell ("say \\"hi\\"")',
    right="a fault with its line; quotes written twice are kept",
)
@pytest.mark.parametrize(
    "written", ['"say \\"hi\\""', '"5\\""', '"a"b"', '"say "hi" to"', 'O"Neil', '"\\"hi\\""', '"Ada"x', ' "Ada"']
)
def test_quotes_are_kept_or_a_fault_with_its_line(tmp_path: Path, written: str) -> None:
    text = f'a,b\n1,x\n2,{written}\n3,"y"\n'.encode()
    with pytest.raises(SourceError, match=r"t\.csv, line [34]"):
        parse_file("t", ("a", "b"), tmp_path / "t.csv", text)


def test_quotes_written_twice_and_backslashes_before_a_closing_quote_are_kept(tmp_path: Path) -> None:
    text = b'a,b\n1,"say ""hi"""\n2,"C:\\dir\\"\n3,""""\n4,""\n'
    read = parse_file("t", ("a", "b"), tmp_path / "t.csv", text)
    assert [cell or "" for cell in read["b"]] == ['say "hi"', "C:\\dir\\", '"', ""]


@case(
    "D6",
    given="a start date in year 0 with the number of instalments that goes with it",
    right="the row is quarantined; a date no calendar has reaches no table",
)
def test_a_start_date_no_calendar_has_sets_its_row_aside() -> None:
    cells = {"loan_id": "L1", "loan_start_date": "0000-01-01", "installment_num": str(2023 * 12), "tenure": "30000"}
    cleaned = clean_loan_snapshots(bronze_rows(LOANS, cells, {}))
    rows, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
    assert rows.height == 1
    assert quarantined["rule"].to_list() == ["loan_start_date_is_readable"]


@case(
    "D8",
    given="a salary of 1e-290, whose ratio is a number, and one of 0.001",
    right="a ratio beyond the largest amount over a cent is null and counted: squares of it would fit no float",
)
def test_a_ratio_no_amounts_have_is_null_and_leaves_the_feature_its_spread() -> None:
    made = features_of(
        {"Monthly_Inhand_Salary": "1e-290", "Outstanding_Debt": "5", "Total_EMI_per_month": "5"},
        {"Monthly_Inhand_Salary": "0.01", "Outstanding_Debt": f"{LARGEST_AMOUNT}"},
        {"Monthly_Inhand_Salary": "0.001", "Outstanding_Debt": "5"},
    )
    assert made["debt_to_salary"].to_list() == [None, LARGEST_AMOUNT / 0.01, 5 / 0.001]
    assert made["emi_to_salary"][0] is None
    spread = made["debt_to_salary"].std()
    assert isinstance(spread, float)
    assert 0 < spread < float("inf")
    found = RATIOS_CHECK.evaluate(made.lazy(), [MONTH], LOAN_BOOK.load_policy(None).model.label)[MONTH]
    assert (found.passed, found.metadata["debt_to_salary_left_empty"]) == (False, 1)


@case(
    "D9",
    given="one row dated 0001-01-01 or 9999-12-31, a stand-in for a date",
    right="the book begins and ends with its other months, which are built as ever",
)
@pytest.mark.parametrize("source", [LOANS, ATTRIBUTES, FINANCIALS, CLICKS])
@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
def test_a_stand_in_for_a_date_is_no_month_of_the_book(lake: Lake, source: str, day: str) -> None:
    cell(8, "snapshot_date", day)(deliver(lake.layout.raw_dir, source))
    outcome = outcome_of(lake, source)
    assert (outcome.refusal, outcome.held_back, outcome.silver.height) == ("", {}, ALL_ROWS - 1)
    assert source_months(lake.layout, source_of(source)) == list(MONTHS)


def _range_of(schema: type[dy.Schema], name: str) -> tuple[float, float]:
    """The lowest and the highest value a column's contract allows."""
    column = schema.columns()[name]
    low, high = getattr(column, "min", None), getattr(column, "max", None)
    assert low is not None, f"{name} has no lowest value"
    assert high is not None, f"{name} has no highest value"
    return low, high


WIDE = [
    (source.silver, name)
    for source in LOAN_BOOK.sources
    for name, column in source.silver.columns().items()
    if column.dtype.is_float() or column.dtype == pl.Int64
]


@pytest.mark.parametrize(("schema", "name"), WIDE, ids=lambda part: getattr(part, "__name__", part))
def test_every_amount_and_wide_count_of_silver_has_a_range(schema: type[dy.Schema], name: str) -> None:
    low, high = _range_of(schema, name)
    assert max(abs(low), abs(high)) <= 2**53 / 100


def _ends(name: str) -> tuple[float, float]:
    return _range_of(LOAN_BOOK.source(FINANCIALS).silver, name)


def _ratio(part: float | None, whole: float | None) -> float | None:
    """The exact quotient, rounded once; None where a part is unknown, the divisor not positive or no float holds it."""
    if part is None or whole is None or whole <= 0:
        return None
    try:
        return float(Fraction(part) / Fraction(whole))
    except OverflowError:
        return None


PARTS = (
    "n_bank_accounts",
    "n_credit_cards",
    "n_loans",
    "delay_from_due_days",
    "monthly_inhand_salary_amount",
    "outstanding_debt_amount",
    "emi_amount",
)


def _exact_features(row: dict[str, float]) -> dict[str, float | None]:
    n_items = int(row["n_bank_accounts"]) + int(row["n_credit_cards"])
    salary, emi = row["monthly_inhand_salary_amount"], row["emi_amount"]
    return {
        "n_financial_products": n_items + int(row["n_loans"]),
        "loans_per_credit_item": _ratio(row["n_loans"], n_items),
        "debt_to_salary": _ratio(row["outstanding_debt_amount"], salary),
        "emi_to_salary": _ratio(emi, salary),
        "repayment_ability_amount": float(Fraction(salary) - Fraction(emi)),
        "loan_extent": int(row["delay_from_due_days"]) * int(row["n_loans"]),
    }


def test_features_of_every_extreme_are_those_of_exact_arithmetic() -> None:
    """Every column at its lowest and highest, in all combinations, as the contract of silver allows them."""
    combinations = [dict[str, float]()]
    for name in PARTS:
        combinations = [{**row, name: end} for row in combinations for end in _ends(name)]
    silver = LOAN_BOOK.source(FINANCIALS).silver
    known = clean_financials(
        bronze_rows(FINANCIALS, *({"Customer_ID": f"CUS_0x{n}"} for n in range(len(combinations))))
    )
    frame = known.rows.sort("customer_id").collect()
    extremes = pl.DataFrame(combinations, schema={name: silver.columns()[name].dtype for name in PARTS})
    frame = frame.with_columns(extremes.get_column(name) for name in PARTS)
    silver.validate(frame)
    loans = clean_loan_snapshots(
        bronze_rows(LOANS, *({"Customer_ID": f"CUS_0x{n}", "loan_id": f"L{n:05}"} for n in range(len(combinations))))
    ).rows
    made = build_feature_store(
        loans,
        clean_attributes(bronze_rows(ATTRIBUTES)).rows,
        frame.lazy(),
        clean_clickstream(bronze_rows(CLICKS)).rows,
        clickstream_months=6,
    ).collect()
    FeatureStore.validate(made)
    by_customer = dict(zip(frame["customer_id"], combinations, strict=True))
    for row in made.iter_rows(named=True):
        wanted = _exact_features(by_customer[row["customer_id"]])
        assert {name: row[name] for name in wanted} == wanted


@pytest.mark.parametrize("end", [0, 1], ids=["lowest", "highest"])
def test_sums_and_means_of_extreme_clickstream_are_those_of_exact_arithmetic(end: int) -> None:
    extreme = _range_of(LOAN_BOOK.source(CLICKS).silver, CHANNELS[0])[end]
    months = [date(2022, month, 1) for month in range(1, 13)]
    values = [extreme] * 11 + [1]
    rows = pl.concat(
        bronze_rows(CLICKS, {**dict.fromkeys(CHANNELS, str(value)), "snapshot_date": str(month)}, month=month)
        for month, value in zip(months, values, strict=True)
    )
    december = {"loan_start_date": "2022-12-01", "snapshot_date": "2022-12-01"}
    made = build_feature_store(
        clean_loan_snapshots(bronze_rows(LOANS, december, month=months[-1])).rows,
        clean_attributes(bronze_rows(ATTRIBUTES)).rows,
        clean_financials(bronze_rows(FINANCIALS)).rows,
        clean_clickstream(rows).rows,
        clickstream_months=12,
    ).collect()
    row = made.row(0, named=True)
    assert {row[f"{channel}_sum"] for channel in CHANNELS} == {float(sum(values))}
    assert {row[f"{channel}_mean"] for channel in CHANNELS} == {float(Fraction(int(sum(values)), 12))}


def test_portfolio_tables_of_the_largest_amounts_are_those_of_exact_arithmetic() -> None:
    largest = Decimal(LARGEST_AMOUNT)
    amounts = [largest, largest - Decimal("0.01"), Decimal("0.01"), Decimal(0)]
    later = date(2023, 2, 1)
    first = [{"loan_id": f"L{n:03}", "loan_amt": str(amount)} for n, amount in enumerate(amounts)]
    second = [
        {**cells, "snapshot_date": str(later), "installment_num": "1", "due_amt": "100", "overdue_amt": overdue}
        for cells, overdue in zip(first, ("100", "0", "100", "0"), strict=True)
    ]
    silver = pl.concat(
        [
            clean_loan_snapshots(rows).rows
            for rows in (bronze_rows(LOANS, *first), bronze_rows(LOANS, *second, month=later))
        ]
    ).collect()
    LoanSnapshots.validate(silver)
    assert silver.height == 2 * len(amounts)
    made = portfolio_tables(silver, [later])
    lent = sum(map(Fraction, amounts))
    late = Fraction(amounts[0]) + Fraction(amounts[2])
    rate = made["vintages"].filter(mob=1)["ever_30dpd_amount_rate"].item()
    assert rate == pytest.approx(float(late / lent), rel=2**-52, abs=0)
    moved = made["roll_rates"].filter(from_bucket="current", to_bucket="30-59")
    assert moved["transition_amount_rate"].item() == pytest.approx(float(late / lent), rel=2**-52, abs=0)
    assert moved["n_loans"].item() == 2


NUMBER_TEXTS = st.one_of(
    st.integers(-(2**65), 2**65).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.decimals(-(10**17), 10**17, places=2, allow_nan=False).map(str),
    st.sampled_from(["", " ", "_", "7_", " 7", "7 ", "+7", "1e3", "1E3", "1_000", "0x10", "07", "7.0", ".5", "5.",
                     "--5", "nan", "NaN", "inf", "-0", "-0.0", "1e400", "9007199254740993", "2147483648",
                     "-2147483648", "1000000000001", "999999999999", "\u0663", *PLACEHOLDERS]),
)  # fmt: skip
KEY_TEXTS = st.sampled_from(["CUS_0x1", " CUS_0x2", "a", "", "_", "NM", "CUS 0x3", "\u00a0CUS_0x4", "CUS_0x5\u200b"])
DATE_TEXTS = st.sampled_from(
    ["2023-01-01", " 2023-01-01", "1/1/23", "01/01/23", "2023-1-1", "0000-01-01", "2023-02-30", "", "10000-01-01"]
)
CLEANINGS: dict[str, Callable[[], TableCleaning]] = {LOANS: loan_cleaning, CLICKS: clickstream_cleaning}


def _rows_of(source: str) -> st.SearchStrategy[list[dict[str, str | None]]]:
    known = LOAN_BOOK.source(source)
    cells = {
        column: st.one_of(NUMBER_TEXTS, st.none())
        if column in known.cells.numbers
        else st.one_of(DATE_TEXTS, st.none())
        if "date" in column
        else st.one_of(KEY_TEXTS, st.none())
        for column in known.columns
    }
    return st.lists(st.fixed_dictionaries({}, optional=cells), min_size=1, max_size=6)


@case(
    "D7",
    given="any text in any cell of a table that is read in a hurry",
    right="the same value, the same repairs and the same rows set aside as when it is read sign by sign",
)
@pytest.mark.parametrize("source", CLEANINGS)
def test_the_fast_and_the_slow_reading_of_cells_agree(source: str) -> None:
    table = CLEANINGS[source]()
    slow = replace(table, plain_values=None)

    @settings(max_examples=150)
    @given(rows=_rows_of(source))
    def agree(rows: list[dict[str, str | None]]) -> None:
        bronze = bronze_rows(source, *rows)
        for one, other in zip(clean_table(bronze, table), clean_table(bronze, slow), strict=True):
            order = [name for name in ("source_line", "loan_id", "customer_id") if name in one.collect_schema()]
            assert_frame_equal(one.sort(order).collect(), other.sort(order).collect())

    agree()


CSV_CELLS = st.text(st.sampled_from('ab ,"\\\n\u00e9;_1'), max_size=6)


@settings(max_examples=200)
@given(rows=st.lists(st.tuples(CSV_CELLS, CSV_CELLS, CSV_CELLS), min_size=1, max_size=5))
@example(rows=[('say "hi"', "C:\\", "")])
def test_csv_text_gives_the_cells_that_pythons_own_reader_gives(rows: list[tuple[str, str, str]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("x", "y", "z"), *rows])
    try:
        read = parse_file("t", ("x", "y", "z"), Path("t.csv"), out.getvalue().encode())
    except SourceError as error:
        # A cell with a line break and as many commas as a row has may have swallowed the next one.
        assert any("\n" in cell and cell.count(",") >= 2 for row in rows for cell in row), error  # noqa: PT017 - what was generated, not what was raised
        return
    found = [tuple(cell or "" for cell in row) for row in read.select("x", "y", "z").rows()]
    assert found == rows


@settings(max_examples=200)
@given(text=st.text(st.sampled_from('ab,"\\\n '), max_size=24))
@example(text='"5\\"",x\n"6\\"",y')
@example(text='a,"b "c" d"\n')
def test_text_that_is_accepted_is_read_as_pythons_own_strict_reader_reads_it(text: str) -> None:
    content = f"x,y\n{text}\n"
    try:
        read = parse_file("t", ("x", "y"), Path("t.csv"), content.encode())
    except SourceError:
        return
    strict = [row for row in csv.reader(io.StringIO(content, newline=""), strict=True) if row][1:]
    found = [[cell or "" for cell in row] for row in read.select("x", "y").rows()]
    assert found == strict


TYPED = {
    "whole numbers": pl.Series([1, -5, 2**53], dtype=pl.Int64),
    "small whole numbers": pl.Series([1, -5, 127], dtype=pl.Int8),
    "floats": pl.Series([0.1, 1e-7, 123456789.125], dtype=pl.Float64),
    "decimals": pl.Series([Decimal("1.10"), Decimal("-0.05"), Decimal("90000000000000.00")]),
}


@pytest.mark.parametrize("kind", TYPED)
def test_a_number_of_a_parquet_file_is_the_number_its_text_says(tmp_path: Path, kind: str) -> None:
    series = TYPED[kind].alias("x")
    buffer = io.BytesIO()
    series.to_frame().write_parquet(buffer)
    typed = parse_file("t", ("x",), tmp_path / "t.parquet", buffer.getvalue())
    written = "x\n" + "".join(f"{value}\n" for value in series.to_list())
    as_text = parse_file("t", ("x",), tmp_path / "t.csv", written.encode())
    assert typed["x"].cast(pl.Float64).to_list() == as_text["x"].cast(pl.Float64).to_list()
