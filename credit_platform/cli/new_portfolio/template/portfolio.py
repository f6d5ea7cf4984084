"""The book as one value: orders that customers pay later, and of which some are never paid.

The platform finds it by its address, `CREDIT_PORTFOLIO=package.module:NAME`. This module only puts the parts together;
each is written in a module beside it: the files that are delivered in `sources`, what is known of an order in
`features`, how it turns out in `outcome`, its numbers in `config` and `policy/`, made-up files in `generator`.
"""

from pathlib import Path

import polars as pl

from credit_platform.cli.new_portfolio.template.config import OrderModelConfig
from credit_platform.cli.new_portfolio.template.features import FEATURES
from credit_platform.cli.new_portfolio.template.generator import GENERATOR
from credit_platform.cli.new_portfolio.template.outcome import OUTCOME
from credit_platform.cli.new_portfolio.template.sources import CUSTOMERS, ORDERS
from credit_platform.portfolios.cases import Cases
from credit_platform.portfolios.named import portfolio_named
from credit_platform.portfolios.portfolio import Portfolio, Words

TEMPLATE = Portfolio(
    name="template",
    # In the order in which they are cleaned.
    sources=(ORDERS, CUSTOMERS),
    # The silver table in which a case is first seen. `is_new` says in which row it is scored, `months_on_book` how many
    # months old it is in a row.
    cases=Cases(
        table="silver/orders",
        key="order_id",
        customer="customer_id",
        noun="order",
        is_new=pl.col("age_months") == 0,
        months_on_book=pl.col("age_months"),
    ),
    features=FEATURES,
    outcome=OUTCOME,
    # What pages, charts and messages call a case, a bad outcome and the whole.
    words=Words(case="order", cases="orders", event="non-payment", book="book of orders"),
    policy_dir=Path(__file__).parent / "policy",
    # Sections that the files in policy/ do not have are those of the loan book. Without this line they must have all.
    policy_base=portfolio_named("loans").policy_dir,
    config=OrderModelConfig,
    # For `demo` and `simulate`. Delete this line and the module when you have files of your own.
    generator=GENERATOR,
)
