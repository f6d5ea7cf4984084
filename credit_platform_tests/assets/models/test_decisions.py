"""One decision per case, by the champion of its month, also where the champion changes in the middle of the book."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from credit_platform.assets.models.decisions import undecided_months
from credit_platform.cli.book import Book
from credit_platform.cli.doctor.content import check_decisions
from credit_platform.cli.instance import open_instance
from credit_platform.cli.versions.versions import in_production_on
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import DECISIONS
from credit_platform_tests.small_book import (
    FIRST_SCORING,
    LAST,
    MODELS,
    PREVIEW_ALLOWED,
    BookFolders,
    check_results,
    table_bytes,
)

pytestmark = PREVIEW_ALLOWED
SCORED = month_range(FIRST_SCORING, LAST)
CHANGE = date(2024, 4, 1)


def decided(book: BookFolders) -> pl.DataFrame:
    return book.lake.scan(DECISIONS, SCORED).collect()


def predicted(book: BookFolders) -> dict[str, dict[date, bytes]]:
    return {model: {month: table_bytes(book, f"prediction/{model}", month) for month in SCORED} for model in MODELS}


@pytest.fixture
def changing(book_copy: BookFolders, tmp_path: Path) -> BookFolders:
    """A finished book whose champion changes in the middle."""
    policy = tmp_path / "policy"
    shutil.copytree(book_copy.policy_dir, policy)
    with (policy / "model_config.yaml").open("a") as file:
        file.write("champion_challenger: {champion: {2023-01: model_1, 2024-04: model_2}}\n")
    return replace(book_copy, policy_dir=policy)


def test_every_loan_of_a_month_has_the_champions_row_and_no_other(finished_book: BookFolders) -> None:
    rows, loans = decided(finished_book), finished_book.lake.scan("gold/feature_store", SCORED)
    by = ["snapshot_month", "loan_id"]
    assert rows.select(by).sort(by).equals(loans.select(by).collect().sort(by))
    assert rows.equals(finished_book.lake.scan("prediction/scorecard", SCORED).collect())


def test_a_change_of_champion_in_the_middle_leaves_one_decision_per_loan_and_models_agrees(
    changing: BookFolders,
) -> None:
    before = decided(changing)
    with open_instance(changing.settings()) as instance:
        runner = changing.runner(instance)
        assert runner.run("score_month", CHANGE, LAST, assets=[DECISIONS]).success
        checks = check_results(instance, DECISIONS, "every_scored_case_has_one_decision")
    assert {result for month, result in checks.items() if month} == {("SUCCEEDED", True)}
    rows = decided(changing)
    by = ["snapshot_month", "loan_id"]
    assert rows.select(by).sort(by).equals(before.select(by).sort(by))
    assert rows.filter(pl.col("snapshot_month") < CHANGE).equals(before.filter(pl.col("snapshot_month") < CHANGE))
    book = Book.of(changing.settings())
    for month in SCORED:
        own = rows.filter(pl.col("snapshot_month") == month)
        (deciding,) = [one for one in in_production_on(book, MODELS, month.replace(day=17)) if one["decides"]]
        assert deciding["answer"] is not None
        assert set(own.select("model", "model_version").rows()) == {
            (deciding["model"], deciding["answer"]["model_version"])
        }
        assert deciding["model"] == ("scorecard" if month < CHANGE else "gradient_boosting")


def test_models_are_held_against_the_champion_of_the_month(changing: BookFolders) -> None:
    table, before = "monitoring/champion_challenger", date(2024, 3, 1)
    with open_instance(changing.settings()) as instance:
        runner = changing.runner(instance)
        assert runner.run("monitor_month", before, CHANGE, assets=[table]).success
    rows = changing.lake.scan(table, [before, CHANGE]).select("snapshot_month", "champion", "challenger").unique()
    assert sorted(rows.collect().rows()) == [(before, *MODELS), (CHANGE, *reversed(MODELS))]


def test_who_decides_is_what_is_stored_and_where_nothing_is_what_policy_says(changing: BookFolders) -> None:
    def deciding(month: str) -> list[str]:
        shown = changing.verb("models", "--on", month, "--json")
        return [row["model"] for row in json.loads(shown.stdout) if row["decides"]]

    # Policy was changed for a month that is decided: what was decided stands until the month is made again.
    assert [deciding(month) for month in ("2024-03-31", "2024-04-01", "2025-01-15")] == [
        ["scorecard"], ["scorecard"], ["gradient_boosting"],
    ]  # fmt: skip
    assert deciding("2023-02-01") == []
    assert "decides" in changing.verb("models", "--on", "2024-04-01").stdout


def test_the_doctor_says_where_policy_would_decide_otherwise_and_what_is_not_decided(changing: BookFolders) -> None:
    policy = changing.settings().policy
    found = check_decisions(changing.lake, policy)
    assert (found.level, "2024-04..2024-08" in found.found) == ("warning", True)
    assert "name the champions by month" in found.mend
    assert check_decisions(changing.lake, LOANS.load_policy()).level == "ok"
    changing.layout.month_file(DECISIONS, LAST).unlink()
    found = check_decisions(changing.lake, policy)
    assert (found.level, "2024-08" in found.found, "--missing" in found.mend) == ("warning", True, True)
    shutil.rmtree(changing.layout.table("prediction"))
    shutil.rmtree(changing.layout.table(DECISIONS))
    assert check_decisions(changing.lake, policy).found == "nothing built yet"


@pytest.mark.parametrize("verb", [("backfill", "--missing"), ("continuous",)])
def test_a_folder_of_before_has_its_decisions_made_from_what_is_scored(
    book_copy: BookFolders, verb: tuple[str, ...]
) -> None:
    rows, scores = decided(book_copy), predicted(book_copy)
    shutil.rmtree(book_copy.layout.table(DECISIONS))
    (status,) = [
        table
        for table in json.loads(book_copy.verb("status", "--json").stdout)["tables"]
        if table["table"] == DECISIONS
    ]
    assert len(status["missing"]) == len(SCORED)
    config = book_copy.settings().policy.model
    assert undecided_months(book_copy.lake, config) == SCORED
    done = book_copy.verb(*verb)
    assert done.returncode == 0, done.stdout
    assert "Decisions of 2023-06..2024-08: made from what was scored." in done.stdout
    assert undecided_months(book_copy.lake, config) == []
    assert decided(book_copy).equals(rows)
    assert predicted(book_copy) == scores


def test_a_book_whose_first_champion_comes_late_is_refused_with_file_and_key(changing: BookFolders) -> None:
    file = changing.policy_dir / "model_config.yaml"
    file.write_text(file.read_text().replace("2023-01: model_1", "2023-09: model_1"))
    refused = changing.verb("models")
    assert refused.returncode == 1
    assert "model_config: champion_challenger.champion: names no model for 2023-06" in refused.stderr
