"""The scorecard as one Polars expression over the feature store's columns, made of `scorecard.json` alone.

What the points are is defined in document; the platform itself scores with the stored version.
"""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from credit_platform.scoring.scorecard.document import evidence_of
from credit_platform.scoring.transformers.standardisation import known_number


def points_expression(document: bytes) -> pl.Expr:
    """Points of each row of gold/feature_store, Int32, named `points`.

    Args:
        document: The content of `scorecard.json`.
    """
    content = json.loads(document)
    parts = [_points(one, evidence_of(content, one["feature"])) for one in content["characteristics"]]
    return pl.sum_horizontal(parts).cast(pl.Int32).alias("points")


def evidence_expression(evidence: Mapping[str, Any]) -> pl.Expr:
    """Evidence of a history in nats, null without any month of it.

    Channel by channel and without a division, as the platform adds them up, so that both get the same bits.
    """
    months = pl.col(evidence["months"]).cast(pl.Float64).fill_null(0.0)
    total = pl.lit(0.0)
    for one in evidence["channels"]:
        sums = pl.col(one["sum"]).cast(pl.Float64).fill_null(0.0)
        total = total + one["weight"] * (sums - months * one["middle"])
    return pl.when((months > 0) & total.is_finite()).then(total)


def is_met(condition: Mapping[str, Any]) -> pl.Expr:
    """Whether a row meets a condition of a leaf."""
    value, missing = pl.col(condition["feature"]), pl.lit(condition["or_missing"])
    if condition["levels"] or condition["others"]:
        level = value.cast(pl.String)
        known = [*condition["levels"], *condition["others"]]
        return pl.when(level.is_in(known)).then(level.is_in(condition["levels"])).otherwise(missing)
    number = known_number(condition["feature"])
    inside = pl.lit(condition["is_known"])
    if condition["above"] is not None:
        inside &= number > condition["above"]
    if condition["up_to"] is not None:
        inside &= number <= condition["up_to"]
    return pl.when(number.is_null()).then(missing).otherwise(inside)


def _points(characteristic: Mapping[str, Any], evidence: Mapping[str, Any] | None) -> pl.Expr:
    if characteristic["kind"] == "leaf":
        leaves = characteristic["attributes"]
        return pl.coalesce(pl.when(*map(is_met, leaf["conditions"])).then(pl.lit(leaf["points"])) for leaf in leaves)
    feature, missing = characteristic["feature"], pl.lit(characteristic["missing"]["points"])
    if characteristic["kind"] == "level":
        level = pl.col(feature).cast(pl.String)
        chain = pl.when(level.is_null()).then(missing)
        for one in characteristic["attributes"]:
            chain = chain.when(level.is_in(one["levels"])).then(pl.lit(one["points"]))
        return chain.otherwise(pl.lit(characteristic["unseen"]["points"]))
    value = known_number(feature) if evidence is None else evidence_expression(evidence)
    chain = pl.when(value.is_null()).then(missing)
    for one in characteristic["special"]:
        chain = chain.when(pl.any_horizontal(value == each for each in one["values"])).then(pl.lit(one["points"]))
    *bounded, last = characteristic["attributes"]
    for one in bounded:
        chain = chain.when(value <= one["upper"]).then(pl.lit(one["points"]))
    return chain.otherwise(pl.lit(last["points"]))
