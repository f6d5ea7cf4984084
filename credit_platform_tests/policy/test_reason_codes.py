"""The catalogue of reasons: complete, unique, specific, and refused otherwise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from credit_platform.errors import PolicyError
from credit_platform.policy.reason_codes import ReasonCatalogue, Value, require_a_reason_per_feature
from credit_platform.portfolios.feature_set import COMBINATIONS
from credit_platform.portfolios.loans.features.catalogue import CHANNELS, CLICKSTREAM, CLICKSTREAM_SUMS
from credit_platform.portfolios.loans.gold import FeatureStore
from credit_platform.portfolios.loans.portfolio import LOANS

KEYS_AND_FLAGS = {"snapshot_month", "loan_id", "customer_id", "sources_present"}


def loaded(folder: Path, text: str) -> None:
    (folder / "reason_codes.yaml").write_text(text, encoding="utf-8")
    LOANS.load_policy(folder)


def test_every_feature_a_model_may_use_has_a_reason_and_no_other() -> None:
    catalogue = LOANS.load_policy().reasons
    assert set(catalogue.reasons) == set(LOANS.features.explained)
    assert len(catalogue.by_code) == len(LOANS.features.explained)


def test_every_column_of_the_feature_store_that_models_read_is_explained() -> None:
    explained = set(LOANS.features.explained) | set(CLICKSTREAM_SUMS) | {f"{channel}_mean" for channel in CHANNELS}
    columns = {name for name in FeatureStore.column_names() if not name.startswith("has_")} - KEYS_AND_FLAGS
    assert columns - explained == set()


def test_no_protected_attribute_can_be_a_reason() -> None:
    assert {"age", "name", "ssn"} & {feature.lower() for feature in LOANS.load_policy().reasons.reasons} == set()


def test_what_is_never_given_has_its_reason_written_above_it() -> None:
    lines = (LOANS.policy_dir / "reason_codes.yaml").read_text(encoding="utf-8").splitlines()
    for feature, reason in LOANS.load_policy().reasons.reasons.items():
        if not reason.is_given:
            assert lines[lines.index(f"  {feature}:") - 1].lstrip().startswith("#"), feature


def test_texts_are_different_and_not_the_names_of_columns() -> None:
    reasons = LOANS.load_policy().reasons.reasons
    for kind in ("internal", "consumer"):
        texts = [getattr(reason, kind) for feature, reason in reasons.items() if feature not in COMBINATIONS]
        assert len(set(texts)) == len(texts)
        assert not [text for text in texts if "_" in text]


# What is said of a combination are the texts of the features that the loan's own leaf is about.
GIVEN = {
    feature: reason
    for feature, reason in LOANS.load_policy().reasons.reasons.items()
    if reason.is_given and feature not in COMBINATIONS
}


def test_an_unknown_value_is_said_to_be_the_reason() -> None:
    catalogue = LOANS.load_policy().reasons
    assert catalogue.consumer_text("DBT02", None, typical=10.0).endswith(": we had no information on this")


@pytest.mark.parametrize(
    ("code", "value", "typical", "said"),
    [
        ("DBT02", 900.0, 500.0, ": higher than is usual among the applicants we approve"),
        ("INC01", 400.0, 500.0, ": lower than is usual among the applicants we approve"),
        ("DBT01", 3, 3.0, "The number of other loans you are repaying"),
        ("DBT01", 3, None, "The number of other loans you are repaying"),
        ("PAY03", True, None, ": yes"),
        ("PAY03", False, None, ": no"),
        ("CRD05", "Bad", None, "The mix of the kinds of credit you have: Bad"),
    ],
)
def test_a_text_says_how_it_was_with_the_loan(code: str, value: Value, typical: float | None, said: str) -> None:
    assert LOANS.load_policy().reasons.consumer_text(code, value, typical=typical).endswith(said)


def test_every_text_that_may_come_first_names_a_fact_and_how_it_was_and_no_two_are_alike() -> None:
    catalogue, features = LOANS.load_policy().reasons, LOANS.features
    texts: list[str] = []
    for feature, reason in GIVEN.items():
        if not reason.is_specific:
            continue
        is_truth = feature == "is_minimum_amount_paid"
        values: list[Value] = [*features.levels[feature].names] if feature in features.levels else [1.0, 3.0]
        for value in [None, *([True, False] if is_truth else values)]:
            text = catalogue.consumer_text(reason.code, value, typical=2.0)
            assert re.fullmatch(r"[A-Z][^:]{12,}: .{2,}", text), text
            texts.append(text)
    assert len(set(texts)) == len(texts) > 90


def test_only_what_a_group_of_channels_says_is_vague() -> None:
    vague = {feature for feature, reason in GIVEN.items() if not reason.is_specific}
    assert vague == {CLICKSTREAM.feature}


def test_a_catalogue_without_words_for_values_names_the_fact_alone() -> None:
    kept = LOANS.load_policy().reasons.model_dump(mode="json", include={"value_unknown", "reasons"})
    for reason in kept["reasons"].values():
        del reason["is_specific"]
    catalogue = ReasonCatalogue.model_validate(kept)
    assert catalogue.consumer_text("DBT02", 900.0, typical=500.0) == "The amount you still owe to other lenders"
    assert catalogue.consumer_text("SPD01", "Low", typical=None) == "How much you spend in a month"
    assert catalogue.notice is None


def test_a_copied_entry_of_an_earlier_release_stays_vague(tmp_path: Path) -> None:
    (tmp_path / "reason_codes.yaml").write_text(
        "reasons: {clickstream_evidence: {code: CLK01, internal: Clickstream, consumer: Your visits, is_given: true}}"
    )
    assert not LOANS.load_policy(tmp_path).reasons.reasons["clickstream_evidence"].is_specific


def test_the_texts_a_lender_has_to_fill_in_are_named(tmp_path: Path) -> None:
    (tmp_path / "reason_codes.yaml").write_text("notice: {creditor: 'First Bank, 1 Main Street, Springfield'}")
    unfilled = [LOANS.load_policy(folder).reasons.notice for folder in (None, tmp_path)]
    assert [one and one.unfilled for one in unfilled] == [("creditor", "rights", "agency"), ("rights", "agency")]


def test_one_text_may_be_changed_and_changes_the_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "reason_codes.yaml").write_text("reasons: {n_loans: {consumer: How many loans you have elsewhere}}")
    policy, shipped = LOANS.load_policy(tmp_path), LOANS.load_policy()
    assert policy.reasons.reasons["n_loans"].consumer == "How many loans you have elsewhere"
    assert policy.reasons.reasons["n_loans"].code == shipped.reasons.reasons["n_loans"].code
    assert (policy.model, policy.sha256 != shipped.sha256) == (shipped.model, True)


WRONG = [
    ("reasons: {age: {code: AGE01, internal: Age in years, consumer: Your age in years, is_given: true}}",
     "reasons.age", "is not a feature of any model"),
    ("reasons: {n_loans: {code: DBT02}}", "reasons.outstanding_debt_amount.code", "is the code of n_loans already"),
    ("reasons: {n_loans: {code: ''}}", "reasons.n_loans.code", "not ''"),
    ("reasons: {n_loans: {code: dbt 1}}", "reasons.n_loans.code", "not 'dbt 1'"),
    ("reasons: {n_loans: {consumer: Your credit score}}", "reasons.n_loans.consumer", "name the fact"),
    ("reasons: {n_loans: {consumer: Loans}}", "reasons.n_loans.consumer", "at least 8"),
    ("reasons: {n_loans: {is_specific: perhaps}}", "reasons.n_loans.is_specific", "boolean"),
    ("value_above: x", "value_above", "at least 2"),
    ("notice: {creditor: us}", "notice.creditor", "at least 8"),
    ("reasons: {n_loans: {is_given: perhaps}}", "reasons.n_loans.is_given", "boolean"),
    ("reasons: {n_loans: {text: Other loans}}", "reasons.n_loans.text", "not a known setting"),
    ("reasons: {n_loans: null}", "reasons.n_loans", "not None"),
    ("value_unknown: ''", "value_unknown", "at least 8"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "key", "reason"), WRONG, ids=[case[0] for case in WRONG])
def test_a_wrong_catalogue_names_file_key_and_reason(tmp_path: Path, text: str, key: str, reason: str) -> None:
    with pytest.raises(PolicyError) as caught:
        loaded(tmp_path, text)
    assert caught.value.file == str(tmp_path / "reason_codes.yaml")
    assert caught.value.key == key
    assert reason in caught.value.reason


def test_a_feature_without_a_reason_is_refused() -> None:
    shipped = LOANS.load_policy().reasons
    with pytest.raises(PolicyError, match=r"reasons\.n_pets: is missing, and models use this feature"):
        require_a_reason_per_feature(shipped, [*LOANS.features.explained, "n_pets"], file="reason_codes.yaml")


def test_the_shipped_file_holds_nothing_its_model_does_not_know() -> None:
    shipped = yaml.safe_load((LOANS.policy_dir / "reason_codes.yaml").read_text(encoding="utf-8"))
    assert set(shipped) == set(type(LOANS.load_policy().reasons).model_fields)
