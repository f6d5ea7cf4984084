"""The verbs about versions, run as a program: what they print, and their exit codes."""

from __future__ import annotations

import json
import shutil
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.versions.audit import verdict
from credit_platform.cli.versions.promotion import Person, promote
from credit_platform.cli.versions.versions import in_production_on, on_day_table, version_rows
from credit_platform.errors import NoVersionInForceError
from credit_platform.lake.governance.audit import AuditLog, Entry
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.models.model_store import ModelStore
from credit_platform_tests.cli.versions.decided_book import DecidedBook
from credit_platform_tests.small_book import FIRST_TRAINING, MODELS, BookFolders

MOVE = ("--model", "model_1", "--approver", "Ann", "--reason", "Why not.")


@pytest.fixture
def decided(book_copy: BookFolders) -> DecidedBook:
    return DecidedBook(book_copy)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("promote", *MOVE, "--version", "none", "--to", "in-force"), 1, "it is not in the model store. Name one of"),
        (("promote", *MOVE, "--version", "none", "--to", "boss"), 2, "--to: 'boss' is no status of a version"),
        (("promote", "--model", "model_1", "--version", "x", "--to", "in-force"), 2, "--approver"),
        (("rollback", *MOVE, "--to", "none"), 1, "it is not in the model store. Name one of"),
        (("models", "--on", "Tuesday"), 2, "--on: 'Tuesday' is no day"),
        (("drill", "rollback", "--model", "model_9"), 2, "no model 'model_9'"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_refusal_with_1(
    finished_book: BookFolders, arguments: tuple[str, ...], code: int, said: str
) -> None:
    refused = finished_book.verb(*arguments)
    assert refused.returncode == code, refused
    assert said in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr


def test_models_tells_every_version_as_table_and_json(finished_book: BookFolders) -> None:
    shown, told = finished_book.verb("models"), finished_book.verb("models", "--json", "--model", "model_2")
    assert (shown.returncode, told.returncode) == (0, 0)
    rows = json.loads(told.stdout)
    store = ModelStore(finished_book.layout)
    assert [row["model_version"] for row in rows] == store.versions("gradient_boosting")
    assert [row["as_of"] for row in rows] == ["2024-01", "2024-04", "2024-07"]
    assert sum(row["role"] == "in force" for row in rows) == 1
    for row in rows:
        assert row["oot_roc_auc"]["ci_low"] <= row["oot_roc_auc"]["value"] <= row["oot_roc_auc"]["ci_high"]
        assert row["model_version"] in shown.stdout
        assert {source: found["status"] for source, found in row["availability"].items()} == {
            "feature_clickstream": "passed",
            "features_attributes": "unknown",
            "features_financials": "unknown",
        }


def test_a_promotion_and_its_trace_from_the_command_line(decided: DecidedBook) -> None:
    version = decided.versions[2]
    command = decided.folders.verb
    moved = command("promote", *MOVE, "--version", version, "--to", "Production", "--despite-failed-gates")
    assert moved.returncode == 0, moved
    (answer,) = json.loads(command("models", "--on", "2024-09-17", "--model", "model_1", "--json").stdout)
    assert (answer["answer"]["model_version"], answer["answer"]["decided_by"]) == (version, "Ann")
    (before,) = json.loads(command("models", "--on", "2024-08-31", "--model", "model_1", "--json").stdout)
    assert before["answer"]["model_version"] == decided.versions[1]
    records = json.loads(command("audit", "show", "--json").stdout)
    assert (records[-1]["actor"], records[-1]["action"], records[-1]["model_version"]) == ("Ann", "promoted", version)
    assert command("audit", "verify").returncode == 0


def test_a_broken_chain_is_found_and_nothing_goes_on_with_it(decided: DecidedBook) -> None:
    file, command = decided.folders.layout.audit_log(), decided.folders.verb
    sound = command("audit", "verify", "--json")
    assert (sound.returncode, json.loads(sound.stdout)["faults"]) == (0, [])
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:4], *lines[5:]]))
    broken = command("audit", "verify")
    assert broken.returncode == 1
    assert "line 5: it does not follow the record before it" in broken.stdout
    for verb in (("models",), ("promote", *MOVE, "--version", decided.versions[2], "--to", "in-force")):
        refused = command(*verb)
        assert refused.returncode == 1
        assert "cannot be trusted: line 5" in refused.stderr


def test_verify_names_versions_that_are_not_as_they_were_registered(decided: DecidedBook) -> None:
    versions = decided.versions
    folders = [decided.folders.layout.model_version(decided.model, version) for version in versions]
    (folders[0] / "calibrator.json").write_bytes(b"{}")
    folders[1].rename(folders[1].with_name(".away"))
    faults = verdict(decided.book)["faults"]
    assert len(faults) == 2
    assert faults[0].endswith(f"version {versions[1]} of {decided.model} was registered and is not in the model store")
    assert "calibrator.json has changed" in faults[1]


