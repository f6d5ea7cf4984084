"""What documents about a version read beside its facts: ownership, features, reference, catalogue, audit records.

Collecting it is wiring; what it is made into belongs to `model_card` and `validation_checklist`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from credit_platform.statistics.reference import Reference

REASON_CODES_SCHEMA = {"feature": pl.String, "code": pl.String, "internal": pl.String, "is_given": pl.Boolean}
AUDIT_SCHEMA = {"action": pl.String, "actor": pl.String, "effective_month": pl.Date, "reasons": pl.String}
RULES = ("policy", "training")  # actors of the audit log that are no persons


@dataclass(frozen=True, eq=False)
class CardSources:
    """None always means that it is not known.

    Attributes:
        purpose: What the model is for, a sentence.
        owner: Who answers for it.
        features: The columns it reads.
        excluded: Rows of `reports.documents.excluded_columns.EXCLUDED_SCHEMA`.
        reference: What later months are compared with.
        without: By evidence group, metrics of the out-of-time sample with the group taken away, as
            `scoring.evaluation.evaluation.EVALUATION_SCHEMA`.
        trained_without: By evidence group, out-of-time ROC-AUC of the same model trained without it.
        reason_codes: Rows of `REASON_CODES_SCHEMA`.
        audit: The audit records about the version, as `AUDIT_SCHEMA`, oldest first.
        manifest: The content of its manifest.json.
    """

    purpose: str | None = None
    owner: str | None = None
    features: tuple[str, ...] | None = None
    excluded: pl.DataFrame | None = None
    reference: Reference | None = None
    without: Mapping[str, pl.DataFrame | None] = field(default_factory=dict)
    trained_without: Mapping[str, float] = field(default_factory=dict)
    reason_codes: pl.DataFrame | None = None
    audit: pl.DataFrame | None = None
    manifest: Mapping[str, object] = field(default_factory=dict)
