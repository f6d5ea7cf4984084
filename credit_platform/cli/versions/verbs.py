"""The verbs about versions and decisions: promote, rollback, override-decision, models, audit, drill, scorecard.

Each reads its arguments, calls one function and prints, as in `main`.
"""

import json
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.markup import escape

from credit_platform.cli.arguments import AnyModel, Approver, AsJson, Model, Reason
from credit_platform.errors import SettingsError

audit = App(name="audit", help="The log of every decision about a version: show it, verify it.")
drill = App(name="drill", help="Try what must work on a bad day, with nothing moved.")
scorecard = App(name="scorecard", help="Draft a scorecard, and look at its bins before any version is stored.")


def promote(
    *,
    model: Model,
    version: Annotated[str, Parameter(help="The version, as credit-platform models names it.")],
    to: Annotated[
        str,
        Parameter(
            name=("--to", "--stage"), help="in-force, candidate or retired (also Production, Staging, Archived)."
        ),
    ],
    approver: Approver,
    reason: Reason,
    archive_existing: Annotated[  # noqa: ARG001 - what others ask for happens in any case
        bool, Parameter(negative="", help="Retire the version in force until now, which happens without asking, too.")
    ] = False,
    effective_month: Annotated[
        str | None, Parameter(help="First month it is in force; without, the one after the newest scored.")
    ] = None,
    despite_failed_gates: Annotated[bool, Parameter(negative="", help="Promote although gates failed.")] = False,
) -> int:
    """Move a version to another status by a person's decision, and write it into the audit log."""
    from credit_platform.cli.book import models_named, month_argument, open_book
    from credit_platform.cli.versions.promotion import Person, promote, target_role

    book = open_book()
    month = month_argument("--effective-month", effective_month) if effective_month else None
    return promote(
        book,
        Console(),
        model=models_named(book, model)[0],
        version=version,
        to=target_role(to),
        person=Person.named(approver, reason),
        effective_month=month,
        despite_failed_gates=despite_failed_gates,
    )


def rollback(
    *,
    model: Model,
    approver: Approver,
    reason: Reason,
    to: Annotated[str | None, Parameter(help="The version to go back to; without, the one in force before.")] = None,
    from_: Annotated[
        str | None,
        Parameter(name="--from", help="First month it is in force again; without, its first open cohort."),
    ] = None,
) -> int:
    """Put an earlier version in force, take later promotions back, and score the open cohorts again."""
    from credit_platform.cli.book import models_named, month_argument, open_book
    from credit_platform.cli.versions.promotion import Person
    from credit_platform.cli.versions.rollback import roll_back

    book = open_book()
    return roll_back(
        book,
        Console(),
        model=models_named(book, model)[0],
        to=to,
        first=month_argument("--from", from_) if from_ else None,
        person=Person.named(approver, reason),
    )


def override_decision(
    case: Annotated[str, Parameter(help="Id of the case (the loan), as in decision/batch.")],
    *,
    to: Annotated[str, Parameter(help="approve or decline.")],
    approver: Approver,
    reason: Reason,
    cohort: Annotated[str | None, Parameter(help="Month of application, where an id was used again.")] = None,
) -> int:
    """Put a person's decision about a case in place of the champion's; logged, shown beside it, and counted."""
    from credit_platform.cli.book import month_argument, open_book
    from credit_platform.cli.versions.override_decision import override_decision
    from credit_platform.cli.versions.promotion import Person

    person, month = Person.named(approver, reason), month_argument("--cohort", cohort) if cohort else None
    return override_decision(open_book(), Console(), case, to=to, person=person, cohort=month)


def models(
    *,
    model: AnyModel = None,
    on: Annotated[
        str | None, Parameter(help="Which versions were in force on this day, and which decided, YYYY-MM-DD.")
    ] = None,
    json_: AsJson = False,
) -> int:
    """Print every version with its status, months and results, or which were in force on a day and which decided."""
    from credit_platform.cli.book import models_named, open_book
    from credit_platform.cli.versions.versions import in_production_on, on_day_table, version_rows, versions_table

    book = open_book()
    chosen = models_named(book, model)
    if on is not None:
        answers = in_production_on(book, chosen, _day(on))
        _print(answers if json_ else on_day_table(answers))
        return 0
    rows = version_rows(book, chosen)
    _print(rows if json_ else versions_table(rows))
    return 0


