"""The feature store as a whole: what its declarations say, what it never reads, and that its bytes are one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from credit_platform.policy.reason_codes import ReasonCode
from credit_platform.portfolios.feature_set import declared_features
from credit_platform.portfolios.home_credit.features.application_features import OF_ALL, OF_APPLICATION
from credit_platform.portfolios.home_credit.features.declared_feature import ChildTable
from credit_platform.portfolios.home_credit.features.feature_store import (
    APPLICATIONS,
    CHILDREN,
    ApplicationFeatures,
    build_feature_store,
)
from credit_platform.portfolios.home_credit.features.lineage import table_lineage
from credit_platform.portfolios.home_credit.portfolio import HOME_CREDIT
from credit_platform_tests.portfolios.home_credit.delivered_rows import (
    SOURCES,
    Cells,
    real_folder,
    real_silver,
    silver_of,
)

FEATURES = declared_features(ApplicationFeatures)
LINEAGE = table_lineage(tuple(SOURCES.values()))
FORBIDDEN = {
    "CODE_GENDER",
    "DAYS_BIRTH",
    "NAME_FAMILY_STATUS",
    "CNT_CHILDREN",
    "CNT_FAM_MEMBERS",
    "NAME_TYPE_SUITE",
    "TARGET",
}


def source_cells(feature: str) -> set[str]:
    """The columns of the files a feature is made of."""
    silver = LINEAGE["gold/feature_store"][feature]
    return {cell for table, column in silver for _, cell in LINEAGE[table][column]}


def test_there_are_about_160_features_each_with_its_own_code_and_reason() -> None:
    assert 150 <= len(FEATURES) <= 180
    for said in ("code", "internal", "consumer"):
        (most,) = Counter(getattr(feature, said) for feature in FEATURES.values()).most_common(1)
        assert most[1] == 1, most


@pytest.mark.parametrize("name", FEATURES)
def test_a_reason_can_be_given_as_policy_wants_it(name: str) -> None:
    ReasonCode.model_validate(FEATURES[name].reason)


@pytest.mark.parametrize("name", FEATURES)
def test_no_feature_reads_what_is_protected(name: str) -> None:
    cells = source_cells(name)
    assert cells
    assert not cells & FORBIDDEN


def test_the_lineage_sees_what_is_protected() -> None:
    protected = LINEAGE[APPLICATIONS]["birth_days"]
    assert protected == (("bronze/application", "DAYS_BIRTH"),)
    assert ("bronze/application", "TARGET") in LINEAGE[APPLICATIONS]["target"]


def test_what_no_feature_may_read_is_listed_with_its_reason() -> None:
    excluded = {column for _, column, _ in HOME_CREDIT.features.excluded}
    assert excluded == FORBIDDEN | {"SK_ID_CURR", "SK_ID_BUREAU", "SK_ID_PREV", "snapshot_date"}


def test_every_column_has_its_lineage_in_columns_that_are() -> None:
    schemas = {f"silver/{source.table}": source.silver for source in SOURCES.values()}
    schemas["gold/feature_store"] = ApplicationFeatures
    known = {f"bronze/{source.name}": source.bronze for source in SOURCES.values()} | schemas
    for table, columns in LINEAGE.items():
        assert list(columns) == schemas[table].column_names()
        for made_of in columns.values():
            assert made_of or table != "gold/feature_store"
            assert all(name in known[of].column_names() for of, name in made_of)


@pytest.mark.parametrize("child", CHILDREN, ids=lambda child: child.flag)
def test_every_part_is_read_by_a_feature(child: ChildTable) -> None:
    read = {root for feature in child.features for root in feature.formula.meta.root_names()}
    assert {*child.parts} <= read
    assert not child.parts or read <= {*child.parts}


def test_ratios_read_the_application_and_its_children_alone() -> None:
    names = {*ApplicationFeatures.column_names()}
    for feature in OF_ALL:
        assert {*feature.formula.meta.root_names()} <= names
    silver = {*SOURCES["application"].silver.column_names()}
    assert all({*feature.formula.meta.root_names()} <= silver for feature in OF_APPLICATION)


ROWS: dict[str, list[Cells]] = {
    "application": [{"SK_ID_CURR": "1", "AMT_CREDIT": "10", "AMT_INCOME_TOTAL": "4"}, {"SK_ID_CURR": "2"}],
    "bureau": [
        {"SK_ID_CURR": "1", "SK_ID_BUREAU": "21", "AMT_CREDIT_SUM_DEBT": "8", "CREDIT_ACTIVE": "Active"},
        {"SK_ID_CURR": "9", "SK_ID_BUREAU": "22"},
    ],
    "bureau_balance": [
        {"SK_ID_BUREAU": "21", "MONTHS_BALANCE": "-14", "STATUS": "3"},
        {"SK_ID_BUREAU": "21", "MONTHS_BALANCE": "-2", "STATUS": "0"},
        {"SK_ID_BUREAU": "21", "MONTHS_BALANCE": "-1", "STATUS": "X"},
        {"SK_ID_BUREAU": "77", "STATUS": "5"},
    ],
    "installments_payments": [
        {"SK_ID_CURR": "1", "SK_ID_PREV": "31", "DAYS_INSTALMENT": "-9", "DAYS_ENTRY_PAYMENT": "-6"},
        {"SK_ID_CURR": "1", "SK_ID_PREV": "31", "DAYS_INSTALMENT": "-40", "DAYS_ENTRY_PAYMENT": "-42"},
        {"SK_ID_CURR": "1", "SK_ID_PREV": "32", "DAYS_INSTALMENT": "-800", "DAYS_ENTRY_PAYMENT": "-760"},
        {"SK_ID_CURR": "1", "SK_ID_PREV": "32", "DAYS_INSTALMENT": "-700", "DAYS_ENTRY_PAYMENT": None},
    ],
}


def test_children_are_counted_for_their_applicant_and_orphans_for_nobody() -> None:
    built = ApplicationFeatures.validate(build_feature_store(silver_of(ROWS)).collect())
    assert built["application_id"].to_list() == ["1", "2"]
    assert built["sources_present"].to_list() == ["bureau+bureau_balance+instalments", ""]
    first = built.row(0, named=True)
    expected = {
        "credit_to_income": 2.5,
        "bureau_debt_to_income": 2.0,
        "bureau_n_credits": 1,
        "bureau_balance_n_months": 3,
        "bureau_balance_worst_status": 3,
        "bureau_balance_worst_status_12m": 0,
        "bureau_balance_late_rate": 0.5,
        "bureau_balance_late_rate_12m": 0.0,
        "bureau_balance_months_since_late": 14,
        "instalments_n_contracts": 2,
        "instalments_late_rate": 2 / 3,
        "instalments_late_rate_12m": 0.5,
        "instalments_late_30_rate": 1 / 3,
        "instalments_days_late_mean": 43 / 3,
        "instalments_days_late_max": 40,
        "instalments_contract_late_rate_mean": 0.75,
        "instalments_n_unpaid": 1,
    }
    assert {name: first[name] for name in expected} == pytest.approx(expected)
    second = built.row(1, named=True)
    assert all(second[name] is None for child in CHILDREN for name in (feature.name for feature in child.features))
    assert not any(second[child.flag] for child in CHILDREN)


def test_a_month_without_applications_has_no_features() -> None:
    built = build_feature_store(silver_of({"bureau": ROWS["bureau"]})).collect()
    assert ApplicationFeatures.validate(built).is_empty()


def test_children_of_two_months_do_not_mix() -> None:
    one = silver_of(ROWS)
    other = {table: rows.with_columns(snapshot_month=pl.date(2024, 2, 1)) for table, rows in one.items()}
    both = build_feature_store({table: pl.concat([rows, other[table]]) for table, rows in one.items()}).collect()
    assert_frame_equal(both.head(2), build_feature_store(one).collect())
    assert_frame_equal(both.tail(2), build_feature_store(other).collect())


_BYTES = """
import hashlib, sys
from pathlib import Path
from credit_platform.lake.tables.monthly import parquet_bytes
from credit_platform.portfolios.home_credit.features.feature_store import build_feature_store
from credit_platform_tests.portfolios.home_credit.delivered_rows import real_silver
built = build_feature_store(real_silver(Path(sys.argv[1]))).collect()
print(hashlib.sha256(parquet_bytes(built)).hexdigest())
"""


@pytest.mark.slow
def test_the_same_rows_give_the_same_bytes_whatever_the_number_of_threads() -> None:
    folder = str(real_folder())
    found = {
        subprocess.run(
            [sys.executable, "-c", _BYTES, folder],
            env={**os.environ, "POLARS_MAX_THREADS": threads},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads in ("1", "2", "3")
    }
    assert len(found) == 1


def test_real_rows_keep_the_contract() -> None:
    built = ApplicationFeatures.validate(build_feature_store(real_silver(real_folder())).collect())
    assert built.height == 2000
    n_known = {name: built[name].count() for name in FEATURES}
    assert not [name for name, n in n_known.items() if not n]
