"""The code location: everything Dagster loads, assembled for one portfolio from settings.

Assembly only; assets, checks and automation are written in their own packages. Importing this builds nothing:
`definitions` does, for Dagster.
"""

import warnings

import credit_platform.instance.without_sqlalchemy  # noqa: F401 - before anything that imports dataframely

# isort: split
import dagster as dg
from dagster_duckdb import DuckDBResource

from credit_platform.assets.asset_metadata import with_asset_metadata
from credit_platform.assets.models.decisions import decisions_asset
from credit_platform.assets.models.models import model_assets
from credit_platform.assets.models.online_decisions import online_decisions_asset
from credit_platform.assets.models.predictions import prediction_assets
from credit_platform.assets.monitoring.action import action_assets
from credit_platform.assets.monitoring.champion_challenger import champion_challenger_assets
from credit_platform.assets.monitoring.decision_overrides import overrides_asset
from credit_platform.assets.monitoring.early_warning import early_warning_assets
from credit_platform.assets.monitoring.evidently_page import drift_page_asset
from credit_platform.assets.monitoring.fair_lending import fair_lending_assets
from credit_platform.assets.monitoring.monitoring import monitoring_assets
from credit_platform.assets.monitoring.service import service_asset
from credit_platform.assets.pages.dashboard import dashboard_asset
from credit_platform.assets.resources import LakeResource, MonthlyParquetIOManager
from credit_platform.assets.tables.bronze import bronze_assets, sources
from credit_platform.assets.tables.gold import gold_assets
from credit_platform.assets.tables.oversight import oversight_assets
from credit_platform.assets.tables.silver import silver_assets
from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.alerting import alert_sensors
from credit_platform.automation.arriving import build_on_delivery
from credit_platform.automation.closing import Closing
from credit_platform.automation.continuing import continue_on_month_built
from credit_platform.automation.jobs import BUILD_MONTH, SCORE_MONTH, TRAIN_MODELS, monthly_jobs
from credit_platform.automation.retraining import retrain_on_action
from credit_platform.automation.schedules import held_schedule, held_sensor, month_close, week_close
from credit_platform.checks.tables import all_checks
from credit_platform.instance.shared_history import in_shared_history
from credit_platform.lake.renamed_models import to_migrate
from credit_platform.lake.tables.monthly import Lake
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.settings import Settings


def build_definitions(portfolio: Portfolio, settings: Settings) -> dg.Definitions:
    """Assemble the platform for one portfolio, one data folder and one policy."""
    with warnings.catch_warnings():
        # Backfill policies, checks per month and short windows are beta or preview features of Dagster; they are used
        # on purpose and held by tests.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return _assemble(portfolio, settings)


def _assemble(portfolio: Portfolio, settings: Settings) -> dg.Definitions:
    axis, policy = settings.axis(), settings.policy
    models = list(policy.model.models)
    jobs = monthly_jobs(portfolio, models)
    lake = Lake.at(settings.data_dir.absolute(), settings.raw_dir.absolute(), portfolio=portfolio)
    of_runs = LakeResource(
        data_dir=str(settings.data_dir.absolute()),
        raw_dir=str(settings.raw_dir.absolute()),
        portfolio_name=settings.portfolio_name,
        policy_dir=str(settings.policy_dir.absolute()) if settings.policy_dir else None,
        policy_overrides=settings.overrides.model_dump_json(exclude_none=True),
        policy_sha256=policy.sha256,
    )
    closing = Closing(lake, axis, sources(portfolio, policy.model, axis.first_snapshot), policy.model.close)
    dispatcher = AlertDispatcher(lake, policy.monitoring, models, settings.alerts)
    schedules = [
        month_close(closing, jobs[BUILD_MONTH], settings.automation),
        week_close(lake, models, jobs[SCORE_MONTH], settings.automation),
    ]
    sensors = [
        build_on_delivery(closing, jobs[BUILD_MONTH], settings.automation, policy.model, dispatcher),
        continue_on_month_built(axis, jobs, settings.automation, policy.model, lake),
        *alert_sensors(dispatcher, settings.automation, max_attempts=policy.model.retraining.max_attempts),
        retrain_on_action(
            axis,
            jobs[TRAIN_MODELS],
            models,
            settings.automation,
            lake=lake,
            policy=policy.model.retraining,
            dispatcher=dispatcher,
        ),
    ]
    reason = to_migrate(lake.layout)
    return dg.Definitions(
        assets=in_shared_history(
            portfolio,
            with_asset_metadata(
                portfolio,
                [
                    *bronze_assets(portfolio, axis, policy),
                    *silver_assets(portfolio, axis, policy.model, policy.data.cleaning),
                    *gold_assets(portfolio, axis, policy.model),
                    *model_assets(axis, policy),
                    *prediction_assets(portfolio, axis, policy),
                    decisions_asset(portfolio, axis, policy.model),
                    online_decisions_asset(portfolio, axis),
                    *monitoring_assets(portfolio, axis, policy),
                    *action_assets(portfolio, axis, policy),
                    *early_warning_assets(portfolio, axis, policy),
                    *fair_lending_assets(portfolio, axis, policy),
                    overrides_asset(portfolio, axis, policy),
                    service_asset(portfolio, axis, policy),
                    drift_page_asset(portfolio, axis, policy),
                    *oversight_assets(portfolio, axis, policy),
                    *champion_challenger_assets(portfolio, axis, policy),
                    dashboard_asset(portfolio, axis, policy),
                ],
                models,
            ),
        ),
        asset_checks=in_shared_history(portfolio, all_checks(portfolio, axis, policy.model, policy.data.checks)),
        jobs=list(jobs.values()),
        schedules=schedules if reason is None else [held_schedule(schedule, reason) for schedule in schedules],
        sensors=sensors if reason is None else [held_sensor(sensor, reason) for sensor in sensors],
        resources={
            "lake": of_runs,
            "parquet": MonthlyParquetIOManager(lake=of_runs),
            "duckdb": DuckDBResource(database=":memory:"),
        },
        # One process per run: a process per step costs seconds of imports each, and Polars uses all cores by itself.
        executor=dg.in_process_executor,
    )
