"""The gates of a version as a table: each with its value, its limit and whether it was passed.

Whether a gate is passed is decided in `scoring.promotion`; this asks there, so that no page disagrees with a decision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from credit_platform.scoring.promotion import CandidateResult, failed_gates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from credit_platform.policy.model_config import GatePolicy
    from credit_platform.scoring.windows import SampleRole

GATES_SCHEMA = {
    "gate": pl.String,
    "condition": pl.String,
    "value": pl.Float64,
    "threshold": pl.Float64,
    "status": pl.String,
}
GATES = {
    "min_oot_roc_auc": "Out-of-time ROC-AUC",
    "max_oot_test_gap": "Loss of ROC-AUC from test to out-of-time",
    "max_train_validation_gap": "Loss of ROC-AUC from training to validation",
    "max_null_rate": "Share of missing feature cells, out-of-time",
    "artifacts_load_back": "Stored files give the version back",
}


def gate_table(
    roc_auc: Mapping[SampleRole, float | None],
    *,
    null_rate: float | None,
    artifacts_load_back: bool | None,
    gates: GatePolicy,
) -> pl.DataFrame:
    """One row per gate as `GATES_SCHEMA`; the status is `passed`, `failed`, or `unknown` where a value is missing.

    Args:
        roc_auc: By sample; a missing sample is as unknown as None.
        null_rate: Share of missing feature cells in the out-of-time sample.
        artifacts_load_back: Whether the stored files gave the version back; its value is written as 1 or 0.
        gates: The limits of policy.
    """
    candidate = CandidateResult(roc_auc=roc_auc, null_rate=null_rate, artifacts_load_back=bool(artifacts_load_back))
    failed = failed_gates(candidate, gates)
    rows: list[tuple[str, str, float | None, float]] = [
        ("min_oot_roc_auc", "at least", roc_auc.get("oot"), gates.min_oot_roc_auc),
        ("max_oot_test_gap", "at most", _loss(roc_auc, "test", "oot"), gates.max_oot_test_gap),
        ("max_train_validation_gap", "at most", _loss(roc_auc, "train", "validation"), gates.max_train_validation_gap),
        ("max_null_rate", "at most", null_rate, gates.max_null_rate),
        ("artifacts_load_back", "yes", None if artifacts_load_back is None else float(artifacts_load_back), 1.0),
    ]
    return pl.DataFrame(
        [(*row, "unknown" if row[2] is None else "failed" if row[0] in failed else "passed") for row in rows],
        schema=GATES_SCHEMA,
        orient="row",
    )


def gate_texts(gates: pl.DataFrame) -> pl.DataFrame:
    """The gates as people read them: `gate, value, threshold, status`, all text; a missing value is `unknown`."""
    is_yes = pl.col("condition") == "yes"
    yes_or_no = pl.when(pl.col("value") == 1).then(pl.lit("yes")).when(pl.col("value") == 0).then(pl.lit("no"))
    return gates.select(
        pl.col("gate").replace(GATES),
        pl.when(is_yes).then(yes_or_no).otherwise(_decimals("value")).fill_null("unknown").alias("value"),
        pl.when(is_yes)
        .then(pl.lit("yes"))
        .otherwise(pl.format("{} {}", "condition", _decimals("threshold")))
        .alias("threshold"),
        pl.col("status"),
    )


def _decimals(column: str) -> pl.Expr:
    return pl.col(column).map_elements(lambda value: f"{value:.4f}", return_dtype=pl.String)


def _loss(roc_auc: Mapping[SampleRole, float | None], earlier: SampleRole, later: SampleRole) -> float | None:
    before, after = roc_auc.get(earlier), roc_auc.get(later)
    return None if before is None or after is None else before - after
