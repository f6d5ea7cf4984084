"""Facts about a version for the tests of its pages, measured on samples drawn from known default rates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl

from credit_platform.lending.months import month_key, month_range
from credit_platform.policy.load import load_policy
from credit_platform.reports.gates import gate_table
from credit_platform.reports.version_facts import EvaluationTables, VersionFacts
from credit_platform.scoring.calibration_evidence import calibration_line
from credit_platform.scoring.curves import precision_recall_points, reliability_bins, roc_points
from credit_platform.scoring.cut_off import cut_off_table
from credit_platform.scoring.discrimination import confusion, delong_interval, roc_auc
from credit_platform.scoring.gains import gains_table
from credit_platform.scoring.grade_calibration import grade_table
from credit_platform_tests.scoring.drawn_samples import FloatArray, LabelArray, honest_sample

MODEL, VERSION, AS_OF = "gradient_boosting", "2024-12-01-a1b2c3d4e5f6", date(2024, 12, 1)
SIZES = {"train": 3000, "validation": 1500, "test": 1000, "oot": 500, "unseen": 1500}
WINDOWS = {
    "train": month_range(date(2023, 1, 1), date(2023, 12, 1)),
    "validation": month_range(date(2024, 1, 1), date(2024, 3, 1)),
    "test": month_range(date(2024, 4, 1), date(2024, 5, 1)),
    "oot": month_range(date(2024, 6, 1), date(2024, 6, 1)),
}


def evaluation(seed: int = 3) -> EvaluationTables:
    """The tables of samples whose probabilities are the true ones."""
    scoring = load_policy().model.scoring
    drawn = {role: honest_sample(n, seed + place) for place, (role, n) in enumerate(SIZES.items())}
    return EvaluationTables(
        metrics=pl.concat([_metrics(role, *sample) for role, sample in drawn.items()]),
        roc=pl.concat([_of(role, roc_points(*sample)) for role, sample in drawn.items()]),
        precision_recall=pl.concat([_of(role, precision_recall_points(*sample)) for role, sample in drawn.items()]),
        reliability=pl.concat([_of(role, reliability_bins(*sample)) for role, sample in drawn.items()]),
        gains=pl.concat([_of(role, gains_table(*sample)) for role, sample in drawn.items()]),
        confusion=pl.concat([_confusion(role, *sample, scoring.cut_off) for role, sample in drawn.items()]),
        cut_offs=pl.concat(
            [
                _of(role, cut_off_table(*sample, cut_off=scoring.cut_off, economics=scoring.economics))
                for role, sample in drawn.items()
            ]
        ),
        grades=pl.concat([_of(role, grade_table(*sample, scoring.grades)) for role, sample in drawn.items()]),
    )


def facts(**changes: object) -> VersionFacts:
    """A champion all of whose gates were passed, with some of its facts changed."""
    gates = gate_table(
        {"train": 0.96, "validation": 0.95, "test": 0.94, "oot": 0.93},
        null_rate=0.03125,
        artifacts_load_back=True,
        gates=load_policy().model.gates,
    )
    known = VersionFacts(
        model=MODEL,
        model_version=VERSION,
        as_of=AS_OF,
        role="champion",
        promoted=True,
        in_force_from=date(2025, 1, 1),
        in_force_until=None,
        reasons=("No gate failed.", "No version is in force yet, so there is <none> to beat."),
        gates=gates,
        metadata=metadata(),
        evaluation=evaluation(),
        importance=importance(),
    )
    return replace(known, **changes)  # type: ignore[arg-type]


def nothing_known() -> VersionFacts:
    """A version of which nothing but the name is known."""
    known = facts()
    tables = {name: table.clear() for name, table in vars(known.evaluation).items()}
    return replace(
        known,
        role=None,
        promoted=None,
        in_force_from=None,
        reasons=(),
        gates=known.gates.clear(),
        metadata={},
        evaluation=EvaluationTables(**tables),
        importance=known.importance.clear(),
    )


def metadata() -> dict[str, object]:
    """What metadata.json holds."""
    return {
        "model": MODEL,
        "alias": "model_2",
        "algorithm": "gradient_boosting",
        "as_of": month_key(AS_OF),
        "windows": {"kind": "relative"}
        | {role: [month_key(cohort) for cohort in cohorts] for role, cohorts in WINDOWS.items()},
        "samples": {role: {"n": SIZES[role], "n_bad": SIZES[role] // 4} for role in WINDOWS},
        "params": {"learning_rate": 0.05, "n_estimators": 100},
        "random_seed": 42,
        "label_def": "30dpd_6mob",
        "policy_sha256": "0f" * 32,
        "libraries": {"lightgbm": "4.7.0", "python": "3.11.9"},
    }


def importance(n: int = 40) -> pl.DataFrame:
    """Forty features, each half as important as the one before."""
    names = ["interest_rate", "outstanding_debt_amount", "fe_5_sum", *(f"feature_{place}" for place in range(3, n))]
    return pl.DataFrame(
        {"feature": names, "importance": [0.5 ** (place + 1) for place in range(n)], "rank": list(range(1, n + 1))}
    )


def _of(role: str, table: pl.DataFrame) -> pl.DataFrame:
    return table.select(pl.lit(role).alias("sample_role"), pl.all())


def _confusion(role: str, label: LabelArray, probability: FloatArray, cut_off: float) -> pl.DataFrame:
    table = confusion(label, probability >= cut_off)
    return pl.DataFrame(
        {
            "sample_role": [role],
            "cut_off": [cut_off],
            "true_positive": [table.true_positive],
            "false_positive": [table.false_positive],
            "true_negative": [table.true_negative],
            "false_negative": [table.false_negative],
        }
    )


def _metrics(role: str, label: LabelArray, probability: FloatArray) -> pl.DataFrame:
    auc, interval = roc_auc(label, probability), delong_interval(label, probability, 0.95)
    line = calibration_line(label, probability)
    assert interval is not None
    assert line is not None
    rows = [
        (role, "roc_auc", auc, *interval),
        (role, "calibration_slope", *line.slope),
        (role, "calibration_intercept", *line.intercept),
        (role, "brier", None, None, None),
    ]
    schema = dict.fromkeys(["sample_role", "metric"], pl.String) | dict.fromkeys(
        ["value", "ci_low", "ci_high"], pl.Float64
    )
    counts = {"n": pl.lit(len(label)), "n_bad": pl.lit(int(label.sum()))}
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(**counts)
