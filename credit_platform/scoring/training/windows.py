"""Which origination cohorts train, validate and test a version, and the first months that follow from it.

Windows count cohorts, and a cohort is usable once its label has matured: `label.mob` months after origination. Reading
the cohorts' rows does not belong here.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from credit_platform.errors import WindowError
from credit_platform.months import add_months, month_key, month_range, months_between
from credit_platform.policy.calendar_policy import AbsoluteWindows
from credit_platform.policy.model_config import ModelConfig, WindowLengths

SampleRole = Literal["train", "validation", "test", "oot", "post", "outside"]


@dataclass(frozen=True)
class Windows:
    """The cohorts of the four samples, each rising, without gap or overlap."""

    train: tuple[date, ...]
    validation: tuple[date, ...]
    test: tuple[date, ...]
    oot: tuple[date, ...]

    @property
    def by_role(self) -> dict[SampleRole, tuple[date, ...]]:
        """The cohorts of every sample."""
        return {"train": self.train, "validation": self.validation, "test": self.test, "oot": self.oot}

    @property
    def keys_by_role(self) -> dict[str, list[str]]:
        """The cohorts of every sample as month keys."""
        return {role: [month_key(cohort) for cohort in cohorts] for role, cohorts in self.by_role.items()}

    @property
    def development(self) -> tuple[date, ...]:
        """Every cohort the version has seen in any sample, rising."""
        return self.train + self.validation + self.test + self.oot

    def role_of(self, cohort: date) -> SampleRole:
        """What a cohort is to the version: one of its samples, `post` when later than all, `outside` otherwise.

        Only `post` cohorts say how the version performs in use.
        """
        for role, cohorts in self.by_role.items():
            if cohort in cohorts:
                return role
        return "post" if cohort > self.oot[-1] else "outside"


def _relative(as_of: date, lengths: WindowLengths, lag: int) -> Windows:
    last = add_months(as_of, -lag)
    cohorts = tuple(month_range(add_months(last, 1 - lengths.total), last))
    validation = lengths.train
    test = validation + lengths.validation
    oot = test + lengths.test
    return Windows(
        train=cohorts[:validation], validation=cohorts[validation:test], test=cohorts[test:oot], oot=cohorts[oot:]
    )


def _absolute(as_of: date, given: AbsoluteWindows, lag: int) -> Windows:
    mature = add_months(given.oot.last, lag)
    if as_of < mature:
        raise WindowError(
            as_of=as_of,
            reason=f"the labels of the last cohort, {given.oot.last:%Y-%m}, mature in {mature:%Y-%m}",
            fix=f"Train as of {mature:%Y-%m} or later, or move windows.absolute in model_config to earlier cohorts",
        )
    train, validation, test, oot = (
        tuple(month_range(window.first, window.last))
        for window in (given.train, given.validation, given.test, given.oot)
    )
    return Windows(train=train, validation=validation, test=test, oot=oot)


def windows_for(as_of: date, config: ModelConfig, *, triggered: bool = False) -> Windows:
    """The cohorts a version trained as of a month is made of.

    Relative windows end with the cohort whose labels mature in `as_of` and are counted back from it. A training
    triggered by a `retrain` action always uses `windows.triggered` in this way, whatever the mode.

    Raises:
        WindowError: `as_of` is not a month, or absolute windows include a cohort whose labels have not matured.
    """
    if as_of.day != 1:
        raise WindowError(as_of=as_of, reason=f"{as_of} is not the first of a month", fix="Give a month, YYYY-MM")
    windows, lag = config.windows, config.label.lag_months
    if triggered:
        return _relative(as_of, windows.triggered, lag)
    if windows.mode == "absolute" and windows.absolute is not None:
        return _absolute(as_of, windows.absolute, lag)
    return _relative(as_of, windows.relative, lag)


def first_training_month(first_month: date, config: ModelConfig) -> date:
    """The first month in which every cohort of the windows has a label, for a book beginning in `first_month`."""
    windows, lag = config.windows, config.label.lag_months
    if windows.mode == "absolute" and windows.absolute is not None:
        return add_months(windows.absolute.oot.last, lag)
    return add_months(first_month, windows.relative.total - 1 + lag)


def first_scoring_month(first_month: date, config: ModelConfig) -> date:
    """The first month the first version scores, looking back; never earlier than the book."""
    backfilled = add_months(first_training_month(first_month, config), -config.scoring.backfill_months)
    return max(first_month, backfilled)


def first_outcome_month(first_month: date, config: ModelConfig) -> date:
    """The month in which the labels of the first scored cohort mature."""
    return add_months(first_scoring_month(first_month, config), config.label.lag_months)


def is_training_due(month: date, first_training: date, config: ModelConfig) -> bool:
    """Whether the calendar asks for a training: the first month, then every `retraining.every_months`."""
    elapsed = months_between(first_training, month)
    return elapsed >= 0 and elapsed % config.retraining.every_months == 0
