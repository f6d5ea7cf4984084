"""The sensor that builds what deliveries complete, whenever they come and whatever month they are of.

A month is built as soon as every source has rows of it, and from its close on with those that policy requires. Other
rows for a built month are brought to its gates, which refuse them until a person has decided. What a person should know
(a delivery that does not come, a file that cannot be read, a source gone dark) is told once, and once when it is over.
How files are seen is written in `lake.raw.arrivals`, when a month is closed in `closing`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import dagster as dg

from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.automation.closing import DELIVERY_TAG, TURN, Closing, delivery_key
from credit_platform.automation.continuing import due_now
from credit_platform.automation.delivery_alerts import delivery_alerts
from credit_platform.automation.jobs import RETRIED, run_reason
from credit_platform.automation.next_step import BookState
from credit_platform.automation.run_spans import unfinished_runs
from credit_platform.automation.schedules import sensor_status
from credit_platform.instance.dagster_internals import UnresolvedAssetJobDefinition
from credit_platform.instance.shared_history import own_runs
from credit_platform.lake.book_file import Automation
from credit_platform.lake.files import one_at_a_time
from credit_platform.lake.raw.arrivals import Arrivals, Asking, keep_arrivals, read_arrivals
from credit_platform.lake.tables.month_parts import row_count
from credit_platform.months import month_key
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.texts import description_of

BUILD_ON_DELIVERY = "build_on_delivery"
_MAX_NOTES = 6


@dataclass(frozen=True)
class _Wanted:
    """A month to be built, which asking for it this is, and why."""

    month: date
    n: int
    why: str

    def request(self, asking: Asking) -> dg.RunRequest:
        key = delivery_key(self.month, asking)
        tags = {**run_reason(BUILD_ON_DELIVERY, self.why), DELIVERY_TAG: key, **RETRIED}
        return dg.RunRequest(run_key=f"{BUILD_ON_DELIVERY}:{key}", partition_key=month_key(self.month), tags=tags)


@dataclass(frozen=True)
class Receiving:
    """One look at the raw folder, and what follows from it."""

    instance: dg.DagsterInstance
    closing: Closing
    config: ModelConfig
    now: datetime

    def run_due(self) -> dg.RunRequest | dg.SkipReason:
        """The build that is due now, or why none is."""
        layout = self.closing.lake.layout
        with one_at_a_time(layout.arrivals()):
            arrivals = self.closing.seen(self.now)
            if arrivals.unsettled:
                names = ", ".join(arrivals.unsettled)
                return dg.SkipReason(
                    f"{names}: may still be written to, and is read once it has been quiet for a while"
                )
            state = BookState(self.closing.lake, self.closing.axis, self.config)
            notes = list[str]()
            for found in self._wanted(arrivals, state):
                if isinstance(found, str):
                    notes.append(found)
                    continue
                waits = self._waits_for(state, found.month)
                if waits is not None:
                    return dg.SkipReason(f"{found.month:%Y-%m} waits for {waits}")
                arrivals = arrivals.asking(found.month, found.n, self.now)
                keep_arrivals(layout, arrivals)
                return found.request(arrivals.asked[month_key(found.month)])
            self._note_built(arrivals, state)
        return dg.SkipReason("; ".join(notes[-_MAX_NOTES:]) or "every delivered month is built")

    def _months(self, arrivals: Arrivals) -> list[date]:
        axis = self.closing.axis
        newest = axis.newest_month
        found = arrivals.months(self.closing.sources)
        return [month for month in found if newest is not None and axis.first_snapshot <= month <= newest]

    def _wanted(self, arrivals: Arrivals, state: BookState) -> Iterator[_Wanted | str]:
        for month in self._months(arrivals):
            asked = arrivals.last_asking(month)
            n = asked.n if asked else 0
            is_same = asked is not None and asked.content == arrivals.content(month)
            if month in state.built:
                # A file that was taken away after it was built takes nothing away.
                if asked and not is_same and not self._taken_away(arrivals, month):
                    yield _Wanted(month, n + 1, f"other rows of {month:%Y-%m} are delivered")
            elif asked and is_same and n:
                yield self._asked_before(month, asked)
            elif is_same or (not asked and self._was_received(month)):
                yield f"{month:%Y-%m} was received before and lacks a table: credit-platform backfill --missing"
            else:
                yield self._new(arrivals, month, n + 1)

    @property
    def _portfolio(self) -> Portfolio:
        return self.closing.lake.layout.portfolio

    def _asked_before(self, month: date, asked: Asking) -> _Wanted | str:
        tag = {DELIVERY_TAG: delivery_key(month, asked)}
        if own_runs(self._portfolio, self.instance.get_runs(filters=dg.RunsFilter(tags=tag))):
            return f"{month:%Y-%m} was asked for with these files and is not built: see its last run"
        # Who has asked has answered Dagster already, which stores the run a moment later.
        if self.now < asked.at + TURN:
            return f"{month:%Y-%m} was asked for at {asked.at:%Y-%m-%d %H:%M %Z}, and its run is about to start"
        return _Wanted(month, asked.n, f"{month:%Y-%m} was asked for before, and no run was started")

    def _new(self, arrivals: Arrivals, month: date, n: int) -> _Wanted | str:
        lacking, required = self.closing.lacking(arrivals, month), self.closing.lacking_required(arrivals, month)
        closes = self.closing.at(month)
        if required:
            return f"{month:%Y-%m} waits for {', '.join(required)}"
        # The close itself has its turn first.
        if lacking and self.now < closes + TURN:
            return f"{month:%Y-%m} waits for {', '.join(lacking)}, or for its close at {closes:%Y-%m-%d %H:%M %Z}"
        without = f" without {', '.join(lacking)}" if lacking else ""
        return _Wanted(month, n, f"{month:%Y-%m} is delivered{without}")

    def _was_received(self, month: date) -> bool:
        """Whether the month is in bronze already: what it lacks beyond is no matter of deliveries."""
        closing = self.closing
        return all(
            closing.lake.has(f"bronze/{name}", month) for name, source in closing.sources.items() if source.required
        )

    def _taken_away(self, arrivals: Arrivals, month: date) -> list[str]:
        lacking = self.closing.lacking(arrivals, month)
        return [name for name in lacking if row_count(self.closing.lake.layout, f"bronze/{name}", month)]

    def _waits_for(self, state: BookState, month: date) -> str | None:
        """What has to be done first, so that no later month is scored before an earlier one has run its course."""
        for run, span in unfinished_runs(self.instance, self._portfolio):
            if span[0] <= month:
                return f"run {run.run_id[:8]}"
        due = due_now(self.instance, state)
        is_fresh = due.since is not None and self.now - due.since < TURN
        return due.note if due.is_waiting or (due.request is not None and is_fresh) else None

    def _note_built(self, arrivals: Arrivals, state: BookState) -> None:
        """Remember what months contain that something else built, so that other rows are noticed."""
        known = arrivals
        for month in self._months(arrivals):
            is_known = month in state.built or self._was_received(month)
            if is_known and known.last_asking(month) is None:
                known = known.asking(month, 0, self.now)
        if known != arrivals:
            keep_arrivals(self.closing.lake.layout, known)


def build_on_delivery(
    closing: Closing,
    build_month: UnresolvedAssetJobDefinition,
    automation: Automation,
    config: ModelConfig,
    dispatcher: AlertDispatcher,
) -> dg.SensorDefinition:
    """Asks for one build per month and delivery, and tells people what does not come or cannot be read."""

    @dg.sensor(
        name=BUILD_ON_DELIVERY,
        job=build_month,
        minimum_interval_seconds=30,
        default_status=sensor_status(automation),
        description=description_of(
            __file__, BUILD_ON_DELIVERY, settle=closing.policy.settle_seconds, wait=closing.policy.wait_hours
        ),
    )
    def files_have_come(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        now = datetime.now(tz=UTC)
        answer = Receiving(context.instance, closing, config, now).run_due()
        opened = [record.event for record in dispatcher.log.open_alerts()]
        dispatcher.tell(delivery_alerts(closing, read_arrivals(closing.lake.layout), opened, now))
        return answer

    return files_have_come
