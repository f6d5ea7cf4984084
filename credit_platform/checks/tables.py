"""All checks: the contract check of every table, which none can be declared without, and the checks beyond it.

How a check works is in the module of its kind.
"""

from collections.abc import Sequence

import dagster as dg

from credit_platform.checks.case_gates import case_gates
from credit_platform.checks.contracts import contract_check
from credit_platform.checks.decision_gates import one_decision_check
from credit_platform.checks.gates import gate_checks
from credit_platform.checks.judgements import book_checks, judgement_checks
from credit_platform.checks.label_gates import label_maturity_check, unlabelled_check
from credit_platform.checks.model_gates import model_gate_checks
from credit_platform.checks.monthly import SHIPPED
from credit_platform.checks.service_gates import service_checks
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy, refuse_unknown_checks
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import begins_with, tables_of


def all_checks(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy = SHIPPED
) -> list[dg.AssetChecksDefinition]:
    """Gates of the sources and of labels, contracts of every table, and the judgements, as policy switches them.

    Raises:
        PolicyError: policy names a check, table or rule that does not exist.
    """
    checks = [
        *gate_checks(portfolio, axis, policy),
        *table_checks(portfolio, axis, list(config.models), policy),
        label_maturity_check(portfolio, axis, config.label, policy),
        unlabelled_check(portfolio, axis, policy),
        *case_gates(portfolio, axis, policy),
        one_decision_check(portfolio, axis, config, policy),
        *service_checks(portfolio, axis, policy),
        *judgement_checks(portfolio, axis, config, policy),
        *book_checks(portfolio, axis, config, policy),
        *model_gate_checks(axis, config, portfolio.words, policy),
    ]
    refuse_unknown_checks(
        policy, [(key.asset_key.to_user_string(), key.name) for check in checks for key in check.check_keys]
    )
    return checks


def table_checks(
    portfolio: Portfolio, axis: MonthlyAxis, models: Sequence[str], policy: CheckPolicy = SHIPPED
) -> list[dg.AssetChecksDefinition]:
    """A blocking contract check for every monthly table."""
    tables = tables_of(portfolio)
    names = [
        *tables.shared,
        *tables.quarantines,
        *(model_table(model, part) for model in models for part in tables.of_models),
    ]
    return [contract_check(name, tables[name], axis=_axis_of(name, axis), policy=policy) for name in names]


def model_table(model: str, part: str) -> str:
    """The asset key of a table every model has one of."""
    return f"prediction/{model}" if part == "prediction" else f"monitoring/{model}/{part}"


def _axis_of(table: str, axis: MonthlyAxis) -> dg.PartitionsDefinition:
    months = {"snapshot": axis.snapshot_months, "scoring": axis.scoring_months, "outcome": axis.outcome_months}
    return months[begins_with(table)]
