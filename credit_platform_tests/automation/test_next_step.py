"""Which steps are due, from month to month, of books that have nothing but the names of their tables."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from credit_platform.automation.next_step import BookState, DueStep
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import add_months, month_range
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.tables import DECISIONS
from credit_platform.settings import Settings

# First scoring 2024-04, first outcome 2024-10, first training 2024-12.
MODELS = ("scorecard", "gradient_boosting")


class Life:
    """A book of which only what is there counts; steps are carried out by making it be there."""

    def __init__(self, folder: Path, axis: MonthlyAxis, config: ModelConfig) -> None:
        self.lake, self.axis, self.config = Lake.at(folder, portfolio=LOANS), axis, config

    @property
    def state(self) -> BookState:
        return BookState(self.lake, self.axis, self.config)

    def make(self, tables: Iterable[str], months: Iterable[date]) -> None:
        for table in tables:
            for month in months:
                file = self.lake.layout.month_file(table, month)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch()

    def build(self, first: str, last: str | None = None) -> None:
        self.make(self.state.built_tables, month_range(at(first), at(last or first)))

    def act(self, month: date, action: str = "monitor") -> None:
        for model in MODELS:
            row = {"model_version": "2020-01-01-a", "action": action, "actionable": True, "snapshot_month": month}
            self.lake.write(f"monitoring/{model}/action", pl.DataFrame([row]), [month])

    def trained(self, month: date, *, promoted: bool = True, models: Iterable[str] = MODELS) -> None:
        for model in models:
            record = PromotionRecord(
                model,
                f"{month}-a",
                month,
                add_months(month, 1),
                promoted=promoted,
                actor="policy",
                reasons=("ok",),
            )
            PromotionLog(self.lake.layout).append(record)

    def carry_out(self, step: DueStep) -> None:
        months = month_range(*step.span)
        if step.job == "score_month":
            self.make(step.tables or [*(f"prediction/{model}" for model in MODELS), DECISIONS], months)
        elif step.job == "monitor_month":
            for month in months:
                self.act(month)
        else:
            self.trained(step.span[1], models=step.models)

    def due(self) -> list[str]:
        return [str(step) for step in self.state.steps()]

    def live(self) -> list[DueStep]:
        """Carry out the first step that is due, until none is."""
        done: list[DueStep] = []
        while step := next((step for step in self.state.steps() if isinstance(step, DueStep)), None):
            assert step not in done, "asked for twice"
            self.carry_out(step)
            done.append(step)
        return done


def at(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


@pytest.fixture
def life(tmp_path: Path, axis: MonthlyAxis, config: ModelConfig) -> Life:
    return Life(tmp_path, axis, config)


def test_before_the_first_training_nothing_follows_a_build(life: Life) -> None:
    life.build("2023-01", "2024-11")
    assert life.due() == []


def test_a_month_that_lacks_one_table_is_not_built(life: Life) -> None:
    life.build("2023-01", "2024-12")
    assert life.due() == ["train_models of 2024-12"]
    life.lake.layout.month_file("gold/label_store", at("2024-12")).unlink()
    assert life.due() == []


def test_the_first_training_is_followed_by_the_months_before_it(life: Life) -> None:
    life.build("2023-01", "2024-12")
    assert [str(step) for step in life.live()] == [
        "train_models of 2024-12",
        "score_month of 2024-04..2024-12",
        "monitor_month of 2024-10..2024-12",
    ]


def test_a_month_is_scored_monitored_and_trained_on_in_this_order(life: Life) -> None:
    life.build("2023-01", "2025-02")
    life.live()
    life.build("2025-03")
    assert [str(step) for step in life.live()] == [
        "score_month of 2025-03",
        "monitor_month of 2025-03",
        "train_models of 2025-03",
    ]


@pytest.mark.parametrize(("backfill_months", "every_months", "at_once"), [(8, 3, False), (0, 1, True), (2, 3, True)])
def test_every_step_that_is_due_is_asked_for_exactly_once_and_no_month_before_its_version(
    settings: Settings, tmp_path: Path, backfill_months: int, every_months: int, *, at_once: bool
) -> None:
    policy = settings.policy.model
    config = policy.model_copy(
        update={
            "scoring": policy.scoring.model_copy(update={"backfill_months": backfill_months}),
            "retraining": policy.retraining.model_copy(update={"every_months": every_months}),
        }
    )
    changed = dataclasses.replace(settings.policy, model=config)
    life = Life(tmp_path, settings.model_copy(update={"policy": changed, "last_month": None}).axis(), config)
    axis = life.axis
    last = add_months(axis.first_training, 7)
    done: list[DueStep] = []
    for built in [last] if at_once else month_range(axis.first_snapshot, last):
        life.make(life.state.built_tables, month_range(axis.first_snapshot, built))
        done += life.live()

    def months(job: str) -> list[date]:
        return sorted(each for step in done if step.job == job for each in month_range(*step.span))

    assert months("score_month") == month_range(axis.first_scoring, last)
    assert months("monitor_month") == month_range(axis.first_outcome, last)
    assert months("train_models") == [add_months(axis.first_training, n) for n in range(0, 8, every_months)]
    firsts = [step.span[1] for step in done]
    assert all(first <= second for first, second in pairwise(firsts)), "a later month ran before an earlier one"


def test_a_month_that_came_late_is_scored_and_monitored_and_not_trained_on_behind_others(life: Life) -> None:
    life.build("2023-01", "2025-02")
    life.build("2025-04")
    trained = [str(step) for step in life.live() if step.job == "train_models"]
    # The training of 2025-03 is made good in the newest month.
    assert trained == ["train_models of 2024-12", "train_models of 2025-04"]
    life.build("2025-03")
    assert [str(step) for step in life.live()] == ["score_month of 2025-03", "monitor_month of 2025-03"]


def test_what_was_done_is_not_done_again_when_an_old_month_is_built_from_other_rows(life: Life) -> None:
    life.build("2023-01", "2025-03")
    life.live()
    life.build("2024-06")
    assert life.due() == []


def test_scored_months_without_decisions_are_decided_and_not_scored_again(life: Life) -> None:
    life.build("2023-01", "2025-01")
    life.live()
    for month in ("2024-05", "2024-06", "2024-11"):
        life.lake.layout.month_file(DECISIONS, at(month)).unlink()
    done = life.live()
    assert [str(step) for step in done] == ["score_month of 2024-05..2024-06", "score_month of 2024-11"]
    assert [step.selection for step in done] == [[DECISIONS], [DECISIONS]]


def test_the_next_month_waits_for_a_retraining_that_an_action_asked_for(life: Life) -> None:
    life.build("2023-01", "2025-02")
    life.live()
    life.act(at("2025-02"), "retrain")
    life.build("2025-03")
    step = next(life.state.steps())
    assert isinstance(step, DueStep)
    assert (str(step), set(step.retraining)) == ("score_month of 2025-03", set(MODELS))
    life.trained(at("2025-02"))
    step = next(life.state.steps())
    assert isinstance(step, DueStep)
    assert not step.retraining


def test_where_people_promote_nothing_is_scored_before_somebody_has(
    tmp_path: Path, axis: MonthlyAxis, config: ModelConfig
) -> None:
    by_hand = config.model_copy(update={"promotion": config.promotion.model_copy(update={"auto_promote": False})})
    life = Life(tmp_path, axis, by_hand)
    life.build("2023-01", "2025-01")
    life.trained(at("2024-12"), promoted=False)
    life.trained(at("2024-12"), models=MODELS[:1])
    (said,) = life.due()
    assert "nobody has promoted a version of gradient_boosting yet" in said
    life.trained(at("2024-12"), models=MODELS[1:])
    assert life.due()[0] == "score_month of 2024-04..2024-12"


def test_versions_that_no_gate_lets_through_are_said(life: Life) -> None:
    life.build("2023-01", "2024-12")
    life.trained(at("2024-12"), promoted=False)
    assert life.due() == ["no version of any model is in force: its gates failed; see credit-platform models"]
