"""What a version is judged by once it is final: its figures, the availability of its sources, its metadata.

The figures are those as the newest cohorts have sources, which are those on its samples where these have no less.
Fitting and deciding belong to `training`; how the availability gate judges is written in `monitoring.data_quality`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from credit_platform.errors import ModelStoreError
from credit_platform.lake.models.stored_version import VersionMetadata
from credit_platform.lake.provenance import libraries
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.availability import Availability, history_of, judge_availability
from credit_platform.months import add_months, month_key, month_range
from credit_platform.policy.characteristics import set_by_hand
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelConfig, ModelSpec
from credit_platform.portfolios.feature_set import EvidenceGroup
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.scoring.evaluation.evaluation import (
    Evaluation,
    auc_by_sample,
    auc_intervals,
    evaluate,
    evaluate_version,
    null_rate,
)
from credit_platform.scoring.explanation.reasons import mix_counts, reason_mix, reasons_of
from credit_platform.scoring.governance.promotion import CandidateResult, failed_gates
from credit_platform.scoring.training.samples import SourceMix, as_newest
from credit_platform.scoring.training.tuning import regularised
from credit_platform.scoring.training.version import FittedVersion, load_version
from credit_platform.scoring.training.windows import SampleRole, Windows
from credit_platform.scoring.transformers.evidence import without_history

Samples = dict[SampleRole, pl.DataFrame]
_FEATURES = "gold/feature_store"
# Rows further back before the first cohort that is trained on are not looked at.
_MONTHS_BEFORE = 24


@dataclass(frozen=True, eq=False)
class Developed:
    """A final model with the samples it was developed and judged on; `kind` names the windows' origin.

    `shared_customers` counts the customers of a sample that an earlier one has as well, before any is left out.
    """

    month: date
    windows: Windows
    kind: str
    fitted: FittedVersion
    samples: Samples
    shared_customers: Mapping[SampleRole, int]
    evaluation: Evaluation
    newest: SourceMix
    config: ModelConfig

    @property
    def metrics(self) -> pl.DataFrame:
        """The metrics per sample."""
        return self.evaluation.metrics

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """The cases of each sample, and the bads among them."""
        return {
            role: {"n": sample.height, "n_bad": int(sample["label"].sum())} for role, sample in self.samples.items()
        }

    def as_newest(self, loans: pl.DataFrame) -> pl.DataFrame:
        """Loans with as many of each source as the newest cohorts have."""
        portfolio = self.fitted.portfolio
        seed = self.config.random_seed
        return as_newest(loans, self.newest, portfolio.features, key=portfolio.cases.key, seed=seed)

    @cached_property
    def lost(self) -> dict[str, float]:
        """By source that the newest cohorts have less of, the largest share of a sample's cases that lose it."""
        features = self.fitted.portfolio.features
        found = [self.newest.lost(SourceMix.of(sample, features)) for sample in self.samples.values()]
        sources = sorted({source for each in found for source in each})
        return {source: max(each.get(source, 0.0) for each in found) for source in sources}

    @cached_property
    def newest_metrics(self) -> pl.DataFrame:
        """The metrics per sample as the newest cohorts have sources; those on the samples where nothing is taken."""
        samples = {role: self.as_newest(sample) for role, sample in self.samples.items()}
        if all(samples[role] is sample for role, sample in self.samples.items()):
            return self.metrics
        cut_off = self.fitted.cut_off(self.config)
        return evaluate_version(self.fitted, samples, config=self.config, cut_off=cut_off).metrics


def newest_mix(lake: Lake, last: date, as_of: date) -> SourceMix:
    """The mix of sources of the cohorts after the last with an outcome, up to a month, as far as there are."""
    later = month_range(add_months(last, 1), as_of) if last < as_of else []
    known = [cohort for cohort in later if lake.has(_FEATURES, cohort)]
    return mix_of(lake, known) if known else SourceMix((), 0, {})


def mix_of(lake: Lake, cohorts: Sequence[date]) -> SourceMix:
    """The mix of sources of some cohorts.

    Raises:
        MissingMonthsError: a cohort's features have no file.
    """
    features = lake.layout.portfolio.features
    rows = lake.scan(_FEATURES, cohorts).select("snapshot_month", *features.source_flags.values())
    return SourceMix.of(rows.collect(), features)


def judged(developed: Developed) -> CandidateResult:
    """What gates are held against."""
    candidate, oot = developed.fitted, developed.samples["oot"]
    return CandidateResult(
        roc_auc=auc_by_sample(developed.newest_metrics),
        null_rate=null_rate(oot, list(candidate.features)),
        artifacts_load_back=is_restorable(candidate, oot),
        intervals=auc_intervals(developed.newest_metrics),
        scarcer_sources=tuple(developed.lost),
        out_of_time=dict(developed.newest_metrics.filter(sample_role="oot").select("metric", "value").iter_rows()),
    )


