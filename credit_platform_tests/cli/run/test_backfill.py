"""Which runs a backfill asks for, in which order, and what it does around months that fail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from credit_platform.automation.jobs import WHY
from credit_platform.cli.book import Book
from credit_platform.cli.run.backfill import Backfill
from credit_platform.cli.run.runs import RunOutcome
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import Settings
from credit_platform_tests.graph_snapshot import snapshot_settings
from credit_platform_tests.small_book import BookFolders, without_month

FIRST, LAST = date(2023, 1, 1), date(2024, 12, 1)


@dataclass
class ScriptedRunner:
    """Stands in for Dagster: fails runs that touch a bad month, and may know which one it was."""

    bad: Collection[date] = ()
    names_months: bool = True
    bad_job: str = "build_month"
    console: Console = field(default_factory=lambda: Console(file=StringIO()))
    asked: list[tuple[str, str]] = field(default_factory=list)

    def run(
        self,
        job: str,
        first: date,
        last: date,
        *,
        assets: Iterable[str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> RunOutcome:
        # Every run says why it exists; no action of these books asks for a training.
        assert set(tags or {}) == {WHY}
        touched = [month for month in self.bad if first <= month <= last] if job == self.bad_job else []
        named = tuple(touched) if self.names_months else ()
        outcome = RunOutcome(job, "run", first, last, not touched, ("bad rows",) if touched else (), named)
        self.asked.append((f"{job}{sorted(assets)}" if assets else job, outcome.span))
        return outcome


def backfill(settings: Settings, runner: ScriptedRunner) -> Backfill:
    return Backfill(Book.of(settings), runner)  # pyrefly: ignore[bad-argument-type]


def book(folder: Path, policy: str = "", last: date = LAST) -> Settings:
    (folder / "model_config.yaml").write_text(policy)
    changes = {"policy": LOANS.load_policy(folder), "last_month": last}
    return snapshot_settings(folder).model_copy(update=changes)


def test_a_book_of_two_years_is_one_build_one_training_and_two_ranges(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    backfill(book(tmp_path), runner).everything(FIRST, LAST)
    assert runner.asked == [
        ("build_month", "2023-01..2024-12"),
        ("train_models", "2024-12"),
        ("score_month", "2024-04..2024-12"),
        ("monitor_month", "2024-10..2024-12"),
    ]


def test_months_after_the_first_training_are_walked_one_by_one(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    backfill(book(tmp_path, last=date(2025, 3, 1)), runner).everything(FIRST, date(2025, 3, 1))
    trained = "train_models['model/gradient_boosting', 'model/scorecard']"
    assert runner.asked[4:] == [
        ("score_month", "2025-01"),
        ("monitor_month", "2025-01"),
        ("score_month", "2025-02"),
        ("monitor_month", "2025-02"),
        ("score_month", "2025-03"),
        ("monitor_month", "2025-03"),
        (trained, "2025-03"),
    ]


def test_no_month_is_monitored_before_the_first_outcome(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    settings = book(tmp_path, "scoring: {backfill_months: 4}", last=date(2025, 2, 1))
    backfill(settings, runner).everything(FIRST, date(2025, 2, 1))
    assert [span for job, span in runner.asked if job == "monitor_month"] == ["2025-02"]


def test_before_the_first_training_only_tables_are_built(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    backfill(book(tmp_path), runner).everything(FIRST, date(2024, 11, 1))
    assert runner.asked == [("build_month", "2023-01..2024-11")]


def test_a_later_range_takes_in_the_months_before_it_that_were_never_built(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    backfill(book(tmp_path), runner).build(date(2023, 6, 1), date(2023, 8, 1))
    assert runner.asked == [("build_month", "2023-01..2023-08")]


def test_months_that_were_given_up_are_not_built_beside_later_ones(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    undertaking = backfill(book(tmp_path), runner)
    undertaking.given_up = month_range(FIRST, date(2023, 5, 1))
    undertaking.build(date(2023, 6, 1), date(2023, 8, 1))
    assert runner.asked == [("build_month", "2023-06..2023-08")]


def test_months_around_named_bad_ones_are_run_at_once_and_the_bad_ones_remembered(tmp_path: Path) -> None:
    runner = ScriptedRunner(bad=(date(2023, 4, 1), date(2023, 9, 1)))
    undertaking = backfill(book(tmp_path), runner)
    undertaking.build(FIRST, date(2023, 12, 1))
    assert [span for _, span in runner.asked] == [
        "2023-01..2023-12",
        "2023-01..2023-03",
        "2023-04",
        "2023-05..2023-08",
        "2023-09",
        "2023-10..2023-12",
    ]
    assert undertaking.failed == {
        ("build_month", date(2023, 4, 1)): "bad rows",
        ("build_month", date(2023, 9, 1)): "bad rows",
    }


def test_neighbouring_bad_months_are_not_run_together(tmp_path: Path) -> None:
    runner = ScriptedRunner(bad=(date(2023, 1, 1), date(2023, 2, 1)))
    backfill(book(tmp_path), runner).build(FIRST, date(2023, 4, 1))
    assert [span for _, span in runner.asked[1:]] == ["2023-01", "2023-02", "2023-03..2023-04"]


@pytest.mark.parametrize("bad", month_range(FIRST, date(2023, 7, 1)))
def test_an_unnamed_bad_month_is_found_by_halving(tmp_path: Path, bad: date) -> None:
    runner = ScriptedRunner(bad=(bad,), names_months=False)
    undertaking = backfill(book(tmp_path), runner)
    undertaking.build(FIRST, date(2023, 7, 1))
    assert list(undertaking.failed) == [("build_month", bad)]
    assert len(runner.asked) <= 7


def test_without_a_first_version_nothing_is_scored(tmp_path: Path) -> None:
    runner = ScriptedRunner(bad=(date(2024, 12, 1),), bad_job="train_models")
    undertaking = backfill(book(tmp_path), runner)
    undertaking.everything(FIRST, LAST)
    assert runner.asked[-1] == ("train_models", "2024-12")
    assert list(undertaking.failed) == [("train_models", date(2024, 12, 1))]


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("build_month", "2023-01..2024-12"),
        ("score_month", "2024-04..2024-12"),
        ("monitor_month", "2024-10..2024-12"),
        ("train_models", "2024-12"),
    ],
)
def test_one_job_runs_the_months_it_can_have(tmp_path: Path, job: str, expected: str) -> None:
    runner = ScriptedRunner()
    backfill(book(tmp_path), runner).one_job(job, FIRST, LAST)
    assert runner.asked == [(job, expected)]


def test_a_job_asked_for_too_early_says_when_it_begins(tmp_path: Path) -> None:
    undertaking = backfill(book(tmp_path), ScriptedRunner())
    undertaking.one_job("score_month", FIRST, date(2023, 12, 1))
    assert undertaking.failed == {
        ("score_month", date(2023, 12, 1)): "score_month begins with 2024-04; see `credit-platform timeline`"
    }


def test_a_month_missing_in_a_required_source_is_named_and_the_other_months_are_finished(
    small_book: BookFolders, tmp_path: Path
) -> None:
    planted = date(2023, 3, 1)
    book = small_book.copy_raw_to(tmp_path)
    without_month(book.raw_dir / "features_attributes.csv", planted)
    ended = book.verb("backfill", "--from", "2023-01", "--to", "2023-05-01")
    assert ended.returncode == 1, ended
    missing = ended.stdout.partition("Missing")[2]
    (line,) = [line for line in missing.splitlines() if "build_month" in line]
    assert "2023-03" in line
    assert "features_attributes" in line
    assert "Traceback" not in ended.stderr
    others = [month for month in month_range(FIRST, date(2023, 5, 1)) if month != planted]
    assert book.lake.months("silver/customer_attributes") == others
    assert book.lake.months("gold/feature_store") == others
    assert book.lake.months("monitoring/row_balance") == others
    # Loans and their labels do not depend on the attributes.
    assert book.lake.months("gold/label_store") == month_range(FIRST, date(2023, 5, 1))


def test_where_people_promote_months_are_trained_when_due_and_not_scored_before_a_person_decided(
    tmp_path: Path,
) -> None:
    runner = ScriptedRunner()
    settings = book(tmp_path, "promotion: {auto_promote: false}", last=date(2025, 3, 1))
    backfill(settings, runner).everything(FIRST, date(2025, 3, 1))
    assert [job.partition("[")[0] for job, _ in runner.asked] == ["build_month", "train_models", "train_models"]
    assert [span for _, span in runner.asked[1:]] == ["2024-12", "2025-03"]
    said = runner.console.file.getvalue()  # pyrefly: ignore[missing-attribute]
    assert said.count("No month is scored yet: promotion.auto_promote is off") == 1


def test_versions_that_wait_for_a_person_are_not_trained_again_with_every_later_month(tmp_path: Path) -> None:
    runner = ScriptedRunner()
    settings = book(tmp_path, "promotion: {auto_promote: false}", last=date(2025, 4, 1))
    undertaking = backfill(settings, runner)
    log = PromotionLog(undertaking.book.lake.layout)
    for model in settings.policy.model.models:
        version, begins, reasons = "2024-12-01-abc", date(2025, 1, 1), ("A person decides.",)
        log.append(PromotionRecord(model, version, LAST, begins, promoted=False, actor="policy", reasons=reasons))
    undertaking.everything(date(2025, 4, 1), date(2025, 4, 1))
    assert [job for job, _ in runner.asked] == ["build_month"]
