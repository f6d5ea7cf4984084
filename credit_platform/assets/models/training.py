"""Training one model as of one month: read, fit, measure, store, judge.

The order is the point: test and out-of-time cohorts are read only after the model is final. Fitting, metrics and the
rules of promotion are written in `scoring`, the Dagster assets in `models`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from credit_platform.assets.models.judgement import Developed, Samples, judged, metadata_of, newest_mix
from credit_platform.lake.governance.audit import AuditLog, AuditRecord, Entry
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord, model_periods
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.models.stored_version import METADATA
from credit_platform.lake.provenance import code, input_hashes, libraries, require_unaltered
from credit_platform.lake.tables.monthly import Lake, parquet_bytes
from credit_platform.months import add_months, month_key, months_between
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import LabelPolicy, ModelConfig
from credit_platform.scoring.evaluation.evaluation import evaluate_version
from credit_platform.scoring.governance.head_to_head import RankedBy, compare_versions
from credit_platform.scoring.governance.life_cycle import period_of, roles, withdrawn
from credit_platform.scoring.governance.promotion import (
    CandidateResult,
    PromotionDecision,
    Situation,
    decide_promotion,
)
from credit_platform.scoring.training.samples import attach_labels, left_out, require_size, shared_customers
from credit_platform.scoring.training.tuning import OnTrial, Tuning
from credit_platform.scoring.training.version import fit_version, unwatched
from credit_platform.scoring.training.windows import SampleRole, Windows, windows_for

# Who decides when nobody does.
POLICY = "policy"


@dataclass(frozen=True, eq=False)
class TrainingOutcome:
    """A stored version, its metrics per sample, also as the newest cohorts have sources, and what was decided."""

    model_version: str
    windows: Windows
    metrics: pl.DataFrame
    newest_metrics: pl.DataFrame
    decision: PromotionDecision
    importance: pl.DataFrame
    tuning: Tuning


def breached_version(lake: Lake, model: str, month: date) -> str | None:
    """The version that the month's action asks to retrain; None where it asks for no retraining.

    Read from the lake and not declared as an edge: the action depends on predictions, which depend on models. The first
    version is acted on in its own month; that is no reason to train it otherwise when the month is run again.
    """
    table = f"monitoring/{model}/action"
    if not lake.has(table, month):
        return None
    is_about_an_earlier_version = ~pl.col("model_version").str.starts_with(month_key(month))
    asked = (pl.col("action") == "retrain") & pl.col("actionable") & is_about_an_earlier_version
    return next(iter(lake.scan(table, [month]).filter(asked).collect()["model_version"]), None)


def is_triggered(lake: Lake, model: str, month: date) -> bool:
    """Whether the month's action asks for retraining, so that the short windows apply."""
    return breached_version(lake, model, month) is not None


def read_cohorts(lake: Lake, cohorts: Sequence[date], label: LabelPolicy) -> pl.DataFrame:
    """Features and labels of some cohorts.

    Raises:
        MissingMonthsError: a cohort's features, or the month in which its labels are known, have no file.
    """
    features = lake.scan("gold/feature_store", cohorts)
    labels = lake.scan("gold/label_store", label_months(cohorts, label))
    return attach_labels(features, labels, case_key=lake.layout.portfolio.cases.key).collect()


def label_months(cohorts: Sequence[date], label: LabelPolicy) -> list[date]:
    """The months in which the labels of some cohorts are known, each once, rising."""
    return sorted({label.known_in(cohort) for cohort in cohorts})


def tables_read(cohorts: Sequence[date], label: LabelPolicy) -> dict[str, list[date]]:
    """The months of each table that the samples of some cohorts are read from."""
    return {"gold/feature_store": list(cohorts), "gold/label_store": label_months(cohorts, label)}


class SampleReader:
    """Reads the samples of a training one after the other; where policy says so, without customers of earlier ones."""

    def __init__(self, lake: Lake, windows: Windows, config: ModelConfig) -> None:
        self._lake, self._cohorts, self._config = lake, windows.by_role, config
        self.whole: Samples = {}
        self.samples: Samples = {}

    def read(self, role: SampleRole) -> pl.DataFrame:
        """One sample. Raises as `read_cohorts` does."""
        sample = read_cohorts(self._lake, self._cohorts[role], self._config.label)
        self.whole[role] = sample
        if self._config.windows.shared_customers == "left_out" and self.samples:
            customer = self._lake.layout.portfolio.cases.customer
            sample = left_out(sample, self.samples.values(), customer=customer)
        self.samples[role] = sample
        return sample


def train_as_of(lake: Lake, model: str, month: date, policy: Policy, on_trial: OnTrial = unwatched) -> TrainingOutcome:
    """Train a model as of a month, store the version, and record whether it goes into production.

    `on_trial` is called after every trial of the tuning.

    Raises:
        WindowError: the windows do not fit before the month.
        MissingMonthsError: a month of a window was never built.
        TrainingError: a sample is too small, or one to fit on has one class only.
        TableError: a file of such a month was altered since it was written.
    """
    config, portfolio = policy.model, lake.layout.portfolio
    triggered = is_triggered(lake, model, month)
    windows = windows_for(month, config, triggered=triggered)
    require_unaltered(lake.layout, tables_read(windows.development, config.label))
    reader = SampleReader(lake, windows, config)
    train, validation = reader.read("train"), reader.read("validation")
    fitted = fit_version(model, train, validation, config, on_trial, portfolio=portfolio)
    for role, name in (("test", "test"), ("oot", "out-of-time")):
        require_size(model, name, reader.read(role), config.selection.min_samples, portfolio.words.cases)
    samples = reader.samples
    developed = Developed(
        month=month,
        windows=windows,
        kind="triggered" if triggered else config.windows.mode,
        fitted=fitted,
        samples=samples,
        shared_customers=shared_customers(reader.whole, customer=portfolio.cases.customer),
        evaluation=evaluate_version(fitted, samples, config=config, cut_off=fitted.cut_off(config)),
        newest=newest_mix(lake, windows.oot[-1], month),
        config=config,
    )
    return register(lake, developed, policy)


