"""Prediction assets: every new loan of a month, scored by the version in force in that month.

How a probability becomes score, grade and decision is written in `scoring`; the version in force, in the promotion log.
"""

from collections.abc import Mapping

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key, table_spec
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.provenance import require_unaltered
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis, same_month
from credit_platform.policy.load import Policy
from credit_platform.policy.reason_codes import ReasonCatalogue
from credit_platform.portfolios.portfolio import Portfolio, Words
from credit_platform.reports.documents.document import markdown_text
from credit_platform.scoring.explanation.reasons import mix_index, reason_mix
from credit_platform.scoring.predictions import score_loans

_REASONS_SHOWN = 8  # as many as fit one screen; the table holds all


def _prediction_asset(model: str, portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    table = f"prediction/{model}"

    @dg.asset(
        **table_spec(portfolio, table, axis.scoring_months),
        deps=[
            dg.AssetDep(asset_key("gold/feature_store"), partition_mapping=same_month()),
            # With a mapping to earlier months the daemon runs predictions before the model they need.
            dg.AssetDep(asset_key(f"model/{model}"), partition_mapping=dg.AllPartitionMapping()),
        ],
    )
    def loans_scored(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> pl.DataFrame:
        records = PromotionLog(lake.layout).records()
        scored = []
        months = months_of(context.partition_keys)
        require_unaltered(lake.layout, {"gold/feature_store": months})
        for month in months:
            name, provenance = version_in_force(records, model, month)
            stored = lake.versions.read(model, name)
            loans = score_loans(
                stored.fitted(policy.model),
                lake.scan("gold/feature_store", [month]).collect(),
                model_version=name,
                role=stored.windows.role_of(month),
                provenance=provenance,
                config=policy.model,
                reasons=policy.reasons,
            )
            context.add_asset_metadata(
                {
                    "model_version": name,
                    "provenance": provenance,
                    **_month_numbers(loans, portfolio.words),
                    **_reason_numbers(loans, stored.metadata.reason_mix, policy.reasons, portfolio.words.cases),
                },
                partition_key=month_key(month),
            )
            scored.append(loans)
        return pl.concat(scored)

    return loans_scored


def _month_numbers(loans: pl.DataFrame, words: Words) -> dict[str, float | str]:
    if loans.is_empty():
        return {f"{words.cases}_scored": f"no {words.case} was {words.originated} in this month"}
    numbers = loans.select(
        mean_default_probability=pl.col("default_probability").mean(),
        declined_share=(pl.col("decision") == "decline").mean(),
    )
    return {name: round(float(value), 4) for name, value in numbers.row(0, named=True).items()}


def _reason_numbers(
    loans: pl.DataFrame, expected: Mapping[str, int] | None, catalogue: ReasonCatalogue, cases: str
) -> dict[str, float | dg.MetadataValue]:
    """The month's most frequent reasons, and how far their mix lies from that of the validation sample."""
    mix = reason_mix(loans)
    if mix.is_empty():
        return {}
    lines = [
        f"| {code} | {markdown_text(catalogue.by_code[code].internal)} | {share:.1%} |"
        for code, share in mix.head(_REASONS_SHOWN).select("reason", "share").iter_rows()
    ]
    table = "\n".join([f"| reason | feature | {cases} |", "|---|---|---:|", *lines])
    index = None if expected is None else mix_index(expected, mix)
    numbers: dict[str, float | dg.MetadataValue] = {"reasons": dg.MetadataValue.md(table)}
    if index is not None:
        numbers["reason_mix_psi"] = round(index, 4)
    return numbers


def prediction_assets(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """One asset per configured model."""
    return [_prediction_asset(model, portfolio, axis, policy) for model in policy.model.models]
