"""How the models are held against each other: who is the champion, and how much must be seen before it is replaced.

What is gained by a change is judged by `promotion` in the model configuration, as for versions; measuring belongs to
`scoring.champion_challenger.comparison`.
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from credit_platform.policy.policy_section import MonthCount, OpenShare, PolicySection


class SlopeBand(PolicySection):
    """Slopes of the calibration line that still count as honest probabilities."""

    low: Annotated[float, Field(gt=0)]
    high: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _holds_the_honest_slope(self) -> Self:
        if not self.low <= 1 <= self.high:
            message = f"a slope of 1 is honest and must lie between low ({self.low:g}) and high ({self.high:g})"
            raise ValueError(message)
        return self


class ChampionChallengerPolicy(PolicySection):
    """The champion among the models, and what its challengers must show."""

    champion: Annotated[str, Field(min_length=1)]
    approval_rate: OpenShare | None
    months: MonthCount
    min_cohorts: MonthCount
    min_bads: Annotated[int, Field(ge=1)]
    calibration_slope: SlopeBand
