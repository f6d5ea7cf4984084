"""The verb `override-action`: a person decides about a month's action in place of the rules, with a reason.

Keeping the record belongs to `lake.governance.action_overrides`, obeying it to `monitoring.action.override`; the tables
are rebuilt by the same job that made them.
"""

from dataclasses import dataclass
from datetime import date
from itertools import takewhile
from typing import get_args

from rich.console import Console
from rich.markup import escape

from credit_platform.automation.jobs import MONITOR_MONTH
from credit_platform.cli.book import Book, models_named, require_month_between
from credit_platform.cli.instance import open_instance
from credit_platform.cli.run.runs import Runner
from credit_platform.errors import MissingMonthsError, SettingsError
from credit_platform.lake.governance.action_overrides import OverrideLog
from credit_platform.monitoring.action.action import Action, ActionOverride
from credit_platform.monitoring.action.action_state import LOOK_BACK_MONTHS
from credit_platform.months import add_months, month_range

COMMAND = "override-action"


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line; the model by name or alias."""

    model: str
    month: date
    action: str
    reason: str
    approver: str


def override_action(book: Book, console: Console, wish: Wish) -> int:
    """Log the override, build the action again with it, print what holds now; exits 1 when the run fails.

    Raises:
        SettingsError: the model or the action does not exist, the month is not one of actions, or a text is empty.
        MissingMonthsError: nothing has been decided about the month yet.
        AuditError: the audit log was tampered with.
    """
    model, action = models_named(book, wish.model)[0], _action(wish.action)
    _require_text(wish)
    require_month_between(
        "--month",
        wish.month,
        book.axis.first_outcome,
        book.axis.last,
        what="has no action: they are decided from",
        fix="Choose one of these months; `credit-platform status` shows the latest action.",
    )
    table = f"monitoring/{model}/action"
    if not book.lake.has(table, wish.month):
        raise MissingMonthsError(table=table, months=[wish.month])
    stored = book.lake.scan(table, [wish.month]).collect().row(0, named=True)
    override = ActionOverride(
        model=model,
        model_version=stored["model_version"],
        month=wish.month,
        action=action,
        instead_of=stored["rule_action"],
        approver=wish.approver.strip(),
        reason=" ".join(wish.reason.split()),
    )
    is_new = OverrideLog(book.lake.layout).append(override, policy_sha256=book.settings.policy.sha256)
    console.print(f"{'Logged' if is_new else 'Logged before'} in {book.lake.layout.audit_log()}.", soft_wrap=True)
    # States of later months look back at this one.
    months = _built_in_a_row(book, table, wish.month)
    repository = book.repository()
    with open_instance(book.settings) as instance:
        runner = Runner(repository, book.settings.portfolio, instance, console, COMMAND)
        outcome = runner.run(MONITOR_MONTH, months[0], months[-1], assets=[table, "monitoring/dashboard"])
    if not outcome.success:
        console.print(f"[red]The action was not built again:[/] {escape('; '.join(outcome.problems))}", soft_wrap=True)
        return 1
    row = book.lake.scan(table, [wish.month]).collect().row(0, named=True)
    console.print(f"{model} {wish.month:%Y-%m}: {row['action']} ({row['transition']})", soft_wrap=True, highlight=False)
    console.print(row["reasons"], soft_wrap=True, highlight=False, markup=False)
    return 0


def _action(name: str) -> Action:
    for action in get_args(Action):
        if action == name:
            return action
    raise SettingsError(name="--to", reason=f"no action {name!r}", fix=f"Choose one of {', '.join(get_args(Action))}.")


def _require_text(wish: Wish) -> None:
    for option, text in (("--reason", wish.reason), ("--approver", wish.approver)):
        if not text.strip():
            raise SettingsError(name=option, reason="it is empty", fix="Say who decided, and why.")


def _built_in_a_row(book: Book, table: str, month: date) -> list[date]:
    reached = month_range(month, add_months(month, LOOK_BACK_MONTHS + 1))
    return list(takewhile(lambda later: book.lake.has(table, later), reached))
