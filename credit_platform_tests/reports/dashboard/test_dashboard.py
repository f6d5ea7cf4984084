from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest

from credit_platform.months import add_months
from credit_platform.reports.dashboard.dashboard import dashboard_page, verdicts_of
from credit_platform.reports.dashboard.overview import SOURCES_SCHEMA, Overview
from credit_platform_tests.monitoring_rows import figures, subject
from credit_platform_tests.reports import html_text
from credit_platform_tests.reports.conftest import MODELS


@pytest.fixture(scope="module")
def page(seen: Overview) -> str:
    return dashboard_page(seen)


def _without_rows(seen: Overview, *names: str) -> Overview:
    return replace(seen, **{name: getattr(seen, name).clear() for name in names})


def _shown(page: str) -> str:
    """The page as a reader sees it: markup without scripts and styles."""
    return re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def _figures(page: str) -> dict[str, dict[str, object]]:
    pattern = r"<script type='application/json' data-figure='([^']+)'>(.*?)</script>"
    return {name: json.loads(content) for name, content in re.findall(pattern, page, flags=re.DOTALL)}


def _card(page: str, model: str) -> str:
    return next(part for part in _shown(page).split("<article") if f"verdict_{model}" in part)


def test_the_summary_says_verdict_since_when_why_and_what_was_done(page: str) -> None:
    card = _card(page, "scorecard")
    assert "<h3>Model 1: Scorecard</h3>" in card
    assert "Not fit for use: retraining required" in card
    assert "<dt>Fit for use</dt><dd><ul><li>No</li>" in card
    assert "<li>2025-03 (2 months); last judged in 2025-04, on loans written in 2024-06" in card
    assert "2025-01, 2 months before it failed: ROC-AUC 0.7000" in card
    assert "2025-03, when it failed: ROC-AUC 0.7000" in card
    assert "retraining was asked for in 2025-03, 2025-04" in card
    assert "version 2025-03-01-5f5f5f5f, trained as of 2025-03, was not promoted: A gate failed." in card
    assert "version 2024-12-01-a1b2c3d4 in force since 2025-01 (out-of-time ROC-AUC 0.8300)" in card
    assert "version 2025-04-01-99ffee00 takes effect in 2025-05" in card


def test_a_model_in_order_is_fit_and_says_since_when(page: str) -> None:
    card = _card(page, "gradient_boosting")
    assert "<dt>Fit for use</dt><dd><ul><li>Yes</li>" in card
    assert "<li>2024-10 (7 months)" in card
    assert "no retraining was asked for" in card


def test_a_replaced_model_says_when_it_was_not_fit_and_is_not_called_fit(seen: Overview) -> None:
    is_late = pl.col("snapshot_month") == date(2025, 4, 1)
    replaced = seen.actions.with_columns(
        state=pl.when(is_late & (pl.col("model") == "scorecard")).then(pl.lit("resolved")).otherwise("state"),
        action=pl.when(is_late).then(pl.lit("monitor")).otherwise("action"),
    )
    verdict = next(v for v in verdicts_of(replace(seen, actions=replaced)) if v.model == "scorecard")
    assert verdict.fit == "not known"
    assert "not fit for use from 2025-03 to 2025-03" in verdict.since


def test_every_figure_has_its_place_its_data_and_a_label(page: str) -> None:
    figures = _figures(page)
    expected = {
        "actions", "roc_auc", "f1_score", "accuracy", "bad_rate", "confusion", "psi", "models_compared", "summary",
        "probabilities",
    }  # fmt: skip
    assert set(figures) == expected | {f"csi_{model}" for model in MODELS}
    for name, figure in figures.items():
        assert f"<div id='{name}'" in page
        assert figure["data"], name
    assert page.count("aria-label='") >= len(figures)


def test_the_navigation_leads_to_sections_that_are_there(page: str) -> None:
    linked = re.findall(r"<nav.*?</nav>", page, flags=re.DOTALL)[0]
    anchors = re.findall(r"href='#([^']+)'", linked)
    assert len(anchors) == len(set(anchors)) > 12
    ids = re.findall(r" id='([^']+)'", _shown(page))
    assert len(ids) == len(set(ids)), "an id stands twice, and a figure or a link would go astray"
    assert set(anchors) <= set(ids)


def test_both_floors_and_the_interval_are_drawn_per_model(page: str) -> None:
    figure = _figures(page)["roc_auc"]
    layout, data = figure["layout"], figure["data"]
    assert isinstance(layout, dict)
    assert isinstance(data, list)
    assert sorted(line["y0"] for line in layout["shapes"]) == [0.75, 0.75, 0.80, 0.80]
    assert sum(trace.get("fill") == "toself" for trace in data) == 2


def test_backtest_months_have_open_markers(page: str) -> None:
    data = _figures(page)["roc_auc"]["data"]
    assert isinstance(data, list)
    line = next(trace for trace in data if trace["name"] == "ROC-AUC")
    assert line["marker"]["symbol"] == ["circle-open"] * 3 + ["circle"] * 4


def test_the_newest_point_says_how_many_loans_it_rests_on(page: str) -> None:
    assert "Model 2: Gradient boosting: 0.8300 (0.8100 to 0.8500) on 500 loans of 2024-10, 140 bads" in _shown(page)


