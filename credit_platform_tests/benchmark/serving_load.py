"""A load for the service: requests at a fixed rate, whether it keeps up or not, and how long each took."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

_CONNECTIONS = 64


@dataclass
class Answers:
    """Seconds from the moment a request was due to its answer, and how many were no success."""

    seconds: list[float] = field(default_factory=list)
    n_bad: int = 0
    took: float = 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds within which this share was answered."""
        ordered = sorted(self.seconds)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000

    def __str__(self) -> str:
        """The rate, the percentiles, the errors."""
        n = len(self.seconds)
        return (
            f"{n / self.took:.0f}/s, p50 {self.percentile(0.5):.1f} ms, p99 {self.percentile(0.99):.1f} ms, "
            f"{self.n_bad} errors"
        )


def load(port: int, bodies: Sequence[bytes], *, rate: float, seconds: float) -> Answers:
    """Post bodies to /v1/predict, one after the other, each when it is due."""
    return asyncio.run(_load(port, bodies, rate, seconds))


async def _load(port: int, bodies: Sequence[bytes], rate: float, seconds: float) -> Answers:
    answers, due = Answers(), asyncio.Queue[tuple[float, bytes] | None]()
    clients = [asyncio.create_task(_client(port, due, answers)) for _ in range(_CONNECTIONS)]
    start = time.perf_counter()
    for number in range(int(rate * seconds)):
        at = start + number / rate
        await asyncio.sleep(max(at - time.perf_counter(), 0))
        due.put_nowait((at, bodies[number % len(bodies)]))
    for _ in clients:
        due.put_nowait(None)
    await asyncio.gather(*clients)
    answers.took = time.perf_counter() - start
    return answers


async def _client(port: int, due: asyncio.Queue[tuple[float, bytes] | None], answers: Answers) -> None:
    reader = writer = None
    while (order := await due.get()) is not None:
        at, body = order
        if reader is None or writer is None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /v1/predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
        status, _, fields = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        length = next(line for line in fields.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
        answers.seconds.append(time.perf_counter() - at)
        answers.n_bad += b" 200 " not in status
    if writer is not None:
        writer.close()
        await writer.wait_closed()
