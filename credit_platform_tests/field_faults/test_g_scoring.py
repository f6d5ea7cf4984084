"""Files of applications are read as the pipeline reads: categories nobody knows, words for nothing, keys."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.versions.score import ScoringOrder, score_order
from credit_platform.portfolios.application_rows import applications_of
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.field_faults.catalogue import case
from credit_platform_tests.portfolios.test_application_rows import row, text
from credit_platform_tests.small_book import LAST, MODELS, BookFolders


def scored(book: Book, model: str, rows: pl.DataFrame, folder: Path) -> tuple[pl.DataFrame, str]:
    """The predictions of a file of applications, and what the command says."""
    file, out, said = folder / "applications.csv", folder / "out.parquet", StringIO()
    rows.write_csv(file)
    assert score_order(book, Console(file=said, width=500), ScoringOrder(model, file, out=out)) == 0
    return pl.read_parquet(out), said.getvalue()


@case(
    "G1",
    given="a file to score has a category that no loan has, or one in other case",
    right="read as the pipeline would (missing, or the group of others), counted and named",
)
@pytest.mark.parametrize("model", MODELS)
def test_an_unknown_category_is_read_as_the_pipeline_would(
    finished_book: BookFolders, tmp_path: Path, model: str
) -> None:
    book = Book.of(finished_book.settings())
    rows = book.lake.scan("gold/feature_store", [LAST]).head(12).collect()
    odd = rows.with_columns(credit_mix=pl.lit("good"), occupation_group=pl.lit("astronaut"))
    right = rows.with_columns(credit_mix=pl.lit(None, dtype=pl.String), occupation_group=pl.lit("other"))
    (found, said), (expected, silent) = (scored(book, model, each, tmp_path) for each in (odd, right))
    assert found.equals(expected)
    assert "credit_mix 'good' in 12 rows is no known category and read as missing" in said
    assert "occupation_group 'astronaut' in 12 rows is no known category and read as other" in said
    assert "no known category" not in silent


@case(
    "G3",
    given="a file to score has invisible characters, words for nothing and keys as decimals",
    right="read as in the sources; a key that is missing is a fault of its row",
)
def test_cells_of_a_file_are_read_as_cells_of_a_source() -> None:
    read = applications_of(
        text(row(loan_id="1000.0", customer_id="\ufeff7", credit_mix="Go\u200bod", spending_level="NULL")),
        LOANS,
    )
    assert (read.faults, read.unknown) == ((), ())
    loan = read.rows.row(0, named=True)
    assert (loan["loan_id"], loan["customer_id"]) == ("1000", "7")
    assert (loan["credit_mix"], loan["spending_level"]) == ("Good", None)
    (fault,) = applications_of(text(row(loan_id="nan")), LOANS).faults
    assert fault.line == 2
    assert "loan_id" in fault.reason
