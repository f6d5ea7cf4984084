"""Prediction assets: every new loan of a month, scored by the version in force in that month.

How a probability becomes score, grade and decision is written in `scoring`; the version in force, in the promotion log.
"""

import json
from dataclasses import dataclass

import dagster as dg
import polars as pl

from credit_platform.assets.asset_spec import asset_key, table_declaration
from credit_platform.assets.resources import LakeResource
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, parse_month
from credit_platform.partitions import MonthlyAxis, run_months, same_month
from credit_platform.policy.load import Policy
from credit_platform.policy.reason_codes import ReasonCatalogue
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.scoring.explanation.reason_mix import mix_index, reason_mix
from credit_platform.scoring.predictions import score_loans
from credit_platform.scoring.training.version import FittedVersion, load_version
from credit_platform.scoring.training.windows import Windows

_REASONS_SHOWN = 8  # as many as fit one screen; the table holds all


@dataclass(frozen=True)
class StoredVersion:
    """A verified version, ready to score, with the windows it was developed on."""

    fitted: FittedVersion
    windows: Windows
    metadata: dict[str, object]


def load_stored_version(lake: Lake, model: str, version: str, *, algorithm: str) -> StoredVersion:
    """Read and verify a version; `algorithm` is what policy names for the model, see `load_version`.

    Raises:
        ModelStoreError: a file is missing, changed, or of a newer schema.
    """
    artifacts = ModelStore(lake.layout).load(model, version)
    metadata = json.loads(artifacts["metadata.json"])
    windows = {
        role: tuple(parse_month(month) for month in metadata["windows"][role])
        for role in ("train", "validation", "test", "oot")
    }
    fitted = load_version(model, artifacts, portfolio=lake.layout.portfolio, algorithm=algorithm)
    return StoredVersion(fitted, Windows(**windows), metadata)


def _prediction_asset(model: str, portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    table = f"prediction/{model}"

    @dg.asset(
        **table_declaration(portfolio, table, axis.scoring_months),
        deps=[
            dg.AssetDep(asset_key("gold/feature_store"), partition_mapping=same_month()),
            # With a mapping to earlier months the daemon runs predictions before the model they need.
            dg.AssetDep(asset_key(f"model/{model}"), partition_mapping=dg.AllPartitionMapping()),
        ],
    )
    def loans_scored(context: dg.AssetExecutionContext, lake: LakeResource) -> pl.DataFrame:
        records = PromotionLog(lake.layout).records()
        versions: dict[str, StoredVersion] = {}
        scored = []
        for month in run_months(context):
            name, provenance = version_in_force(records, model, month)
            if name not in versions:
                versions[name] = load_stored_version(
                    lake.lake, model, name, algorithm=policy.model.models[model].algorithm
                )
            stored = versions[name]
            loans = score_loans(
                stored.fitted,
                lake.lake.scan("gold/feature_store", [month]).collect(),
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
                    **_month_numbers(loans),
                    **_reason_numbers(loans, stored.metadata, policy.reasons),
                },
                partition_key=month_key(month),
            )
            scored.append(loans)
        return pl.concat(scored)

    return loans_scored


def _month_numbers(loans: pl.DataFrame) -> dict[str, float | str]:
    if loans.is_empty():
        return {"loans_scored": "no loan was originated in this month"}
    numbers = loans.select(
        mean_default_probability=pl.col("default_probability").mean(),
        declined_share=(pl.col("decision") == "decline").mean(),
    )
    return {name: round(float(value), 4) for name, value in numbers.row(0, named=True).items()}


def _reason_numbers(
    loans: pl.DataFrame, metadata: dict[str, object], catalogue: ReasonCatalogue
) -> dict[str, float | dg.MetadataValue]:
    """The month's most frequent reasons, and how far their mix lies from that of the validation sample."""
    mix, expected = reason_mix(loans), metadata.get("reason_mix")
    if mix.is_empty():
        return {}
    lines = [
        f"| {code} | {catalogue.by_code[code].internal} | {share:.1%} |"
        for code, share in mix.head(_REASONS_SHOWN).select("reason", "share").iter_rows()
    ]
    table = "\n".join(["| reason | feature | loans |", "|---|---|---:|", *lines])
    index = mix_index(expected, mix) if isinstance(expected, dict) else None
    numbers: dict[str, float | dg.MetadataValue] = {"reasons": dg.MetadataValue.md(table)}
    if index is not None:
        numbers["reason_mix_psi"] = round(index, 4)
    return numbers


def prediction_assets(portfolio: Portfolio, axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """One asset per configured model."""
    return [_prediction_asset(model, portfolio, axis, policy) for model in policy.model.models]
