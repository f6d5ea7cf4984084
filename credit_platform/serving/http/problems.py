"""What is said when a request is refused or fails: problem details as RFC 9457 has them, with the faults by field.

Nothing of a cell is repeated. What is a fault belongs to who reads the request or scores it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

PROBLEM_TYPE = "application/problem+json"
_MOST_FAULTS = 100
_LONGEST_NAME = 100


@dataclass(frozen=True)
class FieldFault:
    """What is wrong with one field of a request.

    Attributes:
        path: names and places that lead to it, as of a JSON pointer (RFC 6901).
        rule: name of the rule it breaks.
        detail: why, in words that show no value.
    """

    path: tuple[str | int, ...]
    rule: str
    detail: str

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer."""
        parts = (str(part)[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1") for part in self.path)
        return "".join(f"/{part}" for part in parts)

    def as_dict(self) -> dict[str, str]:
        """The fault as answers name it."""
        return {"pointer": self.pointer, "rule": self.rule, "detail": self.detail}


class ProblemError(Exception):
    """A request that is not answered as asked.

    Attributes:
        status: HTTP status.
        kind: which problem it is, the end of its type.
        detail: for people.
        faults: by field.
        headers: that the answer has besides.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        faults: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail
        self.faults, self.headers = tuple(faults), dict(headers or {})

    def body(self, request_id: str) -> bytes:
        """The problem as JSON in ASCII: a name in a pointer may hold half a character."""
        content: dict[str, object] = {
            "type": f"urn:credit-platform:problem:{self.kind}",
            "title": self.kind.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "request_id": request_id,
        }
        if self.faults:
            content["errors"] = [fault.as_dict() for fault in self.faults[:_MOST_FAULTS]]
            content["n_errors"] = len(self.faults)
        return json.dumps(content).encode()

    def answer(self, request_id: str) -> Response:
        """The problem as the answer to a request."""
        # Of a body that comes too slowly or is too large the rest is not read.
        headers = {"Connection": "close"} if self.status in {408, 413} else {}
        return Response(
            self.body(request_id), status_code=self.status, media_type=PROBLEM_TYPE, headers={**headers, **self.headers}
        )


def invalid(faults: Sequence[FieldFault]) -> ProblemError:
    """A request whose fields are at fault."""
    n = len(faults)
    detail = f"{n} {'fault' if n == 1 else 'faults'} in the request; nothing was decided. Mend what errors name."
    return ProblemError(422, "invalid-fields", detail, faults=faults)


def busy(status: int, kind: str, detail: str, *, seconds: int = 1) -> ProblemError:
    """A request that may succeed when it is sent again after some seconds."""
    return ProblemError(status, kind, detail, headers={"Retry-After": str(seconds)})
