"""The reasons of a score: the features that increased the default probability most, as codes of the catalogue.

Of many loans, how often each reason was given, and how far a month is from development. What may be said about a
feature is policy (reason_codes.yaml). How much each adds is computed by `estimator`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from credit_platform.errors import PolicyError
from credit_platform.policy.reason_codes import ReasonCatalogue
from credit_platform.scoring.estimators.estimator import Contributions
from credit_platform.scoring.training.version import DesignedCases, FittedVersion
from credit_platform.statistics.stability_index import stability_index

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MAX_REASONS = 4  # a notice that lists more is read less (Regulation B, comment 9(b)(2)-1, thinks four enough)
REASON_COLUMNS = tuple(f"reason_{place}" for place in range(1, MAX_REASONS + 1))
# Log-odds. Parts are exact to this; what is smaller is the last digits of a sum and no reason.
LEAST_CONTRIBUTION = 1e-9


def reasons_of(
    version: FittedVersion, loans: pl.DataFrame, catalogue: ReasonCatalogue, designed: DesignedCases | None = None
) -> pl.DataFrame:
    """The reasons of every loan, as `choose_reasons` gives them.

    The evidence of a history is no reason for a loan of which no month was seen: the customer did not cause that. A
    missing value of another feature may be one, as the customer can supply it.

    Args:
        version: The version that scores the loans.
        loans: Rows of gold/feature_store.
        catalogue: The reasons that may be given.
        designed: The loans as the version reads them, where they are there already.

    Raises:
        ModelStoreError: the loans lack a column the version was trained on.
        PolicyError: a feature of the version has no entry in the catalogue.
    """
    parts, features = version.contributions(loans, designed), version.portfolio.features
    withheld = {group.feature: (loans[group.months].fill_null(0) == 0).to_numpy() for group in features.evidence}
    # Versions stored before there was such an order give their reasons as they did.
    specific_first = version.average_loans.is_of_approved
    return choose_reasons(parts, catalogue, order=features.explained, withheld=withheld, specific_first=specific_first)


def choose_reasons(
    parts: Contributions,
    catalogue: ReasonCatalogue,
    *,
    order: Sequence[str],
    withheld: Mapping[str, BoolArray] | None = None,
    specific_first: bool = True,
) -> pl.DataFrame:
    """Per loan up to four features with the largest contribution to default, the largest first.

    Only features that increased the probability against the average loan and that the catalogue lets be given. Of these
    four the specific ones come first: one that is not keeps its place among the four and loses it in their order. Were
    all four of that kind, the least of them would make room for the most specific one there is.

    Args:
        parts: Contributions of the loans.
        catalogue: The reasons that may be given.
        order: The explained features; those of equal contribution are chosen in this order, alike for every model.
        withheld: Feature to (loans,) truth values: where true, the feature is no reason for that loan.
        specific_first: Whether specific reasons come before others; else all are in the order of what they contribute.

    Returns:
        `reason_1` to `reason_4`, the codes, one row per loan in the order of `parts`, filled from the left with null.

    Raises:
        PolicyError: a feature has no entry in the catalogue.
    """
    for feature in parts.features:
        if feature not in catalogue.reasons:
            reason = "is missing, and a model uses this feature"
            raise PolicyError(file="reason_codes", key=f"reasons.{feature}", reason=reason)
    given = [feature for feature in order if feature in parts.features and catalogue.reasons[feature].is_given]
    values = parts.values[:, [parts.features.index(feature) for feature in given]]
    for feature, rows in (withheld or {}).items():
        if feature in given:
            values[rows, given.index(feature)] = 0.0
    if len(given) < MAX_REASONS:
        values = np.column_stack([values, np.zeros((len(values), MAX_REASONS - len(given)))])
    is_vague = np.zeros(values.shape[1], dtype=bool)
    if specific_first:
        is_vague[: len(given)] = [not catalogue.reasons[feature].is_specific for feature in given]
    places = _chosen(values, is_vague)
    is_reason = np.take_along_axis(values, places, axis=1) > LEAST_CONTRIBUTION
    codes = [catalogue.reasons[feature].code for feature in given]
    chosen = [
        [codes[place] if is_one else None for place, is_one in zip(of_loan, known, strict=True)]
        for of_loan, known in zip(places.tolist(), is_reason.tolist(), strict=True)
    ]
    return pl.DataFrame(chosen, schema=dict.fromkeys(REASON_COLUMNS, pl.String), orient="row")


def _chosen(values: FloatArray, is_vague: BoolArray) -> NDArray[np.intp]:
    """(loans, `MAX_REASONS`) columns of the largest values, those that are not vague first."""
    places = np.argsort(-values, axis=1, kind="stable")[:, :MAX_REASONS]
    strongest = np.where(is_vague, -np.inf, values).argmax(axis=1)
    speaks = values[np.arange(len(values)), strongest] > LEAST_CONTRIBUTION
    places[:, -1] = np.where(is_vague[places].all(axis=1) & speaks & ~is_vague[strongest], strongest, places[:, -1])
    is_reason = np.take_along_axis(values, places, axis=1) > LEAST_CONTRIBUTION
    last = np.where(is_reason, is_vague[places].astype(int), 2)
    return np.take_along_axis(places, np.argsort(last, axis=1, kind="stable"), axis=1)


def reason_mix(chosen: pl.DataFrame) -> pl.DataFrame:
    """How often each reason was given.

    Args:
        chosen: One row per loan with `reason_1` to `reason_4`.

    Returns:
        `reason`, `n` (loans that have it), `share` (of all loans), the most frequent first, then by code.
    """
    return (
        chosen.select(reason=pl.concat_list(REASON_COLUMNS))
        .explode("reason")
        .drop_nulls()
        .group_by("reason")
        .agg(n=pl.len().cast(pl.Int64))
        .sort(["n", "reason"], descending=[True, False])
        .with_columns(share=pl.col("n") / max(chosen.height, 1))
    )


def mix_counts(mix: pl.DataFrame) -> dict[str, int]:
    """Reason to loans that have it, by code: what a version keeps of its validation sample."""
    return dict(mix.sort("reason").select("reason", "n").iter_rows())


def mix_index(expected: Mapping[str, int], mix: pl.DataFrame) -> float | None:
    """Population stability index (PSI) of a mix against the counts a version kept; None without reasons on a side."""
    actual = mix_counts(mix)
    codes = sorted({*expected, *actual})
    return stability_index([expected.get(code, 0) for code in codes], [actual.get(code, 0) for code in codes])
