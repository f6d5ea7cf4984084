"""The scorecard as one SQL query over the feature store, for DuckDB, complete from raw columns to points.

What the points are is defined in document, whose JSON is all that is read here. Running queries belongs to lake.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from credit_platform.scoring.scorecard.document import evidence_of

_TABLE = "gold.feature_store"


def scorecard_sql(document: bytes, case_key: str) -> bytes:
    """A query that gives the column `case_key` and `points` for every row of gold.feature_store.

    Additions are in the order in which the platform does them, so that both get the same bits.
    """
    content = json.loads(document)
    characteristics = content["characteristics"]
    values = {
        one["feature"]: _value(one, evidence_of(content, one["feature"]))
        for one in characteristics
        if one["kind"] != "leaf"
    }
    for one in (condition for each in characteristics for condition in _conditions(each)):
        is_level = one["levels"] or one["others"]
        values.setdefault(one["feature"], _value({**one, "kind": "level" if is_level else "number"}, None))
    columns = ",\n".join(f"    {value} AS {_name(feature)}" for feature, value in values.items())
    points = "\n  + ".join(_case(one) for one in characteristics)
    offset, factor = content["scale"]["offset"], content["scale"]["factor"]
    return (
        "-- Points of the scorecard, for DuckDB: more is better, and each bin gives whole points.\n"
        f"-- Default probability = 1 / (1 + exp((points - {offset!r}) / {factor!r})).\n"
        "WITH known AS (\n"
        f"  SELECT\n    {case_key},\n{columns}\n  FROM {_TABLE}\n"
        ")\n"
        f"SELECT\n  {case_key},\n  CAST({points} AS INTEGER) AS points\nFROM known\n"
    ).encode()


def _value(characteristic: Mapping[str, Any], evidence: Mapping[str, Any] | None) -> str:
    column = _name(characteristic["feature"])
    if characteristic["kind"] == "level":
        return f"CAST({column} AS VARCHAR)"
    if evidence is None:
        number = f"CAST({column} AS DOUBLE)"
        return f"CASE WHEN isfinite({number}) THEN {number} END"
    months = f"CAST(coalesce({_name(evidence['months'])}, 0) AS DOUBLE)"
    terms = (
        f"{_number(one['weight'])} * (coalesce(CAST({_name(one['sum'])} AS DOUBLE), {_number(0.0)})"
        f" - {months} * {_number(one['middle'])})"
        for one in evidence["channels"]
    )
    total = "\n      + ".join(terms)
    return f"CASE WHEN {months} > 0 AND isfinite(\n      {total}\n    ) THEN (\n      {total}\n    ) END"


def _case(characteristic: Mapping[str, Any]) -> str:
    lines = "\n".join(f"    {line}" for line in _branches(characteristic, _name(characteristic["feature"])))
    return f"CASE\n{lines}\n    END"


def _conditions(characteristic: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the leaves of a combination ask; nothing for another characteristic."""
    leaves = characteristic["attributes"] if characteristic["kind"] == "leaf" else []
    return [condition for leaf in leaves for condition in leaf["conditions"]]


def _is_met(condition: Mapping[str, Any]) -> str:
    """A condition of a leaf, which is never null."""
    column = _name(condition["feature"])
    if condition["levels"] or condition["others"]:
        names = ", ".join(map(_text, condition["others"] if condition["or_missing"] else condition["levels"]))
        return f"coalesce({column} NOT IN ({names}), true)" if condition["or_missing"] else f"{column} IN ({names})"
    bounds = ((">", condition["above"]), ("<=", condition["up_to"]))
    inside = [f"{column} {sign} {_number(bound)}" for sign, bound in bounds if bound is not None]
    known = " AND ".join(inside or [f"{column} IS NOT NULL"])
    if not condition["or_missing"]:
        return known
    return f"({known} OR {column} IS NULL)" if condition["is_known"] else f"{column} IS NULL"


def _branches(characteristic: Mapping[str, Any], column: str) -> Iterator[str]:
    if characteristic["kind"] == "leaf":
        for leaf in characteristic["attributes"]:
            yield f"WHEN {' AND '.join(map(_is_met, leaf['conditions']))} THEN {leaf['points']}"
        return
    yield f"WHEN {column} IS NULL THEN {characteristic['missing']['points']}"
    if characteristic["kind"] == "level":
        for one in characteristic["attributes"]:
            levels = ", ".join(_text(level) for level in one["levels"])
            yield f"WHEN {column} IN ({levels}) THEN {one['points']}"
        yield f"ELSE {characteristic['unseen']['points']}"
        return
    for one in characteristic["special"]:
        values = ", ".join(_number(value) for value in one["values"])
        yield f"WHEN {column} IN ({values}) THEN {one['points']}"
    *bounded, last = characteristic["attributes"]
    for one in bounded:
        yield f"WHEN {column} <= {_number(one['upper'])} THEN {one['points']}"
    yield f"ELSE {last['points']}"


def _number(value: float) -> str:
    """A double: without an exponent DuckDB would read a decimal, which it adds and rounds in another way."""
    shown = repr(float(value))
    exponent = "" if "e" in shown else "e0"
    return f"({shown}{exponent})" if value < 0 else f"{shown}{exponent}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
