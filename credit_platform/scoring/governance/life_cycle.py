"""The life of a version: candidate, in force, retired, replayed from the decisions written down.

Pure: decisions come in, in the order in which they were made; periods in force and roles go out. Writing decisions
down belongs to lake.governance.audit, deciding about a new version to promotion. Which model is champion is policy.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Role = Literal["candidate", "in force", "retired"]
# registered: stored, so a candidate. made_candidate: its gates are passed, or a person wants it kept for promotion.
# promoted: in force from a month on. not_promoted: looked at and left as it was. rolled_back: in force again in place
# of everything that was to be in force from that month on. retired: a person wants it no more.
# action_overridden: a person decided otherwise than the rules about a month's action; it changes no role.
# model_renamed: a model has another key from here on, which older decisions are about as well; it changes no role.
Action = Literal[
    "registered",
    "made_candidate",
    "promoted",
    "not_promoted",
    "rolled_back",
    "retired",
    "action_overridden",
    "model_renamed",
]
Provenance = Literal["live", "backfill", "rollback"]


@dataclass(frozen=True)
class Decision:
    """One decision about a version, and the first month it counts for.

    `scored_until` is the newest month that had been scored when a person decided: months up to it are scored again.
    `failed_gates` are those of a promotion for the interim, in spite of them; of any other there are none.
    """

    action: Action
    model: str
    version: str
    month: date
    scored_until: date | None = None
    failed_gates: tuple[str, ...] = ()


@dataclass(frozen=True)
class PeriodInForce:
    """A version in force from a month on, until the next period begins.

    `failed_gates` are those of an interim version: it is in force until a version passes all gates.
    """

    version: str
    first: date
    scored_until: date | None
    is_rollback: bool
    failed_gates: tuple[str, ...] = ()

    @property
    def is_interim(self) -> bool:
        """Whether the version is in force in spite of failed gates, because the one before it was in breach."""
        return bool(self.failed_gates)

    def provenance(self, month: date) -> Provenance:
        """How a month of this period is scored: live, or again in hindsight."""
        if self.scored_until is None or month > self.scored_until:
            return "live"
        return "rollback" if self.is_rollback else "backfill"


def periods_in_force(decisions: Iterable[Decision], model: str) -> list[PeriodInForce]:
    """The periods in force of a model's versions in the order of their first month, one per month.

    A promotion counts from its month until a later one, whichever was written first; of two with one month the later
    decision counts. A rollback ends every period that was to begin in its month or after it, so that an earlier
    promotion cannot bring back what has been withdrawn.
    """
    found: dict[date, PeriodInForce] = {}
    for decision in decisions:
        if decision.model != model or decision.action not in {"promoted", "rolled_back"}:
            continue
        is_rollback = decision.action == "rolled_back"
        if is_rollback:
            found = {first: period for first, period in found.items() if first < decision.month}
        found[decision.month] = PeriodInForce(
            decision.version, decision.month, decision.scored_until, is_rollback, decision.failed_gates
        )
    return [found[first] for first in sorted(found)]


def period_of(periods: Sequence[PeriodInForce], month: date) -> PeriodInForce | None:
    """The period that a month falls into; None before the first."""
    begun = [period for period in periods if period.first <= month]
    return begun[-1] if begun else None


def displaced(periods: Sequence[PeriodInForce], month: date) -> list[str]:
    """The versions that are in force in a month or were to be later, in order, each once."""
    current = period_of(periods, month)
    later = [period.version for period in periods if period.first > month]
    return list(dict.fromkeys([*([current.version] if current else []), *later]))


def withdrawn(decisions: Sequence[Decision], model: str) -> set[str]:
    """Versions that a person rolled back or retired and nobody has taken up again: no rule may promote them."""
    found: set[str] = set()
    for place, decision in enumerate(decisions):
        if decision.model != model:
            continue
        if decision.action == "rolled_back":
            found |= set(displaced(periods_in_force(decisions[:place], model), decision.month))
        if decision.action == "retired":
            found.add(decision.version)
        elif decision.action in {"made_candidate", "promoted", "rolled_back"}:
            found.discard(decision.version)
    return found


def in_force_before(decisions: Sequence[Decision], model: str, month: date) -> list[str]:
    """The versions in force before that of a month that nobody took out, each once, the last one first."""
    periods = periods_in_force(decisions, model)
    current = period_of(periods, month)
    if current is None:
        return []
    out = withdrawn(decisions, model) | {current.version}
    earlier = [period.version for period in periods if period.first < current.first and period.version not in out]
    return list(dict.fromkeys(reversed(earlier)))


def _is_known(decision: Decision, month: date) -> bool:
    """Whether a decision counts in a month: since its own, or what it withdraws, since it was made."""
    if decision.action == "rolled_back" and decision.scored_until is not None:
        return min(decision.month, decision.scored_until) <= month
    return decision.month <= month


def roles(decisions: Sequence[Decision], model: str, month: date) -> dict[str, Role]:
    """The role of every version of a model that was known in a month, in the order in which they were registered.

    One version is in force, and at most one that was made candidate is one: the last. Beside it, those are candidates
    that are stored and have failed a gate. A version whose promotion takes effect later is still what it was; one whose
    promotion was taken back before that is retired. Months before the first period have its version in force, as it
    scores them.
    """
    found: dict[str, Role] = {}
    made: str | None = None
    for place, decision in enumerate(decisions):
        if decision.model != model or not _is_known(decision, month):
            continue
        if decision.action == "registered":
            found.setdefault(decision.version, "candidate")
        elif decision.action == "made_candidate":
            if made is not None and found[made] == "candidate":
                found[made] = "retired"
            found[decision.version], made = "candidate", decision.version
        elif decision.action not in {"not_promoted", "action_overridden", "model_renamed"}:
            if decision.action == "rolled_back":
                for ended in displaced(periods_in_force(decisions[:place], model), decision.month):
                    found[ended] = "retired"
            # What is in force is decided by the periods; one that is over leaves the version retired.
            found[decision.version] = "retired"
    periods = periods_in_force(decisions, model)
    current = period_of(periods, month) or (periods[0] if periods else None)
    if current is not None:
        found[current.version] = "in force"
    return found