def register(lake: Lake, developed: Developed, policy: Policy) -> TrainingOutcome:
    """Store a version, make it candidate if its gates are passed, put it in force if policy says so, write all down.

    A version that a person rolled back or retired is left as it is.

    Raises:
        ModelStoreError: the version in force, or this one stored before, is damaged.
        AuditError: the audit log was tampered with.
    """
    fitted, month = developed.fitted, developed.month
    result = judged(developed)
    artifacts = fitted.artifacts() | {
        "feature_importance.parquet": parquet_bytes(fitted.importance),
        "evaluation.json": developed.evaluation.to_bytes(),
        METADATA: metadata_of(lake, developed, result, policy).to_bytes(),
    }
    stored = ModelStore(lake.layout).save(fitted.model, month, artifacts, _made_of(lake, developed, policy))
    decision = _decide(lake, developed, stored, result, policy.model)
    if stored in withdrawn(AuditLog(lake.layout).decisions(), fitted.model):
        decision = decision.left_to_a_person("A person rolled it back or retired it, and no rule takes it up again.")
    elif not decision.failed_gates:
        _make_candidate(lake, developed, stored, policy)
    record = PromotionRecord(
        model=fitted.model,
        model_version=stored,
        as_of=month,
        effective_month=add_months(month, 1),
        promoted=decision.promote,
        actor=POLICY,
        reasons=decision.reasons,
        failed_gates=decision.failed_gates,
        is_interim=decision.is_interim,
        recommended=decision.recommended,
    )
    PromotionLog(lake.layout).append(record, policy_sha256=policy.sha256)
    return TrainingOutcome(
        model_version=stored,
        windows=developed.windows,
        metrics=developed.metrics,
        newest_metrics=developed.newest_metrics,
        decision=decision,
        importance=fitted.importance,
        tuning=fitted.tuning,
    )


def _make_candidate(lake: Lake, developed: Developed, stored: str, policy: Policy) -> None:
    model, month = developed.fitted.model, developed.month

    def is_more_already(records: Sequence[AuditRecord]) -> bool:
        known = roles([record.decision for record in records], model, add_months(month, 1))
        made = {record.entry.model_version for record in records if record.entry.action == "made_candidate"}
        return known.get(stored) != "candidate" or stored in made

    entry = Entry("made_candidate", model, stored, POLICY, ("No gate failed.",), month, policy_sha256=policy.sha256)
    AuditLog(lake.layout).append(entry, unless=is_more_already)


def _decide(
    lake: Lake, developed: Developed, stored: str, result: CandidateResult, config: ModelConfig
) -> PromotionDecision:
    """The decision about a version, against the one that would be in force without it when it takes effect.

    What was decided about it before has no part in it, nor what policy decided about the same month: a month trained
    again is decided again, and the same.
    """
    candidate, month = developed.fitted, developed.month
    records = [
        record
        for record in PromotionLog(lake.layout).records()
        if record.model_version != stored and (record.actor, record.as_of) != (POLICY, month)
    ]
    period = period_of(model_periods(records, candidate.model), add_months(month, 1))
    if period is None:
        return decide_promotion(result, None, config=config)
    current = lake.versions.read(candidate.model, period.version)
    is_in_breach = breached_version(lake, candidate.model, month) == period.version
    loans = developed.samples["oot"] if is_in_breach else _new_to_both(developed, current.windows)
    as_newest = developed.as_newest(loans)
    incumbent = current.fitted(config)
    by = RankedBy(config.selection.primary, (candidate.cut_off(config), incumbent.cut_off(config)))
    against = compare_versions(candidate, incumbent, as_newest, incumbent_version=period.version, by=by)
    now = Situation(is_in_breach, period.is_interim, age=months_between(current.as_of, month))
    return decide_promotion(result, replace(against, is_as_newest=as_newest is not loans), config=config, situation=now)


def _new_to_both(developed: Developed, earlier: Windows) -> pl.DataFrame:
    """Loans of the cohorts that neither the new version nor one with `earlier` windows was fitted or calibrated on."""
    loans = pl.concat([developed.samples["test"], developed.samples["oot"]])
    return loans.filter(~pl.col("snapshot_month").is_in([*earlier.train, *earlier.validation]))


def _made_of(lake: Lake, developed: Developed, policy: Policy) -> dict[str, object]:
    """What the manifest says of a version's making."""
    return {
        **code(),
        "data_sha256": input_hashes(lake.layout, tables_read(developed.windows.development, policy.model.label)),
        "policy_sha256": policy.sha256,
        "libraries": libraries(developed.fitted.estimator.libraries),
        "seeds": {"random_seed": policy.model.random_seed},
        "windows": {"kind": developed.kind, **developed.windows.keys_by_role},
        "samples": developed.counts,
    }
