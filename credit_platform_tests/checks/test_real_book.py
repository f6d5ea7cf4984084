"""What the judgements say of a real book, from its raw files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from credit_platform.assets.models.judgement import availability_at
from credit_platform.assets.models.training import train_as_of
from credit_platform.cli.run.runs import Runner
from credit_platform.code_location import build_definitions
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_range
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.scoring.training.windows import windows_for
from credit_platform_tests.checks.evaluating import number, reds
from credit_platform_tests.small_book import PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
FIRST, DARK, LAST = date(2023, 1, 1), date(2024, 7, 1), date(2024, 12, 1)
MONTHS = month_range(FIRST, LAST)


@dataclass(frozen=True)
class BuiltBook:
    """A real book from bronze to data quality, and the history of its one run."""

    lake: Lake
    instance: dg.DagsterInstance

    def results(self, table: str, check: str) -> dict[date, dg.AssetCheckEvaluation]:
        key = dg.AssetCheckKey(dg.AssetKey(table.split("/")), check)
        records = self.instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
        found = [record.event.asset_check_evaluation for record in records if record.event]
        return {date.fromisoformat(each.partition): each for each in found if each and each.partition}


@pytest.fixture(scope="module")
def built(real_book: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltBook]:
    root = tmp_path_factory.mktemp("real_book")
    (root / "policy").mkdir()
    (root / "policy" / "model_config.yaml").write_text("{}")
    book = BookFolders(root / "data", real_book, root / "policy")
    with dg.DagsterInstance.ephemeral() as instance:
        repository = build_definitions(LOANS, book.settings(LAST)).get_repository_def()
        outcome = Runner(repository, LOANS, instance, Console(file=StringIO()), "test").run("build_month", FIRST, LAST)
        assert outcome.success, outcome.problems
        yield BuiltBook(book.lake, instance)


def test_the_clickstream_goes_dark_in_the_month_it_does_and_stays_so(built: BuiltBook) -> None:
    results = built.results("gold/feature_store", "no_source_goes_dark")
    assert sorted(results) == MONTHS
    assert reds(results) == month_range(DARK, LAST)
    for month, result in results.items():
        assert number(result, "covered by clickstream") == (0.0 if month >= DARK else 1.0)
        assert number(result, "covered by financials") == 1.0


def test_one_missed_instalment_counts_in_march_as_well(built: BuiltBook) -> None:
    results = built.results("silver/loan_snapshots", "one_missed_instalment_counts_in_every_month")
    assert sorted(results) == MONTHS
    assert reds(results) == []
    assert number(results[date(2024, 3, 1)], "loans_with_one_missed_instalment") > 100


@pytest.mark.parametrize(
    ("table", "check"),
    [
        ("gold/label_store", "bad_rate_stays_in_its_band"),
        ("gold/label_store", "labels_are_mature"),
        ("monitoring/data_quality", "volume_is_like_earlier_months"),
        ("monitoring/data_quality", "months_are_contiguous"),
        ("monitoring/data_quality", "month_is_built_in_time"),
    ],
)
def test_nothing_else_is_raised(built: BuiltBook, table: str, check: str) -> None:
    results = built.results(table, check)
    assert sorted(results) == MONTHS
    assert reds(results) == []


def test_the_clickstream_is_selected_by_customer_and_no_other_source_is(built: BuiltBook) -> None:
    results = built.results("monitoring/data_quality", "no_source_is_selected_by_customer")
    assert sorted(results) == MONTHS
    assert reds(results) == month_range(DARK, LAST)
    for month in reds(results):
        status = {source.name: results[month].metadata[source.name].value for source in LOANS.sources[1:]}
        unknown = dict.fromkeys(("features_attributes", "features_financials"), "unknown")
        assert status == {"feature_clickstream": "failed", **unknown}


@pytest.mark.parametrize("kind", ["relative", "triggered"])
def test_the_gate_of_a_version_trained_on_the_book_fails_for_the_clickstream(built: BuiltBook, kind: str) -> None:
    windows = windows_for(LAST, LOANS.load_policy().model, triggered=kind == "triggered")
    found = availability_at(built.lake, LAST, windows)
    assert {source for source, one in found.items() if one["status"] == "failed"} == {"feature_clickstream"}
    assert "the loans of 6 later cohorts (2024-07 to 2024-12) have 0 of" in found["feature_clickstream"]["reason"]


def test_a_version_trained_on_the_book_is_judged_without_the_clickstream(built: BuiltBook) -> None:
    policy = LOANS.load_policy()
    outcome = train_as_of(built.lake, "scorecard", LAST, policy)
    metadata = built.lake.versions.read("scorecard", outcome.model_version).metadata
    mix, on_samples = metadata.newest_mix, metadata.roc_auc("oot")
    assert mix is not None
    assert mix.cohorts == tuple(month_range(DARK, LAST))
    assert (mix.present["clickstream"], mix.sample["clickstream"], mix.lost) == (0.0, 1.0, {"clickstream": 1.0})
    assert metadata.judged_auc("oot") == metadata.without["clickstream"][0] != on_samples
    judged = metadata.judged_auc("oot")
    assert judged is not None
    assert judged.value is not None
    assert ("min_oot_roc_auc" in outcome.decision.failed_gates) == (judged.value < policy.model.gates.min_oot_roc_auc)
    # A cohort without the clickstream is compared with what the version does without it, one with it with the other.
    assert metadata.baseline_auc(mix.present) == metadata.judged_auc("oot")
    assert metadata.baseline_auc(mix.sample) == on_samples


def test_empty_features_are_those_of_the_dark_source(built: BuiltBook) -> None:
    results = built.results("gold/feature_store", "features_are_as_complete_as_in_training")
    assert reds(results) == month_range(DARK, LAST)
    assert all(number(results[month], "features_with_more_empty_cells") == 20 for month in reds(results))


def test_the_score_of_the_clickstream_falls_to_zero_when_it_goes_dark(built: BuiltBook) -> None:
    rows = built.lake.scan("monitoring/data_quality", MONTHS).collect()
    dark = rows.filter(source="feature_clickstream", dimension="completeness").filter(value=0.0)
    assert dark["snapshot_month"].sort().to_list() == month_range(DARK, LAST)
    assert rows.filter(dimension="total")["value"].null_count() == 0


def test_the_calendar_of_the_last_month_has_the_samples_of_its_training(built: BuiltBook) -> None:
    calendar = built.lake.scan("gold/cohort_calendar", [LAST]).collect()
    roles = dict(calendar.group_by("sample_role").len().iter_rows())
    assert roles == {"train": 12, "validation": 3, "test": 2, "oot": 1, "post": 6}
    assert calendar.filter(state="mature").height == 18
    assert calendar.filter(state="mature")["attrition"].max() == 0.0
