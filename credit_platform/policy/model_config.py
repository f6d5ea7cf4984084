"""How models are labelled, windowed, trained, judged and promoted, as one frozen configuration.

Only shapes and the rules a value must obey belong here. The shipped numbers and their reasons stand in
model_config.yaml, reading files in load.py, and what follows from the numbers (which months, which dates) in scoring.
"""

from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal, get_args

from pydantic import Field, SerializerFunctionWrapHandler, ValidationInfo, field_validator, model_serializer

from credit_platform.errors import PolicyError
from credit_platform.months import add_months, month_range
from credit_platform.policy.calendar_policy import AbsoluteWindows, AssignedCohortPolicy, ClosePolicy
from credit_platform.policy.champion_challenger import ChampionChallengerPolicy
from credit_platform.policy.model_spec import ModelName, ModelSpec
from credit_platform.policy.policy_section import (
    MOST_MONTHS,
    CutOff,
    MonthCount,
    OpenShare,
    PolicySection,
    PrimaryMetric,
    Share,
    TunedBy,
)
from credit_platform.policy.source_policy import SourcePolicy


class LabelPolicy(PolicySection):
    """When a case counts as bad, and how long after it began that is known; each book has a section of its own."""

    @property
    def lag_months(self) -> int:
        """Months after which the label of every cohort is known: trainings and measurements wait for so long."""
        raise NotImplementedError

    @property
    def least_lag_months(self) -> int:
        """The fewest months after which the label of some cohort is known."""
        return self.lag_months

    def known_in(self, cohort: date) -> date:
        """The month whose data tell the labels of a cohort; from `least_lag_months` to `lag_months` after it."""
        return add_months(cohort, self.lag_months)

    def cohorts_known_in(self, month: date) -> list[date]:
        """The cohorts whose labels the data of a month tell; where the lag varies there may be none, or several."""
        span = month_range(add_months(month, -self.lag_months), add_months(month, -self.least_lag_months))
        return [cohort for cohort in span if self.known_in(cohort) == month]

    @property
    def label_def(self) -> str:
        """Name of the definition, as written into the label store."""
        raise NotImplementedError

    @property
    def in_words(self) -> str:
        """What a case with label 1 is or does, to follow `that a loan`."""
        raise NotImplementedError


class WindowLengths(PolicySection):
    """Lengths of the four samples, in origination cohorts (months)."""

    train: MonthCount
    validation: MonthCount
    test: MonthCount
    oot: MonthCount

    @property
    def total(self) -> int:
        """Cohorts the four samples hold together."""
        return self.train + self.validation + self.test + self.oot


class WindowPolicy(PolicySection):
    """Which cohorts a training reads."""

    mode: Literal["relative", "absolute"]
    relative: WindowLengths
    triggered: WindowLengths
    shared_customers: Literal["measured", "left_out"] = "measured"
    absolute: Annotated[AbsoluteWindows | None, Field(validate_default=True)] = None

    @field_validator("absolute")
    @classmethod
    def _exists_when_chosen(cls, value: AbsoluteWindows | None, info: ValidationInfo) -> AbsoluteWindows | None:
        if value is None and info.data.get("mode") == "absolute":
            message = "windows.mode is absolute, so train, validation, test and oot are needed here"
            raise ValueError(message)
        return value


class FeaturePolicy(PolicySection):
    """What the feature store looks back on; a book with evidence groups names `<group>_months` for each."""

    def history_months(self, group: str) -> int:
        """Months that an evidence group is summed over."""
        return int(getattr(self, f"{group}_months"))


class Scaling(PolicySection):
    """Points of a scorecard: `base_score` at `base_odds` goods per bad, `pdo` points double the odds."""

    base_score: Annotated[int, Field(ge=1)]
    base_odds: Annotated[float, Field(gt=0)]
    pdo: Annotated[float, Field(gt=0)]


class Economics(PolicySection):
    """What a booked loan brings or costs, both as shares of the amount lent."""

    loss_given_default: Annotated[float, Field(gt=0, le=1)]
    margin: Annotated[float, Field(gt=0, le=1)]

    @property
    def break_even_probability(self) -> float:
        """Default probability at which margin and loss cancel: margin / (margin + loss given default)."""
        return self.margin / (self.margin + self.loss_given_default)


class Grade(PolicySection):
    """A band of the master scale, closed above at `max_probability`."""

    name: Annotated[str, Field(min_length=1)]
    max_probability: Annotated[float, Field(gt=0, le=1)]


class ScoringPolicy(PolicySection):
    """How a probability becomes a score, a grade and a decision; `cut_off` is None where every version has its own."""

    backfill_months: Annotated[int, Field(ge=0, le=MOST_MONTHS)]
    cut_off: CutOff
    economics: Economics
    scaling: Scaling
    grades: Annotated[tuple[Grade, ...], Field(min_length=1, strict=False)]  # YAML knows lists, not tuples

    @field_validator("grades")
    @classmethod
    def _covers_every_probability(cls, grades: tuple[Grade, ...]) -> tuple[Grade, ...]:
        bounds = [grade.max_probability for grade in grades]
        if any(upper <= lower for lower, upper in pairwise(bounds)):
            message = f"max_probability must rise from grade to grade, and is {bounds}"
            raise ValueError(message)
        if bounds[-1] != 1:
            message = f"the last grade ends at {bounds[-1]}; it must end at 1.0 so that every probability has a grade"
            raise ValueError(message)
        if len({grade.name for grade in grades}) < len(grades):
            message = "two grades have the same name"
            raise ValueError(message)
        return grades


