"""What a combination says of one loan: the leaf it is in, and the features that leaf is about, in words.

The leaves themselves belong to tree_leaves, choosing reasons to reasons.
"""

from collections.abc import Sequence

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


def leaf_texts(leaf: Leaf, catalogue: ReasonCatalogue) -> tuple[str, str]:
    """What a leaf is about, for the lender and for the customer: the texts of its features, each once.

    Raises:
        KeyError: one of its features has no entry in the catalogue.
    """
    reasons = [catalogue.reasons[feature] for feature in leaf.features]
    return joined([reason.internal for reason in reasons]), joined([reason.consumer for reason in reasons])


def joined(texts: Sequence[str]) -> str:
    """Several facts as one text.

    >>> joined(["Debt outstanding", "Number of delayed payments", "Income per year"])
    'Debt outstanding in combination with number of delayed payments and income per year'
    """
    first, *others = texts
    if not others:
        return first
    small = [text[0].lower() + text[1:] for text in others]
    listed = " and ".join([", ".join(small[:-1]), small[-1]] if small[1:] else small)
    return f"{first} in combination with {listed}"
