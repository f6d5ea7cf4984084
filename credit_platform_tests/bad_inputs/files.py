"""The catalogue of spoilt files: what can be told only from the file as a whole, and what must not be.

Spoilt cells and rows stand in `cells`.
"""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import polars as pl

from credit_platform_tests.bad_inputs.delivery import (
    ATTRIBUTES,
    CLICKS,
    FINANCIALS,
    LOANS,
    BadInput,
    as_parquet,
    by_bytes,
    by_rows,
    cell,
    column_as,
    read_rows,
    write_rows,
)

_BOM = b"\xef\xbb\xbf"


def _zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("table.csv", content)
    return buffer.getvalue()


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _loop(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)


def _dangling(file: Path) -> None:
    file.unlink()
    file.symlink_to(file.with_name("gone"))


def _linked(file: Path) -> None:
    file.rename(file.with_name("elsewhere"))
    file.symlink_to(file.with_name("elsewhere"))


def _per_month(file: Path) -> None:
    header, *rows = read_rows(file)
    for month in ("2023-01", "2023-02", "2023-03", "2023-04"):
        mine = [row for row in rows if row[-1].startswith(month)]
        write_rows(file.with_name(f"{file.stem}_{month}.csv"), [header, *mine])
    file.unlink()


def _one_month_spoilt(file: Path) -> None:
    _per_month(file)
    file.with_name(f"{file.stem}_2023-02.csv").write_bytes(b"\x1f\x8b rubbish")


def _twice(file: Path) -> None:
    file.with_name(f"{file.stem}_again.csv").write_bytes(file.read_bytes())


def _cut_parquet(file: Path) -> None:
    as_parquet(lambda frame: frame)(file)
    cut = file.with_suffix(".parquet")
    cut.write_bytes(cut.read_bytes()[:-9])


