"""The table of all actions so far as CSV: one line per month and model, for whoever opens it in a spreadsheet.

Laying single actions out belongs in `action_report`.
"""

import csv
from io import StringIO

import polars as pl

from credit_platform.schemas.spreadsheet_cells import spreadsheet_cell

HISTORY_COLUMNS = (
    "snapshot_month",
    "cohort",
    "model",
    "model_version",
    "action",
    "rule_action",
    "actionable",
    "state",
    "transition",
    "rollback_within",
    "reasons",
)


def history_csv(actions: pl.DataFrame) -> str:
    """The actions by month and model as CSV with a header, the reasons of a row in one line.

    Args:
        actions: Rows of `schemas.monitoring.Action` of all models and months.
    """
    ordered = actions.sort("snapshot_month", "model").select(HISTORY_COLUMNS)
    lines = ordered.with_columns(
        pl.col("snapshot_month", "cohort").dt.strftime("%Y-%m"),
        pl.col("transition", "reasons").str.replace_all("\n", " | ", literal=True),
        pl.when("actionable").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("actionable"),
    )
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HISTORY_COLUMNS)
    rows.writerows(map(spreadsheet_cell, line) for line in lines.iter_rows())
    return text.getvalue()
