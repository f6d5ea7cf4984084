"""What this book promises: which rows are kept, what a feature is, what the label is, what the generator draws.

Write a test here before you change a module beside it. That the platform runs the book is what `demo` shows.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from credit_platform.cli.new_portfolio.template.portfolio import TEMPLATE
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.table_cleaning import Cleaned

POLICY = TEMPLATE.load_policy()
JANUARY, MARCH = date(2024, 1, 1), date(2024, 3, 1)


def cleaned(source: str, *rows: dict[str, str], month: date = JANUARY) -> Cleaned:
    """Rows of a file, by source column, after cleaning; cells that are left out are empty."""
    known = TEMPLATE.source(source)
    return known.clean(_delivered(known, rows, month), POLICY.model, {})


def _delivered(source: Source, rows: Sequence[dict[str, str]], month: date) -> pl.LazyFrame:
    dated = [{"snapshot_date": f"{month}", **row} for row in rows]
    text = pl.DataFrame([{name: row.get(name) for name in source.columns} for row in dated])
    place = {"snapshot_month": pl.lit(month), "source_file": pl.lit("test.csv"), "source_line": pl.int_range(pl.len())}
    return text.cast(pl.String).with_columns(**place).lazy()


def order(**cells: str) -> dict[str, str]:
    """A sound row of the orders file, with some cells otherwise."""
    return {"order": "O1", "customer": "C1", "age": "0", "value": "500.00", "unpaid": "1", **cells}


def customer(**cells: str) -> dict[str, str]:
    """A sound row of the customers file, with some cells otherwise."""
    return {"customer": "C1", "income": "2000", "residence": "owner", **cells}


def features_of(orders: Cleaned, customers: Cleaned) -> dict[str, object]:
    """The feature store row of the only order."""
    silver = {"silver/orders": orders.rows, "silver/customers": customers.rows}
    return TEMPLATE.features.build(silver, POLICY.model).collect().row(0, named=True)


def test_a_row_without_an_order_is_set_aside() -> None:
    found = cleaned("orders", order(), order(order="NULL"))
    assert found.rows.collect()["order_id"].to_list() == ["O1"]
    assert found.quarantined.collect()["reason"].to_list() == ["order: blank or a placeholder"]


def test_an_unreadable_income_is_empty_and_the_row_says_so() -> None:
    found = cleaned("customers", customer(income="plenty")).rows.collect().row(0, named=True)
    assert found["monthly_income"] is None
    assert found["repairs"] == ["unreadable_number_nulled_income"]


def test_features_are_what_was_known_when_the_order_was_placed() -> None:
    found = features_of(cleaned("orders", order(), order(order="O0", age="1")), cleaned("customers", customer()))
    assert found["order_id"] == "O1"
    assert found["order_to_income"] == 0.25
    assert found["sources_present"] == "customers"


def test_an_order_of_an_unknown_customer_is_kept() -> None:
    found = features_of(cleaned("orders", order()), cleaned("customers", customer(customer="C2")))
    assert (found["monthly_income"], found["has_customers"], found["sources_present"]) == (None, False, "")


def test_an_order_is_bad_when_it_is_unpaid_after_two_months() -> None:
    rows = (order(age="2"), order(order="O2", age="2", unpaid="0"), order(order="O3", age="1"))
    found = TEMPLATE.outcome.build(cleaned("orders", *rows, month=MARCH).rows, POLICY.model.label).collect()
    assert dict(found.select("order_id", "label").iter_rows()) == {"O1": 1, "O2": 0}
    assert found["cohort"].to_list() == [JANUARY, JANUARY]


def test_the_same_generated_book_is_drawn_twice_and_large_orders_are_riskier() -> None:
    def rows() -> pl.DataFrame:
        make = TEMPLATE.required_generator.make
        return make(first_month=JANUARY, n_months=3, cases_per_month=500, seed=1).rows(MARCH)["orders"]

    matured = rows().filter(age="2").with_columns(pl.col("value").cast(pl.Float64))
    unpaid = matured.filter(unpaid="1")
    usual = matured["value"].quantile(0.5) or 0
    assert rows().equals(rows())
    assert unpaid.filter(pl.col("value") > usual).height > 2 * unpaid.filter(pl.col("value") <= usual).height
