"""How much the service takes: sizes, times, the queue, and the rate of each key.

Which key has which rate is kept in `lake.governance.api_keys`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ServiceLimits:
    """What a request and the queue may come to.

    Attributes:
        records: records of a request.
        body_bytes: bytes of its body.
        header_seconds: until the headers of a request have arrived, from the first byte or the connection's begin.
        body_seconds: until its body has arrived.
        answer_seconds: until it is answered, from when its body has arrived.
        write_seconds: until the client has taken the answer, from when its headers have arrived; more than the others.
        waiting_records: records that may wait to be scored.
        batch_records: records that are scored at once; a request is never divided.
        renew_seconds: how often promotions and keys are looked for.
        key_seconds: how long an answer is kept by its idempotency key.
        note_seconds: how often it is written down how requests were answered.
        stop_seconds: how long requests under way are waited for at the end.
    """

    records: int = 1_000
    body_bytes: int = 32 * 2**20
    header_seconds: float = 10.0
    body_seconds: float = 15.0
    answer_seconds: float = 30.0
    write_seconds: float = 90.0
    waiting_records: int = 5_000
    batch_records: int = 1_000
    renew_seconds: float = 1.0
    key_seconds: float = 24 * 3600.0
    note_seconds: float = 60.0
    stop_seconds: int = 30


@dataclass
class Allowance:
    """A bucket that fills evenly up to its size; whoever takes more than is in it waits.

    Attributes:
        per_second: how much comes in.
        size: how much is in it at most, and at the begin.
        clock: seconds, never going back.
    """

    per_second: float
    size: float
    clock: Callable[[], float]
    _filled: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._filled, self._at = self.size, self.clock()

    def take(self, n: float) -> float:
        """Take as much if it is there; the seconds until it will be, 0 where it was taken.

        More than the bucket's size is taken from a full one, and paid for afterwards.
        """
        now = self.clock()
        self._filled = min(self.size, self._filled + (now - self._at) * self.per_second)
        self._at = now
        wanted = min(n, self.size)
        if self._filled < wanted:
            return (wanted - self._filled) / self.per_second
        self._filled -= n
        return 0.0
