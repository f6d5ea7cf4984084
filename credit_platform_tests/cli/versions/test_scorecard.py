"""`scorecard fit --draft` on a finished book: the page of a fit as training would make it, and nothing else written."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from credit_platform.assets.models.draft import draft_as_of
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.months import add_months
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.windows import windows_for
from credit_platform_tests.small_book import FIRST_TRAINING, MODEL_CONFIG, BookFolders

DRAFT = ("scorecard", "fit", "--month", f"{FIRST_TRAINING:%Y-%m}", "--draft")
BY_HAND = """
models:
  scorecard:
    characteristics:
      outstanding_debt_amount: {cut_points: [500, 1000], special_values: {"<u>no debt</u>": [0]}}
      credit_mix: {use: exclude}
"""


def policy_folder(folder: Path, *more: str) -> Path:
    folder.mkdir()
    (folder / "model_config.yaml").write_text(MODEL_CONFIG + "".join(more), encoding="utf-8")
    return folder


def hashes(book: BookFolders) -> dict[str, str]:
    files = sorted(file for file in book.data_dir.rglob("*") if file.is_file())
    return {str(file.relative_to(book.data_dir)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def drafted(book: BookFolders, folder: Path, *more: str) -> dict[str, Any]:
    done = book.verb(*DRAFT, *more, "--out", str(folder / "page.html"), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_draft_writes_its_page_and_nothing_else(book_copy: BookFolders) -> None:
    before = hashes(book_copy)
    done = book_copy.verb(*DRAFT)
    assert done.returncode == 0, done.stderr
    assert "Nothing is set by hand." in done.stdout
    assert "No version was stored." in done.stdout
    page = f"reports/scorecard_draft_scorecard_{FIRST_TRAINING:%Y-%m}.html"
    after = hashes(book_copy)
    assert set(after) - set(before) == {page}
    assert {name: after[name] for name in before} == before
    text = (book_copy.data_dir / page).read_text(encoding="utf-8")
    assert book_copy.verb(*DRAFT).returncode == 0
    assert (book_copy.data_dir / page).read_text(encoding="utf-8") == text


def test_with_nothing_by_hand_the_draft_is_the_version_that_training_made(
    finished_book: BookFolders, tmp_path: Path
) -> None:
    found = drafted(finished_book, tmp_path)
    records = PromotionLog(finished_book.layout).records()
    version, _ = version_in_force(records, "scorecard", add_months(FIRST_TRAINING, 1))
    assert version.startswith(f"{FIRST_TRAINING:%Y-%m-%d}")
    (change,) = found["changes"]
    assert change["against"] == f"version {version}, in force"
    assert change["characteristics"] == []
    assert {tuple(one["interval"]) for one in change["rankings"]} == {(0.0, 0.0)}
    assert {(one["now_declined"], one["now_approved"]) for one in change["decisions"]} == {(0, 0)}
    stored = finished_book.lake.versions.read("scorecard", version)
    document = json.loads(stored.files["scorecard.json"])
    points = {one["feature"]: [line["points"] for line in one["attributes"]] for one in document["characteristics"]}
    used = {one["known"]["feature"]: one for one in found["characteristics"] if not one["known"]["dropped"]}
    assert set(used) == set(points)
    for feature, one in used.items():
        shown = [each["points"] for each in one["bins"]]
        assert shown[: len(points[feature])] == points[feature]
    assert stored.metadata.set_by_hand == {}
    assert found["windows"] == windows_for(FIRST_TRAINING, finished_book.settings().policy.model).keys_by_role


def test_outcomes_of_test_and_later_cohorts_are_not_read(book_copy: BookFolders, tmp_path: Path) -> None:
    config = book_copy.settings().policy.model
    windows, lag = windows_for(FIRST_TRAINING, config), config.label.lag_months
    before = drafted(book_copy, tmp_path)
    page = (tmp_path / "page.html").read_bytes()
    for cohort in (*windows.test, *windows.oot):
        book_copy.layout.month_file("gold/label_store", add_months(cohort, lag)).unlink()
    assert drafted(book_copy, tmp_path) == before
    assert (tmp_path / "page.html").read_bytes() == page
    assert before["samples"]["newest"]["n_bad"] is None
    assert before["samples"]["newest"]["cohorts"][0] == str(add_months(windows.oot[-1], 1))


def test_another_policy_is_tried_without_being_put_in_force(finished_book: BookFolders, tmp_path: Path) -> None:
    found = drafted(finished_book, tmp_path, "--policy", str(policy_folder(tmp_path / "tried", BY_HAND)))
    key = "models.scorecard.characteristics"
    assert list(found["set_by_hand"]) == [
        f"{key}.credit_mix.use",
        f"{key}.outstanding_debt_amount.cut_points",
        f"{key}.outstanding_debt_amount.special_values",
    ]
    by_name = {one["known"]["feature"]: one for one in found["characteristics"]}
    assert by_name["credit_mix"]["known"]["dropped"] == "excluded by policy"
    words = [each["words"] for each in by_name["outstanding_debt_amount"]["bins"]]
    assert words[:4] == ["up to 500", "over 500 up to 1,000", "over 1,000", "<u>no debt</u>: 0"]
    (change,) = found["changes"]
    assert change["against"].endswith("in force, which is the same fit without what is set by hand")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "&lt;u&gt;no debt&lt;/u&gt;: 0" in page
    assert "<u>" not in page
    assert any("outstanding_debt_amount" in warning for warning in found["warnings"])


def test_the_version_in_force_and_the_fit_alone_are_two_comparisons_where_they_differ(
    finished_book: BookFolders, tmp_path: Path
) -> None:
    policy = LOANS.load_policy(policy_folder(tmp_path / "tried", BY_HAND))
    draft = draft_as_of(finished_book.lake, "scorecard", date(2024, 2, 1), policy)
    in_force, alone = (change.against for change in draft.changes)
    assert in_force.endswith("in force")
    assert alone == "the same fit without what is set by hand"
    # In force is a version that was trained on the cohorts before.
    assert draft.changes[0].left_out == ()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (DRAFT[:-1], 2, "--draft: versions are stored by credit-platform train alone. Add --draft"),
        ((*DRAFT, "--model", "model_2"), 2, "--model: model_2 has no bins. Name one of scorecard."),
        ((*DRAFT, "--model", "model_9"), 2, "--model: no model 'model_9'"),
        (("scorecard", "fit", "--month", "2023-03", "--draft"), 2, "--month: 2023-03 cannot be trained as of"),
        (("scorecard", "fit", "--month", "soon", "--draft"), 2, "--month"),
        (("scorecard", "fit", "--draft"), 2, "--month"),
    ],
)
def test_wrong_usage_is_explained(finished_book: BookFolders, arguments: tuple[str, ...], code: int, said: str) -> None:
    done = finished_book.verb(*arguments)
    assert done.returncode == code
    assert said in done.stderr


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("label: {mob: 5}", 2, "--policy: label in its model_config is not that of the policy in force"),
        ("models: {scorecard: {characteristics: {no_such: {use: force}}}}", 1, "no_such: is no feature of the book"),
        (
            "models: {scorecard: {characteristics: {n_clickstream_months: {cut_points: [], use: force}}}}",
            1,
            "characteristics.n_clickstream_months.use is force, and",
        ),
    ],
)
def test_a_policy_that_cannot_be_tried_is_refused(
    finished_book: BookFolders, tmp_path: Path, text: str, code: int, said: str
) -> None:
    folder = policy_folder(tmp_path / "tried", "\n", text, "\n")
    done = finished_book.verb(*DRAFT, "--policy", str(folder), "--out", str(tmp_path / "page.html"))
    assert done.returncode == code
    assert said in done.stderr
    assert not (tmp_path / "page.html").exists()
