from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from credit_platform.reports.documents.document import to_html, to_markdown
from credit_platform.reports.documents.model_card import model_card
from credit_platform.reports.version.facts import CardSources, measured
from credit_platform_tests.reports import html_text
from credit_platform_tests.reports.markdown_text import headings, part, rows
from credit_platform_tests.reports.version_rows import facts, metadata, nothing_known, sources

HEADINGS = [
    "Purpose and owner",
    "Decision",
    "Data, windows and samples",
    "Features",
    "Set by hand",
    "What is left out, and why",
    "Availability of the sources",
    "Metrics with intervals",
    "Calibration",
    "Stability reference",
    "Degradation without clickstream",
    "Limits",
    "Reason codes",
    "Approvals and decisions on record",
    "How it can be made again",
]


@pytest.fixture(scope="module")
def card() -> str:
    return to_markdown(model_card(facts(), sources()))


@pytest.fixture(scope="module")
def unknown() -> str:
    return to_markdown(model_card(nothing_known(), CardSources(without={"clickstream": None})))


def test_every_section_is_there_whatever_is_known(card: str, unknown: str) -> None:
    assert headings(card) == HEADINGS
    assert headings(unknown) == HEADINGS
    assert html_text.headings(to_html(model_card(facts(), sources()))) == HEADINGS


def test_purpose_and_owner_are_those_given(card: str) -> None:
    told = dict(rows(part(card, "Purpose and owner")))
    assert told["Purpose"] == "Default probability of a loan at application."
    assert told["Owner"] == "team:credit-modelling"
    assert told["What counts as bad"] == "30dpd_6mob"


def test_windows_and_counts_equal_those_given(card: str) -> None:
    table = rows(part(card, "Data, windows and samples"))
    assert table[0] == ["Training", "2023-01", "2023-12", "12", "1200", "300", "0.2500"]
    assert len(table) == 4


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"method": "smote"}, "Training loans are rebalanced by smote, those"),
        (
            {"method": "smote_downsample", "smote": 0.2, "downsample": 0.5},
            "by smote_downsample (bads per good: 0.2 after SMOTE, 0.5 after downsampling), those",
        ),
    ],
)
def test_rebalanced_training_loans_are_told_of(card: str, said: dict[str, object], expected: str) -> None:
    rebalanced = replace(facts(), metadata=metadata().model_copy(update={"rebalancing": said}))
    text = to_markdown(model_card(rebalanced, sources()))
    assert expected in part(text, "Data, windows and samples")
    made = dict(rows(part(text, "How it can be made again")))
    assert made["Rebalancing method"] == said["method"]
    assert "rebalanced" not in card


def test_metrics_and_calibration_equal_those_given(card: str) -> None:
    metrics = facts().evaluation.metrics
    shown = {row[0]: row[1:] for row in rows(part(card, "Metrics with intervals"))}
    for place, role in enumerate(("train", "validation", "test", "oot", "unseen")):
        auc = measured(metrics, role, "roc_auc")
        assert shown["ROC-AUC"][place] == f"{auc.value:.4f} ({auc.low:.4f} to {auc.high:.4f})"
    slope = measured(metrics, "unseen", "calibration_slope")
    calibration = {row[0]: row for row in rows(part(card, "Calibration"))}
    assert calibration["Calibration slope"][2] == f"{slope.value:.4f} ({slope.low:.4f} to {slope.high:.4f})"
    assert {f"R{number}" for number in range(1, 11)} <= set(calibration)


def test_a_source_selected_by_customer_is_shown_with_its_numbers_and_the_caveat(card: str, unknown: str) -> None:
    judged = {
        "clicks": {"status": "failed", "reason": "0 of 43,542 rows."},
        "bureau": {"status": "unknown", "reason": "It has no history."},
    }
    failed = to_markdown(model_card(replace(facts(), metadata=metadata(availability=judged)), sources()))
    text = part(failed, "Availability of the sources")
    assert rows(text) == [["clicks", "failed", "0 of 43,542 rows."], ["bureau", "unknown", "It has no history."]]
    assert "Caveat: rows of clicks were selected by customer." in text
    assert "Caveat: rows of clicks" in part(failed, "Limits")
    assert "Caveat" not in card
    assert part(unknown, "Availability of the sources").endswith("\n\nunknown\n")


