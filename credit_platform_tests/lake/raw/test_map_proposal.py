from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from credit_platform.errors import SourceError
from credit_platform.lake.raw.file_sample import FileSample, file_sample
from credit_platform.lake.raw.map_proposal import MapProposal, likeness, propose_map, words_of
from credit_platform.portfolios.loans.portfolio import LOANS

ATTRIBUTES, LOAN_FILE = LOANS.source("features_attributes"), LOANS.source("lms_loan_daily")


def sample_of(text: str | bytes, name: str = "people.csv") -> FileSample:
    return file_sample("x", Path(name), text if isinstance(text, bytes) else text.encode())


def proposal_of(text: str, name: str = "people.csv", source: str = "features_attributes") -> MapProposal:
    return propose_map(LOANS.source(source), Path(name), sample_of(text, name), LOANS.synonyms())


def dated(*dates: str, column: str = "Report Date") -> MapProposal:
    return proposal_of("\n".join([f"Cust No;{column}", *(f"C{n};{cell}" for n, cell in enumerate(dates))]))


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter", "header"),
    [
        (b"a,b\nx,y\n", "utf-8", ",", ("a", "b")),
        (b'a;b;c\n"1,5";"2,5";"3,5"\n"1,5";"2,5";"3,5"\n', "utf-8", ";", ("a", "b", "c")),
        (b"a\tb\nx, y\tz\n", "utf-8", "\t", ("a", "b")),
        ("a|b\nGröße|z\n".encode("cp1252"), "cp1252", "|", ("a", "b")),
        ("a|b\nGröße|z\n".encode("utf-16"), "utf-16", "|", ("a", "b")),
        (b"\xef\xbb\xbfa,b\nx,y\n", "utf-8", ",", ("a", "b")),
    ],
)
def test_the_form_of_a_file_is_found(content: bytes, encoding: str, delimiter: str, header: tuple[str, ...]) -> None:
    sample = sample_of(content)
    assert (sample.encoding, sample.delimiter, sample.header) == (encoding, delimiter, header)
    assert sample.rows.height >= 1


@pytest.mark.parametrize("content", [b"1,Ada Lovelace,2023-01-01,5\n2,x,2023-01-01,5\n", b"", b"PK\x03\x04", b"a\0,b"])
def test_a_file_without_a_header_or_that_is_no_table_is_refused_and_not_quoted(content: bytes) -> None:
    with pytest.raises(SourceError) as refused:
        sample_of(content)
    assert "Ada" not in str(refused.value)


def test_rows_come_from_the_whole_file_and_typed_columns_are_known(tmp_path: Path) -> None:
    frame = pl.DataFrame({"n": range(50_000), "when": [1.5] * 50_000})
    frame.write_parquet(tmp_path / "x.parquet")
    sample = file_sample("x", tmp_path / "x.parquet", (tmp_path / "x.parquet").read_bytes())
    assert sample.typed == {1}
    assert int(sample.cells(0)[-1]) > 49_000
    assert sample.rows.height <= 10_000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LOAN_NO", ("loan", "number")),
        ("origDt", ("original", "date")),
        ("Out Prncp", ("out", "principal")),
        ("__", ()),
    ],
)
def test_names_are_words_written_out(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


@pytest.mark.parametrize(
    ("name", "known", "low", "high"),
    [
        ("LOAN_NBR", "loan number", 1, 1),
        ("number_of_loan", "loan number", 0, 0.9),
        ("current_actual_upb_amt", "current upb", 0.7, 0.95),
        ("interst_rate", "interest rate", 0.6, 0.8),
        ("channel", "loan number", 0, 0),
    ],
)
def test_likeness_of_names(name: str, known: str, low: float, high: float) -> None:
    assert low <= likeness(name, known) <= high


def test_each_column_is_given_once_and_a_shape_that_does_not_fit_is_left_alone() -> None:
    found = proposal_of("Cust No;Report Date;Age;Age of Borrower\nC1;2023-01-01;Lawyer;41\nC2;2023-02-01;x;42\n")
    assert found.form.columns["Age"] == "Age of Borrower"
    assert found.form.columns["Customer_ID"] == "Cust No"
    assert found.missing == ()
    assert found.empty == ("Name", "SSN", "Occupation")


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("2023-01-01", "2023-02-01"), None),
        (("31.01.2023", "28.02.2023"), "%d.%m.%Y"),
        (("01/02/2023", "01/03/2023"), "%d/%m/%Y"),
        (("02/01/2023", "03/01/2023"), "%m/%d/%Y"),
        (("01/31/2023", "02/28/2023"), "%m/%d/%Y"),
        (("012023", "022023"), "%m%Y"),
        (("202301", "202302"), "%Y%m"),
        (("20230131", "20230228"), "%Y%m%d"),
        (("Jan-2023", "Feb-2023"), "%b-%Y"),
        (("1/2/23", "1/3/23"), "%d/%m/%y"),
    ],
)
def test_the_form_of_dates_is_found(dates: tuple[str, ...], expected: str | None) -> None:
    found = dated(*dates)
    assert found.missing == ()
    assert found.form.date_format == expected


def test_dates_that_read_both_ways_are_left_to_a_person() -> None:
    found = dated("01/02/2023", "03/04/2023")
    assert found.missing == ("snapshot_date",)
    assert any("%d/%m/%Y and as %m/%d/%Y" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("cells", "decimal", "thousands", "units", "is_doubtful"),
    [
        (("1.5", "20"), ".", None, (), False),
        (("1,5", "20"), ",", None, (), False),
        (("1.234,50", "20"), ",", ".", (), False),
        (("1,234.50", "20"), ".", ",", (), False),
        (("1 234,50", "20"), ",", " ", (), False),
        (("1'234.50", "20"), ".", "'", (), False),
        (("$1,234.50", "$20"), ".", ",", ("$",), False),
        (("36 months", "24 months"), ".", None, ("months",), False),
        (("1,234", "5,678"), ".", ",", (), True),
        (("1.234", "5.678"), ".", None, (), True),
        (("1.234", "1.234.567"), ",", ".", (), False),
        (("40_", "41"), ".", None, (), False),
    ],
)
def test_the_form_of_numbers_is_found(
    cells: tuple[str, ...], decimal: str, thousands: str | None, units: tuple[str, ...], *, is_doubtful: bool
) -> None:
    rows = [f"L{n}|{cell}|2023-01-01" for n, cell in enumerate(cells)]
    found = proposal_of("\n".join(["loan no|loan amt|report date", *rows]), source=LOAN_FILE.name)
    assert found.form.columns["loan_amt"] == "loan amt"
    assert (found.form.decimal, found.form.thousands, found.form.units) == (decimal, thousands, units)
    assert bool(found.remarks) is is_doubtful


def test_files_are_named_by_a_pattern_without_their_month() -> None:
    header = f"{','.join(ATTRIBUTES.columns)}\nC1,,41,,x,2023-01-01\n"
    assert proposal_of(header, "people_2023-01.csv").form.files == "people_*.csv"
    own = proposal_of(header, "features_attributes_2023.csv").form
    assert own.model_dump() == {}
