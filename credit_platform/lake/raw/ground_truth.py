"""What was planted in a generated book, kept beside its raw files: the truth that no table of the platform holds.

Planting belongs to `synthetic`. Nothing that builds or judges a month reads this; only stories told afterwards do.
"""

from __future__ import annotations

import json

from credit_platform.lake.files import write_text
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import delivered_hashes
from credit_platform.months import month_key, parse_month
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.generator.drift import Drift, DriftKind


def write_planted(layout: Layout, spec: BookSpec) -> None:
    """Write down what a generated book holds, and which files it is, after these have been written."""
    content = {
        "sha256": delivered_hashes(layout),
        "first_month": month_key(spec.first_month),
        "months": spec.n_months,
        "loans_per_month": spec.loans_per_month,
        "clickstream_months": spec.clickstream_months,
        "seed": spec.seed,
        "drifts": [
            {"kind": str(drift.kind), "first_month": month_key(drift.first_month), "strength": drift.strength}
            for drift in spec.drifts
        ],
    }
    write_text(layout.planted(), json.dumps(content, indent=1) + "\n")


def read_planted(layout: Layout) -> BookSpec | None:
    """The book that was generated into the raw folder; None where one of the files is somebody's own, or is gone."""
    file = layout.planted()
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    if content.get("sha256") != delivered_hashes(layout):
        return None
    return BookSpec(
        first_month=parse_month(content["first_month"]),
        n_months=content["months"],
        loans_per_month=content["loans_per_month"],
        clickstream_months=content["clickstream_months"],
        seed=content["seed"],
        drifts=tuple(
            Drift(DriftKind(drift["kind"]), parse_month(drift["first_month"]), drift["strength"])
            for drift in content["drifts"]
        ),
    )
