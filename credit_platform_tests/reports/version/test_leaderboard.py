from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from credit_platform.months import add_months
from credit_platform.reports.version.facts import VersionFacts, measured
from credit_platform.reports.version.leaderboard import leaderboard, leaderboard_page
from credit_platform_tests.reports import html_text
from credit_platform_tests.reports.shown_loans import SHOWN_LOANS
from credit_platform_tests.reports.version_rows import evaluation, facts, metadata, nothing_known

FIRST = date(2024, 12, 1)


def _version(model: str, place: int, role: str, begins: date | None, until: date | None) -> VersionFacts:
    as_of, tables = add_months(FIRST, 3 * place), evaluation()
    return replace(
        facts(),
        model=model,
        model_version=f"{as_of}-{place}{place}aabbccddee",
        as_of=as_of,
        role=role,
        promoted=begins is not None,
        in_force_from=begins,
        in_force_until=until,
        evaluation=replace(
            tables, metrics=tables.metrics.with_columns(pl.col("value", "ci_low", "ci_high") - 0.01 * place)
        ),
    )


@pytest.fixture(scope="module")
def versions() -> list[VersionFacts]:
    boosting, scorecard = "gradient_boosting", "scorecard"
    return [
        _version(boosting, 0, "retired", date(2025, 1, 1), date(2025, 6, 1)),
        _version(boosting, 1, "candidate", None, None),
        _version(boosting, 2, "in force", date(2025, 7, 1), None),
        _version(scorecard, 0, "in force", date(2025, 1, 1), None),
        _version(scorecard, 1, "candidate", None, None),
    ]


@pytest.fixture(scope="module")
def table(versions: list[VersionFacts]) -> pl.DataFrame:
    return leaderboard((one, f"models/{one.model}/{one.model_version}.html") for one in versions)


@pytest.fixture(scope="module")
def page(table: pl.DataFrame) -> str:
    return leaderboard_page(table, book=SHOWN_LOANS)


def test_the_newest_version_comes_first(table: pl.DataFrame) -> None:
    assert table["as_of"].to_list() == sorted(table["as_of"].to_list(), reverse=True)
    assert table.height == 5


def test_every_version_is_tabled_with_role_intervals_and_months_in_force(
    page: str, versions: list[VersionFacts]
) -> None:
    shown = {row[1]: row for row in html_text.rows(html_text.section(page, "Versions")) if row[0].startswith("Grad")}
    retired = versions[0]
    oot = measured(retired.evaluation.metrics, "oot", "roc_auc")
    row = shown[retired.model_version]
    assert row[2:4] == ["2024-12", "Retired"]
    assert row[5] == f"{oot.value:.4f}\n{oot.low:.4f} to {oot.high:.4f}"
    assert row[6:] == ["5 of 5 gates passed", "unknown", "2025-01\nto 2025-06"]
    assert shown[versions[1].model_version][8:] == ["never"]
    assert shown[versions[2].model_version][8:] == ["since 2025-07"]


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        (("passed", "unknown"), "there for all alike"),
        (("failed", "passed"), "selected by customer: clicks"),
        (("unknown", "unknown"), "cannot be told"),
    ],
)
def test_table_and_card_say_whether_sources_are_there_for_all_alike(
    versions: list[VersionFacts], statuses: tuple[str, str], told: str
) -> None:
    judged = {
        source: {"status": status, "reason": "0 of 9 rows."}
        for source, status in zip(("clicks", "bureau"), statuses, strict=True)
    }
    page = leaderboard_page(
        leaderboard([(replace(versions[2], metadata=metadata(availability=judged)), None)]), book=SHOWN_LOANS
    )
    assert html_text.rows(html_text.section(page, "Versions"))[0][7] == told
    assert f"<dt>Sources</dt><dd>{told}</dd>" in page


def test_a_versions_name_leads_to_its_page(page: str, versions: list[VersionFacts]) -> None:
    for one in versions:
        link = f"<a href='models/{one.model}/{one.model_version}.html'>{one.model_version}</a>"
        assert page.count(link) == 1


def test_the_cards_name_the_version_in_force(page: str, versions: list[VersionFacts]) -> None:
    cards = html_text.shown(page).split("<article")[1:]
    assert f"Version {versions[2].model_version} is in force" in cards[0]
    assert "3 versions stored" in cards[0]
    assert f"Version {versions[3].model_version} is in force" in cards[1]


def test_the_chart_marks_the_version_in_force_among_all_points(page: str, versions: list[VersionFacts]) -> None:
    data = html_text.figures(page)["versions"]["data"]
    assert isinstance(data, list)
    stars = [trace for trace in data if trace["name"] == "in force"]
    in_force = [versions[2], versions[3]]
    assert [star["y"] for star in stars] == [
        [measured(one.evaluation.metrics, "oot", "roc_auc").value] for one in in_force
    ]
    n_points = sum(len(trace["y"]) for trace in data if trace["mode"] == "markers")
    assert n_points == len(versions)


def test_what_is_not_known_is_written_as_unknown() -> None:
    page = leaderboard_page(leaderboard([(nothing_known(), None)]), book=SHOWN_LOANS)
    (row,) = html_text.rows(html_text.section(page, "Versions"))
    assert row[3:7] == ["unknown", "unknown", "unknown", "Gates unknown"]
    assert "No version is in force" in page
    assert "no version has a known out-of-time ROC-AUC" in page


def test_a_leaderboard_without_versions_says_so() -> None:
    page = leaderboard_page(leaderboard([]), book=SHOWN_LOANS)
    assert "No version has been stored yet." in page
    assert "<script" not in page


def test_the_same_rows_give_the_same_bytes(page: str, table: pl.DataFrame) -> None:
    assert leaderboard_page(table, book=SHOWN_LOANS).encode() == page.encode()
