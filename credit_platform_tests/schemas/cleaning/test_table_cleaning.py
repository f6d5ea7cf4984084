from __future__ import annotations

import json
from datetime import date

import dataframely as dy
import polars as pl
import pytest

from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.portfolios.loans.sources.silver import (
    CustomerAttributes,
    CustomerClickstream,
    CustomerFinancials,
    LoanSnapshots,
)
from credit_platform.schemas.cleaning.table_cleaning import count_rejections, count_repairs
from credit_platform.schemas.quarantine import Quarantine
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials
from credit_platform_tests.source_rows import SOUND_CELLS, SOURCES, bronze_rows

CLEANERS = {
    "lms_loan_daily": (clean_loan_snapshots, LoanSnapshots),
    "features_attributes": (clean_attributes, CustomerAttributes),
    "features_financials": (clean_financials, CustomerFinancials),
    "feature_clickstream": (clean_clickstream, CustomerClickstream),
}
# A cell of each source that no key depends on, and another sound value for it.
OTHER_CELL = {
    "lms_loan_daily": ("balance", "9000.0"),
    "features_attributes": ("Age", "41"),
    "features_financials": ("Credit_Mix", "Bad"),
    "feature_clickstream": ("fe_1", "-3"),
}
every_source = pytest.mark.parametrize("source", list(CLEANERS))


def collect(source: str, bronze: pl.LazyFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    clean, schema = CLEANERS[source]
    cleaned = clean(bronze)
    rows, quarantined = pl.collect_all([cleaned.rows, cleaned.quarantined])
    assert rows.columns == schema.column_names()
    assert quarantined.columns == Quarantine.column_names()
    schema.validate(rows)
    Quarantine.validate(quarantined)
    return rows, quarantined


@every_source
def test_a_sound_row_passes_without_repairs(source: str) -> None:
    rows, quarantined = collect(source, bronze_rows(source, {}))
    assert rows.height == 1
    assert rows["repairs"].to_list() == [[]]
    assert quarantined.is_empty()


@every_source
def test_bronze_is_read_once_for_both_outcomes(source: str) -> None:
    read: list[int] = []

    def watched(rows: pl.DataFrame) -> pl.DataFrame:
        read.append(rows.height)
        return rows

    clean, _ = CLEANERS[source]
    pl.collect_all(list(clean(bronze_rows(source, {}).map_batches(watched))))
    assert read == [1]


@every_source
def test_an_empty_month_stays_empty_and_typed(source: str) -> None:
    rows, quarantined = collect(source, bronze_rows(source))
    assert rows.is_empty()
    assert quarantined.is_empty()


@every_source
def test_exact_duplicates_are_dropped_and_the_rest_untouched(source: str) -> None:
    rows, quarantined = collect(source, bronze_rows(source, {}, {}, {}))
    assert (rows.height, quarantined.height) == (1, 0)


@every_source
def test_different_rows_of_one_key_are_all_quarantined_with_their_text(source: str) -> None:
    column, value = OTHER_CELL[source]
    rows, quarantined = collect(source, bronze_rows(source, {}, {column: value}, {}))
    assert rows.is_empty()
    assert quarantined["rule"].to_list() == ["key_is_unique"] * 2
    assert quarantined["source_line"].to_list() == [2, 3]
    assert [json.loads(text)[column] for text in quarantined["raw_text"]][1] == value


@every_source
@pytest.mark.parametrize("odd", ['say "no"', "a,b", "\u00fc\u2028", "\x00", "\\N", "' or 1=1 --", " x "])
def test_a_quarantined_row_keeps_every_cell_with_its_file_line_and_reason(source: str, odd: str) -> None:
    column, _ = OTHER_CELL[source]
    cells = {**SOUND_CELLS[source], **other_loan(source), "Customer_ID": None, column: odd}
    _, quarantined = collect(source, bronze_rows(source, {}, cells))
    kept = quarantined.row(0, named=True)
    assert json.loads(kept["raw_text"]) == cells
    assert (kept["source_file"], kept["source_line"]) == (f"{source}.csv", 3)
    assert (kept["rule"], kept["reason"]) == ("Customer_ID_is_readable", "Customer_ID: blank or a placeholder")


def test_repairs_and_rejections_are_counted_by_month_and_rule() -> None:
    rows, quarantined = collect(
        "features_attributes",
        bronze_rows(
            "features_attributes",
            {"Age": "4_"},
            {"Age": "40_", "Customer_ID": "B0x", "Occupation": "__"},
            {"Customer_ID": "__"},
            {"Customer_ID": None},
        ),
    )
    month = date(2023, 1, 1)
    repairs = {"Age_out_of_range_nulled": 1, "Age_underscore_stripped": 2, "Occupation_placeholder_nulled": 1}
    assert count_repairs(rows) == {month: repairs}
    assert count_rejections(quarantined) == {month: {"Customer_ID_is_readable": 2}}
    assert count_repairs(rows.clear()) == count_rejections(quarantined.clear()) == {}


@every_source
def test_the_same_row_in_two_months_is_no_duplicate_of_itself(source: str) -> None:
    later = {"snapshot_date": "2023-02-01", **({"installment_num": "1"} if source == "lms_loan_daily" else {})}
    bronze = pl.concat([bronze_rows(source, {}), bronze_rows(source, later, month=date(2023, 2, 1))])
    rows, _ = collect(source, bronze)
    assert rows["snapshot_month"].to_list() == [date(2023, 1, 1), date(2023, 2, 1)]


@every_source
@pytest.mark.parametrize("blank", [None, "", "  ", "_______", "NM"])
def test_a_row_without_a_key_is_quarantined(source: str, blank: str | None) -> None:
    rows, quarantined = collect(
        source, bronze_rows(source, {"Customer_ID": blank}, {"Customer_ID": "CUS_0x2", **other_loan(source)})
    )
    assert rows["customer_id"].to_list() == ["CUS_0x2"]
    assert quarantined["rule"].to_list() == ["Customer_ID_is_readable"]
    assert json.loads(quarantined["raw_text"][0])["Customer_ID"] == blank


@every_source
@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("yesterday", "snapshot_date_is_readable"),
        (None, "snapshot_date_is_readable"),
        ("2023-02-30", "snapshot_date_is_readable"),
        ("2023-02-01", "snapshot_date_lies_in_its_month"),
    ],
)
def test_a_row_without_a_date_of_its_month_is_quarantined(source: str, text: str | None, rule: str) -> None:
    rows, quarantined = collect(source, bronze_rows(source, {"snapshot_date": text}))
    assert rows.is_empty()
    assert quarantined["rule"].to_list() == [rule]


