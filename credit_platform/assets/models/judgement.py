"""A version after it is final: its samples, what it is judged by, and what its metadata says.

What it is judged by are its figures as the newest cohorts have sources, which are those on its samples where these have
no less. Fitting and deciding belong to `training`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from credit_platform.assets.models.availability import availability_at
from credit_platform.lake.models.stored_version import VersionMetadata
from credit_platform.lake.provenance import libraries
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_key, month_range
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.feature_set import EvidenceGroup
from credit_platform.scoring.evaluation.evaluation import (
    Evaluation,
    auc_by_sample,
    auc_intervals,
    evaluate,
    evaluate_version,
    null_rate,
)
from credit_platform.scoring.evaluation.newest_mix import SourceMix, as_newest
from credit_platform.scoring.explanation.reasons import mix_counts, reason_mix, reasons_of
from credit_platform.scoring.governance.promotion import CandidateResult, failed_gates
from credit_platform.scoring.training.tuning import regularised
from credit_platform.scoring.training.version import FittedVersion, is_restorable
from credit_platform.scoring.training.windows import SampleRole, Windows
from credit_platform.scoring.transformers.evidence import without_history

Samples = dict[SampleRole, pl.DataFrame]


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
    def newest_metrics(self) -> pl.DataFrame:
        """The metrics per sample as the newest cohorts have sources; those on the samples where nothing is taken."""
        samples = {role: self.as_newest(sample) for role, sample in self.samples.items()}
        if all(samples[role] is sample for role, sample in self.samples.items()):
            return self.metrics
        return evaluate_version(self.fitted, samples, config=self.config).metrics


def newest_mix(lake: Lake, windows: Windows, as_of: date) -> SourceMix:
    """The mix of sources of the cohorts after a version's, up to the month it is trained as of, as far as there are."""
    table = "gold/feature_store"
    later = month_range(add_months(windows.oot[-1], 1), as_of) if windows.oot[-1] < as_of else []
    known = [cohort for cohort in later if lake.has(table, cohort)]
    rows = lake.scan(table, known) if known else lake.layout.tables[table].create_empty(lazy=True)
    features = lake.layout.portfolio.features
    return SourceMix.of(rows.select("snapshot_month", *features.source_flags.values()).collect(), features)


def judged(developed: Developed) -> CandidateResult:
    """What gates are held against."""
    candidate, oot = developed.fitted, developed.samples["oot"]
    return CandidateResult(
        roc_auc=auc_by_sample(developed.newest_metrics),
        null_rate=null_rate(oot, list(candidate.features)),
        artifacts_load_back=is_restorable(candidate, oot),
        intervals=auc_intervals(developed.newest_metrics),
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
        "random_seed": policy.model.random_seed,
        "label_def": policy.model.label.label_def,
        "policy_sha256": policy.sha256,
        "libraries": libraries(),
    }
    return VersionMetadata.model_validate(said)


def _without(group: EvidenceGroup, developed: Developed, config: ModelConfig) -> pl.DataFrame:
    """Metrics of the out-of-time sample as if the source of a group had never been delivered."""
    sample = without_history(developed.samples["oot"], group)
    return evaluate(developed.fitted, {"oot": sample}, cut_off=config.scoring.cut_off)
