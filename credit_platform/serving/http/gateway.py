"""What every request passes on its way in and out: its id, its key, its rate, its time, its line in the log.

An ASGI application around the one that answers. Whatever fails inside is answered as a problem, and its words, which
may quote a cell, are left out. Reading bodies and answering belong to `app`.
"""

import asyncio
import json
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from credit_platform.errors import SettingsError
from credit_platform.lake.governance.api_keys import ApiKey, ApiKeyFile
from credit_platform.serving.http.batches import LOGGER
from credit_platform.serving.http.limits import Allowance, ServiceLimits
from credit_platform.serving.http.metrics import ServiceMetrics
from credit_platform.serving.http.problems import ProblemError, busy

CALLER = "credit_platform.caller"
REQUEST_ID = "X-Request-Id"
NOBODY = "anonymous"
OPEN_PATHS = frozenset({"/health", "/ready"})
SCORING_PATHS = frozenset({"/v1/predict", "/predict", "/v1/features/predict", "/v1/validate"})
READING_PATHS = frozenset({"/v1/schema", "/v1/metadata", "/metrics", "/openapi.json"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass
class Caller:
    """Who sent a request, and what is to be logged of it.

    Attributes:
        request_id: made here; what a client sends for one could be personal data.
        owner: of the key.
        allowance: records it may have scored; None for any number.
        n_records: records of the request.
    """

    request_id: str
    owner: str = NOBODY
    allowance: Allowance | None = None
    n_records: int = 0

    def take(self, n_records: int) -> None:
        """Count records against the key's limit. Raises ProblemError where it has none left."""
        self.n_records = n_records
        seconds = self.allowance.take(n_records) if self.allowance else 0.0
        if seconds:
            raise busy(429, "too-many-records", "The key's records per minute are used up.", seconds=int(seconds) + 1)


@dataclass
class KeyRing:
    """The keys as they are now, with what is left to each; read anew when the file changes."""

    file: ApiKeyFile
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _state: tuple[int, int] | None = field(default=None, init=False)
    _keys: tuple[ApiKey, ...] = field(default=(), init=False)
    _looked: float = field(default=float("-inf"), init=False)
    _requests: dict[ApiKey, Allowance] = field(default_factory=dict, init=False)
    _records: dict[ApiKey, Allowance] = field(default_factory=dict, init=False)

    @property
    def is_open(self) -> bool:
        """Whether there never was a key, so that everybody is let in."""
        self._look()
        return self._state is None

    def admit(self, caller: Caller, token: str | None, path: str) -> None:
        """Let a request in as its key allows. Raises ProblemError where it does not."""
        key = None if token is None else next((one for one in self._keys if one.is_of(token)), None)
        if key is None:
            challenge = {"WWW-Authenticate": 'Bearer realm="credit-platform"'}
            raise ProblemError(401, "no-key", "Send a key: Authorization: Bearer KEY.", headers=challenge)
        caller.owner = key.owner
        if key.role != "score" and path not in READING_PATHS:
            raise ProblemError(403, "role-is-not-enough", f"A key of the role {key.role} cannot have records scored.")
        seconds = self._requests[key].take(1) if key in self._requests else 0.0
        if seconds:
            raise busy(429, "too-many-requests", "The key's requests per second are used up.", seconds=int(seconds) + 1)
        caller.allowance = self._records.get(key)

    def _look(self) -> None:
        now = self.clock()
        if now - self._looked < self.seconds:
            return
        self._looked = now
        state = self.file.state()
        # A file that went away locks everybody out, and opens nothing.
        if state in {self._state, None}:
            self._keys = self._keys if state == self._state else ()
            return
        try:
            self._keys, self._state = self.file.keys(), state
        except SettingsError as error:
            LOGGER.error(json.dumps({"event": "keys not read", "request_id": None, "error": str(error)}))
            return
        for key in self._keys:
            if key.requests_per_second is not None and key not in self._requests:
                rate = key.requests_per_second
                self._requests[key] = Allowance(rate, max(1.0, rate), self.clock)
            if key.records_per_minute is not None and key not in self._records:
                self._records[key] = Allowance(key.records_per_minute / 60, key.records_per_minute, self.clock)


@dataclass
class Gateway:
    """The application around the one that answers."""

    app: ASGIApp
    ring: KeyRing
    limits: ServiceLimits
    metrics: ServiceMetrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        caller = scope[CALLER] = Caller(uuid.uuid4().hex)
        began, status = time.perf_counter(), 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = caller.request_id
            await send(message)

        error = ""
        try:
            async with asyncio.timeout(self.limits.write_seconds):
                try:
                    self._admit(scope, caller)
                    await self.app(scope, receive, sent)
                except ProblemError as problem:
                    await problem.answer(caller.request_id)(scope, receive, sent)
                except Exception as failure:  # noqa: BLE001 - its words are left out, and the client has an answer
                    error = _place_of(failure)
        except TimeoutError:
            # Half an answer cannot be mended: closing the connection says so.
            error = error or "the client did not take the answer in time"
        finally:
            self._note(scope, caller, status, time.perf_counter() - began, error)

    def _admit(self, scope: Scope, caller: Caller) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        if self.ring.is_open:
            # Pages of others must not reach a service on loopback through a browser.
            if headers.get("host", "").rsplit(":", 1)[0].lower() not in _LOOPBACK and headers.get("host") != "[::1]":
                raise ProblemError(421, "wrong-host", "Without keys the service answers to loopback names alone.")
        elif path not in OPEN_PATHS:
            scheme, _, token = headers.get("authorization", "").partition(" ")
            shown = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key")
            self.ring.admit(caller, shown, path)

    def _note(self, scope: Scope, caller: Caller, status: int, seconds: float, error: str) -> None:
        path = scope["path"]
        endpoint = path if path in OPEN_PATHS | SCORING_PATHS | READING_PATHS else "other"
        self.metrics.answered(endpoint, status, seconds, caller.n_records)
        said: dict[str, object] = {
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}Z",
            "request_id": caller.request_id,
            "owner": caller.owner,
            "endpoint": endpoint,
            "status": status,
            "records": caller.n_records,
            "milliseconds": round(seconds * 1000, 1),
        }
        LOGGER.log(40 if error else 20, json.dumps(said | ({"error": error} if error else {})))


def _place_of(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at {frames[-1].name}:{frames[-1].lineno}" if frames else type(error).__name__
