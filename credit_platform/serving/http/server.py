"""The process that serves: its address, its connections, its log on standard error, and how it ends.

What it answers belongs to `app`.
"""

import asyncio
import ipaddress
import json
import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import uvicorn
from typing_extensions import override
from uvicorn.config import STARTUP_FAILURE
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from credit_platform.errors import SettingsError
from credit_platform.lake.governance.api_keys import ApiKeyFile
from credit_platform.lake.governance.service_minutes import ServiceMinutes
from credit_platform.lake.layout import Layout
from credit_platform.serving.application import ScoresApplications
from credit_platform.serving.http.app import Service, build_app
from credit_platform.serving.http.batches import LOGGER
from credit_platform.serving.http.gateway import Gateway, KeyRing
from credit_platform.serving.http.limits import ServiceLimits
from credit_platform.serving.http.metrics import ServiceMetrics
from credit_platform.serving.http.scoring_thread import ScoringThread

_SWITCH_SECONDS = 0.0005


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
    """What serves, in one process or several; both callables are called in each, and have to be known by a name.

    Attributes:
        make: makes what scores, in the thread that scores.
        find: the data folder with log and keys.
        address: where it listens.
        limits: what it takes.
    """

    make: Callable[[], ScoresApplications]
    find: Callable[[], Layout]
    address: ServiceAddress = ServiceAddress()
    limits: ServiceLimits = field(default_factory=ServiceLimits)

    def gateway(self) -> Gateway:
        """The whole application.

        Raises:
            SettingsError: other machines reach it, and there are no keys.
        """
        self.require_keys()
        # Scoring gives way to the thread that answers hundreds of times in a batch, and would wait 5 ms each time.
        sys.setswitchinterval(_SWITCH_SECONDS)
        metrics, layout = ServiceMetrics(), self.find()
        thread = ScoringThread(self.make, layout, self.limits, metrics)
        app = build_app(Service(layout.portfolio, thread, self.limits, metrics, ServiceMinutes(layout)))
        return Gateway(app, KeyRing(ApiKeyFile(layout), self.limits.renew_seconds), self.limits, metrics)

    def worker(self) -> Gateway:
        """The same in a process of several. Raises as `gateway`."""
        log_to_stderr()
        Thread(target=_end_with_parent, daemon=True).start()
        return self.gateway()

    def require_keys(self) -> None:
        """Refuse to be reached by other machines without keys. Raises as `gateway`."""
        if not self.address.is_loopback and not ApiKeyFile(self.find()).keys():
            raise SettingsError(
                name=f"serve on {self.address.host}",
                reason="other machines reach this address, and no key is configured",
                fix="Make one (credit-platform serve-key add NAME --role score), or serve on 127.0.0.1.",
            )

    def config(self, *, workers: int = 1) -> uvicorn.Config:
        """How the server's library is to listen; each process makes an application of its own."""
        return uvicorn.Config(
            self.gateway if workers == 1 else self.worker,
            factory=True,
            workers=workers,
            host=self.address.host,
            port=self.address.port,
            http=PatientProtocol,
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

    def run(self, *, workers: int = 1) -> int:
        """Serve until SIGTERM or Ctrl+C, answer what is under way, and end; the exit code.

        Raises:
            SettingsError: other machines reach it and there are no keys, or the port is taken.
        """
        self.require_keys()
        log_to_stderr()
        with self._listening() as listening:
            host, port = listening.getsockname()[:2]
            _say("listening", host=host, port=port)
            is_sound = _supervised if workers > 1 else _alone
            code = 0 if is_sound(self.config(workers=workers), listening) else 1
        _say("stopped")
        return code

    def _listening(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.address.host else socket.AF_INET
        try:
            return socket.create_server((self.address.host, self.address.port), family=family, backlog=2048)
        except (OSError, OverflowError) as error:
            reason = f"nothing can listen there: {getattr(error, 'strerror', None) or error}"
            fix = "Choose another --port or --host, or end what uses it."
            raise SettingsError(name=f"{self.address.host}:{self.address.port}", reason=reason, fix=fix) from error


class PatientProtocol(HttpToolsProtocol):
    """A connection that is closed when no request arrives on it for so long, whether nothing comes or a byte a second.

    The server itself waits for ever for the headers of a request once a byte of them is there.
    """

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
        gateway: Gateway = self.config.loaded_app  # pyrefly: ignore[bad-assignment]
        self._timer = self.loop.call_later(gateway.limits.header_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _end_with_parent() -> None:
    """End as told to when the process that would tell it to is killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def _alone(config: uvicorn.Config, listening: socket.socket) -> bool:
    """Serve in this process; whether it began to."""
    server = uvicorn.Server(config)
    # It stops at these signals, and then sends them again to whoever handled them before.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[listening])
    except SystemExit:
        return False
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return server.started


def _supervised(config: uvicorn.Config, listening: socket.socket) -> bool:
    """Serve in several processes, one that dies replaced by another; whether they began to."""
    supervisor = Multiprocess(config, [listening])
    supervisor.run()
    return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)


def _say(event: str, **more: object) -> None:
    LOGGER.info(json.dumps({"event": event, "request_id": None, **more}))


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
