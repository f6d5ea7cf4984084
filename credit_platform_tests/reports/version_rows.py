"""Facts about a version for the tests of its pages, measured on samples drawn from known default rates."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

from credit_platform.lake.models.stored_version import VersionMetadata
from credit_platform.months import month_key, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.reports.version.facts import (
    AUDIT_SCHEMA,
    REASON_CODES_SCHEMA,
    CardSources,
    VersionFacts,
    excluded_columns,
)
from credit_platform.reports.version.verdict import gate_table
from credit_platform.scoring.evaluation.evaluation import Evaluation, evaluate_version
from credit_platform.scoring.governance.promotion import CandidateResult
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.statistics.reference import fit_reference
from credit_platform_tests.reports.shown_loans import SHOWN_LOANS
from credit_platform_tests.scoring.drawn_samples import FloatArray, honest_sample

MODEL, VERSION, AS_OF = "gradient_boosting", "2024-12-01-a1b2c3d4e5f6", date(2024, 12, 1)
SIZES: dict[SampleRole, int] = {"train": 1200, "validation": 600, "test": 500, "oot": 300}
WINDOWS = {
    "train": month_range(date(2023, 1, 1), date(2023, 12, 1)),
    "validation": month_range(date(2024, 1, 1), date(2024, 3, 1)),
    "test": month_range(date(2024, 4, 1), date(2024, 5, 1)),
    "oot": month_range(date(2024, 6, 1), date(2024, 6, 1)),
}


class _Known:
    """A version that gives every loan the probability written beside it."""

    def predict(self, features: pl.DataFrame) -> FloatArray:
        return features["default_probability"].to_numpy()


@lru_cache
def evaluation(seed: int = 3) -> Evaluation:
    """The tables of samples whose probabilities are the true ones."""
    samples: dict[SampleRole, pl.DataFrame] = {}
    for place, (role, n) in enumerate(SIZES.items()):
        label, probability = honest_sample(n, seed + place)
        samples[role] = pl.DataFrame({"label": label, "default_probability": probability})
    return evaluate_version(_Known(), samples, config=LOANS.load_policy().model, cut_off=0.5)


def facts(**changes: object) -> VersionFacts:
    """A version in force all of whose gates were passed, with some of its facts changed."""
    gates = gate_table(
        CandidateResult({"train": 0.96, "validation": 0.95, "test": 0.94, "oot": 0.93}, 0.03125, True),  # noqa: FBT003
        LOANS.load_policy().model.gates,
    )
    known = VersionFacts(
        model=MODEL,
        model_version=VERSION,
        as_of=AS_OF,
        role="in force",
        promoted=True,
        in_force_from=date(2025, 1, 1),
        in_force_until=None,
        reasons=("No gate failed.", "No version is in force yet, so there is <none> to beat."),
        gates=gates,
        metadata=metadata(),
        evaluation=evaluation(),
        importance=importance(),
        book=SHOWN_LOANS,
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
        metadata=VersionMetadata(),
        evaluation=Evaluation(**tables),
        importance=known.importance.clear(),
    )


def metadata(**changes: object) -> VersionMetadata:
    """What metadata.json says, with some of it changed."""
    known = {
        "model": MODEL,
        "alias": "model_2",
        "algorithm": "gradient_boosting",
        "as_of": month_key(AS_OF),
        "windows": {"kind": "relative"}
        | {role: [month_key(cohort) for cohort in cohorts] for role, cohorts in WINDOWS.items()},
        "samples": {role: {"n": n, "n_bad": n // 4} for role, n in SIZES.items()},
        "params": {"learning_rate": 0.05, "n_estimators": 100},
        "random_seed": 42,
        "label_def": "30dpd_6mob",
        "policy_sha256": "0f" * 32,
        "libraries": {"lightgbm": "4.7.0", "python": "3.11.9"},
    }
    return VersionMetadata.model_validate({"set_by_hand": {}} | known | changes)


def importance(n: int = 40) -> pl.DataFrame:
    """Forty features, each half as important as the one before."""
    names = ["interest_rate", "outstanding_debt_amount", "fe_5_sum", *(f"feature_{place}" for place in range(3, n))]
    return pl.DataFrame(
        {"feature": names, "importance": [0.5 ** (place + 1) for place in range(n)], "rank": list(range(1, n + 1))}
    )


def sources(**changes: object) -> CardSources:
    """Everything a document may ask for, with some of it changed."""
    numbers = pl.DataFrame({"interest_rate": [float(place) for place in range(200)]})
    known = CardSources(
        purpose="Default probability of a loan at application.",
        owner="team:credit-modelling",
        features=("interest_rate", "outstanding_debt_amount", "fe_5_sum", "n_loans"),
        excluded=excluded_columns(LOANS),
        reference=fit_reference(
            numbers, probability=np.linspace(0.01, 0.6, 200), numeric=["interest_rate"], categorical=[]
        ),
        without={"clickstream": evaluation(seed=50).metrics.filter(sample_role="oot")},
        trained_without={"clickstream": 0.80},
        reason_codes=pl.DataFrame(
            [
                ("interest_rate", "CST01", "Interest rate", True),
                ("outstanding_debt_amount", "DBT02", "Debt outstanding", True),
                ("fe_5_sum", "WEB05", "Visits, channel 5", False),
                ("n_loans", "DBT01", "Number of other loans", True),
            ],
            schema=REASON_CODES_SCHEMA,
            orient="row",
        ),
        audit=pl.DataFrame(
            [
                ("registered", "training", date(2024, 12, 1), "Trained."),
                ("promoted", "Ada <x>", date(2025, 1, 1), "Reviewed | approved."),
            ],
            schema=AUDIT_SCHEMA,
            orient="row",
        ),
        manifest={"schema_version": 1, "git_commit": "c0ffee", "sha256": {"model.txt": "ab" * 32}},
    )
    return replace(known, **changes)  # type: ignore[arg-type]
