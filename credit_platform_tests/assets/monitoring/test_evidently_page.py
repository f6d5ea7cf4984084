from __future__ import annotations

from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from credit_platform.assets.monitoring.evidently_page import NEWEST_MONTH_TAG, _months_with_page
from credit_platform.cli.run.runs import Runner
from credit_platform.months import add_months, month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.small_book import FIRST_TRAINING, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED

MONTHS = month_range(add_months(FIRST_TRAINING, -1), FIRST_TRAINING)


@pytest.mark.parametrize(
    ("pages", "newest", "drawn"),
    [
        ("latest", None, MONTHS[-1:]),
        ("latest", f"{MONTHS[-1]:%Y-%m-%d}", MONTHS[-1:]),
        ("latest", f"{add_months(MONTHS[-1], 1):%Y-%m-%d}", []),
        ("all", f"{add_months(MONTHS[-1], 1):%Y-%m-%d}", MONTHS),
        ("none", None, []),
    ],
)
def test_policy_and_the_command_say_which_months_get_a_page(pages: str, newest: str | None, drawn: list[date]) -> None:
    assert _months_with_page(MONTHS, newest, pages) == drawn


def run_with_pages(book: BookFolders, policy_dir: Path, instance: dg.DagsterInstance) -> Runner:
    from io import StringIO

    from rich.console import Console

    from credit_platform.code_location import build_definitions

    settings = book.settings().model_copy(update={"policy": LOANS.load_policy(policy_dir)})
    repository = build_definitions(LOANS, settings).get_repository_def()
    tags = {NEWEST_MONTH_TAG: f"{MONTHS[-1]:%Y-%m-%d}"}
    return Runner(repository, LOANS, instance, Console(file=StringIO()), "test", tags)


def test_the_page_of_the_newest_month_is_written_and_told_and_the_others_say_why_not(
    book_copy: BookFolders, tmp_path: Path
) -> None:
    policy_dir = tmp_path / "with_pages"
    policy_dir.mkdir()
    (policy_dir / "model_config.yaml").write_text((book_copy.policy_dir / "model_config.yaml").read_text())
    with dg.DagsterInstance.ephemeral() as instance:
        runner = run_with_pages(book_copy, policy_dir, instance)
        outcome = runner.run("score_month", MONTHS[0], MONTHS[-1], assets=["monitoring/drift_page"])
        assert outcome.success, outcome.problems
        key = dg.AssetKey(["monitoring", "drift_page"])
        events = instance.fetch_materializations(key, limit=10).records
    told = {
        event.partition_key: {name: value.value for name, value in event.asset_materialization.metadata.items()}
        for event in events
        if event.asset_materialization
    }
    newest, before = told[f"{MONTHS[-1]:%Y-%m-%d}"], told[f"{MONTHS[0]:%Y-%m-%d}"]
    page = book_copy.layout.report(f"drift/{MONTHS[-1]:%Y-%m}.html")
    assert newest["page"] == str(page)
    assert "outstanding_debt_amount" in page.read_text()
    compared, drifted = newest["compared_features"], newest["drifted_features"]
    assert isinstance(compared, int)
    assert isinstance(drifted, int)
    assert compared > 30
    assert 0 <= drifted <= compared
    assert str(newest["compared_with"]).startswith("validation cohorts 2023-05 to 2023-05 of scorecard")
    assert before["page"] == "no page: policy evidently.pages is latest"
    assert not book_copy.layout.report(f"drift/{MONTHS[0]:%Y-%m}.html").exists()
