"""`continuous` walks on month by month; the walk ends where a backfill of the same months ends."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from credit_platform.cli.book import Book
from credit_platform.cli.run import continuous
from credit_platform.cli.run.backfill import Backfill
from credit_platform.cli.run.continuous import (
    WalkedMonth,
    advice_lines,
    closing_lines,
    months_to_walk,
    run_continuous,
    told_of,
    train_where_nobody_has,
    walk_table,
)
from credit_platform.cli.run.training import newest_built
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.months import add_months, month_key, month_range
from credit_platform_tests.small_book import (
    FIRST,
    FIRST_SCORING,
    FIRST_TRAINING,
    LAST,
    MODEL_CONFIG,
    MODELS,
    PREVIEW_ALLOWED,
    BookFolders,
    table_bytes,
    without_month,
)

pytestmark = PREVIEW_ALLOWED


def without(book: BookFolders, *months: date, keeping: tuple[str, ...] = ()) -> BookFolders:
    """Take months out of every table, as if they had not been run yet; `keeping` names layers that were finished."""
    for month in months:
        for file in book.data_dir.rglob(f"{month_key(month)}.parquet"):
            if file.relative_to(book.data_dir).parts[0] not in keeping:
                file.unlink()
    return book


def refused(book: BookFolders, root: Path, month: date) -> BookFolders:
    """A book in whose raw files the attributes of a month are missing for good."""
    shutil.copytree(book.raw_dir, root / "raw")
    without_month(root / "raw" / "features_attributes.csv", month)
    return replace(book, raw_dir=root / "raw")


def continued(book: BookFolders, *, n_months: int | None = None) -> tuple[int, list[str], str]:
    """Exit code, months walked, and what was printed."""
    told = StringIO()
    code = run_continuous(Book.of(book.settings()), Console(file=told, width=300), n_months=n_months)
    text = told.getvalue()
    lines = [line.split("│")[1].strip() for line in text.partition("Month by month")[2].splitlines() if "│" in line]
    return code, sorted({month for month in lines if month}), text


@pytest.mark.slow
@pytest.mark.parametrize("keeping", [(), ("bronze", "silver", "quarantine", "gold")])
def test_a_walk_over_a_month_that_is_not_finished_gives_what_was_there(
    finished_book: BookFolders, book_copy: BookFolders, keeping: tuple[str, ...]
) -> None:
    book = Book.of(without(book_copy, LAST, keeping=keeping).settings())
    assert months_to_walk(book, None) == [LAST]
    walked = book_copy.verb("continuous", "--json")
    assert walked.returncode == 0, walked
    (month,) = json.loads(walked.stdout)
    assert (month["month"], month["failures"]) == ("2024-08", [])
    assert [one["model"] for one in month["models"]] == list(MODELS)
    for one in month["models"]:
        assert one["loans"] > 0
        assert one["in_force"]
        assert one["action"] in {"monitor", "active_monitoring", "retrain"}
    # What any run of these months gives, the walk gives too, to the byte.
    tables = ["gold/feature_store", "gold/label_store", *(f"prediction/{model}" for model in MODELS)]
    for table in [*tables, *(f"monitoring/{model}/performance" for model in MODELS)]:
        assert table_bytes(book_copy, table, LAST) == table_bytes(finished_book, table, LAST), table
    assert months_to_walk(book, None) == []


@pytest.mark.slow
def test_a_month_that_fails_is_told_with_its_reason_and_not_held_against_the_next(
    book_copy: BookFolders, tmp_path: Path
) -> None:
    before = add_months(LAST, -1)
    folders = refused(without(book_copy, before, LAST), tmp_path, before)
    walked = folders.verb("continuous", "--json")
    assert walked.returncode == 1, walked
    failed, finished = json.loads(walked.stdout)
    assert (failed["month"], finished["month"]) == ("2024-07", "2024-08")
    assert "features_attributes" in failed["failures"][0]
    assert not any("build_month" in failure for failure in finished["failures"])
    assert not folders.lake.has("gold/feature_store", before)
    assert folders.lake.has(f"prediction/{MODELS[0]}", LAST)


def test_a_month_that_stays_refused_is_tried_again_and_told_each_time(book_copy: BookFolders, tmp_path: Path) -> None:
    early = add_months(FIRST, 1)
    folders = refused(without(book_copy, early), tmp_path, early)
    code, months, text = continued(folders, n_months=1)
    assert (code, months) == (1, ["2023-02"]), "the finished months after it are left alone"
    assert "features_attributes" in text
    assert months_to_walk(Book.of(folders.settings()), None) == [early]


@pytest.mark.slow
def test_once_a_month_that_failed_succeeds_those_after_it_are_walked_again(book_copy: BookFolders) -> None:
    before = add_months(LAST, -1)
    folders = without(book_copy, before, keeping=("bronze", "silver", "quarantine", "gold"))
    code, months, text = continued(folders)
    assert (code, months) == (0, ["2024-07", "2024-08"]), text
    assert months_to_walk(Book.of(folders.settings()), None) == []


def test_with_nothing_to_walk_it_says_how_the_book_goes_on(finished_book: BookFolders) -> None:
    until = add_months(LAST, -1)
    for last, advice in {
        LAST: "Deliver the next month, run credit-platform init --last-month 2024-09 (or --open-ended)",
        until: "The loan file holds later ones, but the book ends with 2024-07. To take them in, run credit-platform "
        "init --last-month 2024-08 (or --open-ended)",
        None: "Deliver the next one and run this again.",
    }.items():
        told = StringIO()
        book = Book.of(finished_book.settings(last))
        assert run_continuous(book, Console(file=told, width=300), n_months=None) == 0
        assert "Nothing to walk: every delivered month is finished." in told.getvalue()
        assert advice in told.getvalue()


def test_a_program_is_told_of_nothing_to_walk_by_an_empty_list(
    finished_book: BookFolders, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_continuous(Book.of(finished_book.settings()), Console(), n_months=None, is_json=True) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_month_scored_by_a_version_that_was_promoted_later_names_it(finished_book: BookFolders) -> None:
    book = Book.of(finished_book.settings())
    for month in (FIRST_SCORING, FIRST_TRAINING):
        walked = told_of(book, month, Backfill(book, runner=SimpleNamespace()))  # type: ignore[arg-type]
        for one in walked.models:
            scored = book.lake.scan(f"prediction/{one.model}", [month]).collect()
            assert one.in_force == scored["model_version"][0]
    walked = told_of(book, FIRST, Backfill(book, runner=SimpleNamespace()))  # type: ignore[arg-type]
    assert [one.loans for one in walked.models] == [0, 0]


def test_where_people_promote_and_nobody_has_the_walk_says_so(book_copy: BookFolders, tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "model_config.yaml").write_text(f"{MODEL_CONFIG}promotion: {{auto_promote: false}}\n")
    folders = replace(book_copy, policy_dir=tmp_path / "policy")
    book_copy.forget_decisions()
    for model in MODELS:
        version, reasons = f"{LAST}-0123456789ab", ("A person decides.",)
        record = PromotionRecord(model, version, LAST, LAST, promoted=False, actor="policy", reasons=reasons)
        PromotionLog(book_copy.layout).append(record)
    code, _, text = continued(folders)
    assert code == 0
    assert "promotion.auto_promote is off, and a person puts the first version of each model in force" in text


def test_a_book_nobody_built_is_walked_from_its_first_delivered_month(small_book: BookFolders, tmp_path: Path) -> None:
    book = Book.of(BookFolders(tmp_path / "data", small_book.raw_dir, small_book.policy_dir).settings())
    assert newest_built(book) is None
    assert months_to_walk(book, 2) == [FIRST, add_months(FIRST, 1)]
    assert months_to_walk(book, None) == month_range(FIRST, LAST)


@pytest.mark.parametrize(
    ("last", "is_decided", "is_trained"),
    [(LAST, False, True), (LAST, True, False), (add_months(FIRST_TRAINING, -1), False, False)],
)
def test_only_a_book_nobody_ever_trained_is_trained_first_once_it_is_long_enough(
    last: date, book_copy: BookFolders, monkeypatch: pytest.MonkeyPatch, *, is_decided: bool, is_trained: bool
) -> None:
    trained: list[Book] = []

    def note(book: Book, _: Console) -> int:
        trained.append(book)
        return 1

    monkeypatch.setattr(continuous, "train_first", note)
    if not is_decided:
        book_copy.forget_decisions()
    code = train_where_nobody_has(Book.of(book_copy.settings(last)), Console())
    assert (len(trained), code) == (is_trained, is_trained)


@pytest.mark.parametrize(
    ("to", "tried"),
    [
        ({"to": "2024-01-01-ab12"}, f"drill rollback --model {MODELS[0]} --to 2024-01-01-ab12."),
        ({"to": None}, f"drill rollback --model {MODELS[0]}."),
        ({}, f"drill rollback --model {MODELS[0]}."),
    ],
)
def test_rollback_advice_comes_from_the_month_s_report_and_is_told(
    book_copy: BookFolders, to: dict[str, str | None], tried: str
) -> None:
    book = Book.of(book_copy.settings())
    report = book.lake.layout.report(f"actions/model_1_action_{LAST:%Y_%m_%d}.json")
    content = json.loads(report.read_text())
    content["rollback"] = {"within": "1 day", "why": "roc_auc lost 12.0%"} | to
    report.write_text(json.dumps(content))
    walked = told_of(book, LAST, Backfill(book, runner=SimpleNamespace()))  # type: ignore[arg-type]
    assert [one.rollback for one in walked.models] == ["1 day: roc_auc lost 12.0%", ""]
    (line,) = advice_lines([walked])
    assert line.startswith(f"2024-08, {MODELS[0]}: a rollback is advised (1 day: roc_auc lost 12.0%)")
    assert line.endswith(tried)


def test_the_end_of_a_walk_says_what_is_left_to_do(finished_book: BookFolders) -> None:
    book = Book.of(finished_book.settings())
    finished = told_of(book, LAST, Backfill(book, runner=SimpleNamespace()))  # type: ignore[arg-type]
    failed = WalkedMonth("2024-09", (), ("build_month 2024-09: no rows",))
    assert closing_lines([finished], 0) == []
    assert closing_lines([finished, failed], 1) == [
        "1 alert is open: credit-platform alerts tells what and why.",
        "1 of 2 months could not be finished: 2024-09. Mend what is said above and run this again.",
    ]
    told = StringIO()
    Console(file=told, width=120).print(walk_table([finished], "loans"))
    for one in finished.models:
        line = next(line for line in told.getvalue().splitlines() if one.in_force in line)
        assert "2024-08" in line, "a line per model and month, not folded at the usual width"
        assert f"{one.action} ({one.state})" in line
