"""All checks: the contract check of every table, which none can be declared without, and the checks beyond it.

How a check works is in the module of its kind.
"""

from collections.abc import Sequence

import dagster as dg
import dataframely as dy

from credit_platform.checks.book_checks import book_checks
from credit_platform.checks.contracts import contract_check
from credit_platform.checks.gates import gate_checks
from credit_platform.checks.judgements import judgement_checks
from credit_platform.checks.label_gates import label_maturity_check
from credit_platform.checks.model_gates import model_gate_checks
from credit_platform.checks.monthly import SHIPPED
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.check_policy import CheckPolicy, refuse_unknown_checks
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.tables import begins_with, tables_of
from credit_platform.schemas.quarantine import Quarantine


def all_checks(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy = SHIPPED
) -> list[dg.AssetChecksDefinition]:
    """Gates of the sources and of labels, contracts of every table, and the judgements, as policy switches them.

    Raises:
        PolicyError: policy switches a check that does not exist.
    """
    checks = [
        *gate_checks(portfolio, axis, policy),
        *table_checks(portfolio, axis, list(config.models), policy),
        label_maturity_check(portfolio, axis, config.label.lag_months, policy),
        *judgement_checks(portfolio, axis, config, policy),
        *book_checks(portfolio, axis, config, policy),
        *model_gate_checks(axis, config, policy),
    ]
    refuse_unknown_checks(
        policy, [(key.asset_key.to_user_string(), key.name) for check in checks for key in check.check_keys]
    )
    return checks


def table_checks(
    portfolio: Portfolio, axis: MonthlyAxis, models: Sequence[str], policy: CheckPolicy = SHIPPED
) -> list[dg.AssetChecksDefinition]:
    """A blocking contract check for every monthly table; a silver table's check covers its quarantine table too."""
    tables = tables_of(portfolio)
    shared = [
        contract_check({table: schema} | _written_beside(table), axis=_axis_of(table, axis), policy=policy)
        for table, schema in tables.shared.items()
    ]
    own = [
        contract_check({table: tables.of_models[part]}, axis=_axis_of(table, axis), policy=policy)
        for model in models
        for part in tables.of_models
        for table in [model_table(model, part)]
    ]
    return [*shared, *own]


def _written_beside(table: str) -> dict[str, type[dy.Schema]]:
    layer, name = table.split("/")
    return {f"quarantine/{name}": Quarantine} if layer == "silver" else {}


def model_table(model: str, part: str) -> str:
    """The asset key of a table every model has one of."""
    return f"prediction/{model}" if part == "prediction" else f"monitoring/{model}/{part}"


def _axis_of(table: str, axis: MonthlyAxis) -> dg.PartitionsDefinition:
    months = {"snapshot": axis.snapshot_months, "scoring": axis.scoring_months, "outcome": axis.outcome_months}
    return months[begins_with(table)]
