"""The difference of two editions: examples of each kind, and what holds of any two tables."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from credit_platform.monitoring.data_quality.version_difference import RowNames, difference

SUBJECTS = {"loan_id": "loan", "customer_id": "customer", "Customer_ID": "customer"}
KEY = ["loan_id"]
SCHEMA = {"loan_id": pl.String, "amount": pl.Float64, "grade": pl.String}
Row = tuple[str, float | None, str | None]


def table(*rows: Row) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


rows_of_any_table = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d", "e"]),
        st.one_of(st.none(), st.just(float("nan")), st.integers(0, 3).map(float)),
        st.one_of(st.none(), st.sampled_from(["", "A", "B"])),
    ),
    max_size=12,
)


def test_a_changed_cell_is_named_with_its_loan_and_both_values() -> None:
    found = difference(
        table(("a", 1.0, "A"), ("b", 2.0, "B")), table(("b", 2.5, "B"), ("a", 1.0, "A")), RowNames(KEY, SUBJECTS)
    )
    assert (found.added, found.removed, found.changed, found.columns) == (0, 0, 1, {"amount": 1})
    assert (found.subject, found.subjects) == ("loan_id", ("b",))
    (cell,) = found.examples
    assert (cell.key, cell.column, cell.former, cell.later) == ({"loan_id": "b"}, "amount", 2.0, 2.5)


def test_rows_that_came_and_went_are_counted_and_named() -> None:
    found = difference(
        table(("a", 1.0, "A"), ("b", 2.0, "B")), table(("b", 2.0, "B"), ("c", 3.0, None)), RowNames(KEY, SUBJECTS)
    )
    assert (found.added, found.removed, found.changed, found.subjects) == (1, 1, 0, ("a", "c"))
    assert not found.is_none


def test_a_missing_value_is_not_zero_and_equals_another_missing_one() -> None:
    assert difference(table(("a", None, None)), table(("a", None, None)), RowNames(KEY, SUBJECTS)).is_none
    assert difference(table(("a", None, "A")), table(("a", 0.0, "A")), RowNames(KEY, SUBJECTS)).columns == {"amount": 1}
    assert difference(table(("a", float("nan"), "A")), table(("a", float("nan"), "A")), RowNames(KEY, SUBJECTS)).is_none
    assert difference(table(("a", float("nan"), "A")), table(("a", None, "A")), RowNames(KEY, SUBJECTS)).changed == 1


def test_a_column_that_only_one_edition_has_differs_in_every_row() -> None:
    former = table(("a", 1.0, "A"), ("b", 2.0, "B"))
    found = difference(former, former.drop("grade"), RowNames(KEY, SUBJECTS))
    assert (found.changed, found.columns) == (2, {"grade": 2})
    assert found.examples[0].former == "A"
    later = difference(former.drop("grade"), former, RowNames(KEY, SUBJECTS))
    assert (later.examples[0].former, later.examples[0].later) == (None, "A")


def test_a_column_of_another_type_is_compared_as_text() -> None:
    former = table(("a", 1.0, "7"))
    found = difference(former, former.with_columns(grade=pl.lit(7)), RowNames(KEY, SUBJECTS))
    assert found.is_none
    assert difference(former, former.with_columns(grade=pl.lit(8)), RowNames(KEY, SUBJECTS)).columns == {"grade": 1}


def test_lists_and_dates_are_compared_as_wholes() -> None:
    former = pl.DataFrame({"loan_id": ["a", "b"], "repairs": [["x"], []], "day": [date(2024, 1, 1)] * 2})
    later = former.with_columns(repairs=pl.Series([["x"], ["y"]]))
    assert difference(former, later, RowNames(KEY, SUBJECTS)).columns == {"repairs": 1}


def test_a_table_about_nobody_names_nobody() -> None:
    former = pl.DataFrame({"metric": ["psi"], "value": [0.1]})
    found = difference(former, former.with_columns(value=pl.lit(0.2)), RowNames(["metric"], SUBJECTS))
    assert (found.subject, found.subjects, found.examples[0].key) == (None, (), {"metric": "psi"})


@given(rows_of_any_table)
def test_a_table_does_not_differ_from_itself_in_whatever_order_of_its_keys(rows: list[Row]) -> None:
    found = difference(
        table(*rows), table(*sorted(rows, key=lambda row: row[0], reverse=True)), RowNames(KEY, SUBJECTS)
    )
    assert found.is_none
    assert (found.columns, found.subjects, found.examples) == ({}, (), ())


@given(rows_of_any_table, rows_of_any_table)
def test_rows_add_up_and_the_other_direction_mirrors(before: list[Row], after: list[Row]) -> None:
    found, back = (
        difference(table(*before), table(*after), RowNames(KEY, SUBJECTS)),
        difference(table(*after), table(*before), RowNames(KEY, SUBJECTS)),
    )
    assert found.rows_former - found.removed + found.added == found.rows_later
    assert (found.added, found.removed, found.changed) == (back.removed, back.added, back.changed)
    assert (found.columns, found.subjects) == (back.columns, back.subjects)
    assert found.changed <= sum(found.columns.values()) <= found.changed * 2
    assert {str(cell.key["loan_id"]) for cell in found.examples} <= set(found.subjects)


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 5), min_size=1), st.data())
def test_exactly_the_planted_change_is_found(amounts: dict[str, int], data: st.DataObject) -> None:
    former = table(*((loan, float(amount), "A") for loan, amount in amounts.items()))
    planted = data.draw(st.sampled_from(sorted(amounts)))
    later = former.with_columns(amount=pl.col("amount") + (pl.col("loan_id") == planted).cast(pl.Float64))
    found = difference(former, later, RowNames(KEY, SUBJECTS))
    assert (found.changed, found.columns, found.subjects) == (1, {"amount": 1}, (planted,))
    assert (found.examples[0].former, found.examples[0].later) == (amounts[planted], amounts[planted] + 1)
