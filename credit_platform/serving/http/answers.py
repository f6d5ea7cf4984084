"""From what was decided to the record of the log, and from the record to the answer.

An answer is made of its record alone, so that a stored one is the same to the last byte. Writing records belongs to
`lake.governance.online_decisions`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from credit_platform.lake.governance.online_decisions import LoggedRequest
from credit_platform.portfolios.cases import Cases
from credit_platform.serving.application import Decided, RawApplication, Row

PROVENANCE = "api"
_SCORED = (
    "model",
    "model_version",
    "raw_probability",
    "default_probability",
    "score",
    "grade",
    "decision",
    "sample_role",
)
_ANSWERED = ("default_probability", "score", "grade", "decision", "reasons", "model", "model_version")
_ANSWERED_LAST = ("sources_present", "unseen")


def request_record(
    decided: Sequence[Decided],
    items: Sequence[RawApplication] | Sequence[Row],
    cases: Cases,
    **of_request: object,
) -> dict[str, object]:
    """The record of a request all of whose records were decided.

    Args:
        decided: in the order of the request.
        items: what was handed in.
        cases: which keys a case and its customer have; the customer's is left out of the record.
        of_request: what is said once of all, such as the owner of the key.
    """
    decisions = [_decision(one, item, cases) for one, item in zip(decided, items, strict=True)]
    return {**of_request, "provenance": PROVENANCE, "decisions": decisions}


def _decision(decided: Decided, item: RawApplication | Row, cases: Cases) -> dict[str, object]:
    prediction = decided.prediction
    return {
        "case": prediction[cases.key],
        "snapshot_month": _plain(prediction["snapshot_month"]),
        "input_sha256": input_sha256(item),
        **{name: prediction[name] for name in _SCORED},
        "reasons": [asdict(reason) for reason in decided.reasons],
        "sources_present": prediction["sources_present"],
        "shadow": [{name: row[name] for name in _SCORED} for row in decided.shadow],
        "features": {name: _plain(value) for name, value in decided.features.items() if name != cases.customer},
        "unseen": list(decided.unseen),
    }


def input_sha256(item: RawApplication | Row) -> str:
    """The hash of what was handed in: names sorted, what is empty left out, days as text.

    It shows that an application is the one that was decided, and says nothing of it.
    """
    if isinstance(item, RawApplication):
        rows = {source: [_filled(row) for row in of_source] for source, of_source in item.rows.items()}
        content: object = [item.case, item.customer, item.day.isoformat(), rows]
    else:
        content = _filled(item)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return hashlib.sha256(text.encode()).hexdigest()


def _filled(row: Mapping[str, object]) -> dict[str, object]:
    return {name: cell for name, cell in row.items() if cell is not None}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def answer_of(logged: LoggedRequest, case_key: str) -> dict[str, Any]:
    """The answer to a request, made of its record."""
    content = logged.content
    of_request = {
        "provenance": content["provenance"],
        "policy_sha256": content["policy_sha256"],
        "threshold": content["threshold"],
        "decided_at": content["time"],
    }
    predictions = [
        {
            case_key: one["case"],
            "decision_id": logged.place.decision_id(index),
            **{name: one[name] for name in _ANSWERED},
            **of_request,
            **{name: one[name] for name in _ANSWERED_LAST},
        }
        for index, one in enumerate(content["decisions"])
    ]
    return {"predictions": predictions, "request_id": content["request_id"]}
