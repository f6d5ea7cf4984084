"""The state of a version month by month: healthy, watch, active_monitoring, retrain_required, retraining, resolved.

Pure, and no state is carried on: a month's state follows from what was decided about it and before it and from what is
known of trainings, so a month judged by itself has the state it has in a row. Deciding belongs in `action`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from credit_platform.months import add_months

State = Literal["healthy", "watch", "active_monitoring", "retrain_required", "retraining", "resolved"]

# How far back a retraining that was asked for is looked for: until the versions trained on account of it are themselves
# judged by outcomes, half a year later, with as long again for retrainings that were refused.
LOOK_BACK_MONTHS = 12


@dataclass(frozen=True)
class Judged:
    """What was decided in a month about the version that scored its cohort; `cause` is the first reason."""

    month: date
    model_version: str
    action: Literal["monitor", "active_monitoring", "retrain"]
    actionable: bool
    is_clean: bool
    cause: str


@dataclass(frozen=True)
class Training:
    """What became of a version trained as of a month; `is_rollback` when a person went back to it."""

    model_version: str
    as_of: date
    effective_month: date
    promoted: bool
    reasons: tuple[str, ...]
    is_rollback: bool = False


@dataclass(frozen=True)
class StateReason:
    """A state and why it is so."""

    state: State
    why: str


@dataclass(frozen=True)
class Transition:
    """From the state of the month before (None: not known) to that of the month, and why."""

    before: State | None
    after: State
    why: str

    def __str__(self) -> str:
        """`watch -> retrain_required: why`."""
        return f"{self.before or 'not judged'} -> {self.after}: {self.why}"


def state_of(months: Sequence[Judged], trainings: Sequence[Training]) -> StateReason:
    """The state of the last of these months.

    A version whose retraining was asked for is `resolved` once another took effect after the month that asked, although
    its own cohorts go on maturing; `retraining` while a version trained since then was refused or waits to take effect;
    else `retrain_required`. Trainings as of the month itself are not yet known in it.

    Args:
        months: What was decided, by month; the last is judged. Months before the look-back are ignored.
        trainings: The model's trainings and rollbacks in the order in which they were written down.
    """
    now = months[-1]
    asked = _asked_first(months)
    if asked is not None:
        known = [t for t in trainings if t.as_of < now.month or t.is_rollback]
        successor = _successor(now, known, since=asked)
        if successor is not None:
            return StateReason("resolved", _replaced(now, successor, asked))
        if now.action == "retrain":
            tried = [t for t in known if asked <= t.as_of and not t.is_rollback]
            if tried:
                return _waiting(tried[-1], now, asked)
    if now.action == "retrain":
        tried_not = f"; asked for since {asked:%Y-%m}, nothing was trained" if asked and asked < now.month else ""
        return StateReason("retrain_required", f"{now.cause}{tried_not}")
    if now.action == "active_monitoring":
        return StateReason("active_monitoring", now.cause)
    return StateReason("healthy" if now.is_clean else "watch", now.cause)


def transition_of(months: Sequence[Judged], trainings: Sequence[Training]) -> Transition:
    """The last month's state after that of the month before; not known where the month before is missing."""
    now, standing = months[-1], state_of(months, trainings)
    if len(months) < 2 or months[-2].month != add_months(now.month, -1):
        return Transition(None, standing.state, standing.why)
    before = months[-2]
    is_new = before.model_version != now.model_version
    version = f"now about version {now.model_version}, before about {before.model_version}; " if is_new else ""
    return Transition(state_of(months[:-1], trainings).state, standing.state, f"{version}{standing.why}")


def _asked_first(months: Sequence[Judged]) -> date | None:
    """The first month within reach in which a retraining of the version was asked for."""
    now = months[-1]
    first = add_months(now.month, -LOOK_BACK_MONTHS)
    for month in months:
        is_about_it = month.model_version == now.model_version and month.month >= first
        if is_about_it and month.action == "retrain" and month.actionable:
            return month.month
    return None


def _successor(now: Judged, known: Sequence[Training], *, since: date) -> Training | None:
    """The version in effect in the month, if it is another and took effect after the month that asked."""
    begun = [t for t in known if t.promoted and t.effective_month <= now.month]
    if not begun:
        return None
    # As in the life cycle: the latest effective month counts, of equal ones the later decision.
    newest = max(begun, key=lambda t: t.effective_month)
    latest = [t for t in begun if t.effective_month == newest.effective_month][-1]
    is_other = latest.model_version != now.model_version and latest.effective_month > since
    return latest if is_other else None


def _replaced(now: Judged, successor: Training, asked: date) -> str:
    how = "taken up again by a person" if successor.is_rollback else f"trained as of {successor.as_of:%Y-%m}"
    return (
        f"retraining was asked for in {asked:%Y-%m}; version {successor.model_version}, {how}, is in effect since "
        f"{successor.effective_month:%Y-%m}, while cohorts of {now.model_version} still mature"
    )


def _waiting(last: Training, now: Judged, asked: date) -> StateReason:
    what = f"retraining was asked for in {asked:%Y-%m}; version {last.model_version} trained as of {last.as_of:%Y-%m}"
    if not last.promoted:
        return StateReason(
            "retraining", f"{what} was not promoted: {'; '.join(last.reasons) or 'no reason was recorded'}"
        )
    if last.effective_month > now.month:
        return StateReason("retraining", f"{what} takes effect in {last.effective_month:%Y-%m}")
    return StateReason("retrain_required", f"{what} is no longer in effect; {now.cause}")
