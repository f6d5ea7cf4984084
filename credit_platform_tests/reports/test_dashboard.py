from __future__ import annotations

import json
import re

import pytest

from credit_platform.reports.dashboard import dashboard_page
from credit_platform_tests.monitoring_rows import thresholds
from credit_platform_tests.reports.conftest import MODELS, Seen


def _page(seen: Seen, *, is_empty: bool = False) -> str:
    return dashboard_page(
        snapshot_month=seen.month,
        history=seen.history.clear() if is_empty else seen.history,
        actions=seen.actions.clear() if is_empty else seen.actions,
        versions=seen.versions.clear() if is_empty else seen.versions,
        thresholds=thresholds(),
    )


@pytest.fixture(scope="module")
def page(seen: Seen) -> str:
    return _page(seen)


def _shown(page: str) -> str:
    """The page as a reader sees it: markup without scripts and styles."""
    return re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)


def _figures(page: str) -> dict[str, dict[str, object]]:
    pattern = r"<script type='application/json' data-figure='([^']+)'>(.*?)</script>"
    return {name: json.loads(content) for name, content in re.findall(pattern, page, flags=re.DOTALL)}


def test_the_summary_says_verdict_since_when_why_and_what_was_done(page: str) -> None:
    card = next(part for part in _shown(page).split("<article") if "Logistic regression" in part.split("</h3>")[0])
    assert "Not fit for use: retraining required" in card
    assert "2025-03, 2 months; last judged in 2025-04" in card
    assert "ROC-AUC 0.7000" in card
    assert "version 2024-12-01-a1b2c3d4 in force since 2025-01 (out-of-time ROC-AUC 0.830)" in card
    assert "version 2025-04-01-99ffee00 takes effect in 2025-05" in card
    assert "retraining was asked for in 2025-03, 2025-04" in card


def test_every_figure_has_its_place_its_data_and_a_label(page: str) -> None:
    figures = _figures(page)
    expected = {"actions", "roc_auc", "f1_score", "accuracy", "bad_rate", "confusion", "psi"}
    assert set(figures) == expected | {f"csi_{model}" for model in MODELS}
    for name, figure in figures.items():
        assert f"<div id='{name}'" in page
        assert figure["data"], name
    assert page.count("aria-label='") >= len(figures)


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


def test_nothing_later_than_the_month_is_told(page: str) -> None:
    assert "2025-06" not in _shown(page)
    assert "2025-08-01-77777777" not in page


def test_a_page_loads_nothing_and_inlines_the_library_once(page: str) -> None:
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=['\"](?!data:)", page)
    assert page.count("plotly.js v") == 1


def test_text_from_tables_cannot_become_markup(page: str) -> None:
    assert "<b>low</b>" not in _shown(page)
    assert "&lt;b&gt;low&lt;/b&gt;" in page


def test_the_same_input_gives_the_same_bytes(seen: Seen, page: str) -> None:
    assert _page(seen).encode() == page.encode()


def test_a_page_without_any_month_says_so(seen: Seen) -> None:
    page = _shown(_page(seen, is_empty=True))
    assert "No outcome is known yet." in page
    assert "No model has been scored or promoted yet." in page
    assert "No feature has been compared yet." in page


def test_a_promoted_model_without_outcomes_is_not_known_and_not_fit(seen: Seen) -> None:
    page = dashboard_page(
        snapshot_month=seen.month,
        history=seen.history.clear(),
        actions=seen.actions.clear(),
        versions=seen.versions,
        thresholds=thresholds(),
    )
    assert "Not known: no outcome has matured yet" in page
    assert "Fit for use" not in _shown(page)


def test_a_backtest_verdict_says_so(seen: Seen) -> None:
    month = seen.actions.get_column("snapshot_month").min()
    page = dashboard_page(
        snapshot_month=month,  # type: ignore[arg-type]
        history=seen.history.with_columns(snapshot_month=month).filter(observed_month=month),
        actions=seen.actions,
        versions=seen.versions,
        thresholds=thresholds(),
    )
    assert "Fit for use (backtest: judged on months it was developed with)" in page
    assert "takes effect in 2025-01" in page
