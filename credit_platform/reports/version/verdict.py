"""The verdict on one version in plain words: what it is, how well it ranks, which gates it passed, what was decided.

Whether a gate is passed is decided in `scoring.governance.promotion`, which is asked here so that no page disagrees
with a decision; laying the words out belongs to the pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from credit_platform.policy.model_config import ModelGatePolicy
from credit_platform.reports.version.facts import VersionFacts, judged, measured
from credit_platform.reports.wording import gate_name, interval_text, month_name
from credit_platform.scoring.governance.promotion import AS_NEWEST, CandidateResult, gate_results, is_floor

GATES_SCHEMA = {
    "gate": pl.String,
    "condition": pl.String,
    "value": pl.Float64,
    "threshold": pl.Float64,
    "status": pl.String,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
}
CONDITIONS = {"artifacts_load_back": "yes"}
ROLES = {
    "candidate": "Candidate: stored, and not in force",
    "in force": "In force: new cases are scored with it",
    "interim": "In force as interim, until a version passes all gates",
    "retired": "Retired: another version is in force",
}


def gate_table(candidate: CandidateResult, gates: ModelGatePolicy) -> pl.DataFrame:
    """One row per gate as `GATES_SCHEMA`; the status is `passed`, `failed`, or `unknown` where a value is missing.

    Args:
        candidate: What is known of the version.
        gates: The limits of policy.
    """
    rows = [
        (
            result.name,
            CONDITIONS.get(result.name, "at least" if is_floor(result.name) else "at most"),
            result.value,
            result.bar,
            "unknown" if result.value is None else "passed" if result.passed else "failed",
            *(result.interval or (None, None)),
        )
        for result in gate_results(candidate, gates)
    ]
    return pl.DataFrame(rows, schema=GATES_SCHEMA, orient="row")


def gate_texts(gates: pl.DataFrame) -> pl.DataFrame:
    """The gates as people read them: `gate, value, threshold, status`, all text; a missing value is `unknown`."""
    is_yes = pl.col("condition") == "yes"
    yes_or_no = pl.when(pl.col("value") == 1).then(pl.lit("yes")).when(pl.col("value") == 0).then(pl.lit("no"))
    value = _decimals("value")
    with_interval = pl.format("{} ({} to {})", value, _decimals("ci_low"), _decimals("ci_high"))
    return gates.select(
        pl.col("gate").map_elements(gate_name, return_dtype=pl.String),
        pl.when(is_yes)
        .then(yes_or_no)
        .otherwise(pl.coalesce(with_interval, value))
        .fill_null("unknown")
        .alias("value"),
        pl.when(is_yes)
        .then(pl.lit("yes"))
        .otherwise(pl.format("{} {}", "condition", _decimals("threshold")))
        .alias("threshold"),
        pl.col("status"),
    )


def _decimals(column: str) -> pl.Expr:
    return pl.col(column).map_elements(lambda value: f"{value:.4f}", return_dtype=pl.String)


@dataclass(frozen=True)
class VersionVerdict:
    """What a reader needs to know of a version first; `look` is `good`, `watch`, `bad` or `unknown`."""

    headline: str
    look: str
    discrimination: str
    gates: str
    promotion: str
    why: tuple[str, ...]


def version_verdict(facts: VersionFacts) -> VersionVerdict:
    """Read the verdict off the facts; what they do not hold is told as unknown."""
    role = "interim" if facts.is_interim and facts.role == "in force" else facts.role
    return VersionVerdict(
        headline="Role unknown" if role is None else ROLES.get(role, role.capitalize()),
        look=_look(facts),
        discrimination=discrimination_text(facts),
        gates=gates_text(facts.gates),
        promotion=promotion_text(facts),
        why=facts.reasons or ("unknown",),
    )


def discrimination_text(facts: VersionFacts) -> str:
    """The out-of-time ROC-AUC that is judged, with interval and sample, and that with all sources if it differs."""
    auc, scarcer = judged(facts, "oot", "roc_auc"), facts.metadata.scarcer_sources
    if auc.value is None:
        return "Out-of-time ROC-AUC unknown"
    cases = facts.book.words.cases
    n, n_bad = ("unknown" if count is None else str(count) for count in (auc.n, auc.n_bad))
    mix = f" {AS_NEWEST}" if scarcer else ""
    told = f"Out-of-time ROC-AUC{mix} {interval_text(auc.value, auc.low, auc.high)}, {n} {cases}, {n_bad} of them bad"
    if not scarcer:
        return told
    whole = measured(facts.evaluation.metrics, "oot", "roc_auc")
    return f"{told}; with all sources {interval_text(whole.value, whole.low, whole.high)}, {caveat(scarcer, cases)}"


def caveat(scarcer: Sequence[str], cases: str) -> str:
    """Why figures with all sources are not those to judge by."""
    return f"which new {cases} will not show, as the newest cohorts have less of {', '.join(scarcer)}"


def gates_text(gates: pl.DataFrame) -> str:
    """How many gates were passed, and the names of the others."""
    if gates.is_empty():
        return "Gates unknown"
    by_status = {
        status: [gate_name(gate) for gate in gates.filter(status=status).get_column("gate")]
        for status in ("passed", "failed", "unknown")
    }
    told = f"{len(by_status['passed'])} of {gates.height} gates passed"
    for status in ("failed", "unknown"):
        if by_status[status]:
            told += f"; {status}: {', '.join(by_status[status])}"
    return told


def promotion_text(facts: VersionFacts) -> str:
    """Whether the version went into production, and the months it is in force."""
    if facts.promoted is None:
        return "unknown whether it was promoted"
    if not facts.promoted:
        return "not promoted"
    if facts.in_force_from is None:
        return "promoted, effective month unknown"
    until = "until further notice" if facts.in_force_until is None else f"until {month_name(facts.in_force_until)}"
    how = " as interim, in spite of failed gates" if facts.is_interim else ""
    return f"promoted{how}, in force from {month_name(facts.in_force_from)} {until}"


def _look(facts: VersionFacts) -> str:
    statuses = set(facts.gates.get_column("status"))
    if "failed" in statuses:
        return "bad"
    if "unknown" in statuses or not statuses:
        return "unknown"
    return "good" if facts.role == "in force" else "watch"
