"""The documents about versions as files: page, model card, checklist, and the leaderboard over all versions.

Everything is read from the model store, the audit log and policy, so that any version's documents can be written again
at any time. What they say is written in `reports`.
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from os.path import relpath
from pathlib import Path

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import OWNERS
from credit_platform.errors import ModelStoreError
from credit_platform.lake.files import one_at_a_time, write_text
from credit_platform.lake.governance.audit import AuditLog, AuditRecord
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.models.stored_version import MetricRow, StoredVersion
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Words
from credit_platform.reports.documents.document import to_html, to_markdown
from credit_platform.reports.documents.model_card import model_card
from credit_platform.reports.documents.validation_checklist import validation_checklist
from credit_platform.reports.shown_book import ShownBook
from credit_platform.reports.version.facts import (
    AUDIT_SCHEMA,
    REASON_CODES_SCHEMA,
    CardSources,
    VersionFacts,
    excluded_columns,
)
from credit_platform.reports.version.leaderboard import leaderboard, leaderboard_page
from credit_platform.reports.version.page import version_page
from credit_platform.reports.version.svg import version_svg
from credit_platform.reports.version.verdict import gate_table
from credit_platform.scoring.evaluation.evaluation import EVALUATION_SCHEMA, TABLES, Evaluation
from credit_platform.scoring.governance.life_cycle import periods_in_force, roles
from credit_platform.scoring.scorecard.hand_set_bins import warnings_of
from credit_platform.statistics.reference import Reference

LEADERBOARD = "leaderboard.html"
PAGE, CARD, CARD_PAGE, CHECKLIST = ".html", "_card.md", "_card.html", "_checklist.md"
_DECISIONS = ("promoted", "not_promoted", "rolled_back")


def document_version(lake: Lake, policy: Policy, model: str, version: str) -> dict[str, dg.MetadataValue]:
    """Write the documents of a version, and those of others whose role it changed; gives their places and a picture.

    Raises:
        ModelStoreError: the version's files are missing or changed.
        AuditError: the audit log was tampered with.
    """
    others = touched_versions(AuditLog(lake.layout).records(), model, version)
    write_documents(lake, policy, model, [version, *others])
    layout = lake.layout
    title = f"Out-of-time sample of version {version}"
    picture = b64encode(version_svg(_evaluation(lake.versions.read(model, version)), title=title).encode())
    endings = {"page": PAGE, "model_card": CARD_PAGE, "validation_checklist": CHECKLIST}
    return {
        "curves": dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{picture.decode()})"),
        "leaderboard": dg.MetadataValue.path(str(layout.report(LEADERBOARD))),
        **{
            name: dg.MetadataValue.path(str(layout.version_report(model, version, ending)))
            for name, ending in endings.items()
        },
    }


def write_documents(lake: Lake, policy: Policy, model: str, versions: Sequence[str]) -> None:
    """Write page, card and checklist of some versions of a model, and the leaderboard of all there are.

    Raises:
        ModelStoreError: a version's files are missing or changed.
        AuditError: the audit log was tampered with.
    """
    layout, records = lake.layout, AuditLog(lake.layout).records()
    for version in versions:
        facts = _version_facts(lake, policy, records, model, version)
        sources = _card_sources(lake, policy, records, model, version)
        card = model_card(facts, sources)
        checklist = validation_checklist(facts, sources, gates=policy.model.gates)
        texts = {
            PAGE: version_page(facts, links=_links(lake, model, version)),
            CARD: to_markdown(card),
            CARD_PAGE: to_html(card),
            CHECKLIST: to_markdown(checklist),
        }
        for ending, text in texts.items():
            write_text(layout.version_report(model, version, ending), text)
    _write_leaderboard(lake, policy)


def touched_versions(records: Sequence[AuditRecord], model: str, version: str) -> list[str]:
    """The other versions of a model whose role has changed since the log first knew of a version."""
    decisions = [record.decision for record in records]
    first = next((place for place, one in enumerate(decisions) if one.version == version), len(decisions))
    month = _newest_month(records, model)
    if month is None:
        return []
    before, now = (roles(part, model, month) for part in (decisions[:first], decisions))
    return [other for other, role in before.items() if other != version and now.get(other) != role]


def _links(lake: Lake, model: str, version: str) -> dict[str, str]:
    layout = lake.layout
    page = layout.version_report(model, version, PAGE)
    further = {"Model card": CARD_PAGE, "Validation checklist": CHECKLIST}
    return {
        "All versions": Path(relpath(layout.report(LEADERBOARD), page.parent)).as_posix(),
        **{name: layout.version_report(model, version, ending).name for name, ending in further.items()},
    }


def _write_leaderboard(lake: Lake, policy: Policy) -> None:
    layout, store = lake.layout, ModelStore(lake.layout)
    file = layout.report(LEADERBOARD)
    # By turns: a process that read early must not write late, or the version another one stored meanwhile is lost.
    with one_at_a_time(file):
        records = AuditLog(layout).records()
        known = []
        for model in store.models():
            for version in store.versions(model):
                try:
                    facts = _version_facts(lake, policy, records, model, version)
                except ModelStoreError:
                    continue  # a damaged version is told by its own check, and hides no other
                page = layout.version_report(model, version, PAGE)
                known.append((facts, page.relative_to(file.parent).as_posix() if page.is_file() else None))
        write_text(file, leaderboard_page(leaderboard(known), book=ShownBook.of(layout.portfolio, policy.model)))


def _version_facts(
    lake: Lake, policy: Policy, records: Sequence[AuditRecord], model: str, version: str
) -> VersionFacts:
    stored = lake.versions.read(model, version)
    decisions, month = [record.decision for record in records], _newest_month(records, model)
    periods = periods_in_force(decisions, model)
    places = [place for place, period in enumerate(periods) if period.version == version]
    follower = periods[places[-1] + 1].first if places and places[-1] + 1 < len(periods) else None
    decided = [record.entry for record in _own(records, model, version) if record.entry.action in _DECISIONS]
    return VersionFacts(
        model=model,
        model_version=version,
        as_of=stored.as_of,
        role=None if month is None else roles(decisions, model, month).get(version),
        promoted=any(entry.action != "not_promoted" for entry in decided) if decided else None,
        in_force_from=periods[places[-1]].first if places else None,
        in_force_until=None if follower is None else add_months(follower, -1),
        is_interim=bool(places) and periods[places[-1]].is_interim,
        reasons=decided[-1].reasons if decided else (),
        gates=gate_table(stored.metadata.result, policy.model.gates),
        metadata=stored.metadata,
        evaluation=_evaluation(stored),
        importance=pl.read_parquet(BytesIO(stored.files["feature_importance.parquet"])),
        book=ShownBook.of(lake.layout.portfolio, policy.model),
    )


def _card_sources(lake: Lake, policy: Policy, records: Sequence[AuditRecord], model: str, version: str) -> CardSources:
    stored = lake.versions.read(model, version)
    without = stored.metadata.without
    return CardSources(
        purpose=_purpose(policy.model, lake.layout.portfolio.words),
        owner=OWNERS["model"],
        features=tuple(feature["name"] for feature in json.loads(stored.files["features.json"])["features"]),
        excluded=excluded_columns(lake.layout.portfolio),
        reference=Reference.from_json(stored.files["reference.json"]),
        without={
            group.name: _metrics(without[group.name]) if group.name in without else None
            for group in lake.layout.portfolio.features.evidence
        },
        reason_codes=_reason_codes(policy),
        hand_set_warnings=tuple(warnings_of(card)) if (card := stored.files.get("scorecard.json")) else (),
        audit=_audit(_own(records, model, version)),
        manifest=stored.manifest,
    )


def _metrics(rows: Sequence[MetricRow]) -> pl.DataFrame:
    return pl.DataFrame([row.model_dump() for row in rows], EVALUATION_SCHEMA)


def _own(records: Sequence[AuditRecord], model: str, version: str) -> list[AuditRecord]:
    return [record for record in records if (record.entry.model, record.entry.model_version) == (model, version)]


def _evaluation(stored: StoredVersion) -> Evaluation:
    """The stored tables; empty ones for a version that was stored without."""
    content = stored.files.get("evaluation.json")
    if content is None:
        return Evaluation(**{name: pl.DataFrame(schema=dict(schema)) for name, schema in TABLES.items()})
    return Evaluation.from_bytes(content)


def _newest_month(records: Sequence[AuditRecord], model: str) -> date | None:
    """The last month a decision about the model counts from: with it all of them have taken effect."""
    return max((record.decision.month for record in records if record.decision.model == model), default=None)


def _purpose(config: ModelConfig, words: Words) -> str:
    return (
        f"Probability, told at application, that {words.one} {config.label.in_words}. "
        f"Score, grade, decision at the cut-off and reasons of new {words.cases} are made from it."
    )


def _reason_codes(policy: Policy) -> pl.DataFrame:
    rows = [
        (feature, reason.code, reason.internal, reason.is_given) for feature, reason in policy.reasons.reasons.items()
    ]
    return pl.DataFrame(rows, schema=REASON_CODES_SCHEMA, orient="row")


def _audit(own: Sequence[AuditRecord]) -> pl.DataFrame:
    rows = [
        (entry.action, entry.actor, entry.effective_month, "\n".join(entry.reasons))
        for record in own
        for entry in (record.entry,)
    ]
    return pl.DataFrame(rows, schema=AUDIT_SCHEMA, orient="row")
