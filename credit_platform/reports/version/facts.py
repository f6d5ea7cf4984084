"""What is known of one version of a model, as the pages and documents about it read it.

Documents read ownership, features, reference, catalogue and audit records beside it. Collecting the facts from the
model store and the logs is wiring; the sentences made of them belong to the pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from credit_platform.lake.models.stored_version import SampleSize, VersionMetadata
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.reports.shown_book import ShownBook
from credit_platform.scoring.evaluation.evaluation import Evaluation
from credit_platform.statistics.reference import Reference

EXCLUDED_SCHEMA = {"source": pl.String, "column": pl.String, "reason": pl.String}
REASON_CODES_SCHEMA = {"feature": pl.String, "code": pl.String, "internal": pl.String, "is_given": pl.Boolean}
AUDIT_SCHEMA = {"action": pl.String, "actor": pl.String, "effective_month": pl.Date, "reasons": pl.String}
RULES = ("policy", "training")  # actors of the audit log that are no persons
SAMPLE_ROLES = ("train", "validation", "test", "oot")
HELD_OUT = ("test", "oot")
WINDOWS_SCHEMA = {
    "sample_role": pl.String,
    "first_cohort": pl.String,
    "last_cohort": pl.String,
    "n_cohorts": pl.Int64,
    "n": pl.Int64,
    "n_bad": pl.Int64,
    "bad_rate": pl.Float64,
}


@dataclass(frozen=True, eq=False)
class VersionFacts:
    """One version: who it is, what was decided about it, and the tables it was judged by.

    None always means that it is not known.

    Attributes:
        role: Its status: candidate, in force or retired.
        promoted: Whether it was put into production.
        in_force_from: The first month it decides.
        in_force_until: The last month it decides, None while no other version is due.
        is_interim: Whether it went in in spite of failed gates, until a version passes them all.
        reasons: Why it was promoted or not, as sentences.
        gates: Rows of `reports.version.verdict.GATES_SCHEMA`.
        metadata: What its metadata.json says.
        evaluation: Its tables on all samples.
        importance: `feature, importance, rank`, the most important first.
        book: What pages must know of the book it scores.
    """

    model: str
    model_version: str
    as_of: date
    role: str | None
    promoted: bool | None
    in_force_from: date | None
    in_force_until: date | None
    reasons: tuple[str, ...]
    gates: pl.DataFrame
    metadata: VersionMetadata
    evaluation: Evaluation
    importance: pl.DataFrame
    book: ShownBook
    is_interim: bool = False


@dataclass(frozen=True)
class ShownMetric:
    """A metric on a sample with its interval; None is not defined or not known."""

    value: float | None
    low: float | None
    high: float | None
    n: int | None
    n_bad: int | None


NOT_MEASURED = ShownMetric(None, None, None, None, None)


def measured(metrics: pl.DataFrame, sample_role: str, metric: str) -> ShownMetric:
    """One metric of one sample; all None where the table has no such row."""
    rows = metrics.filter(sample_role=sample_role, metric=metric)
    if rows.is_empty():
        return NOT_MEASURED
    return ShownMetric(*rows.select("value", "ci_low", "ci_high", "n", "n_bad").row(0))


def judged(version: VersionFacts, sample_role: str, metric: str) -> ShownMetric:
    """One metric of one sample as the newest cohorts have sources; as measured on it where that is not known."""
    mix = version.metadata.newest_mix
    for row in () if mix is None else mix.metrics:
        if (row.sample_role, row.metric) == (sample_role, metric):
            return ShownMetric(row.value, row.ci_low, row.ci_high, row.n, row.n_bad)
    return measured(version.evaluation.metrics, sample_role, metric)


def windows_table(metadata: VersionMetadata) -> pl.DataFrame:
    """Cohorts and counts of each sample as `WINDOWS_SCHEMA`; what the metadata does not say is null."""
    rows = []
    for role in SAMPLE_ROLES:
        cohorts = [f"{cohort:%Y-%m}" for cohort in getattr(metadata.windows, role)]
        size = metadata.samples.get(role, SampleSize())
        rate = size.n_bad / size.n if size.n and size.n_bad is not None else None
        first, last = (cohorts[0], cohorts[-1]) if cohorts else (None, None)
        rows.append((role, first, last, len(cohorts) or None, size.n, size.n_bad, rate))
    return pl.DataFrame(rows, schema=WINDOWS_SCHEMA, orient="row")


def sources_text(metadata: VersionMetadata) -> str | None:
    """What the availability gate says of a version's sources in one line; None where it was not judged."""
    if not metadata.availability:
        return None
    passed = any(found.status == "passed" for found in metadata.availability.values())
    failed = ", ".join(metadata.failed_sources)
    return f"selected by customer: {failed}" if failed else "there for all alike" if passed else "cannot be told"


def text_at(manifest: Mapping[str, object], *path: str) -> str | None:
    """A fact of the manifest as text, by its path of keys; None where it is missing or not a single value."""
    found: object = manifest
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return str(found) if isinstance(found, str | int | float | bool) else None


def entries(values: object) -> list[tuple[str, str]]:
    """The single values of a mapping as pairs of texts, by name."""
    listed = sorted(values.items()) if isinstance(values, Mapping) else []
    return [(str(name), str(value)) for name, value in listed if isinstance(value, str | int | float | bool)]


@dataclass(frozen=True, eq=False)
class CardSources:
    """None always means that it is not known.

    Attributes:
        purpose: What the model is for, a sentence.
        owner: Who answers for it.
        features: The columns it reads.
        excluded: Rows of `EXCLUDED_SCHEMA`.
        reference: What later months are compared with.
        without: By evidence group, metrics of the out-of-time sample with the group taken away, as
            `scoring.evaluation.evaluation.EVALUATION_SCHEMA`.
        trained_without: By evidence group, out-of-time ROC-AUC of the same model trained without it.
        reason_codes: Rows of `REASON_CODES_SCHEMA`.
        hand_set_warnings: What its scorecard warns of in bins that were set by hand.
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
    hand_set_warnings: tuple[str, ...] = ()
    audit: pl.DataFrame | None = None
    manifest: Mapping[str, object] = field(default_factory=dict)


def excluded_columns(portfolio: Portfolio) -> pl.DataFrame:
    """One row per source column that no model reads, as `EXCLUDED_SCHEMA`, in the order of the sources."""
    return pl.DataFrame(portfolio.features.excluded, schema=EXCLUDED_SCHEMA, orient="row")