class RetrainingPolicy(PolicySection):
    """The calendar of trainings."""

    every_months: MonthCount
    max_attempts: Annotated[int, Field(ge=1)] = 3
    dead_after_seconds: Annotated[int, Field(ge=1)] = 300


class RefreshPolicy(PolicySection):
    """The age from which on a version gives way to a newer one that is surely not worse by more than `margin`."""

    after_months: Annotated[int, Field(ge=1)] = 12
    margin: Share = 0.01


class PromotionPolicy(PolicySection):
    """When a new version replaces the one in force; `interim` lets one with failed gates replace one in breach.

    `min_uplift` is of another model only, in the place of the champion.
    """

    auto_promote: bool
    min_uplift: Annotated[float, Field(ge=0, lt=1)]
    significance: OpenShare
    interim: bool = True
    refresh: RefreshPolicy = RefreshPolicy()


class SelectionPolicy(PolicySection):
    """The metric that ranks versions, and the smallest sample it is trusted on."""

    primary: PrimaryMetric
    min_samples: Annotated[int, Field(ge=1)]


class ModelGatePolicy(PolicySection):
    """What a version must pass before promotion; gaps are in AUC, rates in shares.

    `min_oot` has floors of other metrics on the out-of-time cohort, by metric.
    """

    min_oot_roc_auc: Share
    min_oot: Mapping[PrimaryMetric, Annotated[float, Field(ge=0)]] = {}
    max_oot_test_gap: Share
    max_train_validation_gap: Share
    max_null_rate: Share
    gaps_judged_by: Literal["interval", "value"] = "interval"

    @field_validator("min_oot")
    @classmethod
    def _leaves_the_auc_to_its_own_key(cls, floors: Mapping[PrimaryMetric, float]) -> Mapping[PrimaryMetric, float]:
        if "roc_auc" in floors:
            message = "the floor of roc_auc is min_oot_roc_auc"
            raise ValueError(message)
        return floors

    @model_serializer(mode="wrap")
    def _without_what_is_not_set(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        # A policy without it keeps the fingerprint that it had before there was the key.
        values: dict[str, object] = handler(self)
        return {name: value for name, value in values.items() if name != "min_oot" or value}


class ModelConfig(PolicySection):
    """The whole of model_config.yaml."""

    label: LabelPolicy
    sources: Mapping[str, SourcePolicy]
    windows: WindowPolicy
    features: FeaturePolicy
    scoring: ScoringPolicy
    close: ClosePolicy = ClosePolicy()
    retraining: RetrainingPolicy
    promotion: PromotionPolicy
    selection: SelectionPolicy
    gates: ModelGatePolicy
    models: Annotated[Mapping[ModelName, ModelSpec], Field(min_length=1)]
    champion_challenger: ChampionChallengerPolicy
    random_seed: Annotated[int, Field(ge=0)]

    @field_validator("selection")
    @classmethod
    def _can_tune_a_cut_off(cls, section: SelectionPolicy, info: ValidationInfo) -> SelectionPolicy:
        scoring, known = info.data.get("scoring"), get_args(TunedBy)
        if isinstance(scoring, ScoringPolicy) and scoring.cut_off is None and section.primary not in known:
            message = f"primary is {section.primary}, but scoring.cut_off is tuned, which it is by {' or '.join(known)}"
            raise ValueError(message)
        return section

    @field_validator("models")
    @classmethod
    def _has_one_model_per_alias(cls, models: Mapping[str, ModelSpec]) -> Mapping[str, ModelSpec]:
        names = [*models, *(spec.alias for key, spec in models.items() if spec.alias != key)]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            message = f"{', '.join(doubled)} names more than one model"
            raise ValueError(message)
        return models

    @field_validator("champion_challenger")
    @classmethod
    def _has_a_champion_among_the_models(
        cls, section: ChampionChallengerPolicy, info: ValidationInfo
    ) -> ChampionChallengerPolicy:
        models: Mapping[str, ModelSpec] = info.data.get("models", {})
        names = [*models, *(spec.alias for spec in models.values())]
        unknown = [name for name in section.named if name not in names]
        if models and unknown:
            message = f"champion is {unknown[0]!r}; the models are {', '.join(models)}"
            raise ValueError(message)
        return section

    @property
    def assigned_cohorts(self) -> AssignedCohortPolicy | None:
        """How cases are given months where the data have no calendar; None for books that have one."""
        return None

    @property
    def champions(self) -> tuple[str, ...]:
        """Keys of the models that are champion in some month, each once, the first one first."""
        return tuple(dict.fromkeys(self._model_named(name) for name in self.champion_challenger.named))

    @property
    def newest_champion(self) -> str:
        """Key of the model that policy names last: it decides what is scored as it comes."""
        return self._model_named(self.champion_challenger.named[-1])

    def champion_in(self, month: date) -> str:
        """Key of the model that decides in a month and that the others are held against.

        Raises:
            PolicyError: policy names the first champion for a later month.
        """
        named = self.champion_challenger.named_in(month)
        if named is None:
            reason = f"names no model for {month:%Y-%m}; its first month must be that or an earlier one"
            raise PolicyError(file="model_config", key="champion_challenger.champion", reason=reason)
        return self._model_named(named)

    def _model_named(self, name: str) -> str:
        return next(key for key, spec in self.models.items() if name in {key, spec.alias})
