"""The service on a port of loopback, in a thread of this process or in a process of its own, and requests to it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import uvicorn

from credit_platform.lake.governance.online_decisions import LoggedRequest, OnlineDecisionLog
from credit_platform.lake.layout import Layout
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.serving.application import ScoresApplications
from credit_platform.serving.http.limits import ServiceLimits
from credit_platform.serving.http.server import ServiceAddress, ServiceProcess
from credit_platform_tests.serving.http.fake_scorer import ATTRIBUTES, FakeScorer

# Promotions and keys are looked for all the time.
LIMITS = ServiceLimits(renew_seconds=0.01)


def record(case: str = "loan-1", age: object = 40, **more: object) -> dict[str, object]:
    """An application that is sound."""
    return {
        "loan_id": case,
        "Customer_ID": "CUS_secret",
        "snapshot_date": "2024-05-01",
        ATTRIBUTES: {"Age": age, "Name": "Ann Body"},
        **more,
    }


def body(*records: object, **more: object) -> dict[str, object]:
    """A request of them; of one sound application without."""
    return {"records": list(records) or [record()], **more}


@dataclass
class Running:
    """A service that runs, and a client of it."""

    layout: Layout
    scorer: Any
    server: uvicorn.Server
    client: httpx.Client
    port: int
    thread: Thread

    def post(self, path: str = "/v1/predict", content: object = None, **headers: str) -> httpx.Response:
        """Send a body as JSON; one sound application without."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, json=body() if content is None else content, headers=named)

    def logged(self) -> list[LoggedRequest]:
        """Every request in the log."""
        return list(OnlineDecisionLog(self.layout).requests())

    def stop(self) -> None:
        """Stop as SIGTERM does, and wait for the end."""
        self.server.should_exit = True
        self.thread.join(60)
        assert not self.thread.is_alive()


def layout_of(folder: Path, portfolio: Portfolio = LOANS) -> Layout:
    """The data folder of a book."""
    return Layout.of(folder, folder / "raw", portfolio)


@contextmanager
def running(
    folder: Path,
    scorer: ScoresApplications | None = None,
    limits: ServiceLimits = LIMITS,
    portfolio: Portfolio = LOANS,
    **headers: str,
) -> Iterator[Running]:
    """A service in a thread, and what scores for it."""
    scorer, layout = scorer or FakeScorer(), layout_of(folder, portfolio)
    # It listens before the server begins, so that nobody has to wait for that.
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(ServiceProcess(lambda: scorer, lambda: layout, ServiceAddress(port=port), limits).config())
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60, trust_env=False) as client:
        service = Running(layout, scorer, server, client, port, thread)
        try:
            yield service
        finally:
            if isinstance(scorer, FakeScorer):
                scorer.is_free.set()
            service.stop()
            listening.close()


def sent_raw(port: int, *parts: bytes) -> bytes:
    """Send bytes as they are on a connection of their own; everything received until the service closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as stream:
        for part in parts:
            stream.sendall(part)
        received: list[bytes] = []
        while part := stream.recv(65_536):
            received.append(part)
    return b"".join(received)


def problem(answer: httpx.Response) -> dict[str, Any]:
    """A refusal as it has to be: a problem document with the request's id, and never a failure of the service."""
    assert answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    content = json.loads(answer.content)
    assert content["status"] == answer.status_code
    assert content["request_id"] == answer.headers["x-request-id"]
    return content
