"""What `models` prints: every version with its status and results, and which was in force and which decided on a day.

Roles and periods_in_force are replayed in scoring.life_cycle.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl
from rich.table import Table
from typing_extensions import TypedDict

from credit_platform.cli.book import Book
from credit_platform.cli.printing import folding_table
from credit_platform.cli.versions.version_status import ModelVersions, trained_as_of
from credit_platform.errors import ModelStoreError
from credit_platform.lake.governance.audit import AuditLog, AuditRecord
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.models.stored_version import MetricRow, VersionMetadata
from credit_platform.months import add_months
from credit_platform.portfolios.tables import DECISIONS
from credit_platform.scoring.governance.life_cycle import PeriodInForce, period_of, periods_in_force
from credit_platform.scoring.governance.promotion import AS_NEWEST


class MeasuredAuc(TypedDict):
    """A ROC-AUC with its interval; null where its sample does not define it."""

    value: float | None
    ci_low: float | None
    ci_high: float | None


class SourceStatus(TypedDict):
    """What the availability gate says of a source: passed, failed or unknown, and why."""

    status: str
    reason: str


class VersionRow(TypedDict):
    """One version. `effective_month` is the first month it is or was in force in, `in_force_since` where it still is.

    `interim` is true of one that went in in spite of failed gates; `recommended` is `promote` or `interim` where a
    person is to decide, and null otherwise. `availability` is by source, empty where it was not judged. The ROC-AUC
    `newest_mix_...` are as the newest cohorts have sources, and those by which it is judged.
    """

    model: str
    alias: str
    model_version: str
    role: str
    as_of: str
    effective_month: str | None
    in_force_since: str | None
    interim: bool
    recommended: str | None
    newest_mix_test_roc_auc: MeasuredAuc | None
    newest_mix_oot_roc_auc: MeasuredAuc | None
    test_roc_auc: MeasuredAuc | None
    oot_roc_auc: MeasuredAuc | None
    failed_gates: list[str]
    availability: dict[str, SourceStatus]
    problem: str | None


def version_rows(book: Book, models: Sequence[str]) -> list[VersionRow]:
    """Every stored version of some models, oldest first; what cannot be read says why.

    Raises:
        AuditError: the audit log was tampered with.
    """
    rows = []
    for model in models:
        standing = ModelVersions(book, model)
        current = period_of(standing.periods_in_force, standing.present) if standing.present else None
        for version in ModelStore(book.lake.layout).versions(model):
            begun = [period.first for period in standing.periods_in_force if period.version == version]
            is_current = current is not None and current.version == version
            is_interim = any(period.is_interim for period in standing.periods_in_force if period.version == version)
            rows.append(
                VersionRow(
                    model=model,
                    alias=book.settings.policy.model.models[model].alias,
                    model_version=version,
                    role=standing.roles.get(version, "unregistered"),
                    as_of=f"{trained_as_of(version):%Y-%m}",
                    effective_month=f"{begun[0]:%Y-%m}" if begun else None,
                    in_force_since=f"{current.first:%Y-%m}" if current is not None and is_current else None,
                    interim=is_interim,
                    recommended=None if begun else standing.recommended.get(version),
                    **_results(standing, version),
                )
            )
    return rows


class _Results(TypedDict, closed=True):
    newest_mix_test_roc_auc: MeasuredAuc | None
    newest_mix_oot_roc_auc: MeasuredAuc | None
    test_roc_auc: MeasuredAuc | None
    oot_roc_auc: MeasuredAuc | None
    failed_gates: list[str]
    availability: dict[str, SourceStatus]
    problem: str | None


def _results(standing: ModelVersions, version: str) -> _Results:
    try:
        metadata = standing.read(version).metadata
        failed = list(standing.failed_gates(version))
    except ModelStoreError as error:
        return _results_of(VersionMetadata(), [], problem=str(error))
    return _results_of(metadata, failed, problem=None)


def _results_of(metadata: VersionMetadata, failed: list[str], *, problem: str | None) -> _Results:
    sources = {
        source: SourceStatus(status=found.status, reason=found.reason)
        for source, found in metadata.availability.items()
    }
    return _Results(
        newest_mix_test_roc_auc=_measured(metadata.judged_auc("test")),
        newest_mix_oot_roc_auc=_measured(metadata.judged_auc("oot")),
        test_roc_auc=_measured(metadata.roc_auc("test")),
        oot_roc_auc=_measured(metadata.roc_auc("oot")),
        failed_gates=failed,
        availability=sources,
        problem=problem,
    )


def _measured(auc: MetricRow | None) -> MeasuredAuc | None:
    return None if auc is None else MeasuredAuc(value=auc.value, ci_low=auc.ci_low, ci_high=auc.ci_high)


def versions_table(rows: Sequence[VersionRow]) -> Table:
    """The versions as a table for the terminal."""
    columns = ("model", "version", "role", "in force from", "test AUC", "out-of-time AUC", "gates")
    table = folding_table("Versions", *columns)
    for row in rows:
        gates = row["problem"] or (f"failed: {', '.join(row['failed_gates'])}" if row["failed_gates"] else "passed")
        table.add_row(
            f"{row['model']} ({row['alias']})",
            row["model_version"],
            f"{row['role']} (interim)" if row["interim"] else row["role"],
            row["in_force_since"] or row["effective_month"] or "never",
            _told(row["newest_mix_test_roc_auc"], row["test_roc_auc"]),
            _told(row["newest_mix_oot_roc_auc"], row["oot_roc_auc"]),
            "\n".join([gates, *_further(row)]),
        )
    return table


def _further(row: VersionRow) -> list[str]:
    failed = [source for source, found in row["availability"].items() if found["status"] == "failed"]
    return [
        *([f"recommended: {row['recommended']}"] if row["recommended"] else []),
        *([f"selected by customer: {', '.join(failed)}"] if failed else []),
    ]


def _told(judged: MeasuredAuc | None, with_all_sources: MeasuredAuc | None) -> str:
    if judged == with_all_sources:
        return _auc_text(judged)
    return f"{_auc_text(judged)} {AS_NEWEST}\n{_auc_text(with_all_sources)} with all sources"


def _auc_text(auc: MeasuredAuc | None) -> str:
    if auc is None or auc["value"] is None:
        return "unknown"
    if auc["ci_low"] is None or auc["ci_high"] is None:
        return f"{auc['value']:.4f}"
    return f"{auc['value']:.4f} ({auc['ci_low']:.4f} to {auc['ci_high']:.4f})"


class Answer(TypedDict):
    """Which version was in production in a month by what had been written down up to one record of the log."""

    model_version: str | None
    provenance: str | None
    in_force_since: str | None
    in_force_until: str | None
    decided_by: str
    action: str
    reasons: list[str]
    recorded: str
    record: int


class ModelOnDay(TypedDict):
    """The answer by the whole log, and those that held before later records changed it, oldest first.

    `decides` says whether the model is the one whose version decides in the month: by `decision/batch` where the month
    has decisions, by policy where it has none.
    """

    model: str
    month: str
    decides: bool
    answer: Answer | None
    earlier_answers: list[Answer]


def in_production_on(book: Book, models: Sequence[str], day: date) -> list[ModelOnDay]:
    """Which version was in production on a day, by replay of the audit log.

    A day is of its month: versions come into force by month. Months before the first period are answered with the
    version that scored them in hindsight.

    Raises:
        AuditError: the audit log was tampered with.
    """
    records, month = AuditLog(book.lake.layout).records(), day.replace(day=1)
    deciding = _deciding(book, month)
    found = []
    for model in models:
        answers: list[Answer] = []
        for place in range(1, len(records) + 1):
            periods = periods_in_force([record.decision for record in records[:place]], model)
            answer = _answer(periods, month, records[place - 1])
            before = answers[-1] if answers else None
            if answer is None:
                continue
            if before is None or _core(answer) != _core(before):
                answers.append(answer)
            else:
                before["in_force_until"] = answer["in_force_until"]
        latest = answers[-1] if answers else None
        found.append(
            ModelOnDay(
                model=model,
                month=f"{month:%Y-%m}",
                decides=latest is not None and model == deciding,
                answer=latest,
                earlier_answers=answers[:-1],
            )
        )
    return found


def _deciding(book: Book, month: date) -> str | None:
    """The model that decides in a month; None before the first champion of policy."""
    if book.lake.has(DECISIONS, month):
        decided = book.lake.scan(DECISIONS, [month]).select(pl.col("model").unique().sort()).collect()["model"]
        if not decided.is_empty():
            return str(decided[0])
    first = book.axis.first_scoring
    return book.settings.policy.model.champion_in(month) if month >= first else None


def _core(answer: Answer) -> tuple[str | None, str | None, str | None]:
    return answer["model_version"], answer["provenance"], answer["in_force_since"]


def _answer(periods: Sequence[PeriodInForce], month: date, record: AuditRecord) -> Answer | None:
    if not periods:
        return None
    period = period_of(periods, month)
    later = [other.first for other in periods if other.first > max(month, (period or periods[0]).first)]
    return Answer(
        model_version=(period or periods[0]).version,
        provenance="backfill" if period is None else period.provenance(month),
        in_force_since=f"{(period or periods[0]).first:%Y-%m}",
        in_force_until=f"{add_months(later[0], -1):%Y-%m}" if later else None,
        decided_by=record.entry.actor,
        action=record.entry.action,
        reasons=list(record.entry.reasons),
        recorded=record.time,
        record=record.sequence,
    )


def on_day_table(found: Sequence[ModelOnDay]) -> Table:
    """The answers as a table for the terminal."""
    title = f"In production in {found[0]['month']}" if found else "In production"
    table = folding_table(title, "model", "decides", "version", "in force", "recorded", "why")
    for row in found:
        decides = "yes" if row["decides"] else "no"
        if row["answer"] is None:
            table.add_row(row["model"], decides, "none", "", "", "no version was ever promoted")
        for answer in [*row["earlier_answers"], *([row["answer"]] if row["answer"] else [])]:
            is_last = answer is row["answer"]
            table.add_row(
                row["model"],
                decides if is_last else "",
                f"{answer['model_version']} ({answer['provenance']})" + ("" if is_last else ", until later records"),
                f"{answer['in_force_since']} to {answer['in_force_until'] or 'now'}",
                f"{answer['action']} by {answer['decided_by']}, record {answer['record']}, {answer['recorded']}",
                " ".join(answer["reasons"]),
            )
    return table
