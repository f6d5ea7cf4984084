"""What is handed in to be scored and what comes back: the values that a file, the service and the decision log share.

Making features of it is `raw_features`, scoring is `decider`; how files and requests are read belongs to those who do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

RawRow = Mapping[str, str | None]
Row = Mapping[str, object]


@dataclass(frozen=True)
class RawApplication:
    """One application, its cells as text, as the sources would deliver them.

    Attributes:
        case: the case's key; None where the book makes it of customer and day.
        customer: the customer's key; None where the source of the cases holds it.
        day: the day on which it is scored; it chooses what of the history is known, and nothing else.
        rows: source to its raw rows, columns as its files name them; a column left out is empty. For a source that is
            left out the lake is asked what it knows of the customer; one with no rows is known to be empty.
    """

    case: str | None
    customer: str | None
    day: date
    rows: Mapping[str, Sequence[RawRow]] = field(default_factory=dict)


@dataclass(frozen=True)
class CellFault:
    """What is wrong with an application: where, the rule it breaks, and why in words that show no cell.

    Attributes:
        source: whose row it is; empty where it is about the application itself.
        row: place of the row among those handed in of that source, from 0.
        column: of the source; empty where it is about the whole row.
        rule: name of the rule.
        reason: for people.
    """

    source: str
    row: int
    column: str
    rule: str
    reason: str


@dataclass(frozen=True)
class Refused:
    """An application that is not scored, with everything that is wrong with it."""

    faults: tuple[CellFault, ...]


@dataclass(frozen=True)
class Said:
    """A reason as it is told: its code, and the text for the customer."""

    code: str
    text: str


@dataclass(frozen=True)
class Decided:
    """An application that was scored.

    Attributes:
        prediction: its row of `prediction/<champion>`, dates as dates.
        reasons: of the champion's score, the first the weightiest.
        shadow: its rows of `prediction/<challenger>`, one per challenger with a version in force; they decide nothing.
        features: its row of gold/feature_store.
        unseen: what is to be said of categories that no training case had.
    """

    prediction: Row
    reasons: tuple[Said, ...]
    shadow: tuple[Row, ...]
    features: Row
    unseen: tuple[str, ...]


@dataclass(frozen=True)
class InForce:
    """What a decider scores with: model to version of its newest promotion, the champion, and the policy's hash."""

    champion: str
    versions: Mapping[str, str]
    policy_sha256: str


class ScoresApplications(Protocol):
    """What the service asks of a decider. One thread at a time."""

    @property
    def in_force(self) -> InForce | None:
        """What it scores with; None where no version of the champion was ever promoted."""
        ...

    def renew(self) -> bool:
        """Take over promotions and data that came since; whether there were any."""
        ...

    def decide(
        self, applications: Sequence[RawApplication], *, threshold: float | None = None
    ) -> list[Decided | Refused]:
        """Score them, each for itself, in the order given.

        Args:
            applications: of any customers and days; the same customer may come twice.
            threshold: in place of the policy's cut-off.

        Raises:
            NoVersionInForceError: no version of the champion is in force.
        """
        ...

    def decide_features(self, rows: Sequence[Row], *, threshold: float | None = None) -> list[Decided | Refused]:
        """The same of rows of gold/feature_store, by column name."""
        ...
