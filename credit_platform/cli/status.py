"""What is there and what is missing: months per table, versions in force, latest actions.

Read from the files, and from the run history where there is one; nothing is written, so it works beside runs.
"""

from typing import Literal, TypedDict

from rich.table import Table

from credit_platform.cli.book import Book
from credit_platform.cli.printing import folding_table
from credit_platform.cli.run.missing import TableCoverage, table_months
from credit_platform.cli.run.restatement import spans
from credit_platform.lake.governance.promotions import PromotionLog, promotions_kept
from credit_platform.months import parse_month

_LISTS: tuple[Literal["missing", "empty", "outside"], ...] = ("missing", "empty", "outside")


class TableStatus(TypedDict):
    """Months of one table: how many it has and should have, and which are missing, without a row, or not the book's.

    `model/<model>` counts the months as of which versions were trained. See `cli.run.missing`.
    """

    table: str
    months: int
    expected: int
    first: str
    last: str
    missing: list[str]
    empty: list[str]
    outside: list[str]


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
    records = PromotionLog(book.lake.layout).records()
    return StatusReport(
        tables=[_table_status(months) for months in table_months(book)],
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


def _table_status(months: TableCoverage) -> TableStatus:
    present = months.present
    return TableStatus(
        table=months.table,
        months=len(present),
        expected=len(present) + len(months.empty) + len(months.missing),
        first=f"{present[0]:%Y-%m}" if present else "",
        last=f"{present[-1]:%Y-%m}" if present else "",
        missing=[f"{month:%Y-%m}" for month in months.missing],
        empty=[f"{month:%Y-%m}" for month in months.empty],
        outside=[f"{month:%Y-%m}" for month in months.outside],
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
    rows = report["tables"]
    lists: dict[str, list[list[str]]] = {name: [row[name] for row in rows] for name in _LISTS}
    # As a rule nothing is outside the book and no source is empty.
    shown = [name for name, months in lists.items() if name == "missing" or any(months)]
    tables = folding_table("Tables", "table", "months", "from", "to", *shown)
    for n, row in enumerate(rows):
        named = (spans([parse_month(month) for month in lists[name][n]]) for name in shown)
        tables.add_row(row["table"], f"{row['months']} of {row['expected']}", row["first"], row["last"], *named)
    versions = folding_table("Versions in production", "model", "version", "in force from", "why")
    for version in report["versions"]:
        versions.add_row(
            version["model"], version["model_version"], version["effective_month"], " ".join(version["reasons"])
        )
    actions = folding_table("Latest actions", "model", "month", "action", "state", "reasons")
    for action in report["actions"]:
        actions.add_row(action["model"], action["month"], action["action"], action["state"], action["reasons"])
    return [tables, versions, actions]
