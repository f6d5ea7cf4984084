from __future__ import annotations

from pathlib import Path

import pytest

from credit_platform.errors import PolicyError
from credit_platform.policy.load import policy_document, read_policy_document
from credit_platform.policy.source_policy import SourcePolicy, has_day
from credit_platform.portfolios.loans.portfolio import LOANS

LOAN_FILE = "lms_loan_daily"
MAP = f"""
sources:
  {LOAN_FILE}:
    files: "tape_*.csv"
    columns: {{loan_id: LOAN_NO, Customer_ID: LOAN_NO}}
    date_format: {{snapshot_date: "%m%Y"}}
    decimal: ","
    units: ["%"]
  features_attributes:
    columns: {{Name: null, SSN: null}}
    delimiter: "\\t"
"""


def policy_of(folder: Path, text: str) -> Path:
    (folder / "model_config.yaml").write_text(text, encoding="utf-8")
    return folder


def test_a_policy_that_maps_nothing_has_the_values_it_had() -> None:
    source = LOANS.load_policy().model.sources[LOAN_FILE]
    assert source.model_dump(mode="json") == {"required": True}


def test_a_map_changes_the_fingerprint_and_is_kept_with_the_policy(tmp_path: Path) -> None:
    policy = LOANS.load_policy(policy_of(tmp_path, MAP))
    assert policy.sha256 != LOANS.load_policy().sha256
    assert policy.model.sources["features_attributes"].delimiter == "\t"
    kept = read_policy_document(policy_document(policy), LOANS.terms, sha256=policy.sha256, file=tmp_path)
    assert kept.model.sources == policy.model.sources


@pytest.mark.parametrize(
    ("form", "key", "reason"),
    [
        ("columns: {loan_idd: A}", ".columns.loan_idd", "no column of the source; it has loan_id"),
        ("columns: {loan_id: null}", ".columns.loan_id", "no row is of use without it"),
        ("columns: {loan_id: no}", ".columns", "loan_id is False"),
        ('columns: {loan_id: ""}', ".columns", "in quotes"),
        ("columns: {loan_id: 0}", ".columns", "position from 1"),
        ("columns: {loan_id: 2}", "", "needs has_header: false"),
        ("columns: {loan_id: A}\n    has_header: false", "", "needs a header"),
        ("columns: {loan_id: 2}\n    has_header: false", ".columns.Customer_ID", "needs a position"),
        ("has_header: false", "", "position of every column"),
        ("date_format: DD.MM.YYYY", ".date_format", "no date format"),
        ("date_format: '%d.%m'", ".date_format", "no date format"),
        ("date_format: {due: '%d.%m.%Y'}", ".date_format.due", "no column of the source"),
        ("decimal: x", ".decimal", "input should be"),
        ("decimal: ','\n    thousands: ','", "", "are both ','"),
        ("delimiter: ab", ".delimiter", "no delimiter"),
        ("delimiter: '\"'", ".delimiter", "no delimiter"),
        ("encoding: klingon", ".encoding", "no encoding"),
        ("encoding: rot13", ".encoding", "no encoding"),
        ("files: ../tape.csv", ".files", "name of files in the raw folder"),
        ("colums: {loan_id: A}", ".colums", "not a known setting"),
    ],
)
def test_a_wrong_map_is_refused_with_its_key_and_reason(tmp_path: Path, form: str, key: str, reason: str) -> None:
    policy_of(tmp_path, f"sources:\n  {LOAN_FILE}:\n    {form}\n")
    with pytest.raises(PolicyError) as refused:
        LOANS.load_policy(tmp_path)
    assert refused.value.key == f"sources.{LOAN_FILE}{key}"
    assert reason in refused.value.reason


@pytest.mark.parametrize(("written", "expected"), [("%d.%m.%Y", True), ("%m%Y", False), ("%b-%Y", False)])
def test_a_format_without_a_day_is_known(written: str, *, expected: bool) -> None:
    assert has_day(written) is expected
    assert SourcePolicy(required=True, date_format=written).date_format == written
