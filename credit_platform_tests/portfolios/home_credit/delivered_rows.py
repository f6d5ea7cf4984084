"""Bronze rows of the Home Credit sources: of the real folder, or made of the cells a test is about.

Random books do not belong here; the generator makes those.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.portfolios.home_credit.sources.application import APPLICATION
from credit_platform.portfolios.home_credit.sources.bureau import BUREAU, BUREAU_BALANCE
from credit_platform.portfolios.home_credit.sources.payments import (
    CREDIT_CARD_BALANCE,
    INSTALLMENTS_PAYMENTS,
    POS_CASH_BALANCE,
)
from credit_platform.portfolios.home_credit.sources.previous_application import PREVIOUS_APPLICATION
from credit_platform.portfolios.source import Source
from credit_platform.schemas.cleaning.table import TableCleaning
from credit_platform.schemas.cleaning.table_cleaning import clean_table

MONTH = date(2024, 1, 1)
Cells = Mapping[str, str | None]
SOURCES = {
    source.name: source
    for source in (
        APPLICATION,
        BUREAU,
        BUREAU_BALANCE,
        PREVIOUS_APPLICATION,
        INSTALLMENTS_PAYMENTS,
        POS_CASH_BALANCE,
        CREDIT_CARD_BALANCE,
    )
}
KEYS: Cells = {"SK_ID_CURR": "100001", "SK_ID_BUREAU": "5000001", "SK_ID_PREV": "1000001", "MONTHS_BALANCE": "-3"}


def real_folder() -> Path:
    """The folder with real rows; skips without one."""
    folder = os.environ.get("CREDIT_TEST_HOME_CREDIT", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("CREDIT_TEST_HOME_CREDIT names no folder with real rows of Home Credit")
    return Path(folder)


def file_of(source: Source) -> str:
    """The name of a source's file."""
    return "application_train.csv" if source.name == "application" else f"{source.name}.csv"


def bronze_of_text(source: Source, text: pl.DataFrame) -> pl.LazyFrame:
    """Cells as text filed under one month; columns that a file may lack are null."""
    lacking = [name for name in source.columns if name not in text.columns]
    return (
        text.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in lacking)
        .with_columns(
            snapshot_month=pl.lit(MONTH), source_file=pl.lit(file_of(source)), source_line=pl.int_range(2, pl.len() + 2)
        )
        .select(source.bronze.column_names())
        .lazy()
    )


def bronze(source: Source, *rows: Cells) -> pl.LazyFrame:
    """Rows with the keys of one applicant and the cells given; all others are empty."""
    cells = [{name: {**KEYS, **row}.get(name) for name in source.columns} for row in rows]
    return bronze_of_text(source, pl.DataFrame(cells, schema=dict.fromkeys(source.columns, pl.String)))


def cleaning_of(source: Source) -> TableCleaning:
    """How a source is cleaned."""
    assert source.cleaning is not None
    return source.cleaning


def cleaned(
    source: Source, rows: pl.LazyFrame, cleaning: TableCleaning | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Silver and quarantined rows, held against the contract of the table."""
    outcome = clean_table(rows, cleaning or cleaning_of(source))
    kept, quarantined = pl.collect_all(list(outcome))
    return source.silver.validate(kept), quarantined


def silver_of(tables: Mapping[str, Sequence[Cells]]) -> dict[str, pl.LazyFrame]:
    """Every silver table, of the rows given by source."""
    return {
        f"silver/{source.table}": cleaned(source, bronze(source, *tables.get(name, ())))[0].lazy()
        for name, source in SOURCES.items()
    }


def real_silver(folder: Path) -> dict[str, pl.LazyFrame]:
    """Every silver table of the real folder."""
    return {
        f"silver/{source.table}": cleaned(
            source, bronze_of_text(source, pl.read_csv(folder / file_of(source), infer_schema=False))
        )[0].lazy()
        for source in SOURCES.values()
    }
