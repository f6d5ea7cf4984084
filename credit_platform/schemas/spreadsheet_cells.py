"""Text cells of CSV files that people open in a spreadsheet, which would carry out what begins like a formula.

Tables that programs read are Parquet files, and raw files are what a lender delivers: neither belongs here.
"""

import polars as pl

# What spreadsheets take for the beginning of a formula, or skip before one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet_cell(value: object) -> object:
    """A cell as it is, but a text on one line, and behind an apostrophe where it begins like a formula.

    A carriage return becomes a blank: writers of CSV leave it without quotes, and what follows begins a row.

    >>> spreadsheet_cell("=1+1"), spreadsheet_cell(-1)
    ("'=1+1", -1)
    """
    if not isinstance(value, str):
        return value
    return ("'" + value if value.startswith(_FORMULA) else value).replace("\r", " ")


def spreadsheet_columns() -> pl.Expr:
    """The same of all text columns of a frame."""
    return pl.col(pl.String).str.replace(r"^([=+\-@\t\r])", "'$1").str.replace_all("\r", " ", literal=True)
