"""The generator of the loan book as a portfolio needs it: its drifts, its books, what is compared with a real book.

Assembly only: how rows are drawn is written in the modules beside this one.
"""

import polars as pl

from credit_platform.portfolios.drifted_rows import is_order_only
from credit_platform.portfolios.generator import ComparedColumns, Generator
from credit_platform.portfolios.loans.features.catalogue import CHANNELS
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.generator.drift import MEANING
from credit_platform.portfolios.loans.sources.silver import CustomerFinancials

_IS_NO_SSN = ~pl.col("SSN").fill_null("").str.contains(r"^\d{3}-\d{2}-\d{4}$")


GENERATOR = Generator(
    drifts=MEANING,
    make=BookSpec,
    read=BookSpec.from_dict,
    is_harmless=is_order_only,
    dark_source="feature_clickstream",
    compared=ComparedColumns(
        numbers={
            "silver/customer_attributes": ("age",),
            "silver/customer_financials": tuple(
                name for name, column in CustomerFinancials.columns().items() if column.dtype.is_numeric()
            ),
            "silver/customer_clickstream": CHANNELS,
        },
        raw_dirt={"SSN_is_no_number": ("features_attributes", _IS_NO_SSN)},
        by_age={"overdue_rate": pl.col("overdue_amount") > 0},
        has_leak=True,
    ),
)
