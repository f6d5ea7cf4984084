"""The endpoints: what each reads, has scored, and answers.

What every request passes before and after belongs to `gateway`, scoring to `scoring_thread`, texts of schemas to
`schemas`.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse

from credit_platform.errors import CreditPlatformError, StorageError
from credit_platform.lake.governance.service_minutes import ServiceMinutes
from credit_platform.lake.governance.stored_answers import IdempotentRequest
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.serving.application import RawApplication, Refused, Row
from credit_platform.serving.http.answers import answer_of
from credit_platform.serving.http.batches import LOGGER
from credit_platform.serving.http.gateway import CALLER, Caller
from credit_platform.serving.http.jobs import Answered, Outcome, ScoringJob
from credit_platform.serving.http.limits import ServiceLimits
from credit_platform.serving.http.metrics import METRICS_TYPE, ServiceMetrics
from credit_platform.serving.http.problems import FieldFault, ProblemError, busy, invalid
from credit_platform.serving.http.records import ReadRequest, read_applications, read_features
from credit_platform.serving.http.schemas import REFUSALS, openapi_of_body, openapi_of_features, request_schema
from credit_platform.serving.http.scoring_thread import ScoringThread

# What is larger is read and written beside the loop that all requests share.
_INLINE_BYTES, _INLINE_RECORDS = 32_768, 20
_LONGEST_KEY = 200
_UNKNOWN = {
    404: ("not-found", "There is no such endpoint."),
    405: ("wrong-method", "The endpoint has another method."),
}
REPLAYED = "Idempotency-Replayed"


@dataclass(frozen=True)
class Service:
    """What the endpoints work with."""

    portfolio: Portfolio
    thread: ScoringThread
    limits: ServiceLimits
    metrics: ServiceMetrics
    minutes: ServiceMinutes

    async def predict(self, request: Request) -> Response:
        """Decide applications as they come, and log the decisions before they are answered."""
        return await self._decide(request, read_applications, is_features=False)

    async def predict_features(self, request: Request) -> Response:
        """The same of rows of gold/feature_store."""
        return await self._decide(request, read_features, is_features=True)

    async def validate(self, request: Request) -> Response:
        """Say what is wrong with applications; nothing is decided and nothing logged."""
        caller: Caller = request.scope[CALLER]
        body = await self._body(request)
        try:
            read = await self._read(body, read_applications, caller)
        except ProblemError as problem:
            if problem.status != 422:
                raise
            return _json({"valid": False, "errors": _shown(problem.faults), "request_id": caller.request_id})
        job = ScoringJob(
            read.records, threshold=read.threshold, request_id=caller.request_id, owner=caller.owner, is_decision=False
        )
        outcome = await self._scored(job)
        if isinstance(outcome, Answered):
            raise TypeError
        faults = _faults(read, outcome)
        tried = [
            {"valid": False} if isinstance(one, Refused) else {"valid": True, "unseen": one.unseen} for one in outcome
        ]
        valid = not faults
        return _json({"valid": valid, "errors": _shown(faults), "records": tried, "request_id": caller.request_id})

    async def schema(self, request: Request) -> Response:
        """The JSON Schema of a request."""
        del request
        return _json(request_schema(self.portfolio, self.limits.records))

    async def metadata(self, request: Request) -> Response:
        """The book, the versions in force, and what the service takes."""
        in_force, caller = self.thread.in_force, request.scope[CALLER]
        return _json(
            {
                "portfolio": self.portfolio.name,
                "champion": None if in_force is None else in_force.champion,
                "versions": {} if in_force is None else dict(in_force.versions),
                "policy_sha256": None if in_force is None else in_force.policy_sha256,
                "credit_platform": version("credit-platform"),
                "limits": {"records": self.limits.records, "body_bytes": self.limits.body_bytes},
                "request_id": caller.request_id,
            }
        )

    async def health(self, request: Request) -> Response:
        """That the process answers."""
        return _json({"status": "ok", "request_id": request.scope[CALLER].request_id})

    async def ready(self, request: Request) -> Response:
        """Whether applications are decided now, and if not, why."""
        if not self.thread.is_alive:
            raise busy(503, "not-scoring", "The thread that scores has ended; restart the service.", seconds=30)
        if self.thread.in_force is None:
            raise busy(503, "no-version-in-force", "No version of the champion is in force; promote one.", seconds=30)
        return _json({"status": "ready", "request_id": request.scope[CALLER].request_id})

    async def count(self, request: Request) -> Response:
        """The numbers for Prometheus."""
        del request
        return Response(self.metrics.page(), media_type=METRICS_TYPE)

    async def note_minutes(self) -> None:
        """Write down again and again how requests were answered, until it is cancelled."""
        while True:
            await asyncio.sleep(self.limits.note_seconds)
            await self.note()

    async def note(self) -> None:
        """Write down how requests were answered since the last time. A disk that does not take it loses the count."""
        taken = self.metrics.take_minutes()
        try:
            await asyncio.to_thread(self.minutes.append, taken)
        except StorageError as error:
            LOGGER.error(json.dumps({"event": "not noted", "request_id": None, "error": str(error)}))

    async def _decide(
        self, request: Request, read_body: Callable[..., ReadRequest[Any]], *, is_features: bool
    ) -> Response:
        caller: Caller = request.scope[CALLER]
        key = request.headers.get("idempotency-key")
        if key is not None and not (0 < len(key) <= _LONGEST_KEY and key.isprintable()):
            fault = FieldFault((), "idempotency_key", f"the Idempotency-Key has 1 to {_LONGEST_KEY} characters")
            raise ProblemError(400, "bad-key", "The Idempotency-Key cannot be used.", faults=[fault])
        body = await self._body(request)
        read = await self._read(body, read_body, caller)
        kept = None
        if key is not None:
            # The two names of an endpoint are one.
            asked = hashlib.sha256(b"features " if is_features else b"raw ")
            asked.update(body)
            kept = IdempotentRequest(caller.owner, hashlib.sha256(key.encode()).hexdigest(), asked.hexdigest())
        job = ScoringJob(
            read.records,
            is_features=is_features,
            threshold=read.threshold,
            request_id=caller.request_id,
            owner=caller.owner,
            idempotent=kept,
        )
        outcome = await self._scored(job)
        if not isinstance(outcome, Answered):
            raise invalid(_faults(read, outcome))
        headers = {REPLAYED: "true"} if outcome.is_replayed else {}
        if len(read.records) <= _INLINE_RECORDS:
            return _json(answer_of(outcome.logged, self.portfolio.cases.key), headers)
        return await asyncio.to_thread(
            lambda: _json(answer_of(outcome.logged, self.portfolio.cases.key), headers),
        )

    async def _read(
        self, body: bytes, read_body: Callable[..., ReadRequest[Any]], caller: Caller
    ) -> ReadRequest[RawApplication] | ReadRequest[Row]:
        def read() -> ReadRequest[Any]:
            return read_body(body, self.portfolio, most=self.limits.records)

        found = read() if len(body) <= _INLINE_BYTES else await asyncio.to_thread(read)
        caller.take(len(found.records))
        return found

    async def _scored(self, job: ScoringJob) -> Answered | Outcome:
        try:
            future = asyncio.wrap_future(self.thread.submit(job))
            return await asyncio.wait_for(future, self.limits.answer_seconds)
        except TimeoutError as error:
            raise busy(503, "too-slow", "The request was not answered in time. Send it again later.") from error

    async def _body(self, request: Request) -> bytes:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise ProblemError(415, "not-json", "Send the body as application/json.")
        if request.headers.get("content-encoding", "identity").lower() != "identity":
            raise ProblemError(415, "encoded", "Send the body as it is, not packed.")
        most = self.limits.body_bytes
        too_large = ProblemError(413, "too-large", f"A body has at most {most:,} bytes; divide the request.")
        stated = request.headers.get("content-length", "0")
        if not stated.isascii() or not stated.isdigit() or len(stated) > 18 or int(stated) > most:
            raise too_large
        parts: list[bytes] = []
        n = 0
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                async for part in request.stream():
                    n += len(part)
                    if n > most:
                        raise too_large
                    parts.append(part)
        except TimeoutError as error:
            raise ProblemError(408, "too-slow", "The body did not arrive in time.") from error
        except ClientDisconnect as error:
            raise ProblemError(400, "broken-off", "The client broke the request off.") from error
        return b"".join(parts)


def build_app(service: Service) -> FastAPI:
    """The application of the endpoints; it starts and stops the thread that scores."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        try:
            await asyncio.to_thread(service.thread.start)
        except Exception as error:
            said = str(error) if isinstance(error, CreditPlatformError) else type(error).__name__
            LOGGER.error(json.dumps({"event": "not started", "request_id": None, "error": said}))
            raise
        noting = asyncio.create_task(service.note_minutes())
        yield
        await asyncio.to_thread(service.thread.stop)
        noting.cancel()
        await service.note()

    app = FastAPI(
        title="Credit decisions", version=version("credit-platform"), lifespan=lifespan, docs_url=None, redoc_url=None
    )
    raw = openapi_of_body(service.portfolio, service.limits.records)
    features = openapi_of_features(service.portfolio, service.limits.records)
    for path, endpoint, body in (
        ("/v1/predict", service.predict, raw),
        ("/predict", service.predict, raw),
        ("/v1/features/predict", service.predict_features, features),
        ("/v1/validate", service.validate, raw),
    ):
        app.add_api_route(path, endpoint, methods=["POST"], openapi_extra=body, responses=REFUSALS, name=path)
    for path, endpoint in (
        ("/v1/schema", service.schema),
        ("/v1/metadata", service.metadata),
        ("/health", service.health),
        ("/ready", service.ready),
    ):
        app.add_api_route(path, endpoint, methods=["GET"], responses=REFUSALS, name=path)
    app.add_api_route(
        "/metrics",
        service.count,
        methods=["GET"],
        responses=REFUSALS,
        response_class=PlainTextResponse,
        name="/metrics",
    )

    for error in (ProblemError, HTTPException, Exception):
        app.add_exception_handler(error, _refused)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        kind, detail = _UNKNOWN.get(error.status_code, ("refused", "The request cannot be answered."))
        error = ProblemError(error.status_code, kind, detail, headers=error.headers)
    elif not isinstance(error, ProblemError):
        # Its words may quote a cell.
        error = ProblemError(500, "failed", "The service failed; its log says where, by the request id.")
    return error.answer(request.scope[CALLER].request_id)


def _json(content: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Response:
    text = json.dumps(content, ensure_ascii=False, default=list)
    return Response(text.encode(), media_type="application/json", headers=dict(headers or {}))


def _faults(read: ReadRequest[Any], outcome: Outcome) -> list[FieldFault]:
    return [
        read.fault_at(index, fault)
        for index, one in enumerate(outcome)
        if isinstance(one, Refused)
        for fault in one.faults
    ]


def _shown(faults: list[FieldFault] | tuple[FieldFault, ...]) -> list[dict[str, str]]:
    return [fault.as_dict() for fault in faults[:100]]
