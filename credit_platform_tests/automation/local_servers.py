"""A web hook and a mailbox on this machine that keep what they receive."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from typing_extensions import override


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if server.is_refusing:
            self.send_response(500)
        else:
            server.received.append(json.loads(body))
            self.send_response(200)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()


@contextmanager
def web_hook(*, is_refusing: bool = False) -> Iterator[Any]:
    server: Any = HTTPServer(("127.0.0.1", 0), _Hook)
    server.received = list[Any]()
    server.is_refusing = is_refusing
    with serving(server):
        yield server


class _Mailbox(socketserver.StreamRequestHandler):
    @override
    def handle(self) -> None:
        server: Any = self.server
        self.wfile.write(b"220 mailbox\r\n")
        is_data, lines = False, list[bytes]()
        for line in self.rfile:
            if is_data:
                if line.strip() == b".":
                    is_data = False
                    server.received.append(b"".join(lines).decode())
                    self.wfile.write(b"250 taken\r\n")
                else:
                    lines.append(line)
            elif line.upper().startswith(b"DATA"):
                is_data = True
                self.wfile.write(b"354 go on\r\n")
            elif line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 fine\r\n")


@contextmanager
def mailbox() -> Iterator[Any]:
    server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mailbox)
    server.received = list[str]()
    server.daemon_threads = True
    with serving(server):
        yield server
