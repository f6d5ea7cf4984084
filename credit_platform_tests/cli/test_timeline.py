from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from credit_platform.cli.book import Book
from credit_platform.cli.timeline import phases
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform_tests.graph_snapshot import snapshot_settings

RELATIVE = {
    "bronze, silver, gold": "2023-01",
    "labels with rows": "2023-07",
    "predictions, backfilled": "2024-04",
    "monitoring, as backtest": "2024-10",
    "first training": "2024-12",
    "predictions, live": "2025-01",
    "next training by the calendar": "2025-03",
    "monitoring of live scores": "2025-07",
}
ABSOLUTE = RELATIVE | {
    "predictions, backfilled": "2024-03",
    "monitoring, as backtest": "2024-09",
    "first training": "2024-11",
    "predictions, live": "2024-12",
    "next training by the calendar": "2025-02",
    "monitoring of live scores": "2025-06",
}


@pytest.mark.parametrize(("mode", "expected"), [("relative", RELATIVE), ("absolute", ABSOLUTE)])
def test_a_book_from_2023_has_the_dates_of_the_design(tmp_path: Path, mode: str, expected: dict[str, str]) -> None:
    (tmp_path / "model_config.yaml").write_text(f"windows: {{mode: {mode}}}")
    settings = snapshot_settings(tmp_path).model_copy(update={"policy": LOANS.load_policy(tmp_path)})
    found = phases(Book.of(settings))
    assert {phase.what: f"{phase.first_month:%Y-%m}" for phase in found} == expected
    assert [phase.first_month for phase in found] == sorted(phase.first_month for phase in found)
    assert [phase.what for phase in found if not phase.is_within_book] == [
        what for what, month in expected.items() if month > "2024-12"
    ]


def test_the_first_training_says_which_cohorts_it_needs(tmp_path: Path) -> None:
    (why,) = [phase.why for phase in phases(Book.of(snapshot_settings(tmp_path))) if phase.what == "first training"]
    assert why == (
        "18 cohorts (train 2023-01..2023-12, validation 2024-01..2024-03, test 2024-04..2024-05, "
        "out-of-time 2024-06..2024-06), of which the last matures 6 months after origination"
    )


def test_a_phase_for_programs_has_an_iso_date(tmp_path: Path) -> None:
    first = phases(Book.of(snapshot_settings(tmp_path)))[0]
    assert first.first_month == date(2023, 1, 1)
    assert first.as_dict() == {
        "first_month": "2023-01-01",
        "what": "bronze, silver, gold",
        "why": "first snapshot of the book",
        "is_within_book": True,
    }
