"""The picture, the page and the gallery of scenarios show the whole history, and load nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from credit_platform.lab.scenarios.page import Exhibit, cure_text, gallery_page, pictures, scenario_page
from credit_platform_tests.lab.scenarios.scenario_builders import drifted_scenario, drifted_story


def test_the_picture_is_well_formed_and_holds_every_cohort_action_and_version() -> None:
    page = scenario_page(drifted_scenario(), gallery="../../gallery.html")
    (picture,) = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    root = ET.fromstring(picture)  # noqa: S314 - our own text
    titles = [element.text or "" for element in root.iter() if element.tag == "title"]
    story = drifted_story()
    assert sum(text.startswith("cohort ") for text in titles) == len(story.outcomes)
    assert sum(text.endswith("a reason & more") for text in titles) == len(story.actions)
    assert sum(", trained as of " in text for text in titles) == len(story.versions)
    assert any("first_payment_missed <worse>" in text for text in titles)
    words = " ".join(root.itertext())
    assert "Concept drift (0.7) begins 2023-01" in words
    assert "cured by the version in force from 2023-09" in words


def test_the_page_shows_what_was_met_and_what_cured_it() -> None:
    page = scenario_page(drifted_scenario(), gallery="../../gallery.html")
    assert "All detection requirements are met" in page
    assert "cured by the version trained as of 2023-08, in force from 2023-09" in page
    assert "0.8800 (0.8600 to 0.9000), 4 cohorts, 1200 loans" in page
    assert "../../gallery.html" in page
    assert "http" not in page
    assert "<script" not in page


def test_the_page_names_what_is_not_met() -> None:
    story = drifted_story(cured_auc=0.5)
    scenario = drifted_scenario(replace(story, detections=()))
    page = scenario_page(scenario, gallery="x")
    assert "3 detection requirements are not met" in page
    assert "early_reads: expected within 4 months, not noticed" in page
    assert cure_text(scenario, scenario.models[0]) == "Gradient boosting: no retraining was asked for."


def test_a_leak_is_named_on_the_page_and_in_the_gallery_and_is_no_book_without_drift() -> None:
    quiet = replace(drifted_scenario(), drifts=())
    leaking = replace(quiet, has_leak=True)
    assert "Leak of the outcome into a source" in scenario_page(leaking, gallery="x")
    for scenario, said in ((leaking, "leak of the outcome into a source"), (quiet, "no drift")):
        assert said in gallery_page([Exhibit(scenario.to_dict(), pictures(scenario), "x")], cases="loans")


def test_the_gallery_has_a_row_per_scenario_with_its_picture_and_link() -> None:
    good, bad = drifted_scenario(), drifted_scenario(drifted_story(cured_auc=0.5))
    exhibits = [
        Exhibit(scenario.to_dict() | {"name": name}, pictures(scenario), f"{name}/reports/scenario.html")
        for name, scenario in (("b", bad), ("a", good))
    ]
    page = gallery_page(exhibits, cases="loans")
    assert page.count("<svg") == 2
    assert page.index("a/reports/scenario.html") < page.index("b/reports/scenario.html")
    assert "asked for in 2023-07, cured from 2023-09, after 8 months" in page
    assert "asked for in 2023-07, not cured yet" in page
    assert "early reads: 2023-03, after 2 months" in page
    for picture in re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL):
        ET.fromstring(picture)  # noqa: S314 - our own text
