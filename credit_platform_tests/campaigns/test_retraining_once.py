"""Two daemons look at one book two hundred times while they, their runs and all at once are killed.

Each retraining that an action asks for is carried out exactly once, one that fails twice included.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from credit_platform.assets.models.retrain_claim import LEFT_TO_TAG, retrain_key, run_records_at
from credit_platform.assets.monitoring.action import ActionDecider
from credit_platform.automation.run_problems import problems_of
from credit_platform.cli.run.runs import Runner
from credit_platform.code_location import build_definitions
from credit_platform.lake.governance.action_overrides import OverrideLog
from credit_platform.lake.governance.alert_log import AlertLog
from credit_platform.lake.governance.audit import AuditLog
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.lake.governance.retrainings import Retraining, is_alive
from credit_platform.lake.layout import Layout
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.monitoring.action.action import ActionOverride
from credit_platform.months import add_months, month_key
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.campaigns.retraining_under_attack import Attacked
from credit_platform_tests.small_book import MODELS, PREVIEW_ALLOWED, BookFolders

pytestmark = [pytest.mark.slow, *PREVIEW_ALLOWED]

SEED, TICKS, DEADLINE_SECONDS = 7, 200, 900
SENSOR = "retrain_on_action"
# No month of the calendar's. The newest cohort of the windows of 2024-05 is 2023-11: without its features that training
# fails, and the others do not.
FAILING = (MODELS[0], date(2024, 5, 1))
ASKED = [(MODELS[1], date(2024, 2, 1)), (MODELS[1], date(2024, 3, 1)), FAILING]
MISSING = date(2023, 11, 1)
Asked = tuple[str, date]


class Campaign:
    """The book, its instance and what asks for retraining."""

    def __init__(self, attacked: Attacked, instance: dg.DagsterInstance) -> None:
        self.attacked, self.book, self.instance = attacked, attacked.book, instance
        settings = self.book.settings()
        self.runner = Runner(
            build_definitions(LOANS, settings).get_repository_def(),
            LOANS,
            instance,
            Console(file=StringIO()),
            "campaign",
        )
        self.policy, self.axis = settings.policy, self.book.axis()

    def ask(self, model: str, month: date) -> str:
        """Have a person decide that a model is retrained, and the month's action materialized; gives the key."""
        version = self.override(model, month)
        self.materialize_action(model, month)
        return retrain_key(model, month_key(month), version)

    def override(self, model: str, month: date) -> str:
        """Write a person's word down; gives the version it is about."""
        version, _ = self.decide(model, month)
        override = ActionOverride(model, version, month, "retrain", "monitor", "ann", "campaign")
        OverrideLog(self.book.layout).append(override)
        return version

    def decide(self, model: str, month: date) -> tuple[str, str]:
        """The version a month's action is about, and the action's transition."""
        subject, decision = ActionDecider(self.book.lake, model, self.axis, self.policy).decide(month)
        return subject.model_version, str(decision.transition)

    def materialize_action(self, model: str, month: date) -> None:
        ran = self.runner.run("monitor_month", month, month, assets=[f"monitoring/{model}/action"])
        assert ran.success, ran.problems

    def runs(self, model: str, key: str) -> list[dg.DagsterRun]:
        return [record.dagster_run for record in run_records_at(self.instance, model, key)]

    def failed_runs(self, model: str, key: str, why: str) -> set[str]:
        """The failed runs of a retraining that say why; one that was killed has nothing to say."""
        failed = [run.run_id for run in self.runs(model, key) if run.status == dg.DagsterRunStatus.FAILURE]
        return {run_id for run_id in failed if any(why in said for said in problems_of(self.instance, run_id))}

    def told_runs(self) -> set[str]:
        """The failed runs that people were told of."""
        records = AlertLog(self.book.layout).records().values()
        return {record.event.occasion for record in records if record.event.kind in {"failed", "escalated"}}

    @property
    def table(self) -> Path:
        """Without it one of the trainings fails."""
        return self.book.layout.month_file("gold/feature_store", MISSING)

    def standing(self) -> list[str]:
        """The open alerts of trainings."""
        opened = [record.event.key for record in AlertLog(self.book.layout).open_alerts()]
        return [key for key in opened if key.startswith("train_models")]

    def n_ticks(self) -> int:
        state = [one for one in self.instance.all_instigator_state() if one.name == SENSOR]
        return sum(len(self.instance.get_ticks(one.instigator_origin_id, one.selector_id)) for one in state)

    def processes_at(self, key: str) -> list[int]:
        """The living processes of the runs that are at a retraining now."""
        runs = [run for run in self.runs(key.split(":")[1], key) if not run.is_finished]
        started = [run for run in runs if is_alive(self.book.layout, run.run_id)]
        logs = [log for run in started for log in self.instance.all_logs(run.run_id)]
        data = [log.get_dagster_event().event_specific_data for log in logs if log.is_dagster_event]
        found = [getattr(one, "metadata", {}).get("pid") for one in data]
        return [int(value.value) for value in found if value is not None]

    def trained(self, model: str, month: date) -> list[str]:
        """The versions that materializations of a model's month speak of."""
        records = self.instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=dg.AssetKey(["model", model]), asset_partitions=[month_key(month)]),
            limit=50,
        ).records
        told = [record.asset_materialization for record in records]
        return [str(one.metadata["model_version"].value) for one in told if one and "model_version" in one.metadata]