def test_a_damaged_version_keeps_its_row_and_says_what_is_wrong(decided: DecidedBook) -> None:
    version = decided.versions[1]
    (decided.folders.layout.model_version(decided.model, version) / "calibrator.json").write_bytes(b"{}")
    row = next(row for row in version_rows(decided.book, [decided.model]) if row["model_version"] == version)
    assert (row["role"], row["in_force_since"], row["oot_roc_auc"]) == ("in force", "2024-05", None)
    assert "calibrator.json has changed" in str(row["problem"])


def test_who_was_in_production_is_answered_as_of_now_and_as_it_was_answered_before(decided: DecidedBook) -> None:
    first, second, _ = decided.versions
    details = {"as_of": "2024-01-01", "scored_until": "2024-08-01"}
    month = FIRST_TRAINING.replace(month=6)
    AuditLog(decided.folders.layout).append(
        Entry("rolled_back", decided.model, first, "Bob", ("It drifts.",), month, details=details)
    )
    (row,) = in_production_on(decided.book, [decided.model], month.replace(day=17))
    assert row["answer"] is not None
    assert (row["answer"]["model_version"], row["answer"]["provenance"]) == (first, "rollback")
    earlier = [(answer["model_version"], answer["in_force_since"]) for answer in row["earlier_answers"]]
    assert earlier == [(first, "2024-02"), (second, "2024-05")]
    (row,) = in_production_on(decided.book, [decided.model], month.replace(month=4))
    assert row["answer"] is not None
    assert (row["answer"]["in_force_since"], row["answer"]["in_force_until"]) == ("2024-02", "2024-04")
    (row,) = in_production_on(decided.book, [decided.model], FIRST_TRAINING.replace(year=2023, month=7))
    assert row["answer"] is not None
    assert (row["answer"]["model_version"], row["answer"]["provenance"]) == (first, "backfill")


def test_where_nothing_was_decided_nothing_was_in_production(finished_book: BookFolders, tmp_path: Path) -> None:
    empty = Book.of(BookFolders(tmp_path, finished_book.raw_dir, finished_book.policy_dir).settings())
    answers = in_production_on(empty, MODELS, FIRST_TRAINING)
    assert [row["answer"] for row in answers] == [None, None]
    assert on_day_table(answers).row_count == len(MODELS)
    assert version_rows(empty, MODELS) == []
    assert verdict(empty) == {"records": 0, "versions": 0, "faults": []}


def test_without_auto_promotion_nothing_is_scored_until_a_person_promotes(book_copy: BookFolders) -> None:
    root = book_copy.data_dir.parent
    (root / "policy").mkdir()
    # One month before the first training is enough to be scored after it.
    text = (book_copy.policy_dir / "model_config.yaml").read_text().replace("backfill_months: 7", "backfill_months: 1")
    text += "promotion: {auto_promote: false}\n"
    (root / "policy" / "model_config.yaml").write_text(text)
    shutil.copy(book_copy.policy_dir / "monitoring_thresholds.yaml", root / "policy")
    folders = BookFolders(book_copy.data_dir, book_copy.raw_dir, root / "policy")
    folders.forget_decisions()
    for folder in ("models", "prediction"):
        (folders.data_dir / folder).rename(root / folder)
    trained = folders.verb("backfill", "--from", "2024-01", "--to", "2024-02")
    assert trained.returncode == 0, trained
    assert "No month is scored yet: promotion.auto_promote is off" in trained.stdout
    assert not (folders.data_dir / "prediction").exists()
    book = Book.of(folders.settings())
    waiting = version_rows(book, MODELS)
    assert {row["model"] for row in waiting} == set(MODELS)
    assert {row["role"] for row in waiting} <= {"candidate"}
    with pytest.raises(NoVersionInForceError, match="A person decides which version goes in"):
        version_in_force(PromotionLog(folders.layout).records(), MODELS[0], FIRST_TRAINING)
    for row in waiting:
        promote(
            book,
            Console(file=StringIO()),
            model=row["model"],
            version=row["model_version"],
            to="in force",
            person=Person("Ann", ("The first.",)),
            effective_month=None,
            despite_failed_gates=True,
        )
    # Trained again and left as the person decided, then scored.
    scored = folders.verb("backfill", "--from", "2024-01", "--to", "2024-02")
    assert scored.returncode == 0, scored
    assert len(PromotionLog(folders.layout).records()) == 2 * len(MODELS)
    for model in MODELS:
        months = folders.lake.months(f"prediction/{model}")
        rows = folders.lake.scan(f"prediction/{model}", months).select("snapshot_month", "provenance").unique()
        provenance = dict(rows.collect().iter_rows())
        assert (provenance[date(2024, 1, 1)], provenance[date(2024, 2, 1)]) == ("backfill", "live")