FILES = (
    BadInput("no file at all", LOANS, Path.unlink, "refused", ("no file lms_loan_daily*.csv", "Put the file there")),
    BadInput("an empty file", LOANS, by_bytes(lambda _: b""), "refused", (".csv", "it is empty", "again")),
    BadInput("only blanks", LOANS, by_bytes(lambda _: b"\n \n\n"), "refused", (".csv", "it is empty", "again")),
    BadInput("a header and nothing else", LOANS, by_rows(lambda r: r[:1]), "held back", ("no row has", "Add"), 0),
    BadInput("an optional source with a header only", CLICKS, by_rows(lambda r: r[:1]), "accepted", (), 0),
    BadInput(
        "a file cut in a row", LOANS, by_bytes(lambda b: b[:-30]), "refused", ("line 21", "cells where", "cut off")
    ),
    BadInput("a file cut in a date", LOANS, by_bytes(lambda b: b[:-4]), "refused", ("line 21", "'2023-04'", "YYYY")),
    BadInput("no line break at the end", LOANS, by_bytes(lambda b: b[:-1]), "accepted"),
    BadInput("semicolons", LOANS, by_rows(lambda r: r, separator=";"), "refused", ("is missing", "separated by ';'")),
    BadInput("tabs", LOANS, by_rows(lambda r: r, separator="\t"), "refused", ("is missing", r"separated by '\t'")),
    BadInput("pipes", CLICKS, by_rows(lambda r: r, separator="|"), "refused", ("is missing", "separated by '|'")),
    BadInput("a byte order mark", LOANS, by_bytes(lambda b: _BOM + b), "accepted"),
    BadInput("two byte order marks", LOANS, by_bytes(lambda b: _BOM * 2 + b), "refused", ("unknown column",)),
    BadInput("CRLF line ends", FINANCIALS, by_rows(lambda r: r, end="\r\n"), "accepted"),
    BadInput("CR line ends", LOANS, by_rows(lambda r: r, end="\r"), "refused", ("line 1", "carriage", "CRLF")),
    BadInput("NUL bytes in a cell", LOANS, cell(9, "tenure", "1\0"), "refused", ("line 9", "NUL byte", "Export")),
    BadInput("NUL bytes at the end", LOANS, by_bytes(lambda b: b + b"\0" * 512), "refused", ("line 22", "NUL byte")),
    BadInput(
        "Latin-1",
        ATTRIBUTES,
        by_bytes(lambda b: b.replace(b"Ada", b"Andr\xe9", 1)),
        "refused",
        ("line 2", "0xe9", "UTF-8"),
    ),
    BadInput(
        "UTF-16",
        LOANS,
        by_bytes(lambda b: b.decode().encode("utf-16")),
        "refused",
        ("not a readable CSV", "UTF-16", "UTF-8"),
    ),
    BadInput("gzip in disguise", LOANS, by_bytes(gzip.compress), "refused", ("gzip archive", "unpacked")),
    BadInput("zip in disguise", LOANS, by_bytes(_zipped), "refused", ("zip archive or an Excel", "unpacked")),
    BadInput(
        "Parquet named CSV", LOANS, by_bytes(lambda _: b"PAR1\0\0PAR1"), "refused", ("a Parquet file", "*.parquet")
    ),
    BadInput("random bytes", LOANS, by_bytes(lambda _: bytes(range(254, 0, -1)) * 40), "refused", ("line 1", "UTF-8")),
    BadInput(
        "the header repeated in the middle",
        LOANS,
        by_rows(lambda r: [*r[:10], r[0], *r[10:]]),
        "refused",
        ("line 11", "header is repeated", "Remove the line"),
    ),
    BadInput("no header", LOANS, by_rows(lambda r: r[1:]), "refused", ("column loan_id", "header must hold exactly")),
    BadInput(
        "a title above the header", LOANS, by_bytes(lambda b: b"Loans\n" + b), "refused", ("unknown column Loans",)
    ),
    BadInput("an empty first line", LOANS, by_bytes(lambda b: b"\n" + b), "refused", ("line 1", "empty", "header")),
    BadInput(
        "a missing column", LOANS, by_rows(lambda r: [row[1:] for row in r]), "refused", ("column loan_id is missing",)
    ),
    BadInput(
        "an extra column",
        LOANS,
        by_rows(lambda r: [[*row, "1"] for row in r]),
        "refused",
        ("unknown column 1", "exactly: loan_id"),
    ),
    BadInput(
        "a renamed column",
        ATTRIBUTES,
        by_bytes(lambda b: b.replace(b"Occupation", b"Job", 1)),
        "refused",
        ("Occupation is missing", "unknown column 5 (text of 3 characters, 0 digits)"),
    ),
    BadInput(
        "a column in other letters",
        LOANS,
        by_bytes(lambda b: b.replace(b"Customer_ID", b"customer_id", 1)),
        "refused",
        ("Customer_ID is missing", "unknown column customer_id"),
    ),
    BadInput("reordered columns", LOANS, by_rows(lambda r: [row[::-1] for row in r]), "accepted"),
    BadInput(
        "a duplicate column",
        LOANS,
        by_rows(lambda r: [[row[0], *row] for row in r]),
        "refused",
        ("column loan_id appears more than once",),
    ),
    BadInput(
        "blanks in the header",
        LOANS,
        by_bytes(lambda b: b.replace(b"tenure", b" tenure ", 1)),
        "refused",
        ("tenure is missing", "' tenure '"),
    ),
    BadInput("a quoted header", LOANS, by_rows(lambda r: [[f'"{c}"' for c in r[0]], *r[1:]]), "accepted"),
    BadInput(
        "an injection-like header",
        LOANS,
        by_bytes(lambda b: b.replace(b"tenure", b"[/red]$(reboot)", 1)),
        "refused",
        ("unknown column [/red]$(reboot)",),
    ),
    BadInput("blank lines at the end", LOANS, by_bytes(lambda b: b + b"\n\n\r\n"), "accepted"),
    BadInput("blank lines in the middle", LOANS, by_bytes(lambda b: b.replace(b"\n", b"\n\n", 9)), "accepted"),
    BadInput(
        "a line of blanks",
        LOANS,
        by_rows(lambda r: [*r[:5], ["   "], *r[5:]]),
        "refused",
        ("line 6", "1 cell where the header has 11", "Complete"),
    ),
    BadInput(
        "a short row", LOANS, by_rows(lambda r: [*r[:8], r[8][:-1], *r[9:]]), "refused", ("line 9", "10 cells where")
    ),
    BadInput(
        "a long row", LOANS, by_rows(lambda r: [*r[:8], [*r[8], "x"], *r[9:]]), "refused", ("line 9", "12 cells where")
    ),
    BadInput(
        "a row of empty cells",
        LOANS,
        by_rows(lambda r: [*r[:8], [""] * 11, *r[8:]]),
        "refused",
        ("line 9", "snapshot_date None", "YYYY-MM-DD"),
    ),
    BadInput(
        "an unquoted list of loans",
        FINANCIALS,
        cell(4, "Type_of_Loan", "Auto Loan, and Payday Loan"),
        "refused",
        ("line 4", "23 cells where the header has 22", "quote"),
    ),
    BadInput("a quote never closed", ATTRIBUTES, cell(6, "Name", '"Ada'), "refused", ("line 6", "CSV", "quotes")),
    BadInput(
        "a quote closed some rows later",
        FINANCIALS,
        by_rows(lambda r: [*r[:5], ['"' + r[5][0], *r[5][1:]], *r[6:8], [r[8][0] + '"', *r[8][1:]], *r[9:]]),
        "refused",
        ("line 6", "quot"),
    ),
    BadInput("a quote inside a bare cell", ATTRIBUTES, cell(6, "Name", 'O"Neil'), "refused", ("line 6", "quote")),
    BadInput("text after a closing quote", ATTRIBUTES, cell(6, "Name", '"Ada"x'), "refused", ("line 6", "CSV")),
    BadInput("a folder in place of the file", LOANS, _folder, "refused", (".csv", "folder", "Put the file itself")),
    BadInput("a link that leads to itself", LOANS, _loop, "refused", (".csv", "leads back to itself", "Put the file")),
    BadInput("a link to nothing", LOANS, _dangling, "refused", (".csv", "not there", "Put the file itself")),
    BadInput("a link to a sound file", LOANS, _linked, "accepted"),
    BadInput("one file per month", LOANS, _per_month, "accepted"),
    BadInput("one of the monthly files spoilt", LOANS, _one_month_spoilt, "held back", ("_2023-02.csv", "gzip"), 15),
    BadInput("the same file twice", LOANS, _twice, "accepted"),
    BadInput(
        "mixed date formats", LOANS, cell(8, "snapshot_date", "1/2/23"), "refused", ("line 8", "'1/2/23'", "Write")
    ),
    BadInput(
        "dates of either order",
        LOANS,
        column_as("snapshot_date", lambda d: f"{d[6:7]}/2/23"),
        "refused",
        ("day/month and as month/day", "YYYY-MM-DD"),
    ),
    BadInput("d/M/yy throughout", LOANS, column_as("snapshot_date", lambda d: f"1/{int(d[5:7])}/23"), "accepted"),
    BadInput(
        "d/M/yyyy", LOANS, column_as("snapshot_date", lambda d: f"1/{d[5:7]}/2023"), "refused", ("line 2", "Write")
    ),
    BadInput("a blank date", LOANS, cell(8, "snapshot_date", " "), "refused", ("line 8", "' '", "Write")),
    BadInput("a date and a time", LOANS, cell(8, "snapshot_date", "2023-02-01 00:00"), "refused", ("line 8", "00:00")),
    BadInput(
        "a Parquet file with other types",
        LOANS,
        as_parquet(lambda f: f.with_columns(pl.col("tenure", "loan_amt").cast(pl.Float64))),
        "accepted",
    ),
    BadInput(
        "a Parquet file with dates and times",
        LOANS,
        as_parquet(lambda f: f.with_columns(pl.col("snapshot_date").str.to_datetime("%Y-%m-%d"))),
        "accepted",
    ),
    BadInput(
        "a Parquet file with lists",
        LOANS,
        as_parquet(lambda f: f.with_columns(tenure=pl.concat_list("tenure"))),
        "refused",
        ("column tenure", "List(String)", "Deliver"),
    ),
    BadInput(
        "a Parquet file with bytes that are no text",
        LOANS,
        as_parquet(lambda f: f.with_columns(tenure=pl.lit(b"\xff\xfe"))),
        "refused",
        ("column tenure", "Binary"),
    ),
    BadInput(
        "a Parquet file without a column",
        LOANS,
        as_parquet(lambda f: f.drop("balance")),
        "refused",
        ("balance is missing",),
    ),
    BadInput("a Parquet file cut off", LOANS, _cut_parquet, "refused", (".parquet: not a readable Parquet", "again")),
)
