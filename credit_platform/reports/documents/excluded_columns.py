"""The columns of the sources that no model reads, as a table for the model card.

Which they are, and why, each portfolio says.
"""

import polars as pl

from credit_platform.portfolios.portfolio import Portfolio

EXCLUDED_SCHEMA = {"source": pl.String, "column": pl.String, "reason": pl.String}


def excluded_columns(portfolio: Portfolio) -> pl.DataFrame:
    """One row per source column that no model reads, as `EXCLUDED_SCHEMA`, in the order of the sources."""
    return pl.DataFrame(portfolio.features.excluded, schema=EXCLUDED_SCHEMA, orient="row")
