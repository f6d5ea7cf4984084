from __future__ import annotations

import polars as pl
import pytest

from credit_platform.portfolios.loans.sources.attributes import OCCUPATION_GROUPS, occupation_group
from credit_platform_tests.cleaners import clean_attributes
from credit_platform_tests.source_rows import bronze_rows


@pytest.mark.parametrize(
    ("column", "text", "name", "value", "repairs"),
    [
        ("Age", "40_", "age", 40, ["Age_underscore_stripped"]),
        ("Age", " 40", "age", 40, ["Age_whitespace_stripped"]),
        ("Age", "40.0", "age", 40, []),
        ("Age", "14", "age", 14, []),
        ("Age", "100", "age", 100, []),
        ("Age", "13", "age", None, ["Age_out_of_range_nulled"]),
        ("Age", "101", "age", None, ["Age_out_of_range_nulled"]),
        ("Age", "-500", "age", None, ["Age_out_of_range_nulled"]),
        ("Age", "3843_", "age", None, ["Age_out_of_range_nulled", "Age_underscore_stripped"]),
        ("Age", "40.5", "age", None, ["unreadable_number_nulled_Age"]),
        ("Age", "forty", "age", None, ["unreadable_number_nulled_Age"]),
        ("Age", "nan", "age", None, ["Age_placeholder_nulled"]),
        ("Age", "99999999999999999999", "age", None, ["unreadable_number_nulled_Age"]),
        ("Age", "_", "age", None, ["Age_placeholder_nulled"]),
        ("Age", None, "age", None, []),
        ("Age", "", "age", None, []),
        ("Occupation", "Media_Manager", "occupation", "Media_Manager", []),
        ("Occupation", "_______", "occupation", None, ["Occupation_placeholder_nulled"]),
        ("Occupation", " Lawyer", "occupation", "Lawyer", ["Occupation_whitespace_stripped"]),
        ("Occupation", None, "occupation", None, []),
    ],
)
def test_a_cell_is_kept_repaired_or_nulled_by_its_rule(
    column: str, text: str | None, name: str, value: object, repairs: list[str]
) -> None:
    row = clean_attributes(bronze_rows("features_attributes", {column: text})).rows.collect().row(0, named=True)
    assert (row[name], row["repairs"]) == (value, repairs)


def test_personal_data_never_leaves_bronze() -> None:
    rows = clean_attributes(bronze_rows("features_attributes", {})).rows.collect()
    assert not {"name", "ssn"} & {column.lower() for column in rows.columns}


def test_occupations_fall_into_groups_with_room_for_new_ones() -> None:
    occupations = pl.DataFrame(
        {"occupation": [*OCCUPATION_GROUPS, "Astronaut", None]}, schema={"occupation": pl.String}
    )
    groups = occupations.select(occupation_group()).to_series().to_list()
    assert groups == [*OCCUPATION_GROUPS.values(), "other", None]
    assert len(OCCUPATION_GROUPS) == 15
