from __future__ import annotations

import pytest

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.reports.version.verdict import gate_table, gate_texts
from credit_platform.reports.wording import words
from credit_platform.scoring.governance.promotion import CandidateResult, failed_gates
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.statistics.intervals import Interval

GOOD: dict[SampleRole, float | None] = {"train": 0.90, "validation": 0.88, "test": 0.87, "oot": 0.86}
SHIPPED = LOANS.load_policy().model.gates


def _statuses(candidate: CandidateResult) -> dict[str, str]:
    return dict(gate_table(candidate, SHIPPED).select("gate", "status").iter_rows())


def test_every_gate_of_promotion_is_in_the_table() -> None:
    nothing = failed_gates(CandidateResult({}, None, artifacts_load_back=False), SHIPPED)
    assert set(_statuses(CandidateResult(GOOD, 0.0, artifacts_load_back=True))) == set(nothing) == set(words("gates"))


@pytest.mark.parametrize(
    ("auc", "null_rate", "loads", "gate", "status"),
    [
        (GOOD, 0.02, True, "min_oot_roc_auc", "passed"),
        (GOOD | {"oot": 0.79}, 0.02, True, "min_oot_roc_auc", "failed"),
        (GOOD | {"oot": 0.79}, 0.02, True, "max_oot_test_gap", "failed"),
        (GOOD | {"oot": None}, 0.02, True, "max_oot_test_gap", "unknown"),
        (GOOD | {"train": 0.99}, 0.02, True, "max_train_validation_gap", "failed"),
        (GOOD, 0.11, True, "max_null_rate", "failed"),
        (GOOD, None, True, "max_null_rate", "unknown"),
        (GOOD, 0.02, False, "artifacts_load_back", "failed"),
    ],
)
def test_a_gate_is_passed_failed_or_unknown(
    auc: dict[SampleRole, float | None],
    null_rate: float | None,
    loads: bool,  # noqa: FBT001
    gate: str,
    status: str,
) -> None:
    assert _statuses(CandidateResult(auc, null_rate, loads))[gate] == status


def test_values_and_limits_are_told_in_full() -> None:
    table = gate_table(CandidateResult(GOOD | {"train": None}, 0.03125, artifacts_load_back=True), SHIPPED)
    assert gate_texts(table).rows() == [
        ("Out-of-time ROC-AUC", "0.8600", "at least 0.8000", "passed"),
        ("Loss of ROC-AUC from test to out-of-time", "0.0100", "at most 0.0300", "passed"),
        ("Loss of ROC-AUC from training to validation", "unknown", "at most 0.0500", "unknown"),
        ("Share of missing feature cells, out-of-time", "0.0312", "at most 0.1000", "passed"),
        ("Stored files give the version back", "yes", "yes", "passed"),
    ]


def test_a_floor_of_another_metric_is_a_gate_beside_the_shipped_ones() -> None:
    gates = SHIPPED.model_copy(update={"min_oot": {"f1_score": 0.45}})
    candidate = CandidateResult(GOOD, 0.02, artifacts_load_back=True, out_of_time={"f1_score": 0.4})
    assert gate_texts(gate_table(candidate, gates)).row(1) == (
        "Out-of-time F1 score", "0.4000", "at least 0.4500", "failed",
    )  # fmt: skip


def test_a_gap_is_told_with_the_interval_it_is_judged_by() -> None:
    intervals: dict[SampleRole, Interval] = {"test": Interval(0.85, 0.89), "oot": Interval(0.79, 0.87)}
    auc: dict[SampleRole, float | None] = GOOD | {"test": 0.87, "oot": 0.83}
    table = gate_table(CandidateResult(auc, 0.02, True, intervals), SHIPPED)  # noqa: FBT003
    assert gate_texts(table).row(1)[1:] == ("0.0400 (-0.0047 to 0.0847)", "at most 0.0300", "passed")
