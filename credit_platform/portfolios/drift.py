"""A change that a generator simulates in a book: its kind, its first month, its strength.

What a drift does to a book belongs to the book's generator, what must be detected of it to `lab`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from credit_platform.errors import SettingsError
from credit_platform.months import month_key, parse_month


class DriftKind(StrEnum):
    """What changes."""

    COVARIATE = "covariate"
    LABEL = "label"
    CONCEPT = "concept"
    MISSINGNESS = "missingness"
    SOURCE_DARK = "source_dark"
    SCHEMA_CHANGE = "schema_change"
    SEASONAL = "seasonal"
    VOLUME = "volume"
    LABEL_DELAY = "label_delay"
    LATE_CORRECTION = "late_correction"


@dataclass(frozen=True)
class Drift:
    """One simulated change.

    Attributes:
        kind: What changes.
        first_month: First cohort or snapshot month that shows it, a first of the month.
        strength: How much, above 0 up to 1.
    """

    kind: DriftKind
    first_month: date
    strength: float

    def __post_init__(self) -> None:
        for name, is_wrong, reason in (
            ("kind", self.kind not in tuple(DriftKind), f"is none of {', '.join(DriftKind)}"),
            ("first_month", self.first_month.day != 1, "is not the first of a month"),
            ("strength", not 0 < self.strength <= 1, "is not above 0 and at most 1"),
        ):
            if is_wrong:
                value = getattr(self, name)
                raise SettingsError(name=f"drift, {name}", reason=f"{value} {reason}", fix="Choose another.")

    def to_dict(self) -> dict[str, str | float]:
        """The drift, ready for JSON."""
        return {"kind": str(self.kind), "first_month": month_key(self.first_month), "strength": self.strength}

    @classmethod
    def from_dict(cls, content: Mapping[str, str | float]) -> Drift:
        """Read what `to_dict` wrote."""
        month = parse_month(str(content["first_month"]))
        return cls(DriftKind(str(content["kind"])), month, float(content["strength"]))


def in_force(drifts: Iterable[Drift], month: date) -> tuple[Drift, ...]:
    """The drifts that have begun by `month`."""
    return tuple(drift for drift in drifts if drift.first_month <= month)


def strength_of(drifts: Iterable[Drift], kind: DriftKind) -> float:
    """The largest strength of one kind; 0 when there is none."""
    return max((drift.strength for drift in drifts if drift.kind == kind), default=0.0)