@pytest.fixture
def campaign(finished_book: BookFolders, tmp_path: Path) -> Iterator[Campaign]:
    with Attacked.of(finished_book, tmp_path) as attacked, attacked.instance() as instance:
        yield Campaign(attacked, instance)


def attack(campaign: Campaign, keys: Mapping[Asked, str]) -> dict[str, int]:
    """Kill and materialize at random until every retraining is done and the sensor has looked often enough."""
    chance = random.Random(SEED)  # noqa: S311 - chance, no secret
    book, attacked = campaign.book, campaign.attacked
    table, hidden = campaign.table, campaign.table.with_suffix(".hidden")
    done = {"daemons": 0, "runs": 0, "power": 0, "actions": 0}
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(chance.uniform(0.5, 4.0))
        model, month = chance.choice(ASKED)
        under_way = [process for key in keys.values() for process in campaign.processes_at(key)]
        failed = campaign.failed_runs(FAILING[0], keys[FAILING], f"{MISSING:%Y-%m}")
        if hidden.exists() and len(failed) >= 2:
            hidden.rename(table)
        if under_way and not done["runs"]:
            with suppress(ProcessLookupError):
                os.kill(under_way[0], signal.SIGKILL)
                done["runs"] += 1
        elif under_way and done["runs"] and not done["power"]:
            attacked.lose_power()
            done["power"] += 1
        elif chance.random() < 0.3 and done["daemons"] < 8:
            attacked.kill_daemon(chance.randrange(2))
            done["daemons"] += 1
        elif done["actions"] < 5:
            campaign.materialize_action(model, month)
            done["actions"] += 1
        finished = [Retraining(book.layout, key).done() for key in keys.values()]
        is_quiet = all(run.is_finished for (m, _), key in keys.items() for run in campaign.runs(m, key))
        # A sensor that has just looked tells with its next look.
        is_told = failed <= campaign.told_runs() and not campaign.standing()
        if all(finished) and is_quiet and is_told and campaign.n_ticks() >= TICKS:
            return done
    pytest.fail(f"not done in time: {done}, {campaign.n_ticks()} ticks\n{attacked.log('daemon')[-3000:]}")


def ends_showing_life(layout: Layout, runs: list[str], seconds: float = 120) -> bool:
    """Whether no process of these runs lives; one that has reported its end may take a while to go."""
    deadline = time.monotonic() + seconds
    while any(is_alive(layout, run) for run in runs) and time.monotonic() < deadline:
        time.sleep(0.5)
    return not any(is_alive(layout, run) for run in runs)


def test_every_retraining_is_carried_out_exactly_once_whatever_is_killed(campaign: Campaign) -> None:
    # Before the sensors, which look several times a second, can ask for the training that is to fail.
    campaign.table.rename(campaign.table.with_suffix(".hidden"))
    keys = {(model, month): campaign.ask(model, month) for model, month in ASKED}
    killed = attack(campaign, keys)
    assert killed["power"] == 1
    assert killed["runs"] >= 1
    assert killed["daemons"] >= 3

    layout = campaign.book.layout
    records = PromotionLog(layout).records()
    for (model, month), key in keys.items():
        outcome = Retraining(layout, key).done()
        assert outcome is not None
        runs = campaign.runs(model, key)
        # A run may be killed when it has trained; then its successor finds the training done.
        succeeded = {run.run_id for run in runs if run.status == dg.DagsterRunStatus.SUCCESS}
        left = {run.run_id for run in runs if run.tags.get(LEFT_TO_TAG) == outcome.run_id}
        assert succeeded, key
        assert succeeded <= {outcome.run_id} | left, key
        assert ends_showing_life(layout, [run.run_id for run in runs])
        assert campaign.trained(model, month) in ([outcome.model_version], []), key
        versions = ModelStore(layout).versions(model)
        assert [one for one in versions if one.startswith(month_key(month))] == [outcome.model_version]
        decided = [record.model_version for record in records if (record.model, record.as_of) == (model, month)]
        assert decided == [outcome.model_version]
    assert len(campaign.failed_runs(FAILING[0], keys[FAILING], f"{MISSING:%Y-%m}")) >= 2
    assert AuditLog(layout).verify() == []
    assert campaign.standing() == []
    # A month later the action knows what became of it: in effect, or refused by its gates.
    model, month = FAILING
    campaign.override(model, add_months(month, 1))
    _, transition = campaign.decide(model, add_months(month, 1))
    assert transition.startswith(("retrain_required -> resolved: ", "retrain_required -> retraining: "))
    done = Retraining(layout, keys[FAILING]).done()
    assert done is not None
    assert done.model_version in transition
