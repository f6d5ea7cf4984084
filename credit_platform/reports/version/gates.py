"""The gates of a version as a table: each with its value, its limit and whether it was passed.

Whether a gate is passed is decided in `scoring.governance.promotion`; this asks there, so that no page disagrees with a
decision.
"""

import polars as pl

from credit_platform.policy.model_config import ModelGatePolicy
from credit_platform.scoring.governance.promotion import CandidateResult, gate_results

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
CONDITIONS = {"min_oot_roc_auc": "at least", "artifacts_load_back": "yes"}


def gate_table(candidate: CandidateResult, gates: ModelGatePolicy) -> pl.DataFrame:
    """One row per gate as `GATES_SCHEMA`; the status is `passed`, `failed`, or `unknown` where a value is missing.

    Args:
        candidate: What is known of the version.
        gates: The limits of policy.
    """
    rows = [
        (
            result.name,
            CONDITIONS.get(result.name, "at most"),
            result.value,
            result.bar,
            "unknown" if result.value is None else "passed" if result.passed else "failed",
        )
        for result in gate_results(candidate, gates)
    ]
    return pl.DataFrame(rows, schema=GATES_SCHEMA, orient="row")


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
