from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from credit_platform.reports.version.facts import measured
from credit_platform.reports.version.page import version_page
from credit_platform_tests.reports import html_text
from credit_platform_tests.reports.version_rows import SIZES, facts, nothing_known

FIGURES = {
    *("roc", "precision_recall", "reliability_oot", "reliability_unseen", "grades", "gains", "lift", "confusion"),
    *("cut_offs", "importance"),
}
SECTIONS = [
    *("Gates", "Metrics", "Ranking", "Reliability", "Grades", "Gains and lift", "Confusion", "Cut-off"),
    *("Importance", "Windows and samples", "Making"),
]


@pytest.fixture(scope="module")
def page() -> str:
    return version_page(facts())


@pytest.fixture(scope="module")
def unknown() -> str:
    return version_page(nothing_known())


def _card(page: str) -> str:
    return html_text.shown(page).split("<article")[1].split("</article>")[0]


def test_the_verdict_comes_first_with_role_ranking_gates_and_reasons(page: str) -> None:
    card = _card(page)
    auc = measured(facts().evaluation.metrics, "oot", "roc_auc")
    assert "In force: new cases are scored with it" in card
    assert f"{auc.value:.4f} ({auc.low:.4f} to {auc.high:.4f}), {auc.n} loans, {auc.n_bad} of them bad" in card
    assert "5 of 5 gates passed" in card
    assert "promoted, in force from 2025-01 until further notice" in card
    assert "No gate failed." in card
    assert page.index("<article") < page.index("<section>")


@pytest.mark.parametrize("which", ["known", "unknown"])
def test_every_section_is_there_whatever_is_known(page: str, unknown: str, which: str) -> None:
    headings = html_text.headings({"known": page, "unknown": unknown}[which])
    assert [re.split("[:?]", heading)[0] for heading in headings] == SECTIONS


def test_every_figure_has_its_place_its_data_and_a_label(page: str) -> None:
    found = html_text.figures(page)
    assert set(found) == FIGURES
    for name, figure in found.items():
        assert page.count(f"<div id='{name}'") == 1
        assert figure["data"], name
    assert page.count("aria-label='") == len(FIGURES)


def test_every_axis_of_numbers_is_labelled(page: str) -> None:
    for name, figure in html_text.figures(page).items():
        layout = figure["layout"]
        assert isinstance(layout, dict)
        if name == "confusion":
            continue
        assert layout["xaxis"]["title"]["text"], name
        assert name == "importance" or layout["yaxis"]["title"]["text"], name


def test_curves_hold_the_points_of_their_tables(page: str) -> None:
    tables = facts().evaluation
    curve = html_text.traces(page, "roc")["Out-of-time"]
    points = tables.roc.filter(sample_role="oot")
    assert curve["x"] == points["false_positive_rate"].to_list()
    assert curve["y"] == points["true_positive_rate"].to_list()
    bins = tables.reliability.filter(sample_role="unseen")
    reliability = html_text.traces(page, "reliability_unseen")["Test and out-of-time"]
    assert reliability["x"] == bins["mean_probability"].to_list()
    assert reliability["y"] == bins["bad_rate"].to_list()


def test_error_bars_end_where_the_intervals_do(page: str) -> None:
    grades = facts().evaluation.grades.filter(sample_role="unseen")
    bars = html_text.traces(page, "grades")["bad rate, with its interval"]
    ends = bars["error_y"]
    assert isinstance(ends, dict)
    highs = [rate + reach for rate, reach in zip(grades["bad_rate"], ends["array"], strict=True)]
    assert highs == pytest.approx(grades["ci_high"].to_list())


def test_the_metrics_table_shows_every_metric_with_its_interval(page: str) -> None:
    metrics = facts().evaluation.metrics
    shown = {row[0]: row[1:] for row in html_text.rows(html_text.section(page, "Metrics"))}
    for place, role in enumerate((*SIZES, "unseen")):
        auc = measured(metrics, role, "roc_auc")
        assert shown["ROC-AUC"][place] == f"{auc.value:.4f}\n{auc.low:.4f} to {auc.high:.4f}"
    assert len(shown) == metrics["metric"].n_unique()