@audit.command
def verify(*, json_: AsJson = False) -> int:
    """Verify that no record was changed, removed, inserted or moved, and that versions are as they were registered."""
    from credit_platform.cli.book import open_book
    from credit_platform.cli.versions.audit import verdict

    found = verdict(open_book())
    if json_:
        _print(found)
    elif found["faults"]:
        Console(soft_wrap=True).print("\n".join(escape(fault) for fault in found["faults"]), highlight=False)
    else:
        print(f"{found['records']} records unbroken, {found['versions']} versions as they were registered.")
    return 1 if found["faults"] else 0


@audit.command
def show(*, model: AnyModel = None, json_: AsJson = False) -> int:
    """Print the records of the audit log."""
    from credit_platform.cli.book import models_named, open_book
    from credit_platform.cli.versions.audit import record_dict, records_of, records_table

    book = open_book()
    records = records_of(book, models_named(book, model))
    _print([record_dict(record) for record in records] if json_ else records_table(records))
    return 0


@drill.command(name="rollback")
def drill_of_rollback(
    *,
    model: AnyModel = None,
    to: Annotated[
        str | None, Parameter(help="The version to try, of the model named; without, the one in force before.")
    ] = None,
    json_: AsJson = False,
) -> int:
    """Do everything a rollback does on the real data without moving anything, and print how long each step took."""
    from credit_platform.cli.book import models_named, open_book
    from credit_platform.cli.versions.rollback import drill_rollback, drill_table

    book = open_book()
    drills = [drill_rollback(book, name, to) for name in models_named(book, model)]
    if json_:
        _print([each.as_dict() for each in drills])
    else:
        for each in drills:
            _print(drill_table(each))
    return 1 if any(each.failure for each in drills) else 0


@scorecard.command
def fit(
    *,
    month: Annotated[str, Parameter(help="Fit as training as of this month would, YYYY-MM.")],
    draft: Annotated[bool, Parameter(negative="", help="Needed: only train stores a version.")] = False,
    model: Annotated[
        str | None, Parameter(help="The scorecard, by its name or alias, where there are several.")
    ] = None,
    policy: Annotated[Path | None, Parameter(help="Folder of the policy to try, in place of the one in force.")] = None,
    out: Annotated[Path | None, Parameter(help="Write the page here, and not among the reports.")] = None,
    json_: AsJson = False,
) -> int:
    """Fit a scorecard and write a page of its bins, their stability and what changes; stores no version."""
    from credit_platform.cli.book import month_argument, open_book
    from credit_platform.cli.versions.scorecard import DraftOrder, write_draft

    if not draft:
        reason = "versions are stored by credit-platform train alone"
        raise SettingsError(name="--draft", reason=reason, fix="Add --draft to look at one before that.")
    order = DraftOrder(month_argument("--month", month), model, policy, out)
    return write_draft(open_book(), Console(), order, is_json=json_)


def add_verbs(app: App) -> None:
    """Give the command line these verbs."""
    for verb in (promote, rollback, override_decision, models, audit, drill, scorecard):
        app.command(verb)


def _print(found: object) -> None:
    """A table as it is, anything else as JSON."""
    from rich.table import Table

    if isinstance(found, Table):
        Console().print(found)
    else:
        print(json.dumps(found, indent=1))


def _day(text: str) -> date:
    from credit_platform.months import parse_month

    try:
        return date.fromisoformat(text) if text.count("-") == 2 else parse_month(text)
    except ValueError as error:
        raise SettingsError(name="--on", reason=f"{text!r} is no day", fix="Write YYYY-MM-DD or YYYY-MM.") from error
