"""Scoring loans with a version: probability, points, grade, decision and reasons per loan.

Which version is in force in a month is in the promotion log; points, grade and decision of a probability are in grades.
"""

from dataclasses import replace

import polars as pl

from credit_platform.policy.model_config import ModelConfig
from credit_platform.policy.reason_codes import ReasonCatalogue
from credit_platform.schemas.prediction import prediction_schema
from credit_platform.scoring.explanation.reasons import REASON_COLUMNS, reasons_of
from credit_platform.scoring.governance.life_cycle import Provenance
from credit_platform.scoring.grades import decision, risk_grade, score_points
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.training.windows import SampleRole
from credit_platform.statistics.calibration import probability_of


def score_loans(
    version: FittedVersion,
    features: pl.DataFrame,
    *,
    model_version: str,
    role: SampleRole,
    provenance: Provenance,
    config: ModelConfig,
    reasons: ReasonCatalogue,
) -> pl.DataFrame:
    """One prediction per row of gold/feature_store, in the order of month and loan.

    Args:
        version: The version that scores.
        features: Rows of gold/feature_store, of one month or of several that share `role`.
        model_version: Its name in the model store, written into every row.
        role: What the cohort is to the version: only `post` and `outside` cohorts are new to it.
        provenance: `backfill` or `rollback` where the month is scored in hindsight.
        config: The model configuration with scaling, grades and cut-off.
        reasons: The reasons that may be given.

    Raises:
        ModelStoreError: the features lack a column the version was trained on.
        PolicyError: a feature of the version has no reason.
    """
    cases = version.portfolio.cases
    schema = prediction_schema(cases.key, cases.customer, version.portfolio.words.case)
    scored = unchecked_scores(
        version, features, model_version=model_version, role=role, provenance=provenance, config=config, reasons=reasons
    )
    return schema.validate(scored.select(schema.column_names()), cast=True)


def unchecked_scores(
    version: FittedVersion,
    features: pl.DataFrame,
    *,
    model_version: str,
    role: SampleRole,
    provenance: Provenance,
    config: ModelConfig,
    reasons: ReasonCatalogue | None,
) -> pl.DataFrame:
    """The same, not held against the schema of the table, which takes longer than scoring a few loans.

    Without `reasons` none are given.
    """
    named, cases = replace(version, version=model_version), version.portfolio.cases
    designed = named.designed(features)
    raw = named.estimator.log_odds(designed.matrix)
    given = pl.DataFrame(schema=dict.fromkeys(REASON_COLUMNS, pl.String))
    if reasons is not None:
        given = reasons_of(named, features, reasons, designed)
    elif features.height:
        given = given.clear(features.height)
    probability = pl.col("default_probability")
    return (
        features.select(
            "snapshot_month",
            cases.key,
            cases.customer,
            pl.lit(version.model).alias("model"),
            pl.lit(model_version).alias("model_version"),
            pl.lit(role).alias("sample_role"),
            pl.lit(provenance).alias("provenance"),
            "sources_present",
        )
        .with_columns(
            pl.Series("raw_probability", probability_of(raw), dtype=pl.Float64),
            pl.Series("default_probability", probability_of(named.calibrated(raw, designed)), dtype=pl.Float64),
        )
        .with_columns(
            score_points(probability, config.scoring.scaling),
            risk_grade(probability, config.scoring.grades),
            decision(probability, version.cut_off(config)),
        )
        .hstack(given)
        .sort("snapshot_month", cases.key)
    )
