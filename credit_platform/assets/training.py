"""Training one model as of one month: read, fit, judge, store, decide about promotion.

The order is the point: test and out-of-time cohorts are read only after the model is final. Fitting, metrics and the
promotion rule are written in `scoring`; the Dagster assets in `models`.
"""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version as library_version

import polars as pl

from credit_platform.lake.model_store import ModelStore, to_json
from credit_platform.lake.promotions import PromotionLog, PromotionRecord, incumbent
from credit_platform.lake.tables import Lake, parquet_bytes
from credit_platform.lending.months import add_months, month_key
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.comparison import compare_out_of_time
from credit_platform.scoring.evaluation import auc_by_sample, evaluate, null_rate
from credit_platform.scoring.promotion import CandidateResult, PromotionDecision, decide_promotion
from credit_platform.scoring.reason_mix import mix_counts, reason_mix
from credit_platform.scoring.reasons import reasons_of
from credit_platform.scoring.samples import attach_labels
from credit_platform.scoring.training import FittedVersion, fit_version, is_restorable, load_version
from credit_platform.scoring.windows import SampleRole, Windows, windows_for

Samples = dict[SampleRole, pl.DataFrame]

_LIBRARIES = ("polars", "numpy", "scikit-learn", "lightgbm")


@dataclass(frozen=True, eq=False)
class Developed:
    """A final model with the samples it was developed and judged on; `kind` names the windows' origin."""

    month: date
    windows: Windows
    kind: str
    fitted: FittedVersion
    samples: Samples
    metrics: pl.DataFrame


@dataclass(frozen=True, eq=False)
class TrainingOutcome:
    """A stored version, its metrics per sample, and what was decided about it."""

    model_version: str
    windows: Windows
    metrics: pl.DataFrame
    decision: PromotionDecision
    importance: pl.DataFrame


def is_triggered(lake: Lake, model: str, month: date) -> bool:
    """Whether the month's action asks for retraining, so that the short windows apply.

    Read from the lake and not declared as an edge: the action depends on predictions, which depend on models. The first
    version is acted on in its own month; that is no reason to train it otherwise when the month is run again.
    """
    table = f"monitoring/{model}/action"
    if not lake.has(table, month):
        return False
    is_about_an_earlier_version = ~pl.col("model_version").str.starts_with(month_key(month))
    asked = (pl.col("action") == "retrain") & pl.col("actionable") & is_about_an_earlier_version
    return lake.scan(table, [month]).filter(asked).collect().height > 0


def read_cohorts(lake: Lake, cohorts: Sequence[date], *, lag: int) -> pl.DataFrame:
    """Features and labels of some cohorts.

    Raises:
        MissingMonthsError: a cohort's features, or the labels read `lag` months later, have no file.
    """
    features = lake.scan("gold/feature_store", cohorts)
    labels = lake.scan("gold/label_store", [add_months(cohort, lag) for cohort in cohorts])
    return attach_labels(features, labels).collect()


def train_as_of(lake: Lake, model: str, month: date, policy: Policy) -> TrainingOutcome:
    """Train a model as of a month, store the version, and record whether it goes into production.

    Raises:
        WindowError: the windows do not fit before the month.
        MissingMonthsError: a month of a window was never built.
        TrainingError: the sample is too small or has one class only.
    """
    config = policy.model
    lag = config.label.mob
    triggered = is_triggered(lake, model, month)
    windows = windows_for(month, config, triggered=triggered)
    train, validation = (read_cohorts(lake, cohorts, lag=lag) for cohorts in (windows.train, windows.validation))
    fitted = fit_version(model, train, validation, config)

    held_out: dict[SampleRole, tuple[date, ...]] = {"test": windows.test, "oot": windows.oot}
    samples: Samples = {"train": train, "validation": validation}
    samples |= {role: read_cohorts(lake, cohorts, lag=lag) for role, cohorts in held_out.items()}
    metrics = evaluate(fitted, samples, cut_off=config.scoring.cut_off)
    developed = Developed(
        month=month,
        windows=windows,
        kind="triggered" if triggered else config.windows.mode,
        fitted=fitted,
        samples=samples,
        metrics=metrics,
    )
    return _store(lake, developed, policy)


def _store(lake: Lake, developed: Developed, policy: Policy) -> TrainingOutcome:
    fitted, month = developed.fitted, developed.month
    artifacts = fitted.artifacts() | {
        "feature_importance.parquet": parquet_bytes(fitted.importance),
        "metadata.json": to_json(_metadata(developed, policy)),
    }
    stored = ModelStore(lake.layout).save(fitted.model, month, artifacts)
    decision = _decide(lake, developed, policy.model)
    PromotionLog(lake.layout).append(
        PromotionRecord(
            model=fitted.model,
            model_version=stored,
            as_of=month,
            effective_month=add_months(month, 1),
            promoted=decision.promote,
            actor="policy",
            reasons=decision.reasons,
        )
    )
    return TrainingOutcome(stored, developed.windows, developed.metrics, decision, fitted.importance)


def _decide(lake: Lake, developed: Developed, config: ModelConfig) -> PromotionDecision:
    candidate, oot = developed.fitted, developed.samples["oot"]
    in_force = incumbent(PromotionLog(lake.layout).records(), candidate.model, developed.month)
    against = None
    if in_force is not None:
        files = ModelStore(lake.layout).load(candidate.model, in_force)
        current = load_version(candidate.model, files, version=in_force)
        against = compare_out_of_time(candidate, current, oot, incumbent_version=in_force)
    result = CandidateResult(
        roc_auc=auc_by_sample(developed.metrics),
        null_rate=null_rate(oot, list(candidate.features)),
        artifacts_load_back=is_restorable(candidate, oot),
    )
    return decide_promotion(result, against, config=config)


def _metadata(developed: Developed, policy: Policy) -> dict[str, object]:
    model, windows = developed.fitted.model, developed.windows
    spec = policy.model.models[model]
    return {
        "model": model,
        "alias": spec.alias,
        "algorithm": spec.algorithm,
        "as_of": month_key(developed.month),
        "windows": {"kind": developed.kind, **windows_by_role(windows)},
        "samples": {
            role: {"n": sample.height, "n_bad": int(sample["label"].sum())}
            for role, sample in developed.samples.items()
        },
        "metrics": developed.metrics.to_dicts(),
        "reason_mix": mix_counts(
            reason_mix(reasons_of(developed.fitted, developed.samples["validation"], policy.reasons))
        ),
        "params": dict(spec.params),
        "random_seed": policy.model.random_seed,
        "label_def": policy.model.label.label_def,
        "policy_sha256": policy.sha256,
        "libraries": {name: library_version(name) for name in _LIBRARIES} | {"python": platform.python_version()},
    }


def windows_by_role(windows: Windows) -> dict[str, list[str]]:
    """The cohorts of every sample as month keys."""
    return {
        "train": [month_key(cohort) for cohort in windows.train],
        "validation": [month_key(cohort) for cohort in windows.validation],
        "test": [month_key(cohort) for cohort in windows.test],
        "oot": [month_key(cohort) for cohort in windows.oot],
    }
