"""The silver tables: typed, repaired and deduplicated rows. Amounts are in the currency of the book.

How a cell is repaired is written with each source's cleaning.
"""

import dataframely as dy

# Up to here sums of ten-thousandths of it over any customer's months are whole numbers that a machine holds.
LARGEST_AMOUNT = 100_000_000.0
_LARGEST_QUANTITY = 100_000_000.0
INCOME_GROUPS = (
    "Under 15K", "15-24K", "25-34K", "35-49K", "50-74K", "75-99K", "100-124K", "125-149K", "150-174K", "175-199K",
    "200-249K", "250K+",
)  # fmt: skip
AGE_GROUPS = ("19-24", "25-34", "35-44", "45-54", "55-64", "65+")
HOME_OWNERSHIP = ("Homeowner", "Probable Homeowner", "Renter", "Probable Renter")
HOUSEHOLD_SIZES = ("1", "2", "3", "4", "5+")
KIDS_COUNTS = ("0", "1", "2", "3+")


def _snapshot_month() -> dy.Date:
    return dy.Date(primary_key=True, resolution="1mo", description="Month of the row, first day")


def _repairs() -> dy.List:
    return dy.List(dy.String(nullable=True), description="Names of the repairs made to the row, sorted")


def _one_of(what: str, levels: tuple[str, ...]) -> dy.String:
    return dy.String(nullable=True, min_length=1, description=f"{what}: {', '.join(levels)}")


class Sales(dy.Schema):
    """One row per order and product: what was bought, when and for how much."""

    snapshot_month = _snapshot_month()
    order_id = dy.String(primary_key=True, min_length=1, description="Identifier of the order or basket")
    product_id = dy.String(primary_key=True, min_length=1, description="Identifier of the product; `-` where none is")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")
    transaction_date = dy.Date(description="Day of the purchase")
    quantity = dy.Float64(
        nullable=True, min=-_LARGEST_QUANTITY, max=_LARGEST_QUANTITY, description="Units bought, count or weight"
    )
    amount = dy.Float64(
        min=-LARGEST_AMOUNT, max=LARGEST_AMOUNT, description="Amount paid, currency units; negative of a return"
    )
    repairs = _repairs()


class Feedback(dy.Schema):
    """One row per comment: when it was made and how it sounds. The words stay in bronze."""

    snapshot_month = _snapshot_month()
    feedback_id = dy.String(primary_key=True, min_length=1, description="Identifier of the comment")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")
    feedback_date = dy.Date(description="Day of the comment")
    has_words = dy.Bool(description="Whether the customer wrote anything")
    sentiment = dy.Float64(
        nullable=True, min=-1, max=1, description="From -1, all bad, to 1, all good; null where nothing could be read"
    )
    repairs = _repairs()


class Shoppers(dy.Schema):
    """One row per customer and delivery: standing facts, which hold until later ones are delivered."""

    snapshot_month = _snapshot_month()
    customer_id = dy.String(primary_key=True, min_length=1, description="Identifier of the customer")
    age_group = _one_of("Age in groups, years", AGE_GROUPS)
    gender = _one_of("Gender", ("F", "M"))
    income_group = _one_of("Income per year in groups", INCOME_GROUPS)
    home_ownership = _one_of("Whether the home is owned", HOME_OWNERSHIP)
    marital_status = _one_of("Marital status", ("Married", "Unmarried"))
    household_size = _one_of("Persons in the household", HOUSEHOLD_SIZES)
    kids_count = _one_of("Children in the household", KIDS_COUNTS)
    repairs = _repairs()


class CustomerMonths(dy.Schema):
    """One row per month and customer with a purchase in the days before its end: whom the month is about."""

    snapshot_month = dy.Date(primary_key=True, resolution="1mo", description="The month, first day")
    snapshot_date = dy.Date(description="Its last day: all that is known of the customer was known by then")
    customer_month = dy.String(primary_key=True, min_length=1, description="Customer and month, as `123@2024-03`")
    customer_id = dy.String(min_length=1, description="Identifier of the customer")
    last_purchase_date = dy.Date(description="Day of the last purchase up to the snapshot")
    first_purchase_date = dy.Date(nullable=True, description="Day of the first purchase in the month; null without one")
    sales_until = dy.Date(description="Last day of the month with a sale to anybody: how far its data reach")
