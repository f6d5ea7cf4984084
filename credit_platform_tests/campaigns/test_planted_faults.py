"""Planted faults on whole generated books: what must raise raises in time, what must stay silent does.

The book's own seed runs here; `python -m credit_platform_tests.campaigns.planted_faults --seeds 1 2 3` runs others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from credit_platform.portfolios.drift import DriftKind
from credit_platform_tests.campaigns.planted_bars import bars_of
from credit_platform_tests.campaigns.planted_faults import FAULTS, SEED, base_of, lived
from credit_platform_tests.reports.agreeing_documents import disagreements
from credit_platform_tests.small_book import PREVIEW_ALLOWED

if TYPE_CHECKING:
    from pathlib import Path

    from credit_platform_tests.campaigns.planted_life import PlantedLife

# Every month costs seconds: the command above watches all 24 outcomes of the book without a fault, and the outcomes of
# the cohorts that halved.
SHORT = {"none": 3, "volume": 1}

pytestmark = [pytest.mark.slow, *PREVIEW_ALLOWED]


@pytest.fixture(scope="module")
def base_life(tmp_path_factory: pytest.TempPathFactory) -> PlantedLife:
    """The book until the month before any fault."""
    return base_of(tmp_path_factory.mktemp("base") / "book", SEED)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_noticed_as_it_must_be(base_life: PlantedLife, fault: str, tmp_path: Path) -> None:
    life = lived(base_life, fault, tmp_path / "book", seed=SEED, months=SHORT.get(fault))
    bars = bars_of(life, fault)
    assert bars
    missed = [f"{bar.model}: {bar.asked}: {bar.measured}" for bar in bars if not bar.holds]
    assert not missed, "\n".join(missed)
    life.draw()
    assert disagreements(life.lake, life.book.settings.policy) == []


def test_a_fault_that_is_not_there_is_not_noticed(base_life: PlantedLife, tmp_path: Path) -> None:
    """The red case: what is asked of a drifted book fails on one that does not drift."""
    life = lived(base_life, "none", tmp_path / "book", seed=SEED, months=1)
    for fault in (DriftKind.COVARIATE, DriftKind.SOURCE_DARK, DriftKind.VOLUME, DriftKind.LABEL_DELAY):
        must_raise = bars_of(life, fault)[0]
        assert not must_raise.holds, must_raise
