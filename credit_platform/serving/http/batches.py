"""What is done with the requests of a batch: keys claimed, records decided at once, logged at once, answered.

Which requests make a batch, and when, belongs to `scoring_thread`.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from credit_platform.errors import AuditError, NoVersionInForceError, StorageError
from credit_platform.lake.governance.online_decisions import OnlineDecisionLog, OnlineDecisionWriter
from credit_platform.lake.governance.stored_answers import StoredAnswers
from credit_platform.serving.application import Decided, Refused, ScoresApplications
from credit_platform.serving.http.answers import request_record
from credit_platform.serving.http.jobs import Answered, ScoringJob
from credit_platform.serving.http.metrics import ServiceMetrics
from credit_platform.serving.http.problems import ProblemError, busy

LOGGER = logging.getLogger("credit_platform.serving")


@dataclass(frozen=True)
class BatchDecider:
    """Decides batches, by one thread.

    Attributes:
        scorer: scores.
        writer: of the log.
        answers: by idempotency key.
        log: where stored answers are read.
        metrics: counts.
    """

    scorer: ScoresApplications
    writer: OnlineDecisionWriter
    answers: StoredAnswers
    log: OnlineDecisionLog
    metrics: ServiceMetrics

    def answer(self, batch: Sequence[ScoringJob]) -> None:
        """Decide, log and answer; every job gets an answer or an error."""
        claimed: list[ScoringJob] = []
        try:
            self.writer.turn_over()
            # One by one: what is claimed is given back below, even where the next claim fails.
            claimed.extend(job for job in batch if self._is_new(job))
            groups: dict[tuple[bool, float | None], list[ScoringJob]] = {}
            for job in claimed:
                groups.setdefault((job.is_features, job.threshold), []).append(job)
            self._log([pair for group in groups.values() for pair in self._decided(group)])
        except Exception as error:  # noqa: BLE001 - each of the batch is told
            _tell(batch, error)
        for job in claimed:
            if job.idempotent is not None and not job.is_logged:
                self.answers.release(job.idempotent)

    def _is_new(self, job: ScoringJob) -> bool:
        """Whether it has to be decided; if not, it is answered here."""
        if job.idempotent is None:
            return True
        taken = self.answers.claim(job.idempotent, self.writer.name)
        if taken is None:
            return True
        if not taken.is_same:
            detail = "The Idempotency-Key was used with another request. Use a new key for each request."
            job.fail(ProblemError(409, "key-was-used", detail))
        elif taken.place is None:
            detail = "A request with this Idempotency-Key is being answered. Send it again for its answer."
            job.fail(busy(409, "key-is-in-use", detail))
        else:
            try:
                job.future.set_result(Answered(self.log.at(taken.place), is_replayed=True))
            except (OSError, ValueError):
                detail = "The answer of this Idempotency-Key is not in the log any more; see `decision verify`."
                job.fail(ProblemError(409, "answer-is-lost", detail))
            self.metrics.replayed.inc()
        return False

    def _decided(self, group: Sequence[ScoringJob]) -> list[tuple[ScoringJob, list[Decided]]]:
        """Score a group; those that are to be logged. What cannot be is answered at once."""
        try:
            found = self._scored(group)
        except Exception as error:  # noqa: BLE001 - each of the group is told
            if len(group) > 1 and not isinstance(error, NoVersionInForceError):
                # One request must not fail others.
                return [pair for job in group for pair in self._decided([job])]
            _tell(group, error)
            return []
        pairs: list[tuple[ScoringJob, list[Decided]]] = []
        begin = 0
        for job in group:
            outcome = found[begin : begin + len(job.items)]
            begin += len(job.items)
            decided = [one for one in outcome if isinstance(one, Decided)]
            self.metrics.refused.inc(len(outcome) - len(decided))
            if job.is_decision and len(decided) == len(outcome):
                pairs.append((job, decided))
            else:
                job.future.set_result(outcome)
        return pairs

    def _scored(self, group: Sequence[ScoringJob]) -> list[Decided | Refused]:
        items = [item for job in group for item in job.items]
        self.metrics.batch.observe(len(items))
        score = self.scorer.decide_features if group[0].is_features else self.scorer.decide
        found = score(items, threshold=group[0].threshold)  # pyrefly: ignore[bad-argument-type]
        if len(found) != len(items):
            message = f"{len(found)} answers to {len(items)} records"
            raise RuntimeError(message)
        return found

    def _log(self, decided: Sequence[tuple[ScoringJob, list[Decided]]]) -> None:
        if not decided:
            return
        records = [self._record(job, outcome) for job, outcome in decided]
        with self.metrics.append.time():
            logged = self.writer.append(records)
        for (job, _), one in zip(decided, logged, strict=True):
            job.future.set_result(Answered(one))
        self.answers.answered(
            (job.idempotent, one.place)
            for (job, _), one in zip(decided, logged, strict=True)
            if job.idempotent is not None
        )
        for one in logged:
            self.metrics.decided(one.content["decisions"])

    def _record(self, job: ScoringJob, decided: Sequence[Decided]) -> dict[str, object]:
        in_force, key = self.scorer.in_force, job.idempotent
        return request_record(
            decided,
            job.items,
            self.log.layout.portfolio.cases,
            request_id=job.request_id,
            owner=job.owner,
            policy_sha256="" if in_force is None else in_force.policy_sha256,
            threshold=job.threshold,
            idempotency=None if key is None else {"key_sha256": key.key_sha256, "body_sha256": key.body_sha256},
        )


def _tell(jobs: Sequence[ScoringJob], error: Exception) -> None:
    """Answer jobs by an error, and log it by its kind and place: its words may quote a cell."""
    problem: Exception = error
    if isinstance(error, NoVersionInForceError):
        problem = busy(503, "no-version-in-force", "No version of the champion is in force; promote one.", seconds=30)
    elif isinstance(error, (StorageError, AuditError)):
        problem = busy(503, "log-is-not-written", "The decision cannot be logged, so none was taken.", seconds=10)
        LOGGER.error(json.dumps({"event": "not logged", "request_id": jobs[0].request_id, "error": str(error)}))
    for job in jobs:
        job.fail(problem)
