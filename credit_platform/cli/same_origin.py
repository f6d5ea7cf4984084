"""Only a page of the UI itself may change anything: an ASGI application around Dagster's own, which checks nobody.

Dagster's webserver has no accounts, and every page that a browser has open can send requests to this machine. So a
request is refused that names a foreign host (a domain that was pointed at this machine), that comes from the page of
another origin, or that wants to change something by GET. Programs send none of the headers by which a browser names the
page; they are let through. Starting the server belongs to `webserver`.
"""

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# A page of another origin must not show the UI in a frame either, where one would click without seeing on what.
_HEADERS = ((b"x-frame-options", b"SAMEORIGIN"), (b"cross-origin-resource-policy", b"same-origin"))
_FOREIGN_HOST = "This host name is not served here. Name it when starting: credit-platform ui --allow-host NAME[:PORT]."
_FOREIGN_PAGE = "A page of another origin may not change anything here. Use the UI at its own address."
_BY_GET = "Mutations are accepted by POST alone."


@dataclass(frozen=True)
class SameOrigin:
    """`app`, of which foreign pages can change nothing.

    Attributes:
        app: the application behind.
        hosts: names besides loopback under which people reach it, with the port unless it is the scheme's own, such as
            `ui.example.org`.
    """

    app: App
    hosts: Collection[str] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse with 403, or pass on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        refusal = self.refusal(scope)
        if refusal is None:
            await self.app(scope, receive, _with_headers(send) if scope["type"] == "http" else send)
        elif scope["type"] == "websocket":
            # Before it is accepted, closing is answering with 403.
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
        else:
            plain = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
            await send({"type": "http.response.start", "status": 403, "headers": plain})
            await send({"type": "http.response.body", "body": refusal.encode()})

    def refusal(self, scope: Scope) -> str | None:
        """Why a request or a websocket is refused; None when it is not."""
        hosts = _values(scope, b"host")
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return _FOREIGN_HOST
        if scope["type"] == "http" and scope["method"] in _READING:
            return _BY_GET if _has_mutation(scope["query_string"]) else None
        return None if self._is_same_origin(scope, hosts[0]) else _FOREIGN_PAGE

    def _is_own(self, host: str) -> bool:
        try:
            return host in self.hosts or urlsplit(f"//{host}").hostname in LOOPBACK
        except ValueError:
            return False

    def _is_same_origin(self, scope: Scope, host: str) -> bool:
        """Whether everything the browser says of the page names this host; a program says nothing."""
        pages = _values(scope, b"origin") or _values(scope, b"referer")
        sites = _values(scope, b"sec-fetch-site")
        return all(_netloc(page) in {host, *self.hosts} for page in pages) and set(sites) <= {"same-origin", "none"}


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip().lower() for key, value in scope["headers"] if key.lower() == name]


def _netloc(page: str) -> str | None:
    try:
        return urlsplit(page).netloc or None
    except ValueError:
        return None


def _has_mutation(query_string: bytes) -> bool:
    for text in parse_qs(query_string.decode("latin-1")).get("query", []):
        try:
            operations = parse(text).definitions
        except (GraphQLError, RecursionError):
            # Addresses of the UI have a `query` as well, which is no GraphQL. What is too deep to be parsed here may be
            # read by what is behind, which has more room on its stack.
            if "mutation" in text and "{" in text:
                return True
            continue
        if any(
            isinstance(one, OperationDefinitionNode) and one.operation is OperationType.MUTATION for one in operations
        ):
            return True
    return False


def _with_headers(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_HEADERS]
        await send(message)

    return sending
