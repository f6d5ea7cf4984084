"""Model assets: a version per month in which training is due.

What training does is written in `training`; a month is materialized when it is due, on a retrain action, or by hand.
The search for parameters is shown as a line in the run's log after every trial, and as a table beside the version.
"""

import json
import logging

import dagster as dg

from credit_platform.assets.asset_spec import OWNERS, asset_key
from credit_platform.assets.models.retrain_claim import train_once
from credit_platform.assets.models.training import TrainingOutcome, train_as_of
from credit_platform.assets.pages.month_pages import tell_of_training
from credit_platform.assets.pages.version_documents import document_version
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_key, months_of
from credit_platform.partitions import MonthlyAxis, all_months_until, months_before
from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import ModelSpec
from credit_platform.policy.model_spec import Parameter
from credit_platform.reports.documents.document import markdown_list
from credit_platform.scoring.governance.promotion import AS_NEWEST
from credit_platform.scoring.training.tuning import OnTrial, Trial, Tuning
from credit_platform.scoring.training.windows import Windows

# What fits the models that scikit-learn does not, as the UI shows it.
_LIBRARY_OF = {"gradient_boosting": "lightgbm", "random_forest": "lightgbm", "xgboost": "xgboost"}


def _training_metadata(
    outcome: TrainingOutcome, folder: str, documents: dict[str, dg.MetadataValue], cases: str
) -> dict[str, dg.MetadataValue]:
    auc, on_samples = (
        {str(row["sample_role"]): row for row in metrics.filter(metric="roc_auc").iter_rows(named=True)}
        for metrics in (outcome.newest_metrics, outcome.metrics)
    )
    lines = [
        f"| {role} | {row['value']:.4f} | {row['ci_low']:.4f} to {row['ci_high']:.4f} | {row['n']} | {row['n_bad']} |"
        for role, row in auc.items()
        if row["value"] is not None and row["ci_low"] is not None
    ]
    mix = "" if auc == on_samples else f" {AS_NEWEST}"
    table = "\n".join([f"| sample | ROC-AUC{mix} | 95 % interval | {cases} | bad |", "|---|---|---|---|---|", *lines])
    aucs = {
        f"roc_auc_{role}": dg.MetadataValue.float(float(row["value"]))
        for role, row in sorted(auc.items(), key=lambda item: item[0] != "oot")
        if row["value"] is not None
    }
    if auc != on_samples and (value := on_samples["oot"]["value"]) is not None:
        aucs["roc_auc_oot_with_all_sources"] = dg.MetadataValue.float(float(value))
    top = (f"{row['rank']}. {row['feature']}" for row in outcome.importance.head(10).iter_rows(named=True))
    tuning = {"tuning": dg.MetadataValue.md(tuning_table(outcome.tuning))} if len(outcome.tuning.trials) > 1 else {}
    # In this order: what one wants to know of a version first, what one looks up last.
    return {
        "model_version": dg.MetadataValue.text(outcome.model_version),
        "promoted": dg.MetadataValue.bool(outcome.decision.promote),
        **aucs,
        "promotion_reasons": dg.MetadataValue.md(markdown_list(outcome.decision.reasons)),
        "discrimination": dg.MetadataValue.md(table),
        **documents,
        "top_features": dg.MetadataValue.md("\n".join(top)),
        **tuning,
        "windows": dg.MetadataValue.md(_windows_table(outcome.windows)),
        "artifacts": dg.MetadataValue.path(folder),
    }


def _windows_table(windows: Windows) -> str:
    lines = [
        f"| {role} | {cohorts[0][:7]} to {cohorts[-1][:7]} | {len(cohorts)} |"
        for role, cohorts in windows.keys_by_role.items()
        if cohorts
    ]
    return "\n".join(["| sample | cohorts | months |", "|---|---|---:|", *lines])


def _model_asset(model: str, spec: ModelSpec, axis: MonthlyAxis, policy: Policy) -> dg.AssetsDefinition:
    config = policy.model
    lag = config.label.lag_months
    # Lineage of the usual windows and of the cohorts after them, whose sources a version is judged with; absolute ones
    # stay while the month moves on, triggered ones lie inside.
    is_relative = config.windows.mode == "relative"
    features = months_before(config.windows.relative.total - 1 + lag) if is_relative else all_months_until()
    labels = months_before(config.windows.relative.total - 1) if is_relative else all_months_until()

    @dg.asset(
        key=asset_key(f"model/{model}"),
        description=(
            f"One version per month in which training is due ({spec.alias}, {spec.algorithm.replace('_', ' ')}). "
            f"Trained on cohorts whose outcome is known in that month; takes effect one month later if it is promoted."
        ),
        partitions_def=axis.training_months,
        backfill_policy=dg.BackfillPolicy.single_run(),
        owners=[OWNERS["model"]],
        kinds={_LIBRARY_OF.get(spec.algorithm, "scikitlearn")},
        deps=[
            dg.AssetDep(asset_key("gold/feature_store"), partition_mapping=features),
            dg.AssetDep(asset_key("gold/label_store"), partition_mapping=labels),
        ],
    )
    def version_as_of(context: dg.AssetExecutionContext, lake: dg.ResourceParam[Lake]) -> None:
        def train() -> str:
            version = ""
            for month in months_of(context.partition_keys):
                outcome = train_as_of(lake, model, month, policy, on_trial=log_trials(context.log))
                version, key = outcome.model_version, month_key(month)
                context.log.info(json.dumps({"month": key, "reasons": list(outcome.decision.reasons)}))
                folder = str(lake.layout.model_version(model, version))
                documents = document_version(lake, policy, model, version)
                cases = lake.layout.portfolio.words.cases
                context.add_asset_metadata(_training_metadata(outcome, folder, documents, cases), partition_key=key)
            tell_of_training(lake, policy, months_of(context.partition_keys), context.log)
            return version

        done = train_once(context, lake.layout, model, train)
        if done is not None:
            context.log.info(f"Run {done.run_id} carried out this retraining; nothing is trained here.")
            context.add_output_metadata({"left_to_run": done.run_id, "trained_version": done.model_version})

    return version_as_of


def model_assets(axis: MonthlyAxis, policy: Policy) -> list[dg.AssetsDefinition]:
    """One asset per configured model."""
    return [_model_asset(name, spec, axis, policy) for name, spec in policy.model.models.items()]


def log_trials(log: logging.Logger) -> OnTrial:
    """Write every trial of several into the log; one trial alone is no search and nothing to wait for."""
    best: float | None = None

    def log_trial(trial: Trial) -> None:
        nonlocal best
        found = [auc for auc in (best, trial.validation_auc) if auc is not None and trial.number > 1]
        best = max(found) if found else trial.validation_auc
        if trial.of > 1:
            log.info(
                f"trial {trial.number} of {trial.of}: validation ROC-AUC {_number(trial.validation_auc)}, "
                f"best so far {_number(best)}"
            )

    return log_trial


def tuning_table(tuning: Tuning) -> str:
    """All trials as a Markdown table, the kept one marked."""
    names = list(tuning.trials[0].params)
    lines = [
        " | ".join(
            [
                f"| {trial.number}{' (kept)' if trial.number == tuning.kept else ''}",
                _number(trial.validation_auc),
                *(_shown(trial.params[name]) for name in names),
                "",
            ]
        ).rstrip()
        for trial in tuning.trials
    ]
    return "\n".join([f"| trial | validation ROC-AUC | {' | '.join(names)} |", f"|{'---|' * (len(names) + 2)}", *lines])


def _shown(value: Parameter) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _number(auc: float | None) -> str:
    return "undefined" if auc is None else f"{auc:.4f}"
