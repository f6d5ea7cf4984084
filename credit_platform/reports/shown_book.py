"""What pages must know of the book they are about: its words, when its outcomes come, whether its months are real.

What is found in a book belongs to the pages; what else a book is, to `portfolios`.
"""

from dataclasses import dataclass
from typing import Self

from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio, Words
from credit_platform.reports.wording import words

_IN_WORDS = ("", "a month", "two months", "three months", "four months", "five months", "six months")
_HALF_A_YEAR = 6


@dataclass(frozen=True)
class ShownBook:
    """A book as pages speak of it.

    Attributes:
        words: what things are called.
        lag: months until an outcome is known.
        has_calendar: whether the data say the months; False where months are drawn.
        awaits_outcomes: whether there are cases whose outcome the source delivers later, or never.
    """

    words: Words
    lag: int
    has_calendar: bool = True
    awaits_outcomes: bool = False

    @classmethod
    def of(cls, portfolio: Portfolio, config: ModelConfig) -> Self:
        """The book of a portfolio under a model configuration."""
        return cls(
            words=portfolio.words,
            lag=config.label.lag_months,
            has_calendar=portfolio.assigned_months is None,
            awaits_outcomes=portfolio.outcome.is_awaited is not None,
        )

    @property
    def no_calendar(self) -> str:
        """That months are drawn and what follows from it, in sentences; empty for a book that has a calendar."""
        return "" if self.has_calendar else words("calendar")["page"].format(words=self.words)

    @property
    def over_months(self) -> str:
        """What is to be known under a figure over months, as a further sentence; empty as above."""
        return "" if self.has_calendar else f" {words('calendar')['figure']}"

    @property
    def later(self) -> str:
        """When outcomes come after a case began, as ` six months later`; empty where they come with it."""
        return f" {self._lag_in_words} later" if self.lag else ""

    @property
    def before_outcomes(self) -> str:
        """How long before outcomes something is known at once, as `, six months before outcomes`; empty as above."""
        return f", {self._lag_in_words} before outcomes" if self.lag else ""

    @property
    def of_then(self) -> str:
        """Whose outcome is read in a month, as ` of half a year ago`; empty as above."""
        if not self.lag:
            return ""
        return f" of {'half a year' if self.lag == _HALF_A_YEAR else self._lag_in_words} ago"

    @property
    def follow_in_time(self) -> str:
        """That samples follow each other in time, as ` follow each other in time and`; empty where months are drawn."""
        return " follow each other in time and" if self.has_calendar else ""

    @property
    def _lag_in_words(self) -> str:
        return _IN_WORDS[self.lag] if self.lag < len(_IN_WORDS) else f"{self.lag} months"
