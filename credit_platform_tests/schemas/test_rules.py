"""Every rule of every schema catches a row that breaks it, and none disappears unnoticed.

The names of all rules stand in rule_names.txt; a schema that gains or loses a rule changes that file.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.reports.documents.data_dictionary import documented_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    import dataframely as dy

COMMITTED = Path(__file__).parent / "rule_names.txt"
TABLES = documented_tables(LOANS)
MONTH, LATER = date(2024, 1, 1), date(2024, 2, 1)
MEASURED = {"value": 0.5, "ci_low": 0.4, "ci_high": 0.6, "n": 10, "n_bad": 1}
IMMATURE = {"state": "maturing", "sample_role": "none", "n_labelled": None, "attrition": None}

DECIDED = {"reason_1": "A1", "reason_2": "B1", "reason_3": None, "reason_4": None}
DECIDED_BREAKING: Mapping[str, list[Mapping[str, object]]] = {
    "reasons_are_filled_from_the_left": [{"reason_1": None}],
    "no_reason_is_given_twice": [{"reason_3": "A1"}],
    "ranking_survives_calibration": [
        {"loan_id": "a", "raw_probability": 0.1, "default_probability": 0.9},
        {"loan_id": "b", "raw_probability": 0.2, "default_probability": 0.8},
    ],
}
# What a sound row holds where the plain values of `plain_value` would not do.
SOUND: Mapping[str, Mapping[str, object]] = {
    "silver/loan_snapshots": {"n_installments_missed": 0, "first_missed_date": None, "dpd": 0, "dpd_bucket": "current"},
    "silver/customer_financials": {"credit_mix": "Good", "spending_level": "Low", "payment_value_size": "Small"},
    "gold/feature_store": {"sources_present": "attributes+clickstream+financials"},
    "gold/label_store": {"cohort": date(2023, 7, 1)},
    "gold/vintages": {"mob": 0},
    "gold/roll_rates": {"from_bucket": "30-59"},
    "gold/cohort_calendar": {"state": "mature", "cohort": date(2023, 7, 1), "score_month": date(2023, 7, 1)},
    "prediction/<model>": DECIDED,
    "decision/batch": DECIDED,
    "decision/online": {**DECIDED, "provenance": "api"},
    "monitoring/service": {"n": 5, "n_failed": 1},
    "monitoring/row_balance": {"quarantined": 0, "duplicates_dropped": 0},
    "monitoring/champion_challenger": {**MEASURED, "challenger": "yy"},
    "monitoring/overrides": {**MEASURED, "cohort": date(2023, 7, 1)},
    "monitoring/<model>/performance": {**MEASURED, "cohort": date(2023, 7, 1)},
    "monitoring/<model>/fair_lending": {**MEASURED, "cohort": date(2023, 7, 1)},
    "monitoring/<model>/stability": MEASURED,
    "monitoring/<model>/estimate": {**MEASURED, "n_bad": None},
    "monitoring/<model>/estimate_backtest": {
        **MEASURED,
        "cohort": date(2023, 7, 1),
        "realised": 0.8,
        "estimated": 0.3,
    },
    "monitoring/<model>/early_reads": {
        **MEASURED,
        "cohort": date(2023, 11, 1),
        "read_month": date(2023, 12, 1),
        "p_value": 0.1,
        "holm_p_value": 0.3,
    },
}
# For rules over several columns or rows: the rows that break one, as changes to the sound row.
BREAKING: Mapping[str, Mapping[str, list[Mapping[str, object]]]] = {
    "silver/loan_snapshots": {
        "dpd_bucket_is_known": [{"dpd_bucket": "late"}],
        "loan_starts_before_its_snapshot": [{"loan_start_date": date(2024, 1, 2)}],
        "installment_num_equals_months_on_book": [{"installment_num": 2}],
        "days_past_due_imply_a_missed_installment": [{"dpd": 31}],
    },
    "gold/feature_store": {
        "clickstream_is_present_when_months_were_seen": [{"n_clickstream_months": 0}],
        "sources_present_agrees_with_the_flags": [{"sources_present": "attributes"}],
    },
    "gold/label_store": {"features_precede_outcome": [{"cohort": MONTH}]},
    "gold/vintages": {
        "outcomes_precede_as_of_month": [{"mob": 1}],
        "counts_nest": [{"n_30dpd": 2}],
    },
    "gold/roll_rates": {
        "only_buckets_past_due_cure": [{"cure_amount_rate": None}],
        "a_cure_is_a_transition": [{"cure_rate": 0.5}],
    },
    "gold/cohort_calendar": {
        "cohort_was_written_by_then": [
            {
                "cohort": date(2024, 2, 1),
                "score_month": date(2024, 2, 1),
                "maturity_month": date(2024, 8, 1),
                **IMMATURE,
            }
        ],
        "maturity_follows_origination": [{"score_month": date(2023, 6, 1)}],
        "state_follows_the_months": [{"maturity_month": LATER}],
        "only_mature_cohorts_are_developed_on": [{"maturity_month": LATER, **IMMATURE, "sample_role": "train"}],
        "labels_are_of_mature_cohorts": [{"maturity_month": LATER, **IMMATURE, "n_labelled": 1}],
    },
    "prediction/<model>": DECIDED_BREAKING,
    "decision/batch": DECIDED_BREAKING,
    "decision/online": DECIDED_BREAKING,
    "monitoring/service": {
        "failures_are_among_the_answers": [{"n_failed": 6}],
        "quantiles_rise": [{"p95_milliseconds": 90.0}],
    },
    "monitoring/row_balance": {
        "rows_in_equal_rows_out_plus_quarantined_plus_duplicates": [{"rows_in": 2}],
        "repaired_rows_are_rows_out": [{"rows_repaired": 2}],
    },
    "monitoring/champion_challenger": {
        "interval_holds_the_value": [{"ci_low": 0.55}],
        "undefined_is_unknown": [{"value": None, "ci_low": None, "ci_high": None}],
        "bads_are_among_the_loans": [{"n_bad": 11}],
        "nobody_challenges_itself": [{"challenger": "xx"}],
        "cohorts_precede_the_month": [{"breakdown": "cohort", "segment": "2024-02-01"}],
        "a_month_has_one_decision": [{"segment": "a"}, {"segment": "b", "decision": "reject"}],
    },
    "monitoring/history": {"nothing_is_known_before_its_month": [{"observed_month": LATER}]},
    "monitoring/overrides": {
        "interval_holds_the_value": [{"ci_low": 0.55}],
        "undefined_is_unknown": [{"value": None, "ci_low": None, "ci_high": None}],
        "bads_are_among_the_loans": [{"n_bad": 11}],
        "cohort_precedes_outcome": [{"cohort": LATER}],
    },
    "monitoring/<model>/performance": {
        "interval_holds_the_value": [{"ci_low": 0.55}],
        "undefined_is_unknown": [{"value": None, "ci_low": None, "ci_high": None}],
        "bads_are_among_the_loans": [{"n_bad": 11}],
        "cohort_precedes_outcome": [{"cohort": LATER}],
    },
    "monitoring/<model>/fair_lending": {
        "interval_holds_the_value": [{"ci_low": 0.55}],
        "undefined_is_unknown": [{"value": None, "ci_low": None, "ci_high": None}],
        "bads_are_among_the_loans": [{"n_bad": 11}],
        "cohort_precedes_outcome": [{"cohort": LATER}],
    },
    "monitoring/<model>/stability": {
        "interval_holds_the_value": [{"ci_high": None}],
        "undefined_is_unknown": [{"value": None, "ci_low": None, "ci_high": None}],
        "bads_are_among_the_loans": [{"n_bad": 11}],
        "cohort_is_the_month": [{"cohort": date(2023, 12, 1)}],
    },
    "monitoring/<model>/estimate": {
        "interval_holds_the_value": [{"ci_high": None}],
        "undefined_is_unknown": [{"value": None, "ci_low": None, "ci_high": None}],
        "cohort_is_the_month": [{"cohort": date(2023, 12, 1)}],
        "bads_are_among_the_loans": [{"n_bad": 11}],
    },
    "monitoring/<model>/estimate_backtest": {
        "interval_holds_the_value": [{"ci_low": 0.55}],
        "undefined_is_unknown": [{"value": None, "ci_low": None, "ci_high": None}],
        "bads_are_among_the_loans": [{"n_bad": 11}],
        "cohort_precedes_outcome": [{"cohort": LATER}],
        "value_is_realised_minus_estimated": [{"realised": 0.9}],
    },
    "monitoring/<model>/early_reads": {
        "interval_holds_the_value": [{"ci_high": None}],
        "undefined_is_unknown": [{"value": None, "ci_low": None, "ci_high": None}],
        "bads_are_among_the_loans": [{"n_bad": 11}],
        "nothing_is_read_before_its_month": [{"mob": 2}],
        "correction_never_lowers_a_p_value": [{"holm_p_value": 0.05}],
    },
    "monitoring/<model>/action": {"state_follows_the_action": [{"action": "retrain"}]},
}


def rules_of(schema: type[dy.Schema]) -> list[str]:
    return list(schema._validation_rules(with_cast=False))


def allowed(column: dy.Column, name: str) -> list[Any]:
    """The values a column lists as allowed, if it lists any."""
    checks = [check for rule, check in column.validation_rules(pl.col(name)).items() if rule.startswith("check")]
    literals = [part for check in checks for part in check.meta.pop() if part.meta.is_literal()]
    if literals:
        return pl.select(literals[0]).to_series().explode().to_list()
    return list(getattr(column, "is_in", None) or ())


def plain_value(name: str, column: dy.Column) -> object:
    """A value that meets the column's own constraints, the same for every column of its kind."""
    listed = allowed(column, name)
    if listed:
        return listed[0]
    if column.dtype.is_numeric():
        low, high = (getattr(column, bound, None) for bound in ("min", "max"))
        return max(1, low or 0) if high is None else min(max(1, low or 0), high)
    if column.dtype == pl.Date:
        return MONTH
    if column.dtype == pl.Boolean:
        return True
    return list[str]() if column.dtype.is_nested() else "xx"


