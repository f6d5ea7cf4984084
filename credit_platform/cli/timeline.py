"""What can run in which month, and why not earlier: the life of the book as dates.

The dates are derived in `partitions` and `scoring.training.windows`.
"""

from dataclasses import asdict, dataclass
from datetime import date

from rich.table import Table

from credit_platform.cli.book import Book
from credit_platform.months import add_months
from credit_platform.scoring.training.windows import windows_for


@dataclass(frozen=True)
class Phase:
    """Something that becomes possible in a month."""

    first_month: date
    what: str
    why: str
    is_within_book: bool

    def as_dict(self) -> dict[str, str | bool]:
        """The phase for JSON output."""
        return asdict(self) | {"first_month": self.first_month.isoformat()}


def phases(book: Book) -> list[Phase]:
    """The phases of a book in the order in which they begin."""
    axis, config = book.axis, book.settings.policy.model
    lag = config.label.lag_months
    windows = windows_for(axis.first_training, config)
    spans = ", ".join(
        f"{'out-of-time' if role == 'oot' else role} {cohorts[0]:%Y-%m}..{cohorts[-1]:%Y-%m}"
        for role, cohorts in windows.by_role.items()
    )
    live_outcome = add_months(axis.first_training, 1 + lag)
    rows = [
        (axis.first_snapshot, "bronze, silver, gold", "first snapshot of the book"),
        (
            add_months(axis.first_snapshot, lag),
            "labels with rows",
            f"the first cohort is {lag} months on book; earlier label months are empty",
        ),
        (
            axis.first_scoring,
            "predictions, backfilled",
            f"{config.scoring.backfill_months} months before the first training, scored by its version afterwards",
        ),
        (axis.first_outcome, "monitoring, as backtest", f"outcome of the first scored cohort, {lag} months later"),
        (
            axis.first_training,
            "first training",
            f"{len(windows.development)} cohorts ({spans}), of which the last matures {lag} months after origination",
        ),
        (
            add_months(axis.first_training, 1),
            "predictions, live",
            "a version takes effect one month after its training",
        ),
        (
            add_months(axis.first_training, config.retraining.every_months),
            "next training by the calendar",
            f"every {config.retraining.every_months} months; earlier when an action says retrain",
        ),
        (live_outcome, "monitoring of live scores", f"outcome of the first cohort scored live, {lag} months later"),
    ]
    return [
        Phase(month, what, why, is_within_book=axis.last is None or month <= axis.last)
        for month, what, why in sorted(rows, key=lambda row: row[0])
    ]


def timeline_table(book: Book) -> Table:
    """The phases as a table for the terminal."""
    until = f"{book.axis.last:%Y-%m}" if book.axis.last else "open-ended"
    table = Table(title=f"Life of the book, {book.axis.first_snapshot:%Y-%m} to {until}")
    for column in ("from", "what", "why then", "in the book"):
        table.add_column(column, no_wrap=column == "from")
    for phase in phases(book):
        table.add_row(f"{phase.first_month:%Y-%m}", phase.what, phase.why, "yes" if phase.is_within_book else "later")
    return table