def metadata_of(lake: Lake, developed: Developed, result: CandidateResult, policy: Policy) -> VersionMetadata:
    """What the metadata of a version says. Raises as `availability_at` does."""
    model, month = developed.fitted.model, developed.month
    spec = regularised(policy.model.models[model], int(developed.samples["train"]["label"].sum()))
    said = {
        "model": model,
        "alias": spec.alias,
        "algorithm": spec.algorithm,
        "as_of": month_key(month),
        "windows": {"kind": developed.kind, **developed.windows.keys_by_role},
        "samples": developed.counts,
        "shared_customers": {"policy": policy.model.windows.shared_customers, **developed.shared_customers},
        "availability": availability_at(lake, month, developed.windows),
        "metrics": developed.metrics.to_dicts(),
        "newest_mix": {
            "cohorts": [month_key(cohort) for cohort in developed.newest.cohorts],
            "present": developed.newest.present,
            "sample": SourceMix.of(developed.samples["oot"], developed.fitted.portfolio.features).present,
            "lost": developed.lost,
            "metrics": developed.newest_metrics.to_dicts(),
        },
        **{
            f"without_{group.name}": _without(group, developed, policy.model).to_dicts()
            for group in developed.fitted.portfolio.features.evidence
        },
        "reason_mix": mix_counts(
            reason_mix(reasons_of(developed.fitted, developed.samples["validation"], policy.reasons))
        ),
        "oot_null_rate": result.null_rate,
        "artifacts_load_back": result.artifacts_load_back,
        "failed_gates": list(failed_gates(result, policy.model.gates)),
        "params": {**spec.params, **developed.fitted.tuning.params},
        **_rebalancing(spec),
        "set_by_hand": set_by_hand(model, spec.characteristics),
        "random_seed": policy.model.random_seed,
        "label_def": policy.model.label.label_def,
        "policy_sha256": policy.sha256,
        "libraries": libraries(developed.fitted.estimator.libraries),
    }
    return VersionMetadata.model_validate(said)


def _rebalancing(spec: ModelSpec) -> dict[str, object]:
    """What is said of the rebalancing of the training loans: nothing where they are left as they are."""
    shares = spec.rebalancing_shares.model_dump() if spec.rebalancing_shares else {}
    return {} if spec.rebalancing == "none" else {"rebalancing": {"method": spec.rebalancing, **shares}}


def _without(group: EvidenceGroup, developed: Developed, config: ModelConfig) -> pl.DataFrame:
    """Metrics of the out-of-time sample as if the source of a group had never been delivered."""
    sample = without_history(developed.samples["oot"], group)
    return evaluate(developed.fitted, {"oot": sample}, cut_off=developed.fitted.cut_off(config))


def availability_of(lake: Lake, windows: Mapping[date, Sequence[date]]) -> dict[date, dict[str, Availability]]:
    """By month and source, what the gate says by what was known then; of months that are not built as far as they are.

    Args:
        lake: the book's tables.
        windows: by month, the cohorts that a version trained as of it is made of.

    Raises:
        TableError: a file that is read is not whole.
    """
    portfolio = lake.layout.portfolio
    if portfolio.assigned_months is not None:
        unknown = Availability("unknown", "The data have no calendar, so nobody can tell when a row came.")
        others = [each.name for each in portfolio.sources if not _is_of_cases(portfolio, each)]
        return {month: dict.fromkeys(others, unknown) for month in windows}
    span = (add_months(min(window[0] for window in windows.values()), -_MONTHS_BEFORE), max(windows))
    cases = _cases(lake, span)
    judged: dict[date, dict[str, Availability]] = {month: {} for month in windows}
    for source in portfolio.sources:
        if _is_of_cases(portfolio, source):
            continue
        rows = _columns(lake, f"silver/{source.table}", span, customer=portfolio.cases.customer)
        history = None if cases.is_empty() or rows.is_empty() else history_of(cases, rows)
        for month, window in windows.items():
            judged[month][source.name] = (
                Availability("unknown", "It has no row.")
                if history is None
                else judge_availability(history, window, month, portfolio.words)
            )
    return judged


def _is_of_cases(portfolio: Portfolio, source: Source) -> bool:
    """Whether the cases are of this source, or are made of it: that it has rows of them says nothing."""
    made = portfolio.cases.made
    return source.name == made.source if made else f"silver/{source.table}" == portfolio.cases.table


def availability_at(lake: Lake, as_of: date, windows: Windows) -> dict[str, dict[str, str]]:
    """What the gate says of each source for one version, as its metadata stores it. Raises as `availability_of`."""
    judged = availability_of(lake, {as_of: windows.development})[as_of]
    return {source: {"status": found.status, "reason": found.reason} for source, found in judged.items()}


def _cases(lake: Lake, span: tuple[date, date]) -> pl.DataFrame:
    """`customer, cohort, label` of every case, null where no label is known by the end of the span."""
    cases, key = lake.layout.portfolio.cases, lake.layout.portfolio.cases.key
    begun = _columns(lake, cases.table, span, only=cases.is_new, customer=cases.customer, case=key)
    labels = _columns(lake, "gold/label_store", span, case=key, cohort="cohort", label="label").drop("month")
    labelled = begun.rename({"month": "cohort"}).join(labels, on=["case", "cohort"], how="left", maintain_order="left")
    return labelled.select("customer", "cohort", "label")


def _columns(
    lake: Lake, table: str, span: tuple[date, date], *, only: pl.Expr | None = None, **columns: str
) -> pl.DataFrame:
    """Some columns under other names and the month of a table's rows in a span; no rows where it has none."""
    known = [month for month in lake.months(table) if span[0] <= month <= span[1]]
    rows = lake.scan(table, known) if known else lake.layout.tables[table].create_empty(lazy=True)
    named = {name: pl.col(column) for name, column in columns.items()}
    return rows.filter(pl.lit(value=True) if only is None else only).select(month="snapshot_month", **named).collect()


def is_restorable(fitted: FittedVersion, features: pl.DataFrame) -> bool:
    """Whether the version's files give it back with the same prediction, to the last bit, for every row."""
    try:
        again = load_version(fitted.model, fitted.artifacts(), portfolio=fitted.portfolio, algorithm=fitted.algorithm)
    except ModelStoreError:
        return False
    return np.array_equal(fitted.predict(features), again.predict(features))
