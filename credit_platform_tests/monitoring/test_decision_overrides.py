from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from credit_platform.monitoring.decision_overrides import (
    NO_REASON,
    DecisionLog,
    decision_columns,
    measure_overrides,
    read_log,
)
from credit_platform.schemas.monitoring import Overrides
from credit_platform_tests.monitoring_rows import subject, thresholds

Cells = tuple[str, ...]


def log_of(*rows: Cells) -> DecisionLog:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(decision_columns("loan_id"), pl.String()), orient="row")
    return read_log(
        frame.with_columns(pl.int_range(2, pl.len() + 2).alias("source_line"), source_file=pl.lit("decisions.csv")),
        case_key="loan_id",
    )


def loans(n: int = 1000, *, seed: int = 3) -> pl.DataFrame:
    """Loans L0, L1 ...: the first tenth in grade R3 and declined by the model, the others in R1 and R2 by turns."""
    random = np.random.default_rng(seed)
    is_worst = np.arange(n) < n // 10
    grade = np.where(is_worst, "R3", np.where(np.arange(n) % 2 == 0, "R1", "R2"))
    probability = np.select([grade == "R1", grade == "R2"], [0.1, 0.3], 0.6)
    return pl.DataFrame(
        {
            "loan_id": [f"L{i}" for i in range(n)],
            "default_probability": probability,
            "grade": grade,
            "decision": np.where(is_worst, "decline", "approve"),
            "label": (random.random(n) < probability).astype(np.int8),
        }
    )


def decisions(
    frame: pl.DataFrame, *, n_low: int, n_high: int = 0, reason: str = "long-standing customer"
) -> list[Cells]:
    """One row per loan; the first `n_low` approved against the system, the last `n_high` declined against it."""
    rows: list[Cells] = []
    for i, (loan, system) in enumerate(frame.select("loan_id", "decision").iter_rows()):
        if i < n_low:
            rows.append((loan, system, "approve", "low-side", reason, "A. Clerk"))
        elif i >= frame.height - n_high:
            rows.append((loan, system, "decline", "high-side", "fraud", "A. Clerk"))
        else:
            rows.append((loan, system, system, "", "", "A. Clerk"))
    return rows


def measured(frame: pl.DataFrame, log: DecisionLog | None) -> dict[tuple[str, str], dict[str, Any]]:
    table = measure_overrides(frame, log, case_key="loan_id", subject=subject(), thresholds=thresholds())
    Overrides.validate(table)
    return {(row["metric"], row["segment"]): row for row in table.iter_rows(named=True)}


def test_rows_are_set_aside_by_the_rule_they_break_and_repetitions_count_once() -> None:
    log = log_of(
        (" L1 ", "Decline", "APPROVE", "Low_side", " pays elsewhere ", "x"),
        ("L1", "decline", "approve", "low-side", "pays elsewhere", "another officer"),
        ("L2", "approve", "approve", "none", "", "x"),
        ("", "approve", "approve", "", "", "x"),
        ("L3", "approve", "refer", "", "", "x"),
        ("L4", "approve", "decline", "low-side", "", "x"),
        ("L5", "approve", "decline", "", "", "x"),
        ("L6", "approve", "approve", "", "", "x"),
        ("L6", "approve", "decline", "high-side", "", "x"),
    )
    assert log.rows.rows() == [
        ("L1", "decline", "approve", "low-side", "pays elsewhere"),
        ("L2", "approve", "approve", None, NO_REASON),
    ]
    assert log.set_aside.select("source_line", "rule").rows() == [
        (5, "loan_is_named"),
        (6, "decisions_are_known"),
        (7, "type_follows_the_decisions"),
        (8, "type_follows_the_decisions"),
        (9, "loan_is_decided_once"),
        (10, "loan_is_decided_once"),
    ]
    assert "officer" not in log.set_aside.columns


def test_without_a_file_the_rate_is_unknown_and_nothing_else_is_said() -> None:
    found = measured(loans(), None)
    assert list(found) == [("override_rate", "all")]
    assert found["override_rate", "all"]["status"] == "unknown"


@pytest.mark.parametrize(("n_low", "status"), [(5, "warn"), (40, "ok"), (90, "warn")])
def test_only_a_rate_whose_interval_lies_outside_the_band_warns(n_low: int, status: str) -> None:
    frame = loans()
    found = measured(frame, log_of(*decisions(frame, n_low=n_low)))
    rate = found["override_rate", "all"]
    assert (rate["value"], rate["n"], rate["status"]) == (n_low / 1000, 1000, status)
    assert rate["ci_low"] < rate["value"] < rate["ci_high"]


def test_few_decisions_are_insufficient_and_coverage_says_so() -> None:
    frame = loans()
    found = measured(frame, log_of(*decisions(frame, n_low=10)[:20]))
    assert found["override_rate", "all"]["status"] == "insufficient"
    assert found["decision_coverage", "all"]["value"] == 0.02


def test_loans_approved_against_the_system_are_held_against_the_nearest_grade_that_was_approved() -> None:
    frame = loans(4000)
    found = measured(frame, log_of(*decisions(frame, n_low=200, n_high=40)))
    low = frame.head(200)["label"]
    theirs = frame.head(3960).filter(grade="R2")["label"]
    assert found["low_side_bad_rate", "all"]["value"] == low.mean()
    assert found["comparable_bad_rate", "all"]["value"] == pytest.approx(theirs.mean())
    assert found["comparable_bad_rate", "all"]["n"] == len(theirs)
    excess = found["low_side_excess", "all"]
    assert excess["status"] == "warn"
    assert 0 < excess["ci_low"] < excess["value"] < excess["ci_high"]
    assert found["low_side_expected_bad_rate", "all"]["value"] == pytest.approx(0.6)
    assert found["high_side_rate", "all"]["value"] == 0.01
    assert found["agreement_with_model", "all"]["value"] == 1.0
    assert found["override_rate", "reason: fraud"]["value"] == 0.01
    assert found["low_side_bad_rate", "reason: long-standing customer"]["n"] == 200


def test_overrides_that_fare_like_their_grade_do_not_warn() -> None:
    frame = loans(4000).with_columns(pl.lit("R2").alias("grade"))
    random = np.random.default_rng(8)
    frame = frame.with_columns(pl.Series("label", (random.random(4000) < 0.3).astype(np.int8)))
    found = measured(frame, log_of(*decisions(frame, n_low=300)))
    assert found["low_side_excess", "all"]["status"] == "ok"
    assert found["low_side_excess", "all"]["ci_low"] < 0 < found["low_side_excess", "all"]["ci_high"]


def test_too_few_bads_are_insufficient_and_none_to_compare_with_is_unknown() -> None:
    frame = loans()
    found = measured(frame, log_of(*decisions(frame, n_low=20)))
    assert found["low_side_excess", "all"]["status"] == "insufficient"
    alone = frame.head(20)
    found = measured(alone, log_of(*decisions(alone, n_low=20)))
    assert found["comparable_bad_rate", "all"]["status"] == "unknown"
    assert found["low_side_excess", "all"]["status"] == "unknown"


def test_rows_set_aside_are_counted_with_the_cohort_of_their_loan() -> None:
    frame = loans()
    rows = decisions(frame, n_low=40)
    rows[0] = ("L0", "decline", "approve", "high-side", "", "x")
    found = measured(frame, log_of(*rows, ("another cohort's", "approve", "maybe", "", "", "x")))
    assert found["decisions_set_aside", "all"]["value"] == 1.0
    assert found["decisions_set_aside", "type_follows_the_decisions"]["value"] == 1.0
    assert found["override_rate", "all"]["n"] == 999
