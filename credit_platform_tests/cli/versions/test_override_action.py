"""A person's decision in place of the rules', from the command line to the training it asks for."""

from __future__ import annotations

import json
from datetime import date

import dagster as dg
import pytest

from credit_platform.assets.models.training import is_triggered
from credit_platform.cli.instance import open_instance
from credit_platform.code_location import build_definitions
from credit_platform.lake.governance.action_overrides import OverrideLog
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import FIRST_TRAINING, LAST, MODELS, PREVIEW_ALLOWED, BookFolders, table_bytes

pytestmark = PREVIEW_ALLOWED

MODEL = MODELS[0]
TABLE = f"monitoring/{MODEL}/action"
MONTH = date(2024, 5, 1)


def override(
    book: BookFolders, to: str, *, model: str = MODEL, month: str = "2024-05", **words: str
) -> tuple[int, str]:
    """Exit code and everything that was said."""
    said = {"reason": "a campaign, not the model", "approver": "Ana Lim"} | words
    done = book.verb(
        "override-action", "--model", model, "--month", month, "--to", to,
        "--reason", said["reason"], "--approver", said["approver"],
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def action(book: BookFolders, month: date = MONTH) -> dict[str, object]:
    return book.lake.scan(TABLE, [month]).collect().row(0, named=True)


def training_requests(book: BookFolders, cursor: str | None = None) -> tuple[list[str | None], str | None]:
    repository = build_definitions(LOANS, book.settings()).get_repository_def()
    sensor = repository.get_sensor_def("retrain_on_action")
    with (
        open_instance(book.settings()) as instance,
        dg.build_sensor_context(instance=instance, cursor=cursor, repository_def=repository) as context,
    ):
        data = sensor.evaluate_tick(context)
    return [request.run_key for request in data.run_requests or []], data.cursor


def test_an_override_is_logged_obeyed_and_taken_back(book_copy: BookFolders) -> None:
    before = action(book_copy)
    assert before["action"] != "retrain"
    later = table_bytes(book_copy, TABLE, LAST)
    code, said = override(book_copy, "retrain", model="model_1")
    assert code == 0, said
    assert "overridden: Ana Lim decided retrain" in said

    overridden = action(book_copy)
    assert (overridden["action"], overridden["state"]) == ("retrain", "retrain_required")
    assert overridden["rule_action"] == before["action"]
    assert overridden["actionable"]
    reasons = str(overridden["reasons"]).split("\n")
    assert reasons[0] == f"overridden: Ana Lim decided retrain, the rules {before['action']}: a campaign, not the model"
    assert reasons[1:] == str(before["reasons"]).split("\n")
    report = json.loads(book_copy.layout.report("actions/model_1_action_2024_05_01.json").read_text())
    assert report["override"] == {"action": "retrain", "approver": "Ana Lim", "reason": "a campaign, not the model"}
    assert "Overridden:  by Ana Lim" in book_copy.layout.report("actions/model_1_action_2024_05_01.txt").read_text()
    assert "overridden: Ana Lim" in book_copy.layout.report("actions/history.csv").read_text()

    # The training it asks for is asked for once.
    assert is_triggered(book_copy.lake, MODEL, MONTH)
    asked, cursor = training_requests(book_copy)
    assert asked == [f"retrain:{MODEL}:2024-05-01:{before['model_version']}"]
    assert override(book_copy, "retrain")[0] == 0
    again, cursor = training_requests(book_copy, cursor)
    assert set(again) <= set(asked)
    assert len(OverrideLog(book_copy.layout).records()) == 1

    # Taken back, it asks for none, and no later month is other than it was.
    assert override(book_copy, "monitor", reason="mended")[0] == 0
    assert action(book_copy)["action"] == "monitor"
    assert not is_triggered(book_copy.lake, MODEL, MONTH)
    assert training_requests(book_copy, cursor)[0] == []
    assert [entry.actor for entry in (r.entry for r in AuditLog(book_copy.layout).records()[-2:])] == ["Ana Lim"] * 2
    assert table_bytes(book_copy, TABLE, LAST) == later


@pytest.mark.parametrize(
    ("wrong", "code", "fix"),
    [
        ({"model": "model_3"}, 2, "Choose one of"),
        ({"month": "2023-01"}, 2, "are decided from 2023-12 to 2024-08"),
        ({"month": "May"}, 2, "--month"),
        ({"to": "panic"}, 2, "Choose one of monitor, active_monitoring, retrain"),
        ({"reason": "  "}, 2, "Say who decided, and why"),
        ({"approver": ""}, 2, "Say who decided, and why"),
    ],
)
def test_a_wrong_override_is_refused_with_the_fix_and_not_logged(
    finished_book: BookFolders, wrong: dict[str, str], code: int, fix: str
) -> None:
    records = AuditLog(finished_book.layout).records()
    found, said = override(finished_book, **({"to": "retrain"} | wrong))
    assert (found, fix in said) == (code, True), said
    assert AuditLog(finished_book.layout).records() == records


def test_a_month_nobody_has_decided_about_yet_cannot_be_overridden(book_copy: BookFolders) -> None:
    book_copy.layout.month_file(TABLE, FIRST_TRAINING).unlink()
    code, said = override(book_copy, "retrain", month="2024-01")
    assert (code, "has no file for 2024-01" in said) == (1, True), said
    assert OverrideLog(book_copy.layout).records() == []
