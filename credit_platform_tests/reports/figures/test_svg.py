from __future__ import annotations

from datetime import date
from xml.etree import ElementTree as ET

from credit_platform.months import month_range
from credit_platform.reports.figures.svg import action_svg, trend_svg

MONTHS = month_range(date(2024, 10, 1), date(2025, 3, 1))
SPACE = "{http://www.w3.org/2000/svg}"


def test_a_gap_in_the_values_is_a_gap_in_the_line() -> None:
    picture = ET.fromstring(trend_svg(MONTHS, [0.8, 0.81, None, 0.79, 0.78, 0.8], title="ROC-AUC"))  # noqa: S314
    assert [len(line.attrib["points"].split()) for line in picture.iter(f"{SPACE}polyline")] == [2, 3]


def test_ribbon_and_levels_are_drawn() -> None:
    values = [0.8, 0.81, 0.8, 0.79, 0.78, 0.8]
    text = trend_svg(
        MONTHS,
        values,
        title="ROC-AUC",
        low=[v - 0.02 for v in values],
        high=[v + 0.02 for v in values],
        levels=(0.8, 0.75),
    )
    picture = ET.fromstring(text)  # noqa: S314
    assert len(list(picture.iter(f"{SPACE}polygon"))) == 1
    assert len(list(picture.iter(f"{SPACE}line"))) == 2
    assert "2024-10" in text
    assert "2025-03" in text


def test_everything_lies_inside_the_picture() -> None:
    picture = ET.fromstring(trend_svg(MONTHS, [5.0, -3, 0, 2, 1, 9], title="x", levels=(20.0,)))  # noqa: S314
    points = [point.split(",") for line in picture.iter(f"{SPACE}polyline") for point in line.attrib["points"].split()]
    assert all(0 <= float(x) <= 640 and 0 <= float(y) <= 200 for x, y in points)


def test_one_month_and_no_month_are_pictures_too() -> None:
    assert "<circle" in trend_svg(MONTHS[:1], [0.8], title="x")
    assert "no value yet" in trend_svg([], [], title="x")
    assert "no value yet" in trend_svg(MONTHS[:2], [None, None], title="x")


def test_a_title_cannot_become_markup() -> None:
    ET.fromstring(trend_svg(MONTHS[:1], [0.8], title="a < b & 'c'"))  # noqa: S314


def test_actions_have_a_form_each_and_a_backtest_is_hollow() -> None:
    months = [date(2025, month, 1) for month in (1, 2, 3)]
    svg = action_svg(months, ["monitor", "active_monitoring", "retrain"], [False, True, True], title="Actions <b>")
    assert svg.count("<circle") == svg.count("<polygon") == svg.count("<rect") == 1
    assert svg.count("fill='none'") == 1
    assert "2025-03: Retrain" in svg
    assert "<b>" not in svg


def test_no_action_says_so() -> None:
    assert "no action yet" in action_svg([], [], [], title="Actions")
