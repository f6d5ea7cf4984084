"""The books of the campaigns, each made once: an undisturbed life, and a lender before its quarter."""

from __future__ import annotations

import fcntl
from dataclasses import replace
from pathlib import Path

import pytest

from credit_platform_tests.campaigns.book_under_attack import (
    AttackedBook,
    make_attacked_book,
    make_attacked_churn,
    make_attacked_home_credit,
)
from credit_platform_tests.campaigns.moved_clock.clock import moment
from credit_platform_tests.campaigns.moved_clock.lender import Lender
from credit_platform_tests.campaigns.moved_clock.past import make_lender
from credit_platform_tests.small_book import LAST, MODEL_CONFIG, SPEC, WITHOUT_PICTURES

# The book goes on after its past: deliveries of six months more can be generated.
DELIVERED = replace(SPEC, n_months=SPEC.n_months + 6)
POLICY = {"model_config.yaml": MODEL_CONFIG, "monitoring_thresholds.yaml": WITHOUT_PICTURES}


@pytest.fixture(scope="session")
def attacked_book(tmp_path_factory: pytest.TempPathFactory) -> AttackedBook:
    return make_attacked_book(tmp_path_factory.mktemp("campaign"))


@pytest.fixture(scope="module", params=["loans", "home_credit", "churn"])
def any_attacked_book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AttackedBook:
    """Raw files and policy of a tiny book of each kind."""
    if request.param == "home_credit":
        return make_attacked_home_credit(tmp_path_factory.mktemp("campaign"))
    if request.param == "churn":
        return make_attacked_churn(tmp_path_factory.mktemp("campaign"))
    found: AttackedBook = request.getfixturevalue("attacked_book")
    return found


@pytest.fixture(scope="session")
def past_lender(shared_root: Path) -> Lender:
    """A lender on 2024-08-20 at noon whose months up to 2024-08 are finished. Read only: copy to start it."""
    root, done = shared_root / "lender", shared_root / "lender.done"
    with (shared_root / "lender.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return Lender(root, DELIVERED)
        lender = make_lender(root, DELIVERED, POLICY, last=LAST, at=moment("2024-08-20 12:00"))
        done.touch()
    return lender
