"""A request that waits to be scored, and what comes of it.

Waiting belongs to `scoring_thread`, scoring and logging to `batches`.
"""

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from credit_platform.lake.governance.online_decisions import LoggedRequest
from credit_platform.lake.governance.stored_answers import IdempotentRequest
from credit_platform.serving.application import Decided, RawApplication, Refused, Row

Outcome = Sequence[Decided | Refused]


@dataclass(frozen=True)
class Answered:
    """A request that was decided and logged; `is_replayed` where that was on an earlier one of the same key."""

    logged: LoggedRequest
    is_replayed: bool = False


@dataclass(eq=False)
class ScoringJob:
    """One request that waits to be scored.

    Attributes:
        items: applications, or feature rows where it says so.
        is_features: what they are.
        is_decision: whether it is decided and logged, or only tried.
        threshold: in place of the policy's cut-off.
        request_id: of the request.
        owner: of the key.
        idempotent: the key under which the answer is kept; None without.
        future: the answer, what is said of each record where it is not logged, or an error.
    """

    items: Sequence[RawApplication] | Sequence[Row]
    request_id: str
    owner: str
    threshold: float | None = None
    is_features: bool = False
    is_decision: bool = True
    idempotent: IdempotentRequest | None = None
    future: Future[Answered | Outcome] = field(default_factory=Future)

    @property
    def key(self) -> tuple[str, str] | None:
        """Owner and hash of its idempotency key."""
        return None if self.idempotent is None else (self.idempotent.owner, self.idempotent.key_sha256)

    def fail(self, error: Exception) -> None:
        """Answer by an error, unless it is answered."""
        if not self.future.done():
            self.future.set_exception(error)

    @property
    def is_logged(self) -> bool:
        """Whether it was answered by a record of the log."""
        return self.future.exception() is None and isinstance(self.future.result(), Answered)
