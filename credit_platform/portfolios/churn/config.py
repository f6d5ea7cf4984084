"""The sections of model_config.yaml that only this book has: who is a customer of a month, and when one has churned.

All other sections stand in `policy.model_config`, the shipped numbers in `policy/model_config.yaml` beside this module.
"""

from datetime import date, timedelta
from functools import cache
from typing import Annotated

from pydantic import Field
from typing_extensions import override

from credit_platform.months import add_months, month_range, months_between
from credit_platform.policy.model_config import FeaturePolicy, LabelPolicy, ModelConfig

# Features and cases look back on this month and three more, which the longest window of days must not exceed.
MONTHS_BACK = 4
LONGEST_ACTIVE_DAYS = 90
# Four years have every month's length.
_FOUR_YEARS = month_range(date(2021, 1, 1), date(2024, 12, 1))


def last_day(month: date) -> date:
    """The last day of a month: the day of its snapshot."""
    return add_months(month, 1) - timedelta(days=1)


class ChurnLabelPolicy(LabelPolicy):
    """A customer is one with a purchase in the `active_days` up to the last day of a month, that day included.

    One has churned who buys nothing in the `window_days` after it. The data are taken to reach a day when there is a
    sale on it or in the `quiet_days` before it.
    """

    window_days: Annotated[int, Field(ge=1, le=180)]
    active_days: Annotated[int, Field(ge=1, le=LONGEST_ACTIVE_DAYS)] = LONGEST_ACTIVE_DAYS
    quiet_days: Annotated[int, Field(ge=0, le=14)] = 3

    @override
    def known_in(self, cohort: date) -> date:
        """The month in which the window after the cohort's last day ends."""
        return (last_day(cohort) + timedelta(days=self.window_days)).replace(day=1)

    @property
    @override
    def lag_months(self) -> int:
        """The longest: 30 days after 31 January end in March."""
        return _lags(self.window_days)[-1]

    @property
    @override
    def least_lag_months(self) -> int:
        """The shortest: 30 days after 31 March end in April."""
        return _lags(self.window_days)[0]

    @property
    @override
    def label_def(self) -> str:
        """The definition as written into the label store: `churn_30d`."""
        return f"churn_{self.window_days}d"

    @property
    @override
    def in_words(self) -> str:
        """The window."""
        return f"buys nothing in the {self.window_days} days after the month"


@cache
def _lags(window_days: int) -> list[int]:
    """The lags of the cohorts of four years, rising."""
    ends = ((month, last_day(month) + timedelta(days=window_days)) for month in _FOUR_YEARS)
    return sorted({months_between(month, end.replace(day=1)) for month, end in ends})


class ChurnModelConfig(ModelConfig):
    """The whole of model_config.yaml of this book."""

    label: ChurnLabelPolicy
    features: FeaturePolicy


def churn_label(label: LabelPolicy) -> ChurnLabelPolicy:
    """The label section as this book has it.

    Raises:
        TypeError: it is another book's.
    """
    if not isinstance(label, ChurnLabelPolicy):
        raise TypeError(label)
    return label
