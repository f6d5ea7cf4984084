from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.reports.documents.document import to_markdown
from credit_platform.reports.documents.validation_checklist import validation_checklist
from credit_platform.reports.version.facts import CardSources, VersionFacts, measured
from credit_platform_tests.reports.markdown_text import headings, part, rows
from credit_platform_tests.reports.version_rows import evaluation, facts, importance, metadata, nothing_known, sources

HEADINGS = [
    "Result",
    "Gates",
    "Data and samples",
    "Ranking",
    "Calibration",
    "Explanation and fairness of inputs",
    "Record",
    "For the validator's own judgement",
]
CODE = "Code it was made with (git commit)"


WITHOUT_CLICKSTREAM = "Out-of-time ROC-AUC with the clickstream taken away"


def _text(version: VersionFacts | None = None, given: CardSources | None = None) -> str:
    gates = LOANS.load_policy().model.gates
    return to_markdown(validation_checklist(version or facts(), given or sources(), gates=gates))


def _lines(text: str) -> dict[str, list[str]]:
    judged = [heading for heading in HEADINGS if heading not in {"Result", HEADINGS[-1]}]
    return {row[0]: row[1:] for heading in judged for row in rows(part(text, heading))}


@pytest.fixture(scope="module")
def checklist() -> str:
    return _text()


@pytest.fixture(scope="module")
def unknown() -> str:
    return _text(nothing_known(), CardSources(without={"clickstream": None}))


def test_every_section_and_line_is_there_whatever_is_known(checklist: str, unknown: str) -> None:
    assert headings(checklist) == HEADINGS
    assert headings(unknown) == HEADINGS
    asked = set(_lines(checklist)) - {row[0] for row in rows(part(checklist, "Gates"))}
    assert asked == set(_lines(unknown))


def test_every_gate_has_value_threshold_and_result(checklist: str) -> None:
    assert rows(part(checklist, "Gates")) == [
        ["Out-of-time ROC-AUC", "0.9300", "at least 0.8000", "passed"],
        ["Loss of ROC-AUC from test to out-of-time", "0.0100", "at most 0.0300", "passed"],
        ["Loss of ROC-AUC from training to validation", "0.0100", "at most 0.0500", "passed"],
        ["Share of missing feature cells, out-of-time", "0.0312", "at most 0.1000", "passed"],
        ["Stored files give the version back", "yes", "yes", "passed"],
    ]


def test_values_equal_those_given(checklist: str) -> None:
    lines = _lines(checklist)
    auc = measured(facts().evaluation.metrics, "oot", "roc_auc")
    value, threshold, result = lines[
        "Out-of-time ROC-AUC above its floor by more than chance (lower end of the interval)"
    ]
    assert (value, threshold) == (f"{auc.low:.4f}", "at least 0.8000")
    assert auc.low is not None
    assert result == ("passed" if auc.low >= 0.8 else "failed")
    slope = measured(facts().evaluation.metrics, "unseen", "calibration_slope")
    assert lines["Calibration slope, test and out-of-time: the interval meets the range"] == [
        f"{slope.value:.4f} ({slope.low:.4f} to {slope.high:.4f})",
        "0.85 to 1.15",
        "passed",
    ]
    assert lines["Looked at by a person, by the audit log"] == ["Ada <x>", "at least one", "passed"]


def test_the_summary_counts_every_line(checklist: str) -> None:
    results = [line[-1] for line in _lines(checklist).values()]
    counted = ", ".join(f"{results.count(result)} {result}" for result in ("passed", "failed", "unknown"))
    assert part(checklist, "Result").strip() == f"{counted}."


def test_nothing_passes_that_is_not_known(unknown: str) -> None:
    assert {line[-1] for line in _lines(unknown).values()} == {"unknown"}
    assert part(unknown, "Result").strip().startswith("0 passed, 0 failed, ")
    assert part(unknown, "Gates").strip().endswith("unknown")


@pytest.mark.parametrize(
    ("version", "given", "question", "result"),
    [
        (None, sources(audit=None), "Looked at by a person, by the audit log", "unknown"),
        (None, sources(audit=pl.DataFrame({"actor": ["policy"]})), "Looked at by a person, by the audit log", "failed"),
        (None, sources(manifest={"git_commit": "unknown"}), CODE, "unknown"),
        (None, sources(manifest={"provenance": {"git_commit": "c0ffee"}}), CODE, "passed"),
        (None, sources(features=("Age", "n_loans")), "Excluded columns among the features", "failed"),
        (facts(importance=importance(n=4)), None, "Features without a reason code", "failed"),
        (facts(importance=importance(n=3)), None, "Features without a reason code", "passed"),
        (facts(importance=importance().clear()), None, "Features without a reason code", "unknown"),
        (None, sources(trained_without={}), WITHOUT_CLICKSTREAM, "unknown"),
        (None, sources(trained_without={"clickstream": 0.99}), WITHOUT_CLICKSTREAM, "failed"),
        (
            facts(metadata=metadata(samples={"oot": {"n": 90, "n_bad": 29}})),
            None,
            "Enough bads in the out-of-time sample",
            "failed",
        ),
    ],
)
def test_each_line_can_fail_or_be_unknown(
    version: VersionFacts | None, given: CardSources | None, question: str, result: str
) -> None:
    assert _lines(_text(version, given))[question][-1] == result


def test_samples_that_overlap_in_time_fail() -> None:
    windows = {"train": ["2023-01-01", "2024-02-01"], "validation": ["2024-01-01"], "test": ["2024-03-01"]}
    known = facts(metadata=metadata(windows=windows | {"oot": ["2024-06-01"]}))
    assert _lines(_text(known))["Samples follow each other in time and share no cohort"][-1] == "failed"


def test_a_breached_grade_fails_and_is_named() -> None:
    tables = evaluation()
    is_breached = (pl.col("grade") == "R7") & (pl.col("sample_role") == "unseen")
    grades = tables.grades.with_columns(status=pl.when(is_breached).then(pl.lit("breach")).otherwise("status"))
    line = _lines(_text(facts(evaluation=replace(tables, grades=grades))))[
        "Grades whose probability is too low (Jeffreys, after Holm)"
    ]
    assert line == ["R7", "none below 0.05", "failed"]


def test_a_slope_off_the_range_by_more_than_chance_fails() -> None:
    tables = evaluation()
    is_slope = pl.col("metric") == "calibration_slope"
    metrics = tables.metrics.with_columns(
        [pl.when(is_slope).then(pl.lit(0.7)).otherwise(name).alias(name) for name in ("value", "ci_low", "ci_high")]
    )
    line = _lines(_text(facts(evaluation=replace(tables, metrics=metrics))))
    assert line["Calibration slope, test and out-of-time: the interval meets the range"][-1] == "failed"


def test_a_checklist_offers_evidence_and_claims_no_compliance(checklist: str) -> None:
    assert "evidence that is usually asked for" in checklist
    assert "does not say that any law, rule or standard is met" in checklist
    assert "complian" not in checklist.lower()
