from __future__ import annotations

from credit_platform.checks.tables import all_checks, model_table, table_checks
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import tables_of
from credit_platform_tests.small_book import MODELS, PREVIEW_ALLOWED, BookFolders

pytestmark = PREVIEW_ALLOWED
QUARANTINES = [
    f"quarantine/{name}"
    for name in ("loan_snapshots", "customer_attributes", "customer_financials", "customer_clickstream")
]


def test_there_is_a_blocking_contract_check_for_every_table(small_book: BookFolders) -> None:
    checks = table_checks(LOANS, small_book.axis(), MODELS)
    specs = [spec for check in checks for spec in check.check_specs]
    own = [model_table(model, part) for model in MODELS for part in tables_of(LOANS).of_models]
    assert sorted(spec.asset_key.to_user_string() for spec in specs) == sorted(
        [*tables_of(LOANS).shared, *own, *QUARANTINES]
    )
    assert all(spec.blocking for spec in specs)


GATES = {
    "delivery_may_be_built_on",
    "labels_are_mature",
    "few_rows_are_set_aside",
    "cases_are_known_from_their_start",
    "no_source_goes_dark",
    "every_scored_case_has_one_decision",
}


def test_gates_block_and_judgements_never_do(small_book: BookFolders) -> None:
    axis, config = small_book.axis(), small_book.settings().policy.model
    contracts = {key for check in table_checks(LOANS, axis, MODELS) for key in check.check_keys}
    others = [
        spec for check in all_checks(LOANS, axis, config) for spec in check.check_specs if spec.key not in contracts
    ]
    assert {spec.name for spec in others if spec.blocking} == GATES
    judgements = [spec for spec in others if spec.name not in GATES]
    assert judgements
    assert not any(spec.blocking for spec in judgements)


def test_the_prediction_of_a_model_has_no_last_part() -> None:
    assert model_table("m", "prediction") == "prediction/m"
    assert model_table("m", "action") == "monitoring/m/action"
