"""Development samples: features of some cohorts beside the outcome of the same loans.

Which cohorts form which sample is said by `windows`; reading files belongs to the assets.
"""

from __future__ import annotations

import polars as pl


def attach_labels(features: pl.LazyFrame, labels: pl.LazyFrame) -> pl.LazyFrame:
    """Features at application with the label read at maturity, one row per labelled loan, in loan order.

    A loan that left the book before maturity has no label and is not in a sample.
    """
    outcome = labels.select("loan_id", "label")
    return features.join(outcome, on="loan_id", how="inner", validate="1:1").sort("snapshot_month", "loan_id")
