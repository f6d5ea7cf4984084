"""Cleaning of the seven sources: what is no dirt, what is, and that the fast and the slow reading agree."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from credit_platform.portfolios.home_credit.sources.application import APPLICATION
from credit_platform.portfolios.home_credit.sources.bureau import BUREAU, BUREAU_BALANCE
from credit_platform.portfolios.home_credit.sources.payments import INSTALLMENTS_PAYMENTS, POS_CASH_BALANCE
from credit_platform.portfolios.home_credit.sources.previous_application import PREVIOUS_APPLICATION
from credit_platform.portfolios.source import Source
from credit_platform_tests.portfolios.home_credit.delivered_rows import (
    KEYS,
    SOURCES,
    Cells,
    bronze,
    bronze_of_text,
    cleaned,
    cleaning_of,
    file_of,
    real_folder,
)

every_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


@every_source
def test_no_real_row_is_lost_or_repaired(source: Source) -> None:
    folder = real_folder()
    for file in (folder / file_of(source), folder / "unlinked_samples" / file_of(source)):
        if file.is_file():
            text = pl.read_csv(file, infer_schema=False)
            assert {*text.columns} <= {*source.columns}
            assert {*source.columns} - {*text.columns} <= {*source.optional_columns}
            rows, quarantined = cleaned(source, bronze_of_text(source, text))
            assert (rows.height, quarantined.height) == (text.height, 0)
            assert rows["repairs"].list.len().sum() == 0


@every_source
def test_no_real_row_is_read_the_slow_way(source: Source) -> None:
    table = cleaning_of(source)
    types = source.silver.columns()
    blind = replace(table, values={name: pl.lit(None, dtype=types[name].dtype) for name in table.values})
    rows = bronze_of_text(source, pl.read_csv(real_folder() / file_of(source), infer_schema=False))
    assert_frame_equal(cleaned(source, rows, blind)[0], cleaned(source, rows)[0])


@every_source
def test_an_empty_month_stays_empty_and_typed(source: Source) -> None:
    rows, quarantined = cleaned(source, bronze(source))
    assert rows.is_empty()
    assert quarantined.is_empty()
    assert rows.columns == source.silver.column_names()


@every_source
def test_a_row_of_keys_alone_is_sound(source: Source) -> None:
    rows, quarantined = cleaned(source, bronze(source, {}))
    assert (rows.height, quarantined.height) == (1, 0)
    assert rows["repairs"].to_list() == [[]]


@pytest.mark.parametrize(
    "source", [source for source in SOURCES.values() if cleaning_of(source).key], ids=lambda source: source.name
)
def test_rows_alike_are_dropped_and_rows_of_one_key_set_aside(source: Source) -> None:
    column = next(name for name in reversed(source.columns) if name not in {*source.cells.key, "snapshot_date"})
    rows, quarantined = cleaned(source, bronze(source, {}, {}))
    assert (rows.height, quarantined.height) == (1, 0)
    rows, quarantined = cleaned(source, bronze(source, {}, {column: "1"}))
    assert rows.is_empty()
    assert quarantined["rule"].to_list() == ["key_is_unique"] * 2


def test_parts_of_an_instalment_are_all_kept_and_none_is_set_aside() -> None:
    part: Cells = {"DAYS_INSTALMENT": "-30", "DAYS_ENTRY_PAYMENT": "-31", "AMT_INSTALMENT": "10", "AMT_PAYMENT": "5"}
    rows, quarantined = cleaned(INSTALLMENTS_PAYMENTS, bronze(INSTALLMENTS_PAYMENTS, part, part, {}, part))
    assert (rows.height, quarantined.height) == (4, 0)
    assert rows["payment_amount"].to_list() == [5, 5, None, 5]
    assert INSTALLMENTS_PAYMENTS.cells.key == ()


@pytest.mark.parametrize(
    ("source", "cells", "column", "value"),
    [
        (APPLICATION, {"DAYS_EMPLOYED": "365243"}, "employment_days", None),
        (APPLICATION, {"DAYS_EMPLOYED": "365243"}, "is_without_employment", True),
        (APPLICATION, {"DAYS_EMPLOYED": "-12"}, "is_without_employment", False),
        (APPLICATION, {"ORGANIZATION_TYPE": "XNA"}, "organisation_type", None),
        (APPLICATION, {"CNT_FAM_MEMBERS": "2.0"}, "n_family_members", 2),
        (APPLICATION, {"TARGET": "1"}, "target", 1),
        (APPLICATION, {"TARGET": None}, "target", None),
        (APPLICATION, {"FLAG_OWN_CAR": "Y"}, "has_car", True),
        (APPLICATION, {"EMERGENCYSTATE_MODE": "No"}, "is_building_in_emergency", False),
        (APPLICATION, {"NAME_INCOME_TYPE": "Lighthouse keeper"}, "income_type", "Lighthouse keeper"),
        (APPLICATION, {}, "customer_id", "100001"),
        (PREVIOUS_APPLICATION, {"DAYS_FIRST_DRAWING": "365243.0"}, "first_drawing_days", None),
        (PREVIOUS_APPLICATION, {"DAYS_LAST_DUE_1ST_VERSION": "125"}, "first_planned_last_due_days", 125),
        (PREVIOUS_APPLICATION, {"CODE_REJECT_REASON": "XAP"}, "reject_reason", None),
        (PREVIOUS_APPLICATION, {"SELLERPLACE_AREA": "-1"}, "seller_area", None),
        (BUREAU, {"AMT_CREDIT_SUM_DEBT": "-4154.5"}, "debt_amount", -4154.5),
        (BUREAU_BALANCE, {"STATUS": "C"}, "status", "C"),
    ],
)
def test_what_is_no_dirt_is_read_and_no_repair(source: Source, cells: Cells, column: str, value: object) -> None:
    for cleaning in (None, replace(cleaning_of(source), plain_values=None)):
        rows, quarantined = cleaned(source, bronze(source, cells), cleaning)
        assert rows[column].to_list() == [value]
        assert rows["repairs"].to_list() == [[]]
        assert quarantined.is_empty()


# A red case of every kind of rule: the repair it notes, or the rule that sets the row aside.
DIRT: list[tuple[Source, Cells, str, str]] = [
    (APPLICATION, {"AMT_CREDIT": "-1"}, "AMT_CREDIT_out_of_range_nulled", "credit_amount"),
    (APPLICATION, {"DAYS_BIRTH": "12"}, "DAYS_BIRTH_out_of_range_nulled", "birth_days"),
    (APPLICATION, {"DAYS_EMPLOYED": "365242"}, "DAYS_EMPLOYED_out_of_range_nulled", "employment_days"),
    (APPLICATION, {"EXT_SOURCE_2": "1.5"}, "EXT_SOURCE_2_out_of_range_nulled", "external_score_2"),
    (APPLICATION, {"CNT_CHILDREN": "1.5"}, "unreadable_number_nulled_CNT_CHILDREN", "n_children"),
    (APPLICATION, {"AMT_CREDIT": "much"}, "unreadable_number_nulled_AMT_CREDIT", "credit_amount"),
    (APPLICATION, {"AMT_CREDIT": "NaN"}, "AMT_CREDIT_placeholder_nulled", "credit_amount"),
    (APPLICATION, {"OCCUPATION_TYPE": "unknown"}, "OCCUPATION_TYPE_placeholder_nulled", "occupation"),
    (APPLICATION, {"FLAG_EMAIL": "2"}, "unreadable_text_nulled_FLAG_EMAIL", "has_email"),
    (APPLICATION, {"TARGET": "NaN"}, "TARGET_placeholder_nulled", "target"),
    (BUREAU_BALANCE, {"STATUS": "7"}, "unreadable_text_nulled_STATUS", "status"),
    (PREVIOUS_APPLICATION, {"DAYS_DECISION": "1"}, "DAYS_DECISION_out_of_range_nulled", "decision_days"),
]
MENDED: list[tuple[Source, Cells, str, str, object]] = [
    (APPLICATION, {"AMT_CREDIT": " 5"}, "AMT_CREDIT_whitespace_stripped", "credit_amount", 5),
    (APPLICATION, {"AMT_CREDIT": "5_"}, "AMT_CREDIT_underscore_stripped", "credit_amount", 5),
    (APPLICATION, {"OCCUPATION_TYPE": " Cooks"}, "OCCUPATION_TYPE_whitespace_stripped", "occupation", "Cooks"),
    (APPLICATION, {"SK_ID_CURR": "100001.0"}, "SK_ID_CURR_digits_restored", "application_id", "100001"),
    (BUREAU, {"SK_ID_BUREAU": " 7"}, "SK_ID_BUREAU_whitespace_stripped", "bureau_credit_id", "7"),
]
SET_ASIDE: list[tuple[Source, Cells, str]] = [
    (APPLICATION, {"TARGET": "2"}, "TARGET_is_zero_or_one"),
    (APPLICATION, {"TARGET": "bad"}, "TARGET_is_zero_or_one"),
    (APPLICATION, {"SK_ID_CURR": None}, "SK_ID_CURR_is_readable"),
    (BUREAU, {"SK_ID_BUREAU": "none"}, "SK_ID_BUREAU_is_readable"),
    (INSTALLMENTS_PAYMENTS, {"SK_ID_CURR": ""}, "SK_ID_CURR_is_readable"),
    (POS_CASH_BALANCE, {"MONTHS_BALANCE": None}, "MONTHS_BALANCE_is_readable"),
    (BUREAU_BALANCE, {"MONTHS_BALANCE": "2"}, "MONTHS_BALANCE_is_readable"),
]


@pytest.mark.parametrize(("source", "cells", "rule", "column"), DIRT)
def test_dirt_is_emptied_by_a_named_rule(source: Source, cells: Cells, rule: str, column: str) -> None:
    rows, _ = cleaned(source, bronze(source, cells))
    assert rows["repairs"].to_list() == [[rule]]
    assert rows[column].to_list() == [None]


@pytest.mark.parametrize(("source", "cells", "rule", "column", "value"), MENDED)
def test_what_can_be_told_is_mended(source: Source, cells: Cells, rule: str, column: str, value: object) -> None:
    rows, _ = cleaned(source, bronze(source, cells))
    assert rows["repairs"].to_list() == [[rule]]
    assert rows[column].to_list() == [value]


@pytest.mark.parametrize(("source", "cells", "rule"), SET_ASIDE)
def test_a_row_nothing_can_be_made_of_is_set_aside_with_its_text(source: Source, cells: Cells, rule: str) -> None:
    rows, quarantined = cleaned(source, bronze(source, cells))
    assert rows.is_empty()
    assert quarantined["rule"].to_list() == [rule]
    (column,) = cells
    assert json.loads(quarantined["raw_text"][0])[column] == cells[column]


_WORDS = (
    "0 1 -1 1.0 0.0 -0.0 2.5 -12 -12.0 365243 365243.0 XNA XAP xna Y N Yes No C X 5 7 1e3 1E+05 1_ nan NaN inf -inf "
    "1e400 0.5 1.5 -45001 -45000 100000000001 Cooks unknown n/a NM A. 01 +1 .5 9007199254740993 !@9#%8 __10000__ -"
)
_TEXTS = (
    "",
    " ",
    " 1",
    "1 ",
    " XNA",
    "Cash loans",
    "Stone, brick",
    "a\u00a0b",
    "\u200b1",
    "Secondary / special",
    "a\nb",
)
TEXTS = (*_WORDS.split(), *_TEXTS)


def agrees(source: Source, text: pl.LazyFrame) -> None:
    slow = cleaned(source, text, replace(cleaning_of(source), plain_values=None))
    for one, other in zip(cleaned(source, text), slow, strict=True):
        assert_frame_equal(one, other)


@every_source
def test_the_fast_and_the_slow_reading_of_every_text_in_every_column_agree(source: Source) -> None:
    keys = {name: range(10**6, 10**7) for name in KEYS}
    rows = [
        {**{name: str(ids[place]) for name, ids in keys.items()}, "MONTHS_BALANCE": "-3", column: text}
        for place, (column, text) in enumerate(product(source.columns, TEXTS))
    ]
    agrees(source, bronze(source, *rows))


CELLS = st.one_of(
    st.none(), st.sampled_from(TEXTS), st.integers(-50_000, 400_000).map(str), st.text("01.e-_ aN", max_size=4)
)
narrow_sources = pytest.mark.parametrize(
    "source", [BUREAU_BALANCE, INSTALLMENTS_PAYMENTS, POS_CASH_BALANCE], ids=lambda source: source.name
)


@narrow_sources
def test_the_fast_and_the_slow_reading_of_rows_agree(source: Source) -> None:
    rows = st.fixed_dictionaries({}, optional=dict.fromkeys(source.columns, CELLS))

    @settings(max_examples=30)
    @given(st.lists(rows, min_size=1, max_size=5))
    def agree(delivered: list[Cells]) -> None:
        agrees(source, bronze(source, *delivered))

    agree()


@narrow_sources
def test_all_rows_are_kept_set_aside_or_dropped_as_duplicates(source: Source) -> None:
    names = (*source.cells.key, source.columns[-1])
    rows = st.fixed_dictionaries({}, optional=dict.fromkeys(names, st.sampled_from(("1", "-2", None, "x"))))

    @settings(max_examples=30)
    @given(st.lists(rows, max_size=8))
    def balances(delivered: list[Cells]) -> None:
        text = bronze(source, *delivered)
        kept, quarantined = cleaned(source, text)
        has_key = bool(cleaning_of(source).key)
        distinct = text.select(source.columns).unique().collect().height if has_key else len(delivered)
        assert kept.height + quarantined.height == distinct

    balances()


def test_what_a_file_may_lack_is_declared() -> None:
    optional = {name: source.optional_columns for name, source in SOURCES.items() if source.optional_columns}
    assert optional == {
        "application": ("TARGET", "snapshot_date"),
        "previous_application": ("RATE_INTEREST_PRIMARY", "RATE_INTEREST_PRIVILEGED"),
    }
    assert all(not {*source.optional_columns} & {*source.needed_columns} for source in SOURCES.values())
