"""The rules of cleaning as a whole, and other strategies than their own."""

from __future__ import annotations

import json
from collections import defaultdict

import polars as pl
import pytest

from credit_platform.errors import PolicyError
from credit_platform.portfolios.cleaning_rules import check_strategies, cleaning_rules
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.loans.sources.loan_snapshots import clean_loan_snapshots
from credit_platform.portfolios.tables import tables_of
from credit_platform.schemas.cleaning.rule import CleaningRule, Strategy
from credit_platform.schemas.quarantine import Quarantine
from credit_platform_tests.cleaners import clean_attributes, clean_clickstream, clean_financials
from credit_platform_tests.source_rows import Cells, bronze_rows

CLEANERS = {
    "lms_loan_daily": (clean_loan_snapshots, "silver/loan_snapshots"),
    "features_attributes": (clean_attributes, "silver/customer_attributes"),
    "features_financials": (clean_financials, "silver/customer_financials"),
    "feature_clickstream": (clean_clickstream, "silver/customer_clickstream"),
}
# A dirty row of every source, the rule it breaks, and a silver column that the rule decides about.
DIRT: list[tuple[str, Cells, str, str]] = [
    ("features_attributes", {"Age": "40_"}, "Age_underscore_stripped", "age"),
    ("features_attributes", {"Age": "4746"}, "Age_out_of_range_nulled", "age"),
    ("features_attributes", {"Age": "old"}, "unreadable_number_nulled_Age", "age"),
    ("features_attributes", {"Occupation": "____"}, "Occupation_placeholder_nulled", "occupation"),
    ("features_attributes", {"Occupation": " Lawyer"}, "Occupation_whitespace_stripped", "occupation"),
    ("features_attributes", {"Customer_ID": " CUS_0x1"}, "Customer_ID_whitespace_stripped", "customer_id"),
    ("features_attributes", {"Customer_ID": None}, "Customer_ID_is_readable", "customer_id"),
    ("features_attributes", {"snapshot_date": "soon"}, "snapshot_date_is_readable", "snapshot_date"),
    ("features_financials", {"Total_EMI_per_month": "50000"}, "Total_EMI_per_month_out_of_range_nulled", "emi_amount"),
    ("features_financials", {"Total_EMI_per_month": "-5"}, "Total_EMI_per_month_out_of_range_nulled", "emi_amount"),
    (
        "features_financials",
        {"Annual_Income": "9000000"},
        "Annual_Income_recovered_from_monthly_salary",
        "annual_income_amount",
    ),
    (
        "features_financials",
        {"Annual_Income": "9000000", "Monthly_Inhand_Salary": None},
        "Annual_Income_nulled",
        "annual_income_amount",
    ),
    ("features_financials", {"Num_of_Loan": "1495"}, "Num_of_Loan_recovered_from_loan_types", "n_loans"),
    ("features_financials", {"Payment_Behaviour": "!@9#%8"}, "Payment_Behaviour_placeholder_nulled", "spending_level"),
    ("features_financials", {"Credit_Mix": "Superb"}, "unreadable_text_nulled_Credit_Mix", "credit_mix"),
    ("feature_clickstream", {"fe_3": "12_"}, "fe_3_underscore_stripped", "fe_3"),
    ("feature_clickstream", {"fe_3": "many"}, "unreadable_number_nulled_fe_3", "fe_3"),
    ("lms_loan_daily", {"paid_amt": "0.0_"}, "paid_amt_underscore_stripped", "paid_amount"),
    ("lms_loan_daily", {"paid_amt": "-1"}, "paid_amt_is_not_negative", "paid_amount"),
]


def rule_of(source: str, name: str) -> CleaningRule:
    return next(rule for rule in cleaning_rules(LOANS)[CLEANERS[source][1]] if rule.name == name)


def cleaned(source: str, *cells: Cells, **strategies: Strategy) -> tuple[pl.DataFrame, pl.DataFrame]:
    clean, table = CLEANERS[source]
    outcome = clean(bronze_rows(source, *cells), strategies=strategies)
    rows, quarantined = pl.collect_all([outcome.rows, outcome.quarantined])
    return tables_of(LOANS).shared[table].validate(rows), Quarantine.validate(quarantined)


EVERY_CHOICE = [
    pytest.param(source, cells, rule, value, strategy, id=f"{rule}-{strategy}-{next(iter(cells.values()))}")
    for source, cells, rule, value in DIRT
    for strategy in rule_of(source, rule).strategies()
]


@pytest.mark.parametrize(("source", "cells", "rule", "value", "strategy"), EVERY_CHOICE)
def test_a_rule_is_carried_out_by_the_strategy_policy_names(
    source: str, cells: Cells, rule: str, value: str, strategy: Strategy
) -> None:
    rows, quarantined = cleaned(source, cells, **{rule: strategy})
    assert rows.height + quarantined.height == 1
    if strategy in {"quarantine", "drop"}:
        assert quarantined["rule"].to_list() == [rule]
        assert quarantined["reason"][0].endswith("; dropped by policy") == (strategy == "drop")
        column, text = next(iter(cells.items()))
        assert json.loads(quarantined["raw_text"][0])[column] == text
        return
    is_own = strategy == rule_of(source, rule).strategy
    assert (rule if is_own else f"{rule}:{strategy}") in rows["repairs"][0]
    if strategy == "null":
        assert rows[value].to_list() == [None]
    if is_own:
        assert rows.equals(cleaned(source, cells)[0])


