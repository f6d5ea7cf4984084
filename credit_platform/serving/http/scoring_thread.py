"""The one thread that scores: requests that wait are gathered into a batch, and it takes over promotions in between.

Nobody waits for others to come: a batch is what is there when the thread is free. What is done with a batch belongs to
`batches`.
"""

import json
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from threading import Condition, Thread

from credit_platform.lake.governance.online_decisions import OnlineDecisionLog, OnlineDecisionWriter
from credit_platform.lake.governance.stored_answers import StoredAnswers
from credit_platform.lake.layout import Layout
from credit_platform.serving.application import InForce, ScoresApplications
from credit_platform.serving.http.batches import LOGGER, BatchDecider
from credit_platform.serving.http.jobs import Answered, Outcome, ScoringJob
from credit_platform.serving.http.limits import ServiceLimits
from credit_platform.serving.http.metrics import ServiceMetrics
from credit_platform.serving.http.problems import busy


class ScoringThread:
    """The queue and its thread.

    Attributes:
        in_force: what it scores with now; None without a version in force.
    """

    def __init__(
        self, make: Callable[[], ScoresApplications], layout: Layout, limits: ServiceLimits, metrics: ServiceMetrics
    ) -> None:
        self.in_force: InForce | None = None
        self._make, self._layout, self._limits, self._metrics = make, layout, limits, metrics
        self._waiting: deque[ScoringJob] = deque()
        self._n_waiting = 0
        self._changed = Condition()
        self._is_stopping = False
        self._started: Future[None] = Future()
        self._thread = Thread(target=self._run, name="scoring", daemon=True)

    def start(self) -> None:
        """Begin to score; returns once what it scores with is loaded, or raises why it cannot be."""
        self._thread.start()
        self._started.result()

    def stop(self) -> None:
        """Answer what waits, close the log, and end."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        """Whether it scores."""
        return self._thread.is_alive()

    def submit(self, job: ScoringJob) -> Future[Answered | Outcome]:
        """Have a request scored.

        Raises:
            ProblemError: too many wait, or the service stops.
        """
        with self._changed:
            if self._is_stopping or not self._thread.is_alive():
                raise busy(503, "stopping", "The service stops. Send the request again.")
            if self._waiting and self._n_waiting + len(job.items) > self._limits.waiting_records:
                raise busy(503, "overloaded", "Too many records wait to be scored. Send the request again later.")
            self._waiting.append(job)
            self._n_waiting += len(job.items)
            self._metrics.waiting.set(self._n_waiting)
            self._changed.notify()
        return job.future

    def _run(self) -> None:
        with ExitStack() as held:
            try:
                batches = self._begin(held)
            except BaseException as error:  # noqa: BLE001 - whoever started the thread is told
                self._started.set_exception(error)
                return
            self._started.set_result(None)
            renewed = time.monotonic()
            while (batch := self._next_batch()) is not None:
                if time.monotonic() - renewed >= self._limits.renew_seconds:
                    self._renew(batches)
                    renewed = time.monotonic()
                if batch:
                    batches.answer(batch)

    def _begin(self, held: ExitStack) -> BatchDecider:
        scorer, writer = self._make(), OnlineDecisionWriter(self._layout)
        left = writer.begin()
        held.callback(writer.close)
        answers = StoredAnswers.open(self._layout, seconds=self._limits.key_seconds)
        held.callback(answers.close)
        answers.recover(left)
        self._use(scorer.in_force)
        return BatchDecider(scorer, writer, answers, OnlineDecisionLog(self._layout), self._metrics)

    def _next_batch(self) -> list[ScoringJob] | None:
        """What waits, as much as is scored at once; empty where it is time to look for promotions; None at the end."""
        batch: list[ScoringJob] = []
        keys: set[tuple[str, str]] = set()
        n = 0
        with self._changed:
            if not self._waiting and not self._is_stopping:
                self._changed.wait(self._limits.renew_seconds)
            if not self._waiting and self._is_stopping:
                return None
            while self._waiting and (not n or n + len(self._waiting[0].items) <= self._limits.batch_records):
                key = self._waiting[0].key
                if key in keys:
                    # It waits for the answer that it repeats.
                    break
                keys |= {key} if key is not None else set()
                job = self._waiting.popleft()
                n += len(job.items)
                # One whose client has gone is not decided.
                if job.future.set_running_or_notify_cancel():
                    batch.append(job)
            self._n_waiting -= n
            self._metrics.waiting.set(self._n_waiting)
        return batch

    def _renew(self, batches: BatchDecider) -> None:
        try:
            if batches.scorer.renew():
                self._use(batches.scorer.in_force)
            batches.answers.forget_old()
        except Exception as error:  # noqa: BLE001 - what is in use goes on
            LOGGER.error(json.dumps({"event": "not renewed", "request_id": None, "error": type(error).__name__}))

    def _use(self, in_force: InForce | None) -> None:
        self.in_force = in_force
        self._metrics.uses({} if in_force is None else in_force.versions)
