from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from credit_platform.reports.version.facts import measured
from credit_platform.reports.version.svg import HEIGHT, WIDTH, version_svg
from credit_platform.scoring.evaluation.evaluation import Evaluation
from credit_platform_tests.reports.version_rows import evaluation, nothing_known

SPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def tables() -> Evaluation:
    return evaluation()


def _picture(tables: Evaluation, title: str = "Version") -> ET.Element:
    return ET.fromstring(version_svg(tables, title=title))  # noqa: S314


def test_curve_and_points_are_those_of_the_out_of_time_sample(tables: Evaluation) -> None:
    picture = _picture(tables)
    (curve,) = picture.iter(f"{SPACE}polyline")
    assert len(curve.attrib["points"].split()) == tables.roc.filter(sample_role="oot").height
    assert len(list(picture.iter(f"{SPACE}circle"))) == tables.reliability.filter(sample_role="oot").height


def test_the_auc_is_told_with_its_interval(tables: Evaluation) -> None:
    auc = measured(tables.metrics, "oot", "roc_auc")
    assert f"AUC {auc.value:.4f} ({auc.low:.4f} to {auc.high:.4f})" in version_svg(tables, title="x")


def test_everything_lies_inside_the_picture(tables: Evaluation) -> None:
    picture = _picture(tables)
    points = [point.split(",") for line in picture.iter(f"{SPACE}polyline") for point in line.attrib["points"].split()]
    points += [(circle.attrib["cx"], circle.attrib["cy"]) for circle in picture.iter(f"{SPACE}circle")]
    points += [(line.attrib["x2"], line.attrib[y]) for line in picture.iter(f"{SPACE}line") for y in ("y1", "y2")]
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in points)


def test_a_version_without_curves_says_unknown() -> None:
    text = version_svg(nothing_known().evaluation, title="x")
    assert "AUC unknown" in text
    assert text.count(">unknown<") == 2


def test_a_title_cannot_become_markup(tables: Evaluation) -> None:
    assert _picture(tables, "a < b & 'c'").attrib["aria-label"] == "a < b & 'c'"
