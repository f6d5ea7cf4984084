"""What a built month lacks: to be scored, monitored, or trained on, in the order in which it becomes due.

Told from what is stored, so that it does not matter what built the month, nor whether anybody watched when it did. What
was done once is not done again: other rows in an old month make what follows it stale, and decide nothing anew.
Whether a step may be asked for now, and asking, belong to `continuing`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from credit_platform.assets.models.decisions import undecided_months
from credit_platform.assets.models.training import is_triggered
from credit_platform.automation.jobs import MONITOR_MONTH, SCORE_MONTH, TRAIN_MODELS
from credit_platform.automation.run_spans import Span, spans_of
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord, model_periods
from credit_platform.lake.tables.monthly import Lake
from credit_platform.months import month_range
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.tables import DECISIONS, begins_with
from credit_platform.scoring.training.windows import is_training_due


@dataclass(frozen=True)
class DueStep:
    """A run that is due.

    Attributes:
        job: the job to run.
        span: its first and last month.
        after: the tables whose last month the step follows on.
        why: one clause.
        models: the models to train; empty for other jobs.
        retraining: models that an action of the month before wants trained first.
        tables: the tables to make, where the job is not to make all of its own.
    """

    job: str
    span: Span
    after: Sequence[str]
    why: str
    models: Sequence[str] = ()
    retraining: Sequence[str] = ()
    tables: Sequence[str] = ()

    @property
    def selection(self) -> list[str]:
        """The assets to make; empty for all of the job."""
        return [*(f"model/{model}" for model in self.models), *self.tables]

    def __str__(self) -> str:
        """`score_month of 2025-01`."""
        first, last = (f"{month:%Y-%m}" for month in self.span)
        return f"{self.job} of {first if first == last else f'{first}..{last}'}"


@dataclass(frozen=True)
class BookState:
    """Which months of a book are built, scored and monitored, and what was decided about its versions."""

    lake: Lake
    axis: MonthlyAxis
    config: ModelConfig

    @cached_property
    def built_tables(self) -> list[str]:
        """The tables that make a month built: all that begin with the book's first snapshot."""
        tables = self.lake.layout.tables
        return [*tables.quarantines, *(table for table in tables.shared if begins_with(table) == "snapshot")]

    @cached_property
    def built(self) -> list[date]:
        """The months with every table of `build_month`, rising."""
        return self._months(self.built_tables)

    @cached_property
    def records(self) -> list[PromotionRecord]:
        """Every decision about a version, oldest first."""
        return PromotionLog(self.lake.layout).records()

    @cached_property
    def models_in_force(self) -> list[str]:
        """The models of which a version can score."""
        return [model for model in self.config.models if model_periods(self.records, model)]

    def _months(self, tables: Sequence[str]) -> list[date]:
        known = [set(self.lake.months(table)) for table in tables]
        return sorted(set.intersection(*known)) if known else []

    @cached_property
    def predictions(self) -> list[str]:
        """The tables that make a month scored."""
        return [f"prediction/{model}" for model in self.models_in_force]

    @cached_property
    def actions(self) -> list[str]:
        """The tables that make a month monitored."""
        return [f"monitoring/{model}/action" for model in self.models_in_force]

    def steps(self) -> Iterator[DueStep | str]:
        """What is due, month by month; a sentence where a person has to decide first."""
        scored, monitored = set(self._months(self.predictions)), set(self._months(self.actions))
        start = self.axis.first_training
        earlier = [month for month in self.built if self.axis.first_scoring <= month < start]
        undecided = set(undecided_months(self.lake, self.config))
        for month in (month for month in self.built if month >= start):
            untrained = sorted(set(self.config.models) - {record.model for record in self.records})
            if untrained:
                why = f"the first training is due in {start:%Y-%m}"
                yield DueStep(TRAIN_MODELS, (month, month), ["gold/label_store"], why, untrained)
                continue
            if waiting := self._waiting():
                yield waiting
                return
            own = [*earlier, month]
            earlier = list[date]()
            to_score = [each for each in own if each not in scored]
            for span in spans_of(to_score):
                retraining = self._retraining(max((each for each in monitored if each < span[1]), default=None))
                why = f"{span[1]:%Y-%m} is built"
                yield DueStep(SCORE_MONTH, span, self.built_tables, why, retraining=retraining)
            # Of a folder of an earlier release, or of a run that was ended: scored months are not scored again.
            for span in spans_of([each for each in own if each in scored & undecided]):
                yield DueStep(
                    SCORE_MONTH, span, self.predictions, f"{span[1]:%Y-%m} is not decided", tables=[DECISIONS]
                )
            to_read = [each for each in own if each in scored - monitored and each >= self.axis.first_outcome]
            for span in spans_of(to_read):
                yield DueStep(MONITOR_MONTH, span, self.predictions, f"{span[1]:%Y-%m} is scored")
            is_newest = month == max(scored, default=None)
            if is_newest and (month in monitored or month < self.axis.first_outcome):
                yield from self._training(month, self.actions if month in monitored else self.predictions)

    def _waiting(self) -> str | None:
        if not self.models_in_force and self.config.promotion.auto_promote:
            return "no version of any model is in force: its gates failed; see credit-platform models"
        waiting = sorted(set(self.config.models) - set(self.models_in_force))
        if self.config.promotion.auto_promote or not waiting:
            return None
        return (
            f"promotion.auto_promote is off and nobody has promoted a version of {', '.join(waiting)} yet: see "
            "credit-platform models, then credit-platform promote; what is built is scored after that"
        )

    def _retraining(self, month: date | None) -> list[str]:
        """The models that the action of a month wants trained, and that have not been since."""
        if month is None:
            return []
        models = [model for model in self.models_in_force if not self._is_trained_since(model, month)]
        return [model for model in models if is_triggered(self.lake, model, month)]

    def _training(self, month: date, after: Sequence[str]) -> Iterator[DueStep]:
        """A training that the calendar asks for, also one whose own month came too late for it.

        What the action of the month asks for is left to `retraining`.
        """
        asked = month_range(self.axis.first_training, month)
        due = max(each for each in asked if is_training_due(each, self.axis.first_training, self.config))
        models = [model for model in self.config.models if not self._is_trained_since(model, due)]
        models = [model for model in models if not is_triggered(self.lake, model, month)]
        if models:
            yield DueStep(
                TRAIN_MODELS, (month, month), after, f"training was due in {due:%Y-%m} by the calendar", models
            )

    def _is_trained_since(self, model: str, month: date) -> bool:
        return any(record.model == model and record.as_of >= month for record in self.records)
