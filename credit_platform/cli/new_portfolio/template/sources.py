"""The files that are delivered, and how they are cleaned: one source per kind of file.

Per source there are two schemas and a cleaning. The bronze schema lists the columns of the file, all of them as text,
exactly by the names in its header. The silver schema lists what becomes of them: types, ranges, keys. The cleaning
says which source column becomes which silver column. A cell that cannot be read becomes empty and the row says so in
`repairs`; a row without a key or date is set aside in quarantine. What is computed from cleaned rows belongs to
`features` and `outcome`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import dataframely as dy
import polars as pl

from credit_platform.months import source_date
from credit_platform.portfolios.source import DueRows, Source
from credit_platform.schemas.cleaning.cells import (
    SOURCE,
    CategoryCell,
    NumberCell,
    date_is_readable,
    identifier_is_readable,
    key_is_unique,
    snapshot_date_lies_in_its_month,
)
from credit_platform.schemas.cleaning.keys import identifier, identifier_repairs
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import source_columns


def _text(description: str) -> dy.String:
    return dy.String(nullable=True, description=f"{description}, as text")


class _Line(dy.Schema):
    """What every bronze table has: the day in the file, and where the row came from."""

    snapshot_date = _text("Day of the snapshot")
    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    source_file = dy.String(primary_key=True, description="Name of the file the row came from")
    source_line = dy.Int64(primary_key=True, min=1, description="Line of the row in that file, counted from 1")


class _Row(dy.Schema):
    """What every silver table has."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="Month of the snapshot, first day")
    snapshot_date = dy.Date(description="Day of the snapshot")
    repairs = dy.List(dy.String(nullable=True), description="Names of the repairs made to the row, sorted")


# The files orders*.csv: a row per order and month, from the month of the order until it is two months old.
class OrderLines(_Line):
    """One row per line of the orders file, untouched."""

    order = _text("Identifier of the order")
    customer = _text("Identifier of the customer")
    age = _text("Months since the order")
    value = _text("Value of the order")
    unpaid = _text("1 while the order is unpaid")


class Orders(_Row):
    """One row per order and month."""

    order_id = dy.String(primary_key=True, min_length=1, description="Identifier of the order")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")
    age_months = dy.Int32(min=0, description="Months since the order, count")
    order_amount = dy.Float64(nullable=True, min=0, description="Value of the order, currency units")
    is_unpaid = dy.Int32(min=0, max=1, description="1 while the order is unpaid")


# The files customers*.csv: a row per customer in the month of the order.
class CustomerLines(_Line):
    """One row per line of the customers file, untouched."""

    customer = _text("Identifier of the customer")
    income = _text("Income per month")
    residence = _text("How the customer lives")


class Customers(_Row):
    """One row per customer and month."""

    customer_id = dy.String(primary_key=True, min_length=1, description="Identifier of the customer")
    monthly_income = dy.Float64(nullable=True, min=0, description="Income per month, currency units")
    residence = dy.String(nullable=True, min_length=1, description="How the customer lives: owner, tenant")


def _cleaning(
    bronze: type[dy.Schema],
    silver: type[dy.Schema],
    *,
    ids: Mapping[str, str],
    numbers: Sequence[NumberCell],
    categories: Sequence[CategoryCell] = (),
) -> TableCleaning:
    """How a table is cleaned; `ids` are silver columns by source column, the first one is the key of the table."""
    key = next(iter(ids))
    return TableCleaning(
        source_columns=source_columns(bronze),
        columns=tuple(silver.column_names()),
        key=(ids[key],),
        cells=tuple(cell.number() for cell in numbers),
        values={
            "snapshot_date": source_date(f"{SOURCE}snapshot_date"),
            **{name: identifier(source) for source, name in ids.items()},
            **{cell.name: cell.value() for cell in numbers},
            **{cell.names[0]: cell.value() for cell in categories},
        },
        repairs=(
            *(rule for source in ids for rule in identifier_repairs(source)),
            *(rule for cell in (*numbers, *categories) for rule in cell.rules()),
        ),
        # The first rule that applies is recorded in quarantine.
        rejections=(
            *(identifier_is_readable(source, name) for source, name in ids.items()),
            date_is_readable("snapshot_date"),
            snapshot_date_lies_in_its_month(),
            key_is_unique(key),
        ),
    )


# The name of a source is what the names of its files begin with.
ORDERS = replace(
    Source.cleaned_by(
        _cleaning(
            OrderLines,
            Orders,
            ids={"order": "order_id", "customer": "customer_id"},
            # Silver column, source column; the type and the range are those of the silver schema.
            numbers=(
                NumberCell.of(Orders, "age_months", "age"),
                NumberCell.of(Orders, "order_amount", "value"),
                NumberCell.of(Orders, "is_unpaid", "unpaid"),
            ),
        ),
        name="orders",
        bronze=OrderLines,
        table="orders",
        silver=Orders,
        # For the data-quality score, in SQL: how many rows should be there in a month and how many are, and how much
        # came. An order younger than two months last month should be there in this one. `cases` are the orders.
        due=DueRows(
            due="""
                select m.snapshot_month, count(*) as n_due, count(now.order_id) as n_covered
                from as_of as m
                join cases as past on past.snapshot_month = m.snapshot_month - interval 1 month and past.age_months < 2
                left join cases as now on now.snapshot_month = m.snapshot_month and now.order_id = past.order_id
                group by m.snapshot_month
            """,
            amount="count(*) filter (where age_months = 0)",
            unit="orders placed",
        ),
    ),
    # The same amount as an expression.
    volume=(pl.col("age_months") == 0).sum(),
    # Without this source there is nothing to score, so policy may not make it optional.
    must_be_required=True,
)
CUSTOMERS = Source.cleaned_by(
    _cleaning(
        CustomerLines,
        Customers,
        ids={"customer": "customer_id"},
        numbers=(NumberCell.of(Customers, "monthly_income", "income"),),
        categories=(CategoryCell("residence", "owner|tenant", ("residence",)),),
    ),
    name="customers",
    bronze=CustomerLines,
    table="customers",
    silver=Customers,
    # A row is due for the customer of every new order. `silver` is the silver table of this source.
    due=DueRows(
        """
        select cases.snapshot_month, count(*) as n_due, count(silver.customer_id) as n_covered
        from cases left join silver using (snapshot_month, customer_id)
        where cases.age_months = 0 group by cases.snapshot_month
        """
    ),
    # The column of the feature store that says whether the source knows the customer.
    flag="has_customers",
)