def test_features_are_listed_with_their_share_and_exclusions_with_their_reason(card: str) -> None:
    text = part(card, "Features")
    assert "Columns read from the feature store: 4." in text
    assert ["1", "interest_rate", "0.5000"] in rows(text)
    assert "as they enter together or not at all: n_loans." in text
    excluded = {row[1]: row[2] for row in rows(part(card, "What is left out, and why"))}
    assert "never to score" in excluded["Age"]
    assert "nothing can leak" in excluded["overdue_amt"]


def test_what_was_set_by_hand_is_listed_by_its_key_with_the_warnings_of_the_scorecard(card: str) -> None:
    assert "Nothing." in part(card, "Set by hand")
    key = "models.scorecard.characteristics.n_loans"
    said = {f"{key}.cut_points": [2.0, 5.5], f"{key}.special_values": {"<b>no record": [-1.0]}}
    by_hand = replace(facts(), metadata=metadata(set_by_hand=said))
    warned = replace(sources(), hand_set_warnings=("n_loans, over 5.5: 3 bad and 7 good are too few",))
    document = model_card(by_hand, warned)
    text = part(to_markdown(document), "Set by hand")
    assert rows(text) == [[f"{key}.cut_points", "2; 5.5"], [f"{key}.special_values", "<b>no record: -1"]]
    assert "n_loans, over 5.5: 3 bad and 7 good are too few" in text
    assert "&lt;b&gt;no record" in to_html(document)


def test_the_reference_is_told_with_its_loans(card: str) -> None:
    told = dict(rows(part(card, "Stability reference")))
    assert told["Loans"] == "200"
    assert told["Cohorts"] == "2024-01 to 2024-03"
    assert told["Characteristics with frozen bins"] == "1"


def test_degradation_sets_both_results_side_by_side(card: str) -> None:
    given = sources().without["clickstream"]
    assert given is not None
    dark, light = measured(given, "oot", "roc_auc"), measured(facts().evaluation.metrics, "oot", "roc_auc")
    shown = {row[0]: row[1:] for row in rows(part(card, "Degradation without clickstream"))}
    assert [text.split()[0] for text in shown["ROC-AUC"]] == [f"{light.value:.4f}", f"{dark.value:.4f}"]
    assert shown["ROC-AUC of the model trained without it"] == ["0.8000"]


def test_limits_name_thin_grades_and_gates_that_failed(card: str) -> None:
    grades = facts().evaluation.grades.filter(sample_role="unseen", status="insufficient")["grade"].to_list()
    assert f"Too few unseen loans to test these grades: {', '.join(grades)}." in part(card, "Limits")
    gates = facts().gates
    failed = facts(gates=gates.with_columns(status=gates["status"].scatter(0, "failed")))
    assert "Gates not passed: Out-of-time ROC-AUC." in part(to_markdown(model_card(failed, sources())), "Limits")


def test_approvals_are_those_of_the_audit_log(card: str) -> None:
    table = rows(part(card, "Approvals and decisions on record"))
    assert [row[:3] for row in table] == [
        ["registered", "training", "2024-12"],
        ["promoted", "Ada <x>", "2025-01"],
    ]
    assert table[1][3] == "Reviewed | approved."


def test_the_stored_files_are_listed_with_their_hashes(card: str) -> None:
    text = part(card, "How it can be made again")
    assert ["model.txt", "ab" * 32] in rows(text)
    assert ["Code (git commit)", "c0ffee"] in rows(text)


@pytest.mark.parametrize("heading", HEADINGS)
def test_what_is_not_known_is_written_as_unknown_in_every_section(unknown: str, heading: str) -> None:
    assert "unknown" in part(unknown, heading)


def test_no_value_of_an_unknown_version_is_a_number(unknown: str) -> None:
    for heading in ("Decision", "Data, windows and samples", "Stability reference", "Degradation without clickstream"):
        values = [cell for row in rows(part(unknown, heading)) for cell in row[1:]]
        assert not [value for value in values if value[:1].isdigit()], heading


def test_undefined_metrics_are_a_limit() -> None:
    tables = facts().evaluation
    metrics = tables.metrics.with_columns(pl.when(pl.col("metric") != "ks").then(pl.col("value")))
    text = to_markdown(model_card(facts(evaluation=replace(tables, metrics=metrics)), sources()))
    assert "Not defined on the out-of-time sample: KS." in part(text, "Limits")


def test_a_card_offers_evidence_and_claims_no_compliance(card: str) -> None:
    assert "evidence that is usually asked for" in card
    assert "does not say that the model meets any law, rule or standard" in card
    assert "complian" not in card.lower()


def test_the_same_facts_give_the_same_bytes(card: str) -> None:
    assert to_markdown(model_card(facts(), sources())).encode() == card.encode()
