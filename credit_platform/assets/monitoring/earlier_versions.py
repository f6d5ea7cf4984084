"""Scoring a matured cohort again with earlier versions, to see whether to go back to one would help.

Which is better and what is advised is written in `monitoring.action.rollback`.
"""

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key
from credit_platform.assets.models.judgement import mix_of
from credit_platform.errors import ModelStoreError
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.measures import Subject
from credit_platform.partitions import months_before, same_month
from credit_platform.policy.model_config import ModelConfig
from credit_platform.scoring.governance.head_to_head import HeadToHead
from credit_platform.scoring.governance.life_cycle import in_force_before, period_of, periods_in_force
from credit_platform.scoring.training.samples import as_newest, attach_labels, no_rarer

_FEATURES, _LABELS = "gold/feature_store", "gold/label_store"
# Older ones learned from a book of years ago, and each has to be read, verified and let score.
_MOST = 3


def read_for_earlier_versions(lag: int) -> list[dg.AssetDep]:
    """What the advice of a month reads of the book: two months of features, and the labels of the older."""
    return [
        dg.AssetDep(asset_key(_FEATURES), partition_mapping=months_before(lag)),
        dg.AssetDep(asset_key(_LABELS), partition_mapping=same_month()),
    ]


def tried_in_place_of(subject: Subject, *, lake: Lake, config: ModelConfig) -> dict[str, HeadToHead] | None:
    """Versions in force before the one judged, newest first, each against it on its cohort with the month's sources.

    A version that cannot be read, or that knows the cohort, is left out: nobody could go back to it, or learn from it.
    None where the version judged is not in force any more.

    Raises:
        AuditError: the audit log was tampered with.
        MissingMonthsError: features or labels have no file.
        ModelStoreError: the version judged cannot be read.
    """
    decisions, month = AuditLog(lake.layout).decisions(), subject.snapshot_month
    current = period_of(periods_in_force(decisions, subject.model), month)
    if current is not None and current.version != subject.model_version:
        return None
    earlier = in_force_before(decisions, subject.model, month)
    return _tried(earlier, subject, lake, config) if earlier else {}


def _tried(earlier: list[str], subject: Subject, lake: Lake, config: ModelConfig) -> dict[str, HeadToHead]:
    portfolio, seed = lake.layout.portfolio, config.random_seed
    features, key = portfolio.features, portfolio.cases.key
    newest = mix_of(lake, [subject.snapshot_month])
    labels = lake.scan(_LABELS, [subject.snapshot_month])
    loans = attach_labels(lake.scan(_FEATURES, [subject.cohort]), labels, case_key=key).collect()
    loans = as_newest(no_rarer(loans, newest, features, seed=seed), newest, features, key=key, seed=seed)
    judged = lake.versions.read(subject.model, subject.model_version).fitted(config).predict(loans)
    label, found = loans["label"].cast(pl.Int8).to_numpy(), dict[str, HeadToHead]()
    for name in earlier:
        try:
            version = lake.versions.read(subject.model, name)
            if version.windows.role_of(subject.cohort) == "post":
                probability = version.fitted(config).predict(loans)
                found[name] = HeadToHead(subject.model_version, label, probability, judged)
        except ModelStoreError:
            continue
        if len(found) == _MOST:
            break
    return found