def broken_value(column: dy.Column, constraint: str) -> object:
    """A value that breaks one constraint of a column."""
    low, high = (getattr(column, bound, None) or 0 for bound in ("min", "max"))
    return {
        "nullability": None,
        "min": low - 1,
        "max": high + 1,
        "inf": float("inf"),
        "nan": float("nan"),
        "min_length": "",
        "regex": "~",
        "check": "~",
        "is_in": 99,
        "resolution": date(2024, 1, 15),
    }[constraint]


def frame_of(table: str, *changes: Mapping[str, object]) -> pl.DataFrame:
    columns = TABLES[table].columns()
    sound = {name: plain_value(name, column) for name, column in columns.items()} | dict(SOUND.get(table, {}))
    rows = [{**sound, **changed} for changed in changes]
    return pl.DataFrame(rows, schema={name: column.dtype for name, column in columns.items()}, orient="row")


def breaking(table: str, rule: str) -> pl.DataFrame:
    if rule == "primary_key":
        return frame_of(table, {}, {})
    if "|" not in rule:
        return frame_of(table, *BREAKING[table][rule])
    name, constraint = rule.split("|")
    return frame_of(table, {name: broken_value(TABLES[table].columns()[name], constraint)})


def broken_rules(table: str, frame: pl.DataFrame) -> set[str]:
    _, failure = TABLES[table].filter(frame)
    return set(failure.counts())


