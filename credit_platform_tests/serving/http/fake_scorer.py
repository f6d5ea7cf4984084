"""Something that scores by the age alone, so that the service is tested without a book; slow or failing on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Event, Semaphore

from credit_platform.errors import NoVersionInForceError
from credit_platform.serving.application import (
    CellFault,
    Decided,
    InForce,
    RawApplication,
    Refused,
    Row,
    Said,
)

ATTRIBUTES = "features_attributes"
# The case of this id fails as nothing should.
BROKEN = "broken"


@dataclass
class FakeScorer:
    """Scores by the age.

    Attributes:
        version: in force; None for none.
        promoted: that is taken over next.
        calls: how many records came in each call.
        is_free: calls wait while it is not set.
        called: released by every call.
    """

    version: str | None = "v1"
    promoted: str | None = None
    calls: list[int] = field(default_factory=list)
    is_free: Event = field(default_factory=Event)
    called: Semaphore = field(default_factory=lambda: Semaphore(0))

    def __post_init__(self) -> None:
        self.is_free.set()

    @property
    def in_force(self) -> InForce | None:
        if self.version is None:
            return None
        return InForce("scorecard", {"scorecard": self.version, "trees": "t1"}, "p" * 64)

    def renew(self) -> bool:
        if self.promoted is None:
            return False
        self.version, self.promoted = self.promoted, None
        return True

    def decide(
        self, applications: Sequence[RawApplication], *, threshold: float | None = None
    ) -> list[Decided | Refused]:
        self._call(len(applications))
        return [self._decide(one, threshold) for one in applications]

    def decide_features(self, rows: Sequence[Row], *, threshold: float | None = None) -> list[Decided | Refused]:
        self._call(len(rows))
        return [
            self.scored(str(row["loan_id"]), "2024-05-01", int(n), threshold)
            if (n := str(row.get("n_loans"))).isdigit()
            else Refused((CellFault("", 0, "n_loans", "n_loans_is_whole", "it is no whole number"),))
            for row in rows
        ]

    def _call(self, n: int) -> None:
        if self.version is None:
            raise NoVersionInForceError(model="scorecard", month=date(2024, 5, 1), fix="Promote one.")
        self.calls.append(n)
        self.called.release()
        self.is_free.wait()

    def _decide(self, one: RawApplication, threshold: float | None) -> Decided | Refused:
        if one.case == BROKEN:
            message = f"what nobody thought of: {one.rows}"
            raise KeyError(message)
        faults: list[CellFault] = [
            CellFault("feature_clickstream", place, "fe_1", "fe_1_is_whole", "it is no whole number")
            for place, row in enumerate(one.rows.get("feature_clickstream", ()))
            if not (row.get("fe_1") or "").isdigit()
        ]
        rows = one.rows.get(ATTRIBUTES, ())
        age = (rows[0].get("Age") or "") if rows else ""
        if not (age.isascii() and age.isdigit() and len(age) <= 3):
            faults.append(CellFault(ATTRIBUTES, 0, "Age", "age_is_whole", "it is no whole number"))
        if one.customer is None:
            faults.append(CellFault("", 0, "customer_id", "is_given", "it is missing"))
        return (
            Refused(tuple(faults))
            if faults
            else self.scored(str(one.case), one.day.replace(day=1), int(age), threshold)
        )

    def scored(self, case: str, month: object, age: object, threshold: float | None) -> Decided:
        """What is decided of a case, by its age."""
        assert isinstance(age, int)
        probability = 1 / (3 + age)
        own = {
            "snapshot_month": month,
            "loan_id": case,
            "customer_id": "CUS_secret",
            "raw_probability": probability,
            "default_probability": probability,
            "score": 600 + age,
            "grade": "R1",
            "decision": "decline" if probability >= (threshold or 0.05) else "approve",
            "provenance": "live",
            "sample_role": "outside",
            "sources_present": "attributes",
        }
        return Decided(
            prediction={**own, "model": "scorecard", "model_version": str(self.version)},
            reasons=(Said("A1", "Your age"),),
            shadow=({**own, "model": "trees", "model_version": "t1"},),
            features={"snapshot_month": month, "loan_id": case, "customer_id": "CUS_secret", "age": age},
            unseen=(),
        )
