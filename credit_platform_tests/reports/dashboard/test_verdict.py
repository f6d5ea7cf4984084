"""What was done about an unfit model, in as few words as its trainings allow."""

from __future__ import annotations

from datetime import date

import pytest

from credit_platform.reports.dashboard.verdict import _all_tried


def training(month: int, *, promoted: bool = False) -> dict[str, object]:
    return {
        "model_version": f"2024-{month:02}-01-aa",
        "as_of": date(2024, month, 1),
        "is_rollback": False,
        "is_interim": False,
        "promoted": promoted,
        "effective_month": date(2024, month + 1, 1),
        "oot_roc_auc": 0.9,
        "reasons": f"A gate failed in month {month}.\nAnd another.",
    }


@pytest.mark.parametrize("n", [1, 2])
def test_a_training_or_two_that_came_to_nothing_are_told_one_by_one(n: int) -> None:
    told = _all_tried([training(month) for month in range(1, n + 1)])
    assert [line.rsplit(" month ", maxsplit=1)[-1] for line in told] == [f"{month}." for month in range(1, n + 1)]


def test_a_long_stretch_is_counted_and_its_newest_told_and_every_promotion_is() -> None:
    rows = [training(month) for month in range(1, 6)] + [training(6, promoted=True), training(7)]
    counted, newest, promoted, after = _all_tried(rows)
    assert counted == "5 versions trained as of 2024-01 to 2024-05 were not promoted; the newest of them:"
    assert newest == "version 2024-05-01-aa, trained as of 2024-05, was not promoted: A gate failed in month 5."
    assert (
        promoted
        == "version 2024-06-01-aa, trained as of 2024-06, was promoted from 2024-07 on (out-of-time ROC-AUC 0.9000)"
    )
    assert after.startswith("version 2024-07-01-aa")


def test_an_interim_version_is_told_as_one() -> None:
    (told,) = _all_tried([training(6, promoted=True) | {"is_interim": True}])
    assert "trained as of 2024-06, was promoted as interim from 2024-07 on" in told


def test_nothing_tried_is_nothing_told() -> None:
    assert _all_tried([]) == []
