"""Who applies, and the known process that makes an applicant default, in numbers that can be changed.

How applicants look in the files does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from credit_platform.portfolios.home_credit.generator.distributions import (
    Flags,
    Floats,
    Quantiles,
    happens_leaning,
    interpolated,
    level,
    logistic,
)

_DAYS_BIRTH: Quantiles = (-25230, -24480, -23200, -19680, -15750, -12410, -9410, -8270, -7490)
_FEMALE_RATE, _BUREAU_RATE = 0.658, 0.857


@dataclass(frozen=True)
class CreditProcess:
    """All parameters of the way from an applicant to a default.

    Quality is seen by everybody who looks at an applicant: the external scores correlate with it by `scores`, many
    columns of the application a little, and it shows in the histories. Habit, how somebody pays, is independent of it
    and shows in the histories only. Burden is what the loan asks for: the annuity beside the income, and the price of
    insurance in the credit. The logit of default is linear in the three, each of mean 0 and standard deviation 1.

    Trouble, which every history is drawn from, is the mean of quality and habit, turned round and standardised, with
    `habit_share` of its variance from habit.
    """

    intercept: float = -3.41
    quality: float = 1.52
    habit: float = 0.53
    burden: float = 0.25
    scores: tuple[float, float, float] = (0.36, 0.51, 0.61)
    age_in_first_score: float = 0.48
    age_in_quality: float = 0.26
    gender_in_quality: float = 0.16
    habit_share: float = 0.6

    def to_dict(self) -> dict[str, object]:
        """All parameters, ready for JSON."""
        return {**asdict(self), "scores": list(self.scores)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> CreditProcess:
        """The process of a ground truth."""
        parameters: dict[str, Any] = {**content, "scores": tuple(content["scores"])}
        return cls(**parameters)


@dataclass(frozen=True, eq=False)
class Applicants:
    """The applicants of one chunk before any file is written, one value each.

    Attributes:
        quality: Everything good that can be seen of them; like `habit` of mean 0 and standard deviation 1.
        habit: How well they pay, apart from that.
        trouble: How badly their histories look.
        age: Normal score of the age.
        days_birth: Minus the age in days.
        is_female: Whether female.
        has_bureau: Whether the credit bureau knows them.
    """

    quality: Floats
    habit: Floats
    trouble: Floats
    age: Floats
    days_birth: Floats
    is_female: Flags
    has_bureau: Flags

    @property
    def n(self) -> int:
        """Number of applicants."""
        return self.quality.size


def draw_applicants(n: int, process: CreditProcess, rng: np.random.Generator, *, shift: float = 0.0) -> Applicants:
    """`n` applicants; `shift`, 0 to 1, makes them younger and of lower quality."""
    age = rng.standard_normal(n) - 0.6 * shift
    is_female = rng.random(n) < _FEMALE_RATE
    gender = (is_female - _FEMALE_RATE) / np.sqrt(_FEMALE_RATE * (1 - _FEMALE_RATE))
    seen = process.age_in_quality * age + process.gender_in_quality * gender
    rest = np.sqrt(1 - process.age_in_quality**2 - process.gender_in_quality**2)
    quality = seen + rest * rng.standard_normal(n) - 0.6 * shift
    habit = rng.standard_normal(n)
    return Applicants(
        quality=quality,
        habit=habit,
        trouble=-np.sqrt(1 - process.habit_share) * quality - np.sqrt(process.habit_share) * habit,
        age=age,
        days_birth=np.rint(interpolated(_DAYS_BIRTH, level(-age))),
        is_female=is_female,
        has_bureau=happens_leaning(_BUREAU_RATE, 0.15, quality, rng),
    )


def default_probability(applicants: Applicants, burden: Floats, process: CreditProcess) -> Floats:
    """The true default probability of every applicant."""
    good = process.quality * applicants.quality + process.habit * applicants.habit
    return logistic(process.intercept - good + process.burden * burden)
