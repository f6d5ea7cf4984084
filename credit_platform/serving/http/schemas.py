"""The shape of requests and refusals as JSON Schema and OpenAPI have it, made of what the book says.

Requests are read, and refused, by `records`.
"""

from typing import Any

import polars as pl

from credit_platform.portfolios.portfolio import Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.serving.http.records import RECORDS, SNAPSHOT_DATE, THRESHOLD

_CELL = {"type": ["string", "number", "null"], "maxLength": 10_000}
_KEY = {"type": "string", "minLength": 1, "maxLength": 200}
_DAY = {"type": "string", "format": "date"}
_TEXT = {"type": "string"}
_FAULT = {"type": "object", "properties": dict.fromkeys(("pointer", "rule", "detail"), _TEXT)}
_PROBLEM = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("type", "title", "detail", "request_id"), _TEXT),
        "status": {"type": "integer"},
        "errors": {"type": "array", "items": _FAULT, "description": "One per fault, with its JSON pointer"},
        "n_errors": {"type": "integer"},
    },
    "required": ["type", "title", "status", "detail", "request_id"],
}
_PROBLEM_CONTENT = {"application/problem+json": {"schema": _PROBLEM}}
# What OpenAPI says of how any endpoint refuses a request (RFC 9457).
REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request cannot be answered; the problem says why", "content": _PROBLEM_CONTENT},
    "5XX": {"description": "It cannot be answered now; 503 says in Retry-After when", "content": _PROBLEM_CONTENT},
}


def request_schema(portfolio: Portfolio, most: int) -> dict[str, Any]:
    """The JSON Schema of a request of raw applications. Columns may be named as the lender's files name them."""
    cases = portfolio.cases
    keys = {cases.customer: {**_KEY, "description": "The customer; what is known of them is looked up by it"}}
    if not cases.made:
        keys = {cases.key: {**_KEY, "description": f"The {cases.noun}"}, **keys}
    record = {
        "type": "object",
        "properties": {
            **keys,
            SNAPSHOT_DATE: {**_DAY, "description": "The day it is scored; it chooses what history is known"},
            **{source.name: _source(source) for source in portfolio.sources},
        },
        "required": [*([] if cases.made else [cases.key]), SNAPSHOT_DATE],
        "additionalProperties": False,
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_request(record, most)}


def openapi_of_body(portfolio: Portfolio, most: int) -> dict[str, Any]:
    """What OpenAPI says of an endpoint that takes raw applications."""
    schema = request_schema(portfolio, most)
    del schema["$schema"]
    return _body(schema)


def openapi_of_features(portfolio: Portfolio, most: int) -> dict[str, Any]:
    """What OpenAPI says of an endpoint that takes rows of the feature store."""
    columns = {
        name: _DAY if column.dtype == pl.Date else {} for name, column in portfolio.features.schema.columns().items()
    }
    return _body(_request({"type": "object", "properties": columns, "additionalProperties": False}, most))


def _source(source: Source) -> dict[str, Any]:
    row = {"type": "object", "properties": dict.fromkeys(source.columns, _CELL), "additionalProperties": _CELL}
    description = "Raw columns as delivered; left out, what the lake knows of the customer is taken"
    return {"description": description, "anyOf": [row, {"type": "array", "items": row}, {"type": "null"}]}


def _request(record: dict[str, Any], most: int) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            RECORDS: {"type": "array", "items": record, "minItems": 1, "maxItems": most},
            THRESHOLD: {
                "type": ["number", "null"],
                "exclusiveMinimum": 0,
                "exclusiveMaximum": 1,
                "description": "In place of policy's cut-off",
            },
        },
        "required": [RECORDS],
        "additionalProperties": False,
    }


def _body(schema: dict[str, Any]) -> dict[str, Any]:
    header = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "maxLength": 200},
        "description": "The same key with the same body gets the stored answer",
    }
    return {
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "parameters": [header],
    }
