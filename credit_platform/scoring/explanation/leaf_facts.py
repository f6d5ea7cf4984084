"""What a combination says of one loan: the leaf it is in, and the features that leaf is about, in words.

The leaves themselves belong to tree_leaves, choosing reasons to reasons.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from credit_platform.policy.reason_codes import ReasonCatalogue
from credit_platform.scoring.transformers.binning import WoeBinning
from credit_platform.scoring.transformers.transformer import Transformer
from credit_platform.scoring.transformers.tree_leaves import Leaf


def leaf_of(transformer: Transformer, loan: pl.DataFrame, feature: str) -> Leaf | None:
    """The leaf of a loan (one row of gold/feature_store) in a combination; None where `feature` is none."""
    combinations = transformer.combinations if isinstance(transformer, WoeBinning) else ()
    found = next((one for one in combinations if one.feature == feature), None)
    return None if found is None else found.leaves[int(found.places(loan)[0])]


def leaf_texts(
    leaf: Leaf, loan: pl.DataFrame, catalogue: ReasonCatalogue, typical: Mapping[str, float]
) -> tuple[str, str]:
    """What a leaf is about, for the lender and for the customer: the texts of its features, each once.

    Args:
        leaf: That of the loan.
        loan: Its row of gold/feature_store.
        catalogue: The texts.
        typical: The value of the middle one of the loans that this one is compared with, of each number.

    Raises:
        KeyError: one of its features has no entry in the catalogue.
    """
    reasons = {feature: catalogue.reasons[feature] for feature in leaf.features}
    said = [
        catalogue.consumer_text(reason.code, loan[feature][0], typical=typical.get(feature))
        for feature, reason in reasons.items()
    ]
    return joined([reason.internal for reason in reasons.values()]), joined(said)


def joined(texts: Sequence[str]) -> str:
    """Several facts as one text.

    >>> joined(["Debt outstanding: higher than most", "Number of delayed payments: higher than most"])
    'Debt outstanding: higher than most; number of delayed payments: higher than most (in combination)'
    """
    first, *others = texts
    small = [f"; {text[0].lower()}{text[1:]}" for text in others]
    return f"{first}{''.join(small)} (in combination)" if others else first