def test_versions_stand_on_the_timeline_promoted_and_kept_out(page: str) -> None:
    data = _figures(page)["actions"]["data"]
    assert isinstance(data, list)
    traces = {trace["name"]: trace for trace in data}
    assert "2025-05-01" in traces["version promoted"]["x"]
    assert traces["version kept out"]["x"] == ["2025-03-01"]
    assert "<a href='models/scorecard/2025-04-01-99ffee00.html'>" in page


def test_nothing_later_than_the_month_is_told(page: str) -> None:
    assert "2025-06" not in _shown(page)
    assert "2025-08-01-77777777" not in page


def test_a_page_loads_nothing_and_inlines_the_library_once(page: str) -> None:
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=['\"](?!data:)", page)
    assert page.count("plotly.js v") == 1


def test_text_from_tables_cannot_become_markup(page: str) -> None:
    assert "<b>low</b>" not in _shown(page)
    assert "&lt;b&gt;low&lt;/b&gt;" in page


def test_the_same_input_gives_the_same_bytes(seen: Overview, page: str) -> None:
    assert dashboard_page(seen).encode() == page.encode()


def test_what_is_missing_is_said_to_be_unknown(seen: Overview) -> None:
    shown = _shown(dashboard_page(_without_rows(seen, "history", "actions", "versions")))
    assert "No outcome is known yet." in shown
    assert "No model has been scored or promoted yet." in shown
    assert "No feature has been compared yet." in shown
    for what in ("outcome", "vintage table", "been estimated", "first read", "compared by groups", "month before it"):
        assert re.search(rf"Unknown: [^<]*{what}", shown), what


def test_sources_are_shown_once_for_the_versions_that_share_a_verdict(seen: Overview, page: str) -> None:
    def section(shown: str) -> str:
        return _shown(shown).split("<section id='sources'>")[1].split("</section>")[0]

    assert "no version in force has been judged" in section(page)
    told = ("clicks", "failed", "0 of <b>9</b> rows.")
    judged = [(model, "2024-12-01-abc", *told) for model in seen.models]
    shown = dashboard_page(replace(seen, sources=pl.DataFrame(judged, schema=SOURCES_SCHEMA, orient="row")))
    (row,) = html_text.rows(section(shown))
    assert row[:3] == list(told)
    assert row[3].splitlines() == [f"{name} (2024-12-01-abc)" for name in seen.short_names.values()]


def test_a_promoted_model_without_outcomes_is_not_known_and_not_fit(seen: Overview) -> None:
    page = dashboard_page(_without_rows(seen, "history", "actions"))
    assert "Not known: no outcome has matured yet" in page
    assert "<li>Not known</li>" in page
    assert "Fit for use</p>" not in _shown(page)


def test_a_backtest_verdict_says_so(seen: Overview) -> None:
    month = date(2024, 10, 1)
    history = seen.history.with_columns(snapshot_month=month).filter(observed_month=month)
    versions = seen.versions.with_columns(as_of=pl.col("as_of").replace({date(2024, 12, 1): month}))
    page = dashboard_page(replace(seen, snapshot_month=month, history=history, versions=versions))
    assert "Not known: judged so far on months it was developed with (backtest)" in page
    assert "<li>Yes</li>" not in page
    assert "takes effect in 2025-01" in page


@pytest.fixture(scope="module")
def foreseen(seen: Overview) -> Overview:
    """With estimates of every cohort up to the month, and a backtest that hides one of them."""
    months = sorted(set(seen.history["observed_month"].to_list()))
    estimates = pl.concat(
        figures({"roc_auc": 0.81, "bad_rate": 0.3}, at=subject(month=month, model=model, lag=0), n_bad=None)
        for month in [*(add_months(month, -6) for month in months), *months]
        for model in MODELS
    ).with_columns(
        layer=pl.lit("estimate"),
        observed_month="snapshot_month",
        snapshot_month=pl.lit(seen.snapshot_month),
        expected=pl.lit(None, pl.Float64),
    )
    extra = dict.fromkeys(("estimated", "realised"), pl.lit(0.8))
    backtest = pl.concat(
        figures({"roc_auc": 0.06, "bad_rate": 0.01}, at=subject(month=seen.snapshot_month, model=model)).with_columns(
            **extra,
            mean_absolute_error=pl.col("value"),
            n_months=pl.lit(6, pl.Int64),
            may_be_shown=(pl.col("metric") != "roc_auc") | (pl.col("model") != MODELS[1]),
        )
        for model in MODELS
    )
    history = pl.concat([seen.history, estimates.select(seen.history.columns)])
    return replace(seen, history=history, backtest=backtest)


def test_the_estimate_is_dashed_runs_ahead_of_the_outcome_and_is_hidden_where_it_was_wrong(foreseen: Overview) -> None:
    page = dashboard_page(foreseen)
    data = _figures(page)["estimate"]["data"]
    assert isinstance(data, list)
    dashed = [trace for trace in data if trace["name"] == "estimate"]
    solid = [trace for trace in data if trace["name"] == "outcome"]
    assert {trace["line"]["dash"] for trace in dashed} == {"dash"}
    assert {trace["line"]["dash"] for trace in solid} == {"solid"}
    assert len(dashed) == 3  # two metrics of two models, one of them hidden
    assert len(solid) == 4
    assert max(dashed[0]["x"]) == "2025-04-01"
    assert max(solid[0]["x"]) == "2024-10-01"
    assert "Model 1, ROC-AUC: off by 0.0600 on average over 6 months. More than the 0.05 that policy allows" in page
