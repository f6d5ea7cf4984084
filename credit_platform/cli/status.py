"""What is there: months per table, versions in force, latest actions.

Read from the files alone, so that it works while runs are under way.
"""

from typing import TypedDict

from rich.table import Table

from credit_platform.checks.tables import model_table
from credit_platform.cli.book import Book
from credit_platform.cli.printing import folding_table
from credit_platform.lake.governance.promotions import PromotionLog, promotions_kept
from credit_platform.months import month_range
from credit_platform.portfolios.tables import begins_with


class TableStatus(TypedDict):
    """Months of one table: present, expected, and which are missing."""

    table: str
    months: int
    expected: int
    first: str
    last: str
    missing: list[str]


class VersionStatus(TypedDict):
    """One promoted version."""

    model: str
    model_version: str
    effective_month: str
    reasons: list[str]


class ActionStatus(TypedDict):
    """The latest action about one model."""

    model: str
    month: str
    action: str
    state: str
    reasons: str


class StatusReport(TypedDict):
    """Everything `status` prints."""

    tables: list[TableStatus]
    versions: list[VersionStatus]
    actions: list[ActionStatus]


def status_report(book: Book) -> StatusReport:
    """Collect the status of every table, version and model."""
    models = list(book.settings.policy.model.models)
    tables = book.lake.layout.tables
    names = [*tables.shared, *(model_table(model, part) for model in models for part in tables.of_models)]
    records = PromotionLog(book.lake.layout).records()
    return StatusReport(
        tables=[_table_status(book, name) for name in names],
        versions=[
            VersionStatus(
                model=r.model,
                model_version=r.model_version,
                effective_month=f"{r.effective_month:%Y-%m}",
                reasons=list(r.reasons),
            )
            for model in sorted(models)
            for r in promotions_kept(records, model)
        ],
        actions=[status for model in models for status in _latest_action(book, model)],
    )


def _table_status(book: Book, table: str) -> TableStatus:
    axis = book.axis
    begins = {"snapshot": axis.first_snapshot, "scoring": axis.first_scoring, "outcome": axis.first_outcome}
    first = begins[begins_with(table)]
    present = book.lake.months(table)
    last = axis.last or (present[-1] if present else first)
    expected = month_range(first, last)
    return TableStatus(
        table=table,
        months=len(present),
        expected=len(expected),
        first=f"{present[0]:%Y-%m}" if present else "",
        last=f"{present[-1]:%Y-%m}" if present else "",
        missing=[f"{month:%Y-%m}" for month in expected if month not in present],
    )


def _latest_action(book: Book, model: str) -> list[ActionStatus]:
    table = f"monitoring/{model}/action"
    months = book.lake.months(table)
    if not months:
        return []
    rows = book.lake.scan(table, months[-1:]).collect().iter_rows(named=True)
    return [
        ActionStatus(
            model=model,
            month=f"{row['snapshot_month']:%Y-%m}",
            action=row["action"],
            state=row["state"],
            reasons=row["reasons"],
        )
        for row in rows
    ]


def status_tables(report: StatusReport) -> list[Table]:
    """The report as tables for the terminal."""
    tables = folding_table("Tables", "table", "months", "from", "to", "missing")
    for row in report["tables"]:
        missing = row["missing"]
        named = (
            "all" if missing and not row["months"] else ", ".join(missing[:4]) + (" ..." if len(missing) > 4 else "")
        )
        tables.add_row(row["table"], f"{row['months']} of {row['expected']}", row["first"], row["last"], named)
    versions = folding_table("Versions in production", "model", "version", "in force from", "why")
    for version in report["versions"]:
        versions.add_row(
            version["model"], version["model_version"], version["effective_month"], " ".join(version["reasons"])
        )
    actions = folding_table("Latest actions", "model", "month", "action", "state", "reasons")
    for action in report["actions"]:
        actions.add_row(action["model"], action["month"], action["action"], action["state"], action["reasons"])
    return [tables, versions, actions]
