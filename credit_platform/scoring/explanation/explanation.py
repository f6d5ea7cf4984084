"""Why one loan has its score under one version: every feature with what it added, the reasons, and the loan's peers.

Choosing reasons belongs to reasons, printing to the command line. Nothing here is approximate: parts add up to the
log-odds the loan was scored with.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log

import numpy as np
import polars as pl

from credit_platform.policy.load import Policy
from credit_platform.policy.model_config import Scaling
from credit_platform.policy.reason_codes import ReasonCatalogue
from credit_platform.scoring.explanation.leaf_facts import leaf_of, leaf_texts
from credit_platform.scoring.explanation.reasons import REASON_COLUMNS
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.transformers.binning import number_values

Value = float | int | str | bool | None


@dataclass(frozen=True)
class FeaturePart:
    """One feature of the loan and what it adds against the average loan.

    Attributes:
        feature: Its name.
        value: Its value at application; None where it is missing. Of a combination the sentence of the loan's leaf.
        log_odds: Added to the log-odds of default.
        points: Added to the score, so of the other sign.
        attribute_points: What the loan's attribute is worth on the scorecard; None for other algorithms, and for
            characteristics the scorecard does not use.
    """

    feature: str
    value: Value
    log_odds: float
    points: float
    attribute_points: int | None


@dataclass(frozen=True)
class GivenReason:
    """One reason of the prediction, in words."""

    code: str
    feature: str
    internal: str
    consumer: str
    log_odds: float


@dataclass(frozen=True)
class Peers:
    """The loan's score among all loans of its month; `percentile` counts loans of the same score half, 0..100."""

    n: int
    n_lower: int
    median_score: float
    percentile: float


@dataclass(frozen=True)
class Explanation:
    """A prediction taken apart.

    `base_log_odds` and `base_points` are those of the average loan; with all parts they make `log_odds` and
    `exact_score`, of which `prediction["score"]` is the whole number. `error` is by how much the sum of the parts
    differs from the log-odds of the version, below 1e-9.
    """

    prediction: Mapping[str, object]
    base_log_odds: float
    base_points: float
    parts: tuple[FeaturePart, ...]
    log_odds: float
    exact_score: float
    error: float
    reasons: tuple[GivenReason, ...]
    peers: Peers


def explain_prediction(
    version: FittedVersion, loan: pl.DataFrame, scored: pl.DataFrame, *, policy: Policy
) -> Explanation:
    """Take one prediction apart.

    Args:
        version: The version that made it.
        loan: The loan's row of gold/feature_store.
        scored: The month's rows of the prediction table, the loan among them.
        policy: Scale of points and catalogue of reasons.

    Raises:
        ModelStoreError: the features lack a column the version was trained on.
    """
    key = version.portfolio.cases.key
    prediction = scored.row(by_predicate=pl.col(key) == loan[key][0], named=True)
    found = version.contributions(loan)
    factor, offset = _scale(policy.model.scoring.scaling)
    of_attribute = _attribute_points(version, loan)
    parts = [
        FeaturePart(
            feature=feature,
            value=_value(version, loan, feature),
            log_odds=part,
            points=0.0 - factor * part,
            attribute_points=of_attribute.get(feature),
        )
        for feature, part in zip(found.features, found.values[0].tolist(), strict=True)
    ]
    log_odds = found.base + float(found.values[0].sum())
    return Explanation(
        prediction=prediction,
        base_log_odds=found.base,
        base_points=offset - factor * found.base,
        parts=tuple(sorted(parts, key=lambda part: -part.log_odds)),
        log_odds=log_odds,
        exact_score=offset - factor * log_odds,
        error=abs(log_odds - float(version.log_odds(loan)[0])),
        reasons=tuple(
            _in_detail(reason, version, loan, policy.reasons) for reason in _reasons(prediction, parts, policy)
        ),
        peers=_peers(scored["score"], int(prediction["score"])),
    )


def _scale(scaling: Scaling) -> tuple[float, float]:
    """Points for odds e times as good, and at odds of 1."""
    factor = scaling.pdo / log(2)
    return factor, scaling.base_score - factor * log(scaling.base_odds)


def _value(version: FittedVersion, loan: pl.DataFrame, feature: str) -> Value:
    leaf = leaf_of(version.transformer, loan, feature)
    if leaf is not None:
        return leaf.sentence
    evidence = version.transformer.evidence
    if feature not in {one.feature for one in evidence}:
        return loan[feature][0]
    total = float(number_values(loan, feature, evidence)[0])
    return None if np.isnan(total) else total


def _attribute_points(version: FittedVersion, loan: pl.DataFrame) -> dict[str, int]:
    estimator = version.estimator
    if not isinstance(estimator, ScorecardEstimator) or estimator.scale is None:
        return {}
    points = estimator.scale.points(version.transformer.design_matrix(loan))[0]
    return {
        one.feature: int(worth)
        for one, worth in zip(estimator.characteristics, points.tolist(), strict=True)
        if one.dropped is None
    }


def _reasons(prediction: Mapping[str, object], parts: list[FeaturePart], policy: Policy) -> tuple[GivenReason, ...]:
    feature_of = {reason.code: feature for feature, reason in policy.reasons.reasons.items()}
    part_of = {part.feature: part for part in parts}
    codes = [str(prediction[column]) for column in REASON_COLUMNS if prediction[column] is not None]
    return tuple(
        GivenReason(
            code=code,
            feature=feature_of[code],
            internal=policy.reasons.by_code[code].internal,
            consumer=policy.reasons.consumer_text(code, is_known=part_of[feature_of[code]].value is not None),
            log_odds=part_of[feature_of[code]].log_odds,
        )
        for code in codes
    )


def _in_detail(
    reason: GivenReason, version: FittedVersion, loan: pl.DataFrame, catalogue: ReasonCatalogue
) -> GivenReason:
    """The reason; of a combination with what the loan's own leaf is about, in place of the text for every leaf."""
    leaf = leaf_of(version.transformer, loan, reason.feature)
    if leaf is None:
        return reason
    internal, consumer = leaf_texts(leaf, catalogue)
    return replace(reason, internal=internal, consumer=consumer)


def _peers(scores: pl.Series, score: int) -> Peers:
    n_lower, n_equal = int((scores < score).sum()), int((scores == score).sum())
    return Peers(
        n=scores.len(),
        n_lower=n_lower,
        median_score=float(np.median(scores.to_numpy())),
        percentile=100 * (n_lower + n_equal / 2) / scores.len(),
    )
