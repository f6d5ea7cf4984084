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
from credit_platform.automation.closing import Closing
from credit_platform.automation.continuing import TURN, due_now
from credit_platform.automation.delivery_alerts import delivery_alerts
from credit_platform.automation.jobs import RETRIED, run_reason
from credit_platform.automation.next_step import BookState
from credit_platform.automation.run_spans import unfinished_runs
from credit_platform.automation.schedules import sensor_status
from credit_platform.instance.dagster_internals import UnresolvedAssetJobDefinition
from credit_platform.lake.files import one_at_a_time
from credit_platform.lake.raw.arrivals import Arrivals, keep_arrivals, read_arrivals
from credit_platform.lake.tables.row_counts import row_count
from credit_platform.months import month_key
from credit_platform.policy.model_config import ModelConfig
from credit_platform.settings import Automation
from credit_platform.texts import description_of

BUILD_ON_DELIVERY = "build_on_delivery"
# Run tag: the rows that a run was asked to build a month from.
DELIVERY_TAG = "credit_platform/delivery"
_MAX_NOTES = 6


@dataclass(frozen=True)
class _Wanted:
    """A month to be built, what its files contain, and which asking for it this is."""

    month: date
    content: str
    n: int
    why: str

    @property
    def asked(self) -> str:
        return f"{self.content}#{self.n}"

    @property
    def key(self) -> str:
        return f"{BUILD_ON_DELIVERY}:{month_key(self.month)}:{self.asked}"

    def request(self) -> dg.RunRequest:
        tags = {**run_reason(BUILD_ON_DELIVERY, self.why), DELIVERY_TAG: self.key, **RETRIED}
        return dg.RunRequest(run_key=self.key, partition_key=month_key(self.month), tags=tags)


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
                keep_arrivals(layout, arrivals.asking(found.month, found.asked))
                return found.request()
            self._note_built(arrivals, state)
        return dg.SkipReason("; ".join(notes[-_MAX_NOTES:]) or "every delivered month is built")

    def _months(self, arrivals: Arrivals) -> list[date]:
        axis = self.closing.axis
        newest = axis.newest_month
        found = arrivals.months(self.closing.sources)
        return [month for month in found if newest is not None and axis.first_snapshot <= month <= newest]

    def _wanted(self, arrivals: Arrivals, state: BookState) -> Iterator[_Wanted | str]:
        for month in self._months(arrivals):
            content, asked = arrivals.content(month), arrivals.asked.get(month_key(month), "")
            before, _, n = asked.partition("#")
            if month in state.built:
                # A file that was taken away after it was built takes nothing away.
                if asked and before != content and not self._taken_away(arrivals, month):
                    yield _Wanted(month, content, int(n) + 1, f"other rows of {month:%Y-%m} are delivered")
            elif before == content and n != "0":
                again = _Wanted(month, content, int(n), f"{month:%Y-%m} was asked for before, and no run was started")
                told = f"{month:%Y-%m} was asked for with these files and is not built: see its last run"
                yield told if self._was_asked(again.key) else again
            elif before == content or (not asked and self._was_received(month)):
                yield f"{month:%Y-%m} was received before and lacks a table: credit-platform backfill --missing"
            else:
                yield self._new(arrivals, month, content, int(n or 0) + 1)

    def _new(self, arrivals: Arrivals, month: date, content: str, n: int) -> _Wanted | str:
        lacking, required = self.closing.lacking(arrivals, month), self.closing.lacking_required(arrivals, month)
        closes = self.closing.at(month)
        if required:
            return f"{month:%Y-%m} waits for {', '.join(required)}"
        # The close itself has its turn first.
        if lacking and self.now < closes + TURN:
            return f"{month:%Y-%m} waits for {', '.join(lacking)}, or for its close at {closes:%Y-%m-%d %H:%M %Z}"
        without = f" without {', '.join(lacking)}" if lacking else ""
        return _Wanted(month, content, n, f"{month:%Y-%m} is delivered{without}")

    def _was_received(self, month: date) -> bool:
        """Whether the month is in bronze already: what it lacks beyond is no matter of deliveries."""
        closing = self.closing
        return all(
            closing.lake.has(f"bronze/{name}", month) for name, source in closing.sources.items() if source.required
        )

    def _taken_away(self, arrivals: Arrivals, month: date) -> list[str]:
        lacking = self.closing.lacking(arrivals, month)
        return [name for name in lacking if row_count(self.closing.lake.layout, f"bronze/{name}", month)]

    def _was_asked(self, key: str) -> bool:
        return bool(self.instance.get_runs(filters=dg.RunsFilter(tags={DELIVERY_TAG: key}), limit=1))

    def _waits_for(self, state: BookState, month: date) -> str | None:
        """What has to be done first, so that no later month is scored before an earlier one has run its course."""
        for run, span in unfinished_runs(self.instance):
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
            if is_known and month_key(month) not in known.asked:
                known = known.asking(month, f"{known.content(month)}#0")
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
