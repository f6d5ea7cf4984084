"""A generated book looks like the real one: same columns, like marginals, sentinels and empty cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

if TYPE_CHECKING:
    from pathlib import Path

Files = dict[str, pl.DataFrame]

# Share of empty cells in the original, in all of its rows.
EMPTY = {
    "application_train": {
        "EXT_SOURCE_1": 0.564,
        "EXT_SOURCE_2": 0.002,
        "EXT_SOURCE_3": 0.198,
        "OWN_CAR_AGE": 0.66,
        "OCCUPATION_TYPE": 0.313,
        "COMMONAREA_AVG": 0.699,
        "COMMONAREA_MEDI": 0.699,
        "APARTMENTS_AVG": 0.508,
        "YEARS_BUILD_MODE": 0.665,
        "AMT_REQ_CREDIT_BUREAU_YEAR": 0.135,
        "DAYS_BIRTH": 0.0,
    },
    "bureau": {
        "DAYS_CREDIT_ENDDATE": 0.06,
        "DAYS_ENDDATE_FACT": 0.37,
        "AMT_CREDIT_MAX_OVERDUE": 0.655,
        "AMT_CREDIT_SUM_DEBT": 0.15,
        "AMT_CREDIT_SUM_LIMIT": 0.345,
    },
    "previous_application": {
        "AMT_ANNUITY": 0.223,
        "AMT_GOODS_PRICE": 0.231,
        "AMT_DOWN_PAYMENT": 0.536,
        "RATE_INTEREST_PRIMARY": 0.996,
        "NAME_TYPE_SUITE": 0.491,
        "CNT_PAYMENT": 0.223,
        "DAYS_FIRST_DUE": 0.403,
    },
    "installments_payments": {"DAYS_ENTRY_PAYMENT": 0.0003, "AMT_PAYMENT": 0.0003},
    "POS_CASH_balance": {"CNT_INSTALMENT": 0.003},
    "credit_card_balance": {"AMT_DRAWINGS_ATM_CURRENT": 0.2, "AMT_PAYMENT_CURRENT": 0.2},
}
SHARES = [
    ("application_train", "TARGET", "1", 0.0807, 0.015),
    ("application_train", "DAYS_EMPLOYED", "365243", 0.18, 0.02),
    ("application_train", "NAME_CONTRACT_TYPE", "Revolving loans", 0.095, 0.015),
    ("application_train", "CODE_GENDER", "F", 0.658, 0.02),
    ("application_train", "NAME_INCOME_TYPE", "Pensioner", 0.18, 0.02),
    ("application_train", "ORGANIZATION_TYPE", "XNA", 0.18, 0.02),
    ("bureau", "CREDIT_ACTIVE", "Closed", 0.63, 0.05),
    ("bureau", "CREDIT_TYPE", "Credit card", 0.234, 0.02),
    ("bureau_balance", "STATUS", "C", 0.51, 0.06),
    ("bureau_balance", "STATUS", "0", 0.27, 0.04),
    ("bureau_balance", "STATUS", "X", 0.21, 0.04),
    ("bureau_balance", "STATUS", "1", 0.009, 0.004),
    ("bureau_balance", "STATUS", "5", 0.0028, 0.003),
    ("previous_application", "NAME_CONTRACT_STATUS", "Approved", 0.62, 0.03),
    ("previous_application", "NAME_CONTRACT_STATUS", "Refused", 0.174, 0.02),
    ("previous_application", "CODE_REJECT_REASON", "XAP", 0.81, 0.03),
    ("previous_application", "DAYS_FIRST_DRAWING", "365243.0", 0.56, 0.03),
    ("previous_application", "NAME_GOODS_CATEGORY", "XNA", 0.57, 0.03),
    ("POS_CASH_balance", "SK_DPD", "0", 0.97, 0.01),
    ("POS_CASH_balance", "NAME_CONTRACT_STATUS", "Completed", 0.0745, 0.025),
    ("credit_card_balance", "SK_DPD", "0", 0.964, 0.02),
    ("credit_card_balance", "AMT_BALANCE", "0.0", 0.56, 0.06),
]
# Rows per application in the original, of train and test together.
CHILDREN = {
    "bureau": 4.8,
    "bureau_balance": 72.0,
    "previous_application": 4.7,
    "installments_payments": 38.2,
    "POS_CASH_balance": 28.1,
    "credit_card_balance": 10.8,
}
REAL_SAMPLES = ("bureau", "bureau_balance", "installments_payments", "POS_CASH_balance", "credit_card_balance")


@pytest.mark.parametrize(
    ("name", "column", "share"), [(name, column, share) for name, own in EMPTY.items() for column, share in own.items()]
)
def test_empty_cells(home_credit_files: Files, name: str, column: str, share: float) -> None:
    cells = home_credit_files[name][column]
    assert cells.null_count() / cells.len() == pytest.approx(share, abs=0.05 if share > 0.01 else 0.003)


@pytest.mark.parametrize("case", SHARES)
def test_shares(home_credit_files: Files, case: tuple[str, str, str, float, float]) -> None:
    name, column, value, share, tolerance = case
    assert (home_credit_files[name][column].fill_null("") == value).mean() == pytest.approx(share, abs=tolerance)


@pytest.mark.parametrize(("name", "rows"), CHILDREN.items())
def test_rows_per_application(home_credit_files: Files, name: str, rows: float) -> None:
    assert home_credit_files[name].height / 6000 == pytest.approx(rows, rel=0.15)


def test_numbers_are_written_as_the_competition_writes_them(home_credit_files: Files) -> None:
    train, payments = home_credit_files["application_train"], home_credit_files["installments_payments"]
    for column in ("AMT_INCOME_TOTAL", "CNT_FAM_MEMBERS", "DAYS_REGISTRATION", "AMT_REQ_CREDIT_BUREAU_YEAR"):
        assert train[column].drop_nulls().str.contains(r"^-?\d+\.\d+$").all(), column
    for column in ("SK_ID_CURR", "TARGET", "DAYS_BIRTH", "DAYS_EMPLOYED", "REGION_RATING_CLIENT", "FLAG_DOCUMENT_3"):
        assert train[column].str.contains(r"^-?\d+$").all(), column
    assert payments["DAYS_INSTALMENT"].str.contains(r"^-\d+\.0$").all()
    assert payments["NUM_INSTALMENT_NUMBER"].str.contains(r"^\d+$").all()


def test_instalments_are_paid_in_parts_late_in_advance_and_sometimes_never(home_credit_files: Files) -> None:
    rows = home_credit_files["installments_payments"].with_columns(
        late=pl.col("DAYS_ENTRY_PAYMENT").cast(pl.Float64) - pl.col("DAYS_INSTALMENT").cast(pl.Float64)
    )
    assert (rows["late"] > 0).mean() == pytest.approx(0.086, abs=0.02)
    assert (rows["late"] < 0).mean() == pytest.approx(0.67, abs=0.05)
    assert rows["late"].is_null().any()
    assert (rows["late"].is_null() == rows["AMT_PAYMENT"].is_null()).all()
    parts = rows.group_by("SK_ID_PREV", "NUM_INSTALMENT_NUMBER").len()
    assert (parts["len"] == 2).mean() == pytest.approx(0.045, abs=0.015)
    assert rows.is_duplicated().any(), "equal parts on one day are equal rows"


@pytest.mark.parametrize(
    ("name", "column"), [("bureau", "AMT_CREDIT_SUM_DEBT"), ("credit_card_balance", "AMT_BALANCE")]
)
def test_a_few_credits_are_overpaid(home_credit_files: Files, name: str, column: str) -> None:
    overpaid = (home_credit_files[name][column].cast(pl.Float64) < 0).mean()
    assert overpaid == pytest.approx(0.001, abs=0.001)


def test_nothing_in_a_history_is_later_than_the_application(home_credit_files: Files) -> None:
    for name, column in (
        ("bureau", "DAYS_CREDIT"),
        ("bureau", "DAYS_ENDDATE_FACT"),
        ("bureau_balance", "MONTHS_BALANCE"),
        ("previous_application", "DAYS_DECISION"),
        ("installments_payments", "DAYS_INSTALMENT"),
        ("installments_payments", "DAYS_ENTRY_PAYMENT"),
        ("POS_CASH_balance", "MONTHS_BALANCE"),
        ("credit_card_balance", "MONTHS_BALANCE"),
    ):
        assert home_credit_files[name][column].cast(pl.Float64).le(0).drop_nulls().all(), (name, column)


def test_the_columns_are_those_of_the_real_files(real_home_credit: Path, home_credit_files: Files) -> None:
    real = {file.stem: pl.read_csv(file, n_rows=0).columns for file in real_home_credit.glob("*.csv")}
    for name in ("application_train", *REAL_SAMPLES):
        assert home_credit_files[name].columns == real[name]
    new = home_credit_files["application_test"].columns
    assert new == [name for name in real["application_train"] if name != "TARGET"]
    rates = {"RATE_INTEREST_PRIMARY", "RATE_INTEREST_PRIVILEGED"}
    previous = [name for name in home_credit_files["previous_application"].columns if name not in rates]
    assert previous == real["previous_application"]


def test_no_value_of_a_category_is_unknown_to_the_real_files(real_home_credit: Path, home_credit_files: Files) -> None:
    # Rare values are missing in a sample of real rows, so only those of some weight count.
    real = pl.read_csv(real_home_credit / "application_train.csv", infer_schema=False)
    for column in ("NAME_EDUCATION_TYPE", "ORGANIZATION_TYPE", "OCCUPATION_TYPE", "WALLSMATERIAL_MODE"):
        made = home_credit_files["application_train"][column].drop_nulls().value_counts(normalize=True)
        usual = made.filter(pl.col("proportion") > 0.004)[column]
        assert set(usual) <= set(real[column].drop_nulls()), column
