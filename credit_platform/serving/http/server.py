"""The process that serves: its address, its connections, its log on standard error, and how it ends.

What it answers belongs to `app`.
"""

import asyncio
import ipaddress
import json
import logging
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from credit_platform.errors import SettingsError
from credit_platform.lake.governance.api_keys import ApiKeyFile
from credit_platform.lake.layout import Layout
from credit_platform.serving.application import ScoresApplications
from credit_platform.serving.http.app import Service, build_app
from credit_platform.serving.http.batches import LOGGER
from credit_platform.serving.http.gateway import Gateway, KeyRing
from credit_platform.serving.http.limits import ServiceLimits
from credit_platform.serving.http.metrics import ServiceMetrics
from credit_platform.serving.http.scoring_thread import ScoringThread


@dataclass(frozen=True)
class ServiceAddress:
    """Where the service listens; port 0 is any that is free."""

    host: str = "127.0.0.1"
    port: int = 8000

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass
class ServiceProcess:
    """One process that serves.

    Attributes:
        make: makes what scores, in the thread that scores.
        layout: of the data folder with log and keys.
        address: where it listens.
        limits: what it takes.
    """

    make: Callable[[], ScoresApplications]
    layout: Layout
    address: ServiceAddress = ServiceAddress()
    limits: ServiceLimits = field(default_factory=ServiceLimits)

    def gateway(self) -> Gateway:
        """The whole application.

        Raises:
            SettingsError: other machines reach it, and there are no keys.
        """
        keys = ApiKeyFile(self.layout)
        if not self.address.is_loopback and not keys.keys():
            raise SettingsError(
                name=f"serve on {self.address.host}",
                reason="other machines reach this address, and no key is configured",
                fix="Make one (credit-platform serve-key add NAME --role score), or serve on 127.0.0.1.",
            )
        metrics = ServiceMetrics()
        thread = ScoringThread(self.make, self.layout, self.limits, metrics)
        app = build_app(Service(self.layout.portfolio, thread, self.limits, metrics))
        return Gateway(app, KeyRing(keys, self.limits.renew_seconds), self.limits, metrics)

    def server(self) -> uvicorn.Server:
        """The server, which is not yet listening. Raises as `gateway`."""
        header_seconds = self.limits.header_seconds

        class Protocol(PatientProtocol):
            patience = header_seconds

        config = uvicorn.Config(
            self.gateway(),
            host=self.address.host,
            port=self.address.port,
            http=Protocol,
            ws="none",
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=self.limits.stop_seconds,
        )
        return uvicorn.Server(config)

    def run(self) -> int:
        """Serve until SIGTERM or Ctrl+C, answer what is under way, and end; the exit code.

        Raises:
            SettingsError: other machines reach it and there are no keys, or the port is taken.
        """
        log_to_stderr()
        server = self.server()
        # The server stops at these signals, and then sends them again to whoever handled them before.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        where = f"{self.address.host}:{self.address.port}"
        try:
            server.run()
        except SystemExit as error:
            fix = "Choose another with --port, or end what uses it. What went wrong is in the lines above."
            raise SettingsError(name=where, reason="the service could not start", fix=fix) from error
        LOGGER.info(json.dumps({"event": "stopped", "request_id": None}))
        return 0 if server.started else 1


class PatientProtocol(HttpToolsProtocol):
    """A connection that is closed when no request arrives on it for so long, whether nothing comes or a byte a second.

    The server itself waits for ever for the headers of a request once a byte of them is there.
    """

    patience: float = 10.0
    _timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    @override
    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    @override
    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait()

    def _wait(self) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(self.patience, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def log_to_stderr() -> None:
    """Write the service's lines to standard error, and what the server's library says to nowhere: it has no request."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    LOGGER.handlers.clear()
    LOGGER.addHandler(handler)
    LOGGER.propagate = False
    LOGGER.setLevel(logging.INFO)
    library = logging.getLogger("uvicorn")
    library.addHandler(logging.NullHandler())
    library.propagate = False