@pytest.mark.parametrize(
    ("cells", "rule", "value", "kept"),
    [
        ({"Annual_Income": "9000000_"}, "Annual_Income_recovered_from_monthly_salary", "annual_income_amount", 9e6),
        ({"Annual_Income": "-5"}, "Annual_Income_recovered_from_monthly_salary", "annual_income_amount", None),
        ({"Num_of_Loan": "1495"}, "Num_of_Loan_recovered_from_loan_types", "n_loans", 1495),
        ({"Num_of_Loan": "-100"}, "Num_of_Loan_recovered_from_loan_types", "n_loans", None),
        ({"Total_EMI_per_month": "50000"}, "Total_EMI_per_month_out_of_range_nulled", "emi_amount", 50000.0),
        ({"Monthly_Balance": "-3e26"}, "Monthly_Balance_out_of_range_nulled", "monthly_balance_amount", None),
    ],
)
def test_a_flag_keeps_the_value_as_parsed_where_the_contract_allows_it(
    cells: Cells, rule: str, value: str, kept: float | None
) -> None:
    strategies: dict[str, Strategy] = {rule: "flag"}
    rows, _ = cleaned("features_financials", cells, **strategies)
    assert rows[value].to_list() == [kept]


def test_a_row_kept_by_one_strategy_may_fall_to_another() -> None:
    cells = {"Age": "4746_", "Occupation": "___"}
    rows, quarantined = cleaned("features_attributes", cells, Age_underscore_stripped="null")
    assert rows["repairs"][0].to_list() == [
        "Age_out_of_range_nulled",
        "Age_underscore_stripped:null",
        "Occupation_placeholder_nulled",
    ]
    rows, quarantined = cleaned(
        "features_attributes", cells, Age_underscore_stripped="null", Occupation_placeholder_nulled="drop"
    )
    assert quarantined["reason"].to_list()[0].startswith("Occupation: ")
    assert rows.is_empty()


def test_strategies_leave_sound_rows_of_a_plain_table_alone() -> None:
    other = {"Customer_ID": "CUS_0x2", "fe_2": "5_"}
    rows, quarantined = cleaned("feature_clickstream", {}, other, fe_2_underscore_stripped="quarantine")
    assert (rows["customer_id"].to_list(), quarantined["source_line"].to_list()) == (["CUS_0x1"], [3])


def test_a_conflict_of_keys_can_be_dropped_and_is_still_on_file() -> None:
    rows, quarantined = cleaned("features_attributes", {}, {"Age": "41"}, key_is_unique="drop")
    assert rows.is_empty()
    assert quarantined["rule"].to_list() == ["key_is_unique"] * 2
    assert all(reason.endswith("dropped by policy") for reason in quarantined["reason"])


@pytest.mark.parametrize(
    ("rule", "strategy", "reason"),
    [
        ("Age_out_of_range_nuled", "flag", "is no cleaning rule; did you mean Age_out_of_range_nulled?"),
        ("zzz", "drop", "is no cleaning rule; DATA_DICTIONARY.md lists them all"),
        ("Age_out_of_range_nulled", "repair", "allows null, quarantine, drop, not repair"),
        ("Age_out_of_range_nulled", "flag", "allows null, quarantine, drop, not flag"),
        ("Customer_ID_whitespace_stripped", "null", "allows repair, quarantine, drop, not null"),
        ("paid_amt_is_not_negative", "null", "allows quarantine, drop, not null"),
    ],
)
def test_a_strategy_that_cannot_be_carried_out_is_refused(rule: str, strategy: Strategy, reason: str) -> None:
    with pytest.raises(PolicyError) as refused:
        check_strategies(LOANS, {rule: strategy}, file="p.yaml")
    assert str(refused.value) == f"p.yaml: cleaning.strategies.{rule}: {reason}"


def test_the_shipped_strategies_are_allowed() -> None:
    check_strategies(LOANS, LOANS.load_policy().data.cleaning.strategies)


def test_each_table_has_a_rule_once_and_a_shared_rule_allows_the_same_everywhere() -> None:
    allowed: dict[str, set[tuple[Strategy, ...]]] = defaultdict(set)
    for rules in cleaning_rules(LOANS).values():
        assert len({rule.name for rule in rules}) == len(rules)
        for rule in rules:
            allowed[rule.name].add(rule.strategies())
    assert {name: found for name, found in allowed.items() if len(found) > 1} == {}


@pytest.mark.parametrize("table", list(cleaning_rules(LOANS)))
def test_what_a_rule_may_null_is_nullable(table: str) -> None:
    columns = tables_of(LOANS).shared[table].columns()
    assert all(columns[name].nullable for rule in cleaning_rules(LOANS)[table] for name in rule.values)
