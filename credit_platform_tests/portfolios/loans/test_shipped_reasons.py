"""The shipped policy and what the book declares in code: alike where both say it, and enough where one does."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from credit_platform.policy.load import PolicyTerms, load_policy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.portfolios.loans.shipped_reasons import COMMAND, FILE, as_it_should_be


def test_the_shipped_reasons_are_those_the_features_declare() -> None:
    assert FILE.read_text(encoding="utf-8") == as_it_should_be(), f"run {COMMAND}"


@pytest.fixture
def terms(tmp_path: Path) -> PolicyTerms:
    folder = Path(shutil.copytree(LOANS.policy_dir, tmp_path / "shipped"))
    return replace(LOANS.terms, folder=folder)


def without(file: Path, *keys: str) -> None:
    """Take an entry out of a policy file."""
    values = section = yaml.safe_load(file.read_text(encoding="utf-8"))
    for key in keys[:-1]:
        section = section[key]
    del section[keys[-1]]
    file.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "keys"),
    [
        ("reason_codes", ("reasons",)),
        ("reason_codes", ("reasons", "loan_extent")),
        ("reason_codes", ("reasons", "combination_1")),
        ("model_config", ("sources",)),
        ("model_config", ("sources", "feature_clickstream")),
        ("model_config", ("sources", "lms_loan_daily")),
    ],
)
def test_what_the_shipped_file_leaves_out_is_as_declared(terms: PolicyTerms, file: str, keys: tuple[str, ...]) -> None:
    without(terms.folder / f"{file}.yaml", *keys)
    changed = load_policy(None, terms=terms)
    expected = LOANS.load_policy()
    assert changed.reasons == expected.reasons
    if keys == ("sources",):  # the shipped file requires more than a source declares
        required = {name for name, source in changed.model.sources.items() if source.required}
        assert required == {source.name for source in LOANS.sources if source.must_be_required}
    else:
        assert changed.sha256 == expected.sha256


def test_a_declared_reason_is_changed_by_an_own_file(terms: PolicyTerms, tmp_path: Path) -> None:
    without(terms.folder / "reason_codes.yaml", "reasons")
    (tmp_path / "reason_codes.yaml").write_text("reasons: {n_loans: {consumer: How many loans you have elsewhere}}")
    reasons = load_policy(tmp_path, terms=terms).reasons.reasons
    assert reasons["n_loans"].consumer == "How many loans you have elsewhere"
    assert reasons["n_loans"].code == "DBT01"