@every_source
def test_both_date_forms_are_read(source: str) -> None:
    rows, _ = collect(source, bronze_rows(source, {"snapshot_date": "1/1/23"}))
    assert rows["snapshot_date"].to_list() == [date(2023, 1, 1)]
    assert rows["repairs"].to_list() == [[]]


@every_source
def test_blanks_around_a_key_are_repaired_before_keys_are_compared(source: str) -> None:
    column, value = OTHER_CELL[source]
    rows, _ = collect(source, bronze_rows(source, {"Customer_ID": " CUS_0x1 "}))
    assert rows["repairs"].to_list() == [["Customer_ID_whitespace_stripped"]]
    clash = bronze_rows(source, {"Customer_ID": " CUS_0x1 "}, {column: value})
    assert collect(source, clash)[1].height == 2


@every_source
def test_cleaning_month_by_month_equals_cleaning_the_range(source: str) -> None:
    column, value = OTHER_CELL[source]
    step = [{"installment_num": str(n)} if source == "lms_loan_daily" else {} for n in (0, 1)]
    january = bronze_rows(source, {}, {column: value}, {**other_loan(source), "Customer_ID": "CUS_0x2"})
    february = bronze_rows(source, {"snapshot_date": "2023-02-01", **step[1]}, month=date(2023, 2, 1))
    whole = collect(source, pl.concat([february, january]))
    parts = [collect(source, january), collect(source, february)]
    for position in (0, 1):
        assert whole[position].equals(pl.concat([part[position] for part in parts]))


def other_loan(source: str) -> dict[str, str]:
    return {"loan_id": "CUS_0x2_2023_01_01"} if source == "lms_loan_daily" else {}


def test_bronze_schemas_hold_the_source_columns_before_the_provenance() -> None:
    for schema in SOURCES.values():
        assert schema.column_names()[-3:] == ["snapshot_month", "source_file", "source_line"]


@pytest.mark.parametrize("schema", [*SOURCES.values(), Quarantine, *(schema for _, schema in CLEANERS.values())])
def test_every_column_is_described(schema: type[dy.Schema]) -> None:
    assert all(column.description for column in schema.columns().values())
    assert (schema.__doc__ or "").startswith("One row per ")
