from __future__ import annotations

import polars as pl
import pytest

from credit_platform.monitoring.data_quality.id_shapes import IdDifference, id_difference, shape_of


@pytest.mark.parametrize(
    ("text", "shape"), [("CUS_0x1037", "AAA_9a9999"), ("Zoé 7", "Aaa 9"), ("", ""), ("a-B.9", "a-A.9")]
)
def test_a_shape_says_nothing_of_the_text(text: str, shape: str) -> None:
    assert shape_of(text) == shape


@pytest.mark.parametrize(
    ("here", "there", "kinds"),
    [
        ("CUS_1", "cus_1", ["letter case"]),
        ("007", "7", ["leading zeros"]),
        ("1000", "1e3", ["scientific notation"]),
        ("1500", "1.5E3", ["letter case", "scientific notation", "separators"]),
        ("CUS-0012", "cus12", ["letter case", "leading zeros", "separators"]),
    ],
)
def test_a_pair_alike_is_found_and_told_apart(here: str, there: str, kinds: list[str]) -> None:
    found = id_difference(pl.Series([None, "other", here]), pl.Series([there, "strange", None]))
    assert found == IdDifference(here, there, 1)
    assert found is not None
    assert found.kinds == kinds


def test_ids_of_nothing_in_common_are_shown_by_the_first_of_each() -> None:
    assert id_difference(pl.Series(["b", "a"]), pl.Series(["x", "y"])) == IdDifference("a", "x", 0)
    assert id_difference(pl.Series(["a"]), pl.Series([], dtype=pl.String)) is None
