"""The life of a version: candidate, challenger, champion, retired, replayed from the decisions written down.

Pure: decisions come in, in the order in which they were made; periods in force and roles go out. Writing decisions
down belongs to lake.governance.audit, deciding about a new version to promotion.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Role = Literal["candidate", "challenger", "champion", "retired"]
# registered: stored, so a candidate. made_challenger: its gates are passed, or a person wants it beside the champion.
# promoted: champion from a month on. not_promoted: looked at and left as it was. rolled_back: champion again in place
# of everything that was to be champion from that month on. retired: a person wants it no more.
# action_overridden: a person decided otherwise than the rules about a month's action; it changes no role.
# model_renamed: a model has another key from here on, which older decisions are about as well; it changes no role.
Action = Literal[
    "registered",
    "made_challenger",
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
        elif decision.action in {"made_challenger", "promoted", "rolled_back"}:
            found.discard(decision.version)
    return found


def champions_before(decisions: Sequence[Decision], model: str, month: date) -> list[str]:
    """The champions before the one in force in a month that nobody took out, each once, the last one first."""
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

    There is one champion, the version in force, and at most one challenger: the last that became one. A version whose
    promotion takes effect later is still what it was; one whose promotion was taken back before that is retired. Months
    before the first period have its version as champion, as it scores them.
    """
    found: dict[str, Role] = {}
    for place, decision in enumerate(decisions):
        if decision.model != model or not _is_known(decision, month):
            continue
        if decision.action == "registered":
            found.setdefault(decision.version, "candidate")
        elif decision.action == "made_challenger":
            for earlier in [version for version, role in found.items() if role == "challenger"]:
                found[earlier] = "retired"
            found[decision.version] = "challenger"
        elif decision.action not in {"not_promoted", "action_overridden", "model_renamed"}:
            if decision.action == "rolled_back":
                for ended in displaced(periods_in_force(decisions[:place], model), decision.month):
                    found[ended] = "retired"
            # Who is champion is decided by the periods in force; a period that is over leaves the version retired.
            found[decision.version] = "retired"
    periods = periods_in_force(decisions, model)
    champion = period_of(periods, month) or (periods[0] if periods else None)
    if champion is not None:
        found[champion.version] = "champion"
    return found