@pytest.mark.parametrize("table", list(TABLES))
def test_a_sound_row_breaks_no_rule(table: str) -> None:
    assert broken_rules(table, frame_of(table, {})) == set()


@pytest.mark.parametrize("table", list(TABLES))
def test_every_rule_catches_rows_that_break_it(table: str) -> None:
    rules = rules_of(TABLES[table])
    missed = [rule for rule in rules if rule not in broken_rules(table, breaking(table, rule))]
    assert missed == []


@pytest.mark.parametrize(("table", "rule"), [(table, rule) for table, rules in BREAKING.items() for rule in rules])
def test_a_row_that_breaks_a_rule_over_columns_breaks_only_that(table: str, rule: str) -> None:
    assert broken_rules(table, breaking(table, rule)) == {rule}


def test_no_rule_appears_or_disappears_unnoticed() -> None:
    """Write `rule_names()` into rule_names.txt when a schema is meant to have other rules."""
    assert COMMITTED.read_text(encoding="utf-8").splitlines() == rule_names().splitlines()


def rule_names() -> str:
    """One line per table and column or table and rule: what its values must be."""
    lines: list[str] = []
    for table, schema in TABLES.items():
        by_column: dict[str, list[str]] = {}
        for rule in rules_of(schema):
            name, _, constraint = rule.rpartition("|")
            by_column.setdefault(name, []).append(constraint)
        lines += [f"{table}: {rule}" for rule in by_column.pop("", [])]
        lines += [f"{table}: {name}: {', '.join(constraints)}" for name, constraints in by_column.items()]
    return "\n".join(lines) + "\n"
