"""The figure that is judged comes first wherever a version is shown; that with all sources second, with its caveat."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from credit_platform.policy.model_config import ModelGatePolicy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.reports.dashboard.overview import VERSIONS_SCHEMA, Overview
from credit_platform.reports.dashboard.portfolio import portfolio_sections
from credit_platform.reports.documents.document import to_markdown
from credit_platform.reports.documents.model_card import model_card
from credit_platform.reports.documents.validation_checklist import validation_checklist
from credit_platform.reports.version.facts import VersionFacts, measured
from credit_platform.reports.version.leaderboard import leaderboard, leaderboard_page
from credit_platform.reports.version.page import version_page
from credit_platform.reports.version.verdict import discrimination_text
from credit_platform_tests.reports import html_text
from credit_platform_tests.reports.markdown_text import part, rows
from credit_platform_tests.reports.shown_loans import SHOWN_LOANS
from credit_platform_tests.reports.version_rows import evaluation, facts, metadata, sources

DARK, CAVEAT = 0.7512, "which new loans will not show, as the newest cohorts have less of clicks"


def judged(lost: dict[str, float]) -> VersionFacts:
    stored = evaluation().metrics.with_columns(
        pl.when(metric="roc_auc").then(DARK if lost else "value").otherwise("value").alias("value")
    )
    mix = {
        "cohorts": ["2024-07-01", "2024-12-01"],
        "present": {"clicks": 0.25 if lost else 1.0},
        "sample": {"clicks": 1.0},
        "lost": lost,
        "metrics": stored.to_dicts(),
    }
    return facts(metadata=metadata(newest_mix=mix, metrics=evaluation().metrics.to_dicts()))


@pytest.fixture(scope="module")
def dark() -> VersionFacts:
    return judged({"clicks": 0.75})


def whole() -> str:
    return f"{measured(evaluation().metrics, 'oot', 'roc_auc').value:.4f}"


def test_the_verdict_names_both(dark: VersionFacts) -> None:
    told = discrimination_text(dark)
    assert told.startswith(f"Out-of-time ROC-AUC as the newest cohorts have sources {DARK} (")
    assert f"; with all sources {whole()} (" in told
    assert told.endswith(CAVEAT)
    assert told in html_text.shown(version_page(dark))


def test_the_card_has_the_judged_figures_above_those_of_the_samples(dark: VersionFacts) -> None:
    text = part(to_markdown(model_card(dark, sources())), "Metrics with intervals")
    assert text.index("As the newest cohorts have sources, 2024-07 to 2024-12") < text.index(CAVEAT)
    assert "clicks 25.0% (out-of-time 100.0%). Judge by these." in text
    table = rows(text)
    assert table[0][0] == "ROC-AUC"
    assert all(cell.startswith(str(DARK)) for cell in table[0][1:])


def test_the_leaderboard_shows_both(dark: VersionFacts) -> None:
    page = leaderboard_page(leaderboard([(dark, None)]), book=SHOWN_LOANS)
    cells = html_text.rows(html_text.section(page, "Versions"))[0]
    assert cells[4].startswith(str(DARK))
    assert cells[5].startswith(str(DARK))
    assert cells[5].endswith(f"\nwith all sources {whole()}")
    assert f"<dt>With all sources</dt><dd>{whole()}</dd>" in page


def test_the_checklist_holds_the_judged_figure_against_its_floor(dark: VersionFacts) -> None:
    known = replace(dark, metadata=dark.metadata)
    gates: ModelGatePolicy = LOANS.load_policy().model.gates
    mix = known.metadata.newest_mix
    assert mix is not None
    low = next(row.ci_low for row in mix.metrics if (row.sample_role, row.metric) == ("oot", "roc_auc"))
    assert f"{low:.4f}" in to_markdown(validation_checklist(known, sources(), gates=gates))


def test_without_a_loss_nothing_is_shown_that_was_not_before() -> None:
    same, before = judged({}), facts()
    assert discrimination_text(same) == discrimination_text(before)
    assert leaderboard([(same, None)]).equals(leaderboard([(before, None)]))
    assert version_page(same) == version_page(before)
    assert model_card(same, sources()) == model_card(before, sources())


@pytest.mark.parametrize("second", [0.9234, None])
def test_the_dashboard_shows_both_where_they_differ(seen: Overview, second: float | None) -> None:
    versions = seen.versions.with_columns(oot_with_all_sources=pl.lit(second, VERSIONS_SCHEMA["oot_with_all_sources"]))
    html = "".join(section.to_html() for section in portfolio_sections(replace(seen, versions=versions)))
    assert ("as the newest cohorts have sources" in html) is ("0.923" in html) is (second is not None)
