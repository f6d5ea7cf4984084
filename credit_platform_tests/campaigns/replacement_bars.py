"""How a version in breach was replaced in a life that was lived: which better candidates were left out, and how soon.

Every candidate is compared anew from the stored versions and labels, not read off the reasons of the log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit_platform.assets.models.training import POLICY, breached_version, read_cohorts
from credit_platform.lake.governance.promotions import PromotionLog, incumbent
from credit_platform.months import add_months, months_between
from credit_platform.statistics.discrimination import delong_paired_p_value, roc_auc

if TYPE_CHECKING:
    from datetime import date

    from credit_platform.cli.book import Book
    from credit_platform.lake.governance.promotions import PromotionRecord


def months_in_breach(book: Book, model: str) -> list[date]:
    """The months whose action asks to retrain the version that is in force in them."""
    records = PromotionLog(book.lake.layout).records()
    return [
        month
        for month in book.lake.months(f"monitoring/{model}/action")
        if (version := breached_version(book.lake, model, month)) and version == incumbent(records, model, month)
    ]


def left_out(book: Book, model: str) -> list[str]:
    """The candidates that beat a version in breach by the paired test, reach the floor, and did not go in."""
    records = [record for record in PromotionLog(book.lake.layout).records() if record.model == model]
    in_breach = months_in_breach(book, model)
    return [
        f"{record.model_version}: {' '.join(record.reasons)}"
        for record in records
        if record.actor == POLICY and record.as_of in in_breach and not record.promoted and _is_better(book, record)
    ]


def months_to_replacement(book: Book, model: str) -> int | None:
    """Months from the first month in breach to the first of the version that took the place; None where none did."""
    first = months_in_breach(book, model)[0]
    records = PromotionLog(book.lake.layout).records()
    later = [one.effective_month for one in records if one.model == model and one.promoted and one.as_of >= first]
    return months_between(first, min(later)) if later else None


def _is_better(book: Book, record: PromotionRecord) -> bool:
    config, versions = book.settings.policy.model, book.lake.versions
    in_force = incumbent(PromotionLog(book.lake.layout).records(), record.model, add_months(record.as_of, 1))
    assert in_force is not None
    candidate = versions.read(record.model, record.model_version)
    loans = read_cohorts(book.lake, candidate.windows.oot, config.label)
    label = loans["label"].to_numpy()
    new, old = (one.fitted(config).predict(loans) for one in (candidate, versions.read(record.model, in_force)))
    p_value, reached, before = delong_paired_p_value(label, new, old), roc_auc(label, new), roc_auc(label, old)
    assert p_value is not None
    assert reached is not None
    assert before is not None
    is_beyond_chance = p_value < config.promotion.significance and reached > before
    return is_beyond_chance and reached >= config.gates.min_oot_roc_auc
