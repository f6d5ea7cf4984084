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
from credit_platform.policy.reason_codes import ReasonCatalogue, Value
from credit_platform.scoring.explanation.leaf_facts import leaf_of, leaf_texts
from credit_platform.scoring.explanation.reasons import REASON_COLUMNS
from credit_platform.scoring.scorecard.scorecard import ScorecardEstimator
from credit_platform.scoring.training.average_loans import AverageLoan
from credit_platform.scoring.training.source_calibration import sources_known
from credit_platform.scoring.training.version import FittedVersion
from credit_platform.scoring.transformers.binning import number_values


@dataclass(frozen=True)
class FeaturePart:
    """One feature of the loan and what it adds against the loans it is compared with.

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
    """One reason of the prediction, in words; `share` is of all that increased the probability, 0..1."""

    code: str
    feature: str
    internal: str
    consumer: str
    log_odds: float
    share: float
    is_specific: bool


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

    `counted_from` says which loans it is compared with; `base_log_odds` and `base_points` are those of the average of
    them. With all parts they make `log_odds` and `exact_score`, of which `prediction["score"]` is the whole number.
    `error` is by how much the sum of the parts differs from the log-odds of the version, below 1e-9.
    """

    prediction: Mapping[str, object]
    counted_from: str
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
    base = float(found.base[0])
    log_odds = base + float(found.values[0].sum())
    average = version.average_loans.of(str(sources_known(loan, version.portfolio.features)[0]))
    return Explanation(
        prediction=prediction,
        counted_from=_counted_from(version, average),
        base_log_odds=base,
        base_points=offset - factor * base,
        parts=tuple(sorted(parts, key=lambda part: -part.log_odds)),
        log_odds=log_odds,
        exact_score=offset - factor * log_odds,
        error=abs(log_odds - float(version.log_odds(loan)[0])),
        reasons=tuple(
            _in_detail(reason, version, loan, policy.reasons, average)
            for reason in _reasons(prediction, parts, policy, average)
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


def _counted_from(version: FittedVersion, average: AverageLoan) -> str:
    case = version.portfolio.words.case
    if not version.average_loans.is_of_approved:
        return f"the average {case} of the validation sample"
    approved = "approved " if average.of == "approved" else ""
    return f"the average {approved}{case} with the same sources, {average.n} of the validation sample"


def _reasons(
    prediction: Mapping[str, object], parts: list[FeaturePart], policy: Policy, average: AverageLoan
) -> tuple[GivenReason, ...]:
    feature_of = {reason.code: feature for feature, reason in policy.reasons.reasons.items()}
    part_of = {part.feature: part for part in parts}
    raised = sum(max(part.log_odds, 0.0) for part in parts)
    codes = [str(prediction[column]) for column in REASON_COLUMNS if prediction[column] is not None]
    found = []
    for code in codes:
        part, reason = part_of[feature_of[code]], policy.reasons.by_code[code]
        found.append(
            GivenReason(
                code=code,
                feature=part.feature,
                internal=reason.internal,
                consumer=policy.reasons.consumer_text(code, part.value, typical=average.typical.get(part.feature)),
                log_odds=part.log_odds,
                share=part.log_odds / raised,
                is_specific=reason.is_specific,
            )
        )
    return tuple(found)


def _in_detail(
    reason: GivenReason, version: FittedVersion, loan: pl.DataFrame, catalogue: ReasonCatalogue, average: AverageLoan
) -> GivenReason:
    """The reason; of a combination with what the loan's own leaf is about, in place of the text for every leaf."""
    leaf = leaf_of(version.transformer, loan, reason.feature)
    if leaf is None:
        return reason
    internal, consumer = leaf_texts(leaf, loan, catalogue, average.typical)
    return replace(reason, internal=internal, consumer=consumer)


def _peers(scores: pl.Series, score: int) -> Peers:
    n_lower, n_equal = int((scores < score).sum()), int((scores == score).sum())
    return Peers(
        n=scores.len(),
        n_lower=n_lower,
        median_score=float(np.median(scores.to_numpy())),
        percentile=100 * (n_lower + n_equal / 2) / scores.len(),
    )
