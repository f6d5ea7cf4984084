"""What the cleaning of the book makes of generated rows: the dirt is repaired or set aside, and nothing else is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from credit_platform.portfolios.churn.portfolio import CHURN
from credit_platform.schemas.cleaning.table_cleaning import clean_table
from credit_platform_tests.portfolios.churn.generator.clean_rows import mean

if TYPE_CHECKING:
    from credit_platform.portfolios.churn.generator.book import ChurnBook

Files = dict[str, pl.DataFrame]
# By source, what may be set aside, as a share of the rows.
SET_ASIDE: dict[str, dict[str, float]] = {
    "sales": {"amount_is_readable": 0.002, "customer_id_is_readable": 0.001, "transaction_date_is_readable": 0.001},
    "feedback_raw": {"customer_id_is_readable": 0.003},
    "customers": {},
}


def cleaned(name: str, text: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Silver and quarantined rows of one file."""
    source = CHURN.source(name)
    assert source.cleaning is not None
    bronze = text.with_columns(
        *(pl.lit(None, dtype=pl.String).alias(column) for column in source.optional_columns),
        snapshot_month=pl.date(2021, 1, 1),
        source_file=pl.lit(f"{name}.csv"),
        source_line=pl.int_range(2, pl.len() + 2),
    ).select(source.bronze.column_names())
    kept, quarantined = pl.collect_all(list(clean_table(bronze.lazy(), source.cleaning)))
    return source.silver.validate(kept), quarantined


@pytest.mark.parametrize("name", SET_ASIDE)
def test_only_the_dirt_is_set_aside(churn_files: Files, name: str) -> None:
    text = churn_files[name]
    kept, quarantined = cleaned(name, text)
    shares = dict(quarantined.group_by("rule").agg(pl.len() / text.height).iter_rows())
    assert shares.keys() == SET_ASIDE[name].keys()
    assert all(share < SET_ASIDE[name][rule] for rule, share in shares.items())
    assert kept.height + quarantined.height > 0.99 * text.unique().height


def test_ids_with_blanks_are_the_customers_they_were(churn_book: ChurnBook, churn_files: Files) -> None:
    known = churn_book.truth(churn_book.last_month)["customer_id"]
    for name in SET_ASIDE:
        kept, _ = cleaned(name, churn_files[name])
        assert kept["customer_id"].is_in(known.implode()).all(), name
        repairs = kept["repairs"].list.contains("customer_id_whitespace_stripped")
        assert 0.0005 < mean(repairs) < 0.01, name
