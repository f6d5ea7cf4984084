"""The documents of versions as they lie on disk: written from the store and the log alone, and kept up to date."""

from __future__ import annotations

import base64
import json
import re
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from credit_platform.assets.pages.version_documents import (
    CARD,
    CARD_PAGE,
    CHECKLIST,
    LEADERBOARD,
    PAGE,
    document_version,
    touched_versions,
    write_documents,
)
from credit_platform.errors import ModelStoreError
from credit_platform.lake.governance.audit import AuditLog, Entry
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.governance.life_cycle import roles
from credit_platform_tests.reports import html_text
from credit_platform_tests.reports.markdown_text import part, rows
from credit_platform_tests.small_book import MODELS, BookFolders

MODEL = "gradient_boosting"
ENDINGS = (PAGE, CARD, CARD_PAGE, CHECKLIST)


def _first_version(book: BookFolders) -> str:
    return ModelStore(book.layout).versions(MODEL)[0]


def _text(book: BookFolders, version: str, ending: str) -> str:
    return book.layout.version_report(MODEL, version, ending).read_text(encoding="utf-8")


@pytest.mark.parametrize("model", MODELS)
def test_every_version_trained_has_its_documents_and_a_row_on_the_leaderboard(
    finished_book: BookFolders, model: str
) -> None:
    board = finished_book.layout.report(LEADERBOARD)
    text = board.read_text(encoding="utf-8")
    for version in ModelStore(finished_book.layout).versions(model):
        for ending in ENDINGS:
            assert finished_book.layout.version_report(model, version, ending).is_file(), (version, ending)
        link = f"models/{model}/{version}{PAGE}"
        assert f"<a href='{link}'>{version}</a>" in text
        assert (board.parent / link).is_file()


def test_the_page_shows_what_is_stored(finished_book: BookFolders) -> None:
    version = _first_version(finished_book)
    files = ModelStore(finished_book.layout).load(MODEL, version)
    metrics = json.loads(files["metadata.json"])["metrics"]
    auc = next(row for row in metrics if (row["sample_role"], row["metric"]) == ("oot", "roc_auc"))
    page = _text(finished_book, version, PAGE)
    told = f"{auc['value']:.4f} ({auc['ci_low']:.4f} to {auc['ci_high']:.4f}), {auc['n']} loans, {auc['n_bad']} of them"
    assert told in page
    assert set(html_text.figures(page)) >= {"roc", "reliability_oot", "cut_offs", "importance"}


def test_every_link_of_the_page_leads_to_a_document(finished_book: BookFolders) -> None:
    version = _first_version(finished_book)
    folder = finished_book.layout.version_report(MODEL, version, PAGE).parent
    links = re.findall(r"<a href='([^']+)'>([^<]+)</a>", html_text.shown(_text(finished_book, version, PAGE)))
    assert [name for _, name in links] == ["All versions", "Model card", "Validation checklist"]
    for address, name in links:
        assert (folder / address).is_file(), name


def test_the_card_knows_features_exclusions_reasons_and_what_the_clickstream_is_worth(
    finished_book: BookFolders,
) -> None:
    card = _text(finished_book, _first_version(finished_book), CARD)
    assert "team:credit-modelling" in part(card, "Purpose and owner")
    dark = {row[0]: row[1:] for row in rows(part(card, "Degradation without clickstream"))}
    assert "unknown" not in dark["ROC-AUC"]
    assert dark["ROC-AUC of the model trained without it"] == ["unknown"]
    assert len(rows(part(card, "Reason codes"))) > 20
    actions = [row[0] for row in rows(part(card, "Approvals and decisions on record"))]
    assert actions[0] == "registered"
    assert "promoted" in actions


def test_the_checklist_judges_every_gate_and_no_person_has_looked(finished_book: BookFolders) -> None:
    checklist = _text(finished_book, _first_version(finished_book), CHECKLIST)
    assert len(rows(part(checklist, "Gates"))) == 5
    assert "unknown" not in part(checklist, "Gates")
    record = {row[0]: row[1:] for row in rows(part(checklist, "Record"))}
    assert record["Looked at by a person, by the audit log"] == ["none", "at least one", "failed"]
    assert {row[-1] for row in rows(part(checklist, "Explanation and fairness of inputs"))} == {"passed"}


def test_documents_written_again_are_the_same(book_copy: BookFolders) -> None:
    version = _first_version(book_copy)
    before = {ending: _text(book_copy, version, ending) for ending in ENDINGS}
    write_documents(book_copy.lake, LOANS.load_policy(book_copy.policy_dir), MODEL, [version])
    assert {ending: _text(book_copy, version, ending) for ending in ENDINGS} == before


def test_a_decision_of_a_person_is_on_the_page_after_writing_again(book_copy: BookFolders) -> None:
    version = _first_version(book_copy)
    entry = Entry(
        action="retired",
        model=MODEL,
        model_version=version,
        actor="Ada",
        reasons=("No longer wanted.",),
        effective_month=date(2024, 8, 1),
    )
    AuditLog(book_copy.layout).append(entry)
    write_documents(book_copy.lake, LOANS.load_policy(book_copy.policy_dir), MODEL, [version])
    approvals = rows(part(_text(book_copy, version, CARD), "Approvals and decisions on record"))
    assert approvals[-1] == ["retired", "Ada", "2024-08", "No longer wanted."]
    looked = {row[0]: row[1:] for row in rows(part(_text(book_copy, version, CHECKLIST), "Record"))}
    assert looked["Looked at by a person, by the audit log"] == ["Ada", "at least one", "passed"]


def test_the_metadata_names_every_document_and_pictures_the_curves(book_copy: BookFolders) -> None:
    version = _first_version(book_copy)
    told = document_version(book_copy.lake, LOANS.load_policy(book_copy.policy_dir), MODEL, version)
    for name in ("page", "model_card", "validation_checklist", "leaderboard"):
        value = told[name]
        assert isinstance(value, dg.PathMetadataValue)
        assert Path(str(value.path)).is_file()
    picture = told["curves"]
    assert isinstance(picture, dg.MarkdownMetadataValue)
    assert picture.md_str is not None
    svg = base64.b64decode(picture.md_str.split("base64,")[1].rstrip(")")).decode()
    assert svg.startswith("<svg")
    assert "polyline" in svg


def test_a_new_version_in_force_touches_the_one_before_it(book_copy: BookFolders) -> None:
    log, candidate = AuditLog(book_copy.layout), "2024-08-01-ffffffffffff"
    month = date(2024, 9, 1)
    before = roles(log.decisions(), MODEL, month)
    (current,) = [version for version, role in before.items() if role == "in force"]
    for action in ("registered", "promoted"):
        log.append(Entry(action, MODEL, candidate, "policy", (), month))  # type: ignore[arg-type]
    assert touched_versions(log.records(), MODEL, candidate) == [current]
    assert touched_versions(log.records(), MODEL, current) == []
    assert touched_versions(log.records(), "no_model", "x") == []


def test_a_damaged_version_is_refused_and_left_out_of_the_leaderboard(book_copy: BookFolders) -> None:
    policy, version = LOANS.load_policy(book_copy.policy_dir), _first_version(book_copy)
    (book_copy.layout.model_version(MODEL, version) / "metadata.json").write_text("{}")
    with pytest.raises(ModelStoreError, match=r"metadata\.json has changed"):
        write_documents(book_copy.lake, policy, MODEL, [version])
    write_documents(book_copy.lake, policy, MODEL, [])
    board = book_copy.layout.report(LEADERBOARD).read_text(encoding="utf-8")
    assert f"{MODEL}/{version}" not in board
