"""A version in breach whose successors fail a gate: one goes in as interim, is told of, and gives way to a full one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from credit_platform.assets.models.training import TrainingOutcome, breached_version, train_as_of
from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.cli.book import Book
from credit_platform.cli.versions.versions import version_rows
from credit_platform.lake.governance.promotions import PromotionLog, model_periods
from credit_platform.months import add_months
from credit_platform.policy.load import Policy
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import load_settings
from credit_platform_tests.drifted_book import Replacement, replacement_in

if TYPE_CHECKING:
    from pathlib import Path

    from credit_platform_tests.small_book import BookFolders

pytestmark = pytest.mark.slow
# No feature cell may be missing, and some always are.
IMPOSSIBLE = "max_null_rate"


@pytest.fixture
def replaced(drifted_book: BookFolders) -> Replacement:
    return replacement_in(drifted_book)


@pytest.fixture
def book(drifted_book: BookFolders, tmp_path: Path) -> BookFolders:
    return drifted_book.copy_to(tmp_path)


def strict(book: BookFolders, *, auto_promote: bool = True) -> Policy:
    """The book's policy with a gate that no version passes."""
    policy = LOANS.load_policy(book.policy_dir)
    gates = policy.model.gates.model_copy(update={IMPOSSIBLE: 0.0})
    promotion = policy.model.promotion.model_copy(update={"auto_promote": auto_promote})
    return replace(policy, model=policy.model.model_copy(update={"gates": gates, "promotion": promotion}))


def trained(book: BookFolders, replaced: Replacement, policy: Policy, *, later: int = 0) -> TrainingOutcome:
    return train_as_of(book.lake, replaced.model, add_months(replaced.trained_as_of, later), policy)


def told(book: BookFolders, model: str, until: date) -> list[tuple[str, date]]:
    """The alerts of interim versions by the actions up to a month."""
    policy = LOANS.load_policy(book.policy_dir)
    dispatcher = AlertDispatcher(book.lake, policy.monitoring, [model], load_settings().alerts)
    events = [record.event for record in dispatcher.catch_up()]
    return [(event.kind, event.month) for event in events if "interim" in event.key and event.month <= until]


def test_a_better_candidate_goes_in_as_interim_and_the_next_that_passes_all_gates_replaces_it(
    book: BookFolders, replaced: Replacement
) -> None:
    model, month = replaced.model, replaced.trained_as_of
    assert breached_version(book.lake, model, month) is not None
    first = trained(book, replaced, strict(book))
    assert (first.decision.promote, first.decision.is_interim) == (True, True)
    assert first.decision.failed_gates == (IMPOSSIBLE,)
    assert book.lake.versions.read(model, first.model_version).metadata.failed_gates == (IMPOSSIBLE,)
    period = next(
        period
        for period in model_periods(PromotionLog(book.layout).records(), model)
        if period.version == first.model_version
    )
    assert (period.first, period.failed_gates) == (add_months(month, 1), (IMPOSSIBLE,))
    # Its successor must pass all gates, although the action is still about the version before it.
    assert not trained(book, replaced, strict(book), later=1).decision.promote
    full = trained(book, replaced, LOANS.load_policy(book.policy_dir), later=1)
    assert (full.decision.promote, full.decision.is_interim, full.decision.failed_gates) == (True, False, ())
    assert told(book, model, add_months(month, 1)) == [("opened", month), ("resolved", add_months(month, 1))]


def test_the_same_training_decides_the_same_again_and_writes_nothing(book: BookFolders, replaced: Replacement) -> None:
    once = trained(book, replaced, strict(book))
    n_records = len(PromotionLog(book.layout).records())
    again = trained(book, replaced, strict(book))
    assert (again.model_version, again.decision) == (once.model_version, once.decision)
    assert len(PromotionLog(book.layout).records()) == n_records


def test_where_a_person_promotes_the_interim_version_is_recommended(book: BookFolders, replaced: Replacement) -> None:
    outcome = trained(book, replaced, strict(book, auto_promote=False))
    assert (outcome.decision.promote, outcome.decision.recommended) == (False, "interim")
    # The version had been promoted by the policy of before: what is advised is shown until a person follows it.
    record = PromotionLog(book.layout).records()[-1]
    assert (record.promoted, record.recommended, record.failed_gates) == (False, "interim", (IMPOSSIBLE,))
    rows = version_rows(Book.of(book.settings()), [replaced.model])
    row = next(row for row in rows if row["model_version"] == outcome.model_version)
    assert (row["recommended"], row["interim"]) == ("interim", False)