def test_a_metric_without_a_value_is_unknown() -> None:
    tables = facts().evaluation
    undefined = tables.metrics.with_columns(
        pl.when(pl.col("metric") != "brier").then(pl.col("value", "ci_low", "ci_high"))
    )
    page = version_page(facts(evaluation=replace(tables, metrics=undefined)))
    shown = {row[0]: row[1:] for row in html_text.rows(html_text.section(page, "Metrics"))}
    assert shown["Brier score"] == ["unknown"] * 5


def test_grades_and_deciles_are_tabled_as_given(page: str) -> None:
    tables = facts().evaluation
    grades = tables.grades.filter(sample_role="unseen")
    shown = html_text.rows(html_text.section(page, "Grades"))
    assert [row[0] for row in shown] == grades["grade"].to_list()
    assert [int(row[1]) for row in shown] == grades["n"].to_list()
    assert [row[7] for row in shown] == [f"{value:.4f}" for value in grades["jeffreys_p"]]
    assert [row[-1] for row in shown] == grades["status"].to_list()
    gains = tables.gains.filter(sample_role="oot")
    deciles = html_text.rows(html_text.section(page, "Gains"))
    assert [row[4] for row in deciles] == [f"{value:.2f}" for value in gains["lift"]]


def test_an_untested_grade_has_an_unknown_p_value(page: str) -> None:
    untested = [row for row in html_text.rows(html_text.section(page, "Grades")) if row[-1] == "insufficient"]
    assert untested
    assert all(row[-2] == "unknown" for row in untested)


def test_the_cut_off_table_marks_the_cut_off_of_policy_and_the_best_one(page: str) -> None:
    marks = {row[0]: row[1] for row in html_text.rows(html_text.section(page, "Cut-off")) if row[1]}
    validation = facts().evaluation.cut_offs.filter(sample_role="validation")
    best = validation.filter("is_best")["cut_off"].item()
    assert marks == {"0.50": "policy", f"{best:.2f}": "best on validation"}


def test_confusion_counts_are_drawn_as_given(page: str) -> None:
    row = facts().evaluation.confusion.filter(sample_role="oot").row(0, named=True)
    data = html_text.figures(page)["confusion"]["data"]
    assert isinstance(data, list)
    counts = [[int(cell.split("<br>")[0]) for cell in line] for line in data[-1]["text"]]
    assert counts == [
        [row["true_negative"], row["false_positive"]],
        [row["false_negative"], row["true_positive"]],
    ]


def test_windows_and_samples_are_told_by_cohort(page: str) -> None:
    shown = html_text.rows(html_text.section(page, "Windows"))
    assert shown[0] == ["Training", "2023-01", "2023-12", "12", "1200", "300", "0.2500"]
    assert shown[3][:4] == ["Out-of-time", "2024-06", "2024-06", "1"]


def test_what_is_not_known_is_written_as_unknown(unknown: str) -> None:
    card = _card(unknown)
    for told in ("Role unknown", "Out-of-time ROC-AUC unknown", "Gates unknown", "unknown whether it was promoted"):
        assert told in card
    for name in SECTIONS:
        assert "unknown" in html_text.section(unknown, name).lower(), name
    assert html_text.figures(unknown) == {}


def test_a_failed_gate_is_named_and_never_looks_good() -> None:
    gates = facts().gates
    failed = gates.with_columns(status=gates["status"].scatter(0, "failed"))
    card = _card(version_page(facts(gates=failed)))
    assert "4 of 5 gates passed; failed: Out-of-time ROC-AUC" in card
    assert card.startswith(" class='card bad'")


def test_an_unknown_gate_never_looks_good() -> None:
    gates = facts().gates
    card = _card(version_page(facts(gates=gates.with_columns(status=gates["status"].scatter(3, "unknown")))))
    assert "unknown: Share of missing feature cells, out-of-time" in card
    assert card.startswith(" class='card unknown'")


def test_a_retired_version_says_until_when_it_was_in_force() -> None:
    card = _card(version_page(replace(facts(), role="retired", in_force_until=date(2025, 6, 1))))
    assert "Retired: another version is in force" in card
    assert "in force from 2025-01 until 2025-06" in card


def test_a_page_loads_nothing_and_inlines_the_library_once(page: str) -> None:
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=['\"](?!data:)", page)
    assert page.count("plotly.js v") == 1


def test_text_from_tables_cannot_become_markup(page: str) -> None:
    assert "&lt;none&gt;" in page
    assert "<none>" not in html_text.shown(page)


def test_the_same_facts_give_the_same_bytes(page: str) -> None:
    assert version_page(facts()).encode() == page.encode()
