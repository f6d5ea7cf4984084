from __future__ import annotations

import logging

import pytest

from credit_platform.assets.models.models import log_trials, tuning_table
from credit_platform.scoring.training.tuning import Trial, Tuning

TRIALS = (
    Trial(1, 3, {"rate": 0.05, "depth": 3}, 0.91),
    Trial(2, 3, {"rate": 0.0723456, "depth": 2}, 0.93),
    Trial(3, 3, {"rate": 0.04, "depth": 4}, 0.92),
)


def test_every_trial_is_a_line_with_the_best_so_far(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    show = log_trials(logging.getLogger("tuning"))
    for trial in TRIALS:
        show(trial)
    assert [record.getMessage() for record in caplog.records] == [
        "trial 1 of 3: validation ROC-AUC 0.9100, best so far 0.9100",
        "trial 2 of 3: validation ROC-AUC 0.9300, best so far 0.9300",
        "trial 3 of 3: validation ROC-AUC 0.9200, best so far 0.9300",
    ]


def test_a_single_trial_is_no_search_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_trials(logging.getLogger("tuning"))(Trial(1, 1, {}, 0.9))
    assert not caplog.records


def test_the_table_has_a_line_per_trial_and_marks_the_kept_one() -> None:
    assert tuning_table(Tuning(TRIALS, 2)).splitlines() == [
        "| trial | validation ROC-AUC | rate | depth |",
        "|---|---|---|---|",
        "| 1 | 0.9100 | 0.05 | 3 |",
        "| 2 (kept) | 0.9300 | 0.07235 | 2 |",
        "| 3 | 0.9200 | 0.04 | 4 |",
    ]
