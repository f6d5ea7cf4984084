from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from credit_platform.cli.column_map import MASK, map_columns
from credit_platform.errors import SettingsError, SourceError
from credit_platform.portfolios.loans.portfolio import LOANS

PEOPLE = "Cust No|Full Name|Tax ID|Report Date|Job Title\nC1|Ada Lovelace|913-74-1218|31.01.2023|Lawyer\n"


@pytest.fixture(autouse=True)
def _at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def file_of(folder: Path, text: str = PEOPLE, name: str = "people.txt") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_it_prints_yaml_that_policy_takes_and_rows_without_personal_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert map_columns(file_of(tmp_path), out=tmp_path / "model_config.yaml") == 0
    said = capsys.readouterr().out
    assert "5 of the file's 5 columns are read" in said
    assert "Not found, read as empty: Age" in said
    assert "2023-01-31" in said
    assert MASK in said
    assert "Ada" not in said
    assert "913" not in said
    form = LOANS.load_policy(tmp_path).model.sources["features_attributes"]
    assert (form.files, form.delimiter, form.date_format) == ("people.txt", "|", "%d.%m.%Y")
    assert form.columns["SSN"] == "Tax ID"


def test_personal_data_in_a_column_of_another_name_is_masked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Cust No|Job Title|Report Date\n913-74-1218|ada@lovelace.org|2023-01-31\n"
    map_columns(file_of(tmp_path, text))
    said = capsys.readouterr().out
    assert "913" not in said
    assert "ada@" not in said


def test_what_is_needed_and_not_found_is_said_with_its_meaning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "map.yaml"
    assert map_columns(file_of(tmp_path), source="lms_loan_daily", out=out) == 1
    said = capsys.readouterr().out
    assert "Not found: loan_amt. Amount lent. Write the file's column into columns by hand." in said
    assert "# Not found, and needed: loan_id" in out.read_text(encoding="utf-8")
    assert yaml.safe_load(out.read_text(encoding="utf-8"))["sources"]["lms_loan_daily"]["delimiter"] == "|"


def test_a_file_in_the_contract_s_form_needs_no_map(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Customer_ID,Name,Age,SSN,Occupation,snapshot_date\nC1,Ada,41,913-74-1218,Lawyer,2023-01-31\n"
    assert map_columns(file_of(tmp_path, text, "features_attributes.csv")) == 0
    said = capsys.readouterr().out
    assert "The header is the contract's" in said
    assert "features_attributes: {}" in said


def test_wrong_arguments_and_files_are_explained(tmp_path: Path) -> None:
    file = file_of(tmp_path)
    with pytest.raises(SettingsError, match="--source: no source 'people'"):
        map_columns(file, source="people")
    with pytest.raises(SettingsError, match=r"--out: .*is there already"):
        map_columns(file, out=file)
    with pytest.raises(SourceError, match=r"gone\.csv"):
        map_columns(tmp_path / "gone.csv")
    with pytest.raises(SourceError, match="line 3: 2 cells where the header has 5"):
        map_columns(file_of(tmp_path, f"{PEOPLE}C2|x\n"))


def test_a_name_in_a_column_of_another_kind_is_shown_by_its_shape(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shifted = "Customer_ID,Name,Age,SSN,Occupation,snapshot_date\nAda Lovelace,C1,987654321,Lawyer,Ada,2023-01-31\n"
    map_columns(file_of(tmp_path, shifted, "features_attributes.csv"), source="features_attributes")
    tape = "Loan Number;Customer No;Income;Report Date\n00417;Ada Lovelace;1,5;2023-01-31\n"
    map_columns(file_of(tmp_path, tape, "tape.csv"), source="lms_loan_daily")
    said = capsys.readouterr().out
    assert "Ada" not in said
    assert "987654321" not in said
    assert "Aaa Aaaaaaaa" in said
    assert "00417" in said
    assert "2023-01-31" in said


def test_a_text_without_a_number_is_no_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = "".join(f"C{n},{'Lovelace' if n % 6 == 0 else '41 years'},2023-01-31\n" for n in range(60))
    map_columns(file_of(tmp_path, "Customer_ID,Age,snapshot_date\n" + rows), source="features_attributes")
    said = capsys.readouterr().out
    assert "- years" in said
    assert "Lovelace" not in said


def test_what_reads_in_two_ways_or_is_there_twice_is_left_to_a_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Loan Number;Issue Date;Report Date;Current UPB;Current UPB\n00417;05/04/2024;07/06/2024;1,00;2,00\n"
    assert map_columns(file_of(tmp_path, text), source="lms_loan_daily") == 1
    said = capsys.readouterr().out
    assert "date_format" not in said
    assert "loan_start_date: its dates read as %d/%m/%Y and as %m/%d/%Y; say which" in said
    assert "Not found: balance" in said
    assert "names that are in the header more than once are not read (1)" in said


def test_a_header_with_line_breaks_in_its_names_is_one_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = 'L1,C1,2023-01-31,x\nL2,C2,2023-01-31,"y\nz"\nL3,C3,2023-01-31,\n'
    text = '"Loan\nNumber","Customer\r\nNo",Report Date,"Name, first"\n' + rows
    map_columns(file_of(tmp_path, text), source="lms_loan_daily")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line for line in lines if line and line[0] in {"L1", "L2", "L3"}] == [
        ["L1", "C1", "2023-01-31", "4"],
        ["L2", "C2", "2023-01-31", "5"],
        ["L3", "C3", "2023-01-31", "7"],
    ]
