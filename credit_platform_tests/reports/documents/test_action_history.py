from __future__ import annotations

import csv
from io import StringIO

import polars as pl

from credit_platform.monitoring.action.action import decide_action
from credit_platform.months import add_months
from credit_platform.reports.documents.action_report import HISTORY_COLUMNS, history_csv
from credit_platform_tests.monitoring_rows import MONTH, figures, subject, thresholds


def _action(month: int, auc: float) -> pl.DataFrame:
    at = subject(month=add_months(MONTH, month))
    scored = figures({"psi": 0.3}, at=subject(month=at.snapshot_month, lag=0), n_bad=None)
    measured = figures({"roc_auc": auc}, at=at)
    return decide_action(measured, scored, subject=at, thresholds=thresholds(), cases="loans").to_frame(at)


def test_every_action_is_one_line_in_order_of_month() -> None:
    text = history_csv(pl.concat([_action(1, 0.70), _action(0, 0.85)]))
    rows = list(csv.DictReader(StringIO(text)))
    assert tuple(rows[0]) == HISTORY_COLUMNS
    assert [(row["snapshot_month"], row["action"]) for row in rows] == [
        ("2025-06", "active_monitoring"),
        ("2025-07", "retrain"),
    ]
    assert len(text.strip().split("\n")) == 3
    assert " | scores_shifted: psi" in rows[1]["reasons"]
    assert rows[1]["rollback_within"] == "unknown"
