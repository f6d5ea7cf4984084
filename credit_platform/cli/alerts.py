"""The verb `alerts`: what is open, what was told, and telling what nobody has heard of yet.

Which events there are and who hears of them is written in `automation.alert_delivery`.
"""

import json

from rich.console import Console
from rich.markup import escape

from credit_platform.automation.alert_delivery import AlertDispatcher
from credit_platform.cli.book import Book
from credit_platform.cli.printing import folding_table
from credit_platform.lake.governance.alert_log import AlertRecord


def dispatcher_of(book: Book) -> AlertDispatcher:
    """The dispatcher of a book."""
    policy = book.settings.policy
    return AlertDispatcher(book.lake, policy.monitoring, list(policy.model.models), book.settings.alerts)


def _row(record: AlertRecord) -> dict[str, str]:
    event = record.event
    return {
        "month": f"{event.month:%Y-%m}",
        "alert": event.key,
        "state": event.kind,
        "level": event.level,
        "told": ", ".join(f"{channel} {told}" for channel, told in record.deliveries.items()),
        "error": record.error,
    }


def show_alerts(book: Book, console: Console, *, is_json: bool, is_sending: bool) -> int:
    """Print the open alerts, after telling what is due if asked to; exits 1 while a channel refuses a message."""
    dispatcher = dispatcher_of(book)
    told = dispatcher.catch_up() if is_sending else []
    rows = [_row(record) for record in dispatcher.log.open_alerts()]
    refused = [record for record in told if record.is_pending]
    if is_json:
        print(json.dumps({"open": rows, "told": [_row(record) for record in told]}, indent=1))
        return 1 if refused else 0
    title = "Open alerts" if rows else "No alert is open"
    table = folding_table(title, "month", "alert", "state", "level", "told", "error")
    for row in rows:
        table.add_row(*row.values())
    console.print(table)
    if is_sending:
        mode = "noted, not sent: CREDIT_ALERT_DRY_RUN is on" if dispatcher.addresses.is_dry_run else "told"
        console.print(f"{len(told)} events {mode}. All of them: {book.lake.layout.alerts()}")
    for record in refused:
        console.print(f"[red]{escape(f'{record.event.title}: {record.error}')}; it is tried again next time.[/]")
    return 1 if refused else 0
