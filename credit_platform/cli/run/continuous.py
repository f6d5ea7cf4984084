"""The verbs `continuous` and `all`: the book walked month by month as production lives it, from what is finished on.

Each month is built, scored, measured, acted on and, where due or asked for, trained before the next is looked at, so
that nothing of a later month can leak into an earlier one. How one month is run belongs to `backfill`, which months are
finished to `unfinished`; rolling back is a person's decision and only advised here.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from rich.console import Console
from rich.table import Table

from credit_platform.assets.monitoring.evidently_page import NEWEST_MONTH_TAG
from credit_platform.automation.jobs import BUILD_MONTH, TRAIN_MODELS
from credit_platform.cli.alerts import dispatcher_of
from credit_platform.cli.book import Book, newest_delivered, newest_in_loan_file
from credit_platform.cli.instance import open_instance
from credit_platform.cli.run.backfill import WAITING, Backfill, waits_for_a_person
from credit_platform.cli.run.runs import Runner
from credit_platform.cli.run.summary import failures_table, run_backfill
from credit_platform.cli.run.training import is_untrained, too_short_to_train, train_first
from credit_platform.cli.run.undecided import decide_scored_months
from credit_platform.cli.run.unfinished import delivered_months
from credit_platform.errors import NoVersionInForceError
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord, version_in_force
from credit_platform.months import add_months, month_key
from credit_platform.reports.wording import model_name


@dataclass(frozen=True)
class ModelMonth:
    """What happened to one model in one month.

    `in_force` is the version that scored the month, `trained` the one made in it and `decision` what became of that;
    `rollback` is the advice of the month's action, empty where there is none, and `rollback_to` the version it names.
    """

    model: str
    in_force: str
    loans: int
    action: str
    state: str
    trained: str
    decision: str
    rollback: str
    rollback_to: str


@dataclass(frozen=True)
class WalkedMonth:
    """One month of the walk: what each model did, and what could not be done."""

    month: str
    models: tuple[ModelMonth, ...]
    failures: tuple[str, ...]


def train_where_nobody_has(book: Book, console: Console) -> int:
    """Run the first training of a book nobody ever trained, once its months are delivered; 1 where a month failed.

    A book some of whose first versions were not promoted is left alone: the months after them train again.

    Raises:
        SourceError: there is no usable loan file.
        AuditError: the audit log was tampered with.
    """
    if PromotionLog(book.lake.layout).records() or too_short_to_train(book) is not None:
        return 0
    return train_first(book, console)


def months_to_walk(book: Book, n_months: int | None) -> list[date]:
    """The delivered months that lack something they can have: all before the newest finished one, `n_months` after it.

    A month before it was tried and failed, and its cause may be mended by now.

    Raises:
        SourceError: there is no usable loan file.
        AuditError: the audit log was tampered with.
    """
    delivered = delivered_months(book)
    return delivered.gaps + delivered.ahead[:n_months]


def walk(book: Book, console: Console, months: list[date]) -> list[WalkedMonth]:
    """Run months one after the other, each to its end; a month that fails does not stop the next.

    Once a month that had failed succeeds, the finished months after it are run again, as they look back on it.

    Raises:
        SourceError: there is no usable loan file.
        AuditError: the audit log was tampered with.
    """
    if not months:
        return []
    finished = delivered_months(book).finished
    repository = book.repository()
    walked: list[WalkedMonth] = []
    refused: set[date] = set()
    with open_instance(book.settings) as instance:
        while months:
            month, *months = months
            runner = Runner(
                repository,
                book.settings.portfolio,
                instance,
                console,
                "continuous",
                {NEWEST_MONTH_TAG: month_key(month)},
            )
            backfill = Backfill(book, runner, given_up=refused)
            backfill.everything(month, month)
            dispatcher_of(book).catch_up()
            walked.append(told_of(book, month, backfill))
            refused |= {at for job, at in backfill.failed if job == BUILD_MONTH}
            if backfill.failed:
                console.print(failures_table(backfill))
            else:
                months = sorted({*months, *(later for later in finished if later > month)})
    return walked


def told_of(book: Book, month: date, backfill: Backfill) -> WalkedMonth:
    """What stands of a month after it was run."""
    failures = tuple(f"{job} {at:%Y-%m}: {why}" for (job, at), why in sorted(backfill.failed.items()))
    models = tuple(_model_month(book, model, month) for model in book.settings.policy.model.models)
    if any(job == TRAIN_MODELS for job, _ in backfill.failed):
        failures += ("the versions in force stay in force",)
    return WalkedMonth(f"{month:%Y-%m}", models, failures)


def _model_month(book: Book, model: str, month: date) -> ModelMonth:
    lake, records = book.lake, PromotionLog(book.lake.layout).records()
    made = [record for record in records if record.model == model and record.as_of == month]
    scored = lake.scan(f"prediction/{model}", [month]).collect() if lake.has(f"prediction/{model}", month) else None
    actions = f"monitoring/{model}/action"
    action = lake.scan(actions, [month]).collect().row(0, named=True) if lake.has(actions, month) else {}
    advice = _rollback_advice(book, model, month)
    return ModelMonth(
        model=model,
        in_force=_version_in_force(records, model, month),
        loans=0 if scored is None else scored.height,
        action=str(action.get("action", "")),
        state=str(action.get("state", "")),
        trained=made[-1].model_version if made else "",
        decision=("promoted" if made[-1].promoted else "not promoted") if made else "",
        rollback=f"{advice['within']}: {advice['why']}" if advice else "",
        rollback_to=advice.get("to") or "",
    )


def _version_in_force(records: Sequence[PromotionRecord], model: str, month: date) -> str:
    """The version that scores a month, also one before its promotion; empty while there is none."""
    try:
        return version_in_force(records, model, month)[0]
    except NoVersionInForceError:
        return ""


def _rollback_advice(book: Book, model: str, month: date) -> dict[str, str | None]:
    """The advice in the month's action report, where it advises anything; the previous release named no version."""
    alias = book.settings.policy.model.models[model].alias
    report = book.lake.layout.report(f"actions/{alias}_action_{month:%Y_%m_%d}.json")
    advice = json.loads(report.read_text(encoding="utf-8"))["rollback"] if report.is_file() else {}
    return {} if advice.get("within") in {"none", "unknown"} else advice


def run_continuous(book: Book, console: Console, *, n_months: int | None, is_json: bool = False) -> int:
    """Train where nobody has, walk, print a line per month and model and what to decide; 1 where a month failed.

    Raises:
        SourceError: there is no usable loan file.
        AuditError: the audit log was tampered with.
    """
    quiet = Console(quiet=True) if is_json else console
    code = train_where_nobody_has(book, quiet)
    decide_scored_months(book, quiet, "continuous", book.axis.first_scoring)
    months = months_to_walk(book, n_months)
    if not months:
        if is_json:
            print("[]")
            return code
        console.print(f"Nothing to walk: every delivered month is finished. {_next_delivery(book)}", soft_wrap=True)
        if waits_for_a_person(book) and not is_untrained(book):
            console.print(WAITING, soft_wrap=True)
        return code
    walked = walk(book, quiet, months)
    if is_json:
        print(json.dumps([asdict(month) for month in walked], indent=1))
    else:
        console.print(walk_table(walked, book.settings.portfolio.words.cases))
        for line in closing_lines(walked, len(dispatcher_of(book).log.open_alerts())):
            console.print(line, soft_wrap=True)
    return 1 if any(month.failures for month in walked) else code


def run_whole_book(book: Book, console: Console) -> int:
    """First training where there is none yet, then the walk; a book too short for it is built. 1 where a month failed.

    Raises:
        SourceError: there is no usable loan file.
        AuditError: the audit log was tampered with.
    """
    too_short = too_short_to_train(book)
    if too_short is not None:
        code = _build_delivered(book, console)
        console.print(f"No training is possible yet. {too_short}.", soft_wrap=True)
        return code
    code = train_first(book, console) if is_untrained(book) else 0
    if is_untrained(book):
        return code
    # Months whose delivery was refused before the first training are no reason to leave out those after it.
    return max(code, run_continuous(book, console, n_months=None))


def _build_delivered(book: Book, console: Console) -> int:
    """Build the delivered months that are not, in one range; the exit code."""
    unfinished = delivered_months(book).unfinished
    if not unfinished:
        console.print("Every delivered month is built.")
        return 0
    return run_backfill(book, console, first=unfinished[0], last=newest_delivered(book), job=None, command="all")


def _next_delivery(book: Book) -> str:
    """What is to be done before there is more to walk."""
    last, newest = book.axis.last, newest_in_loan_file(book)
    if last is None:
        return "Deliver the next one and run this again."
    if newest > last:
        file = f"{book.settings.portfolio.words.case} file"
        what = f"The {file} holds later ones, but the book ends with {last:%Y-%m}. To take them in, run"
    else:
        newest = add_months(last, 1)
        what = f"The book ends with {last:%Y-%m}. Deliver the next month, run"
    return f"{what} credit-platform init --last-month {newest:%Y-%m} (or --open-ended), then this again."


def advice_lines(walked: list[WalkedMonth]) -> list[str]:
    """What a person is advised to decide, and how to try it first."""
    return [
        f"{month.month}, {one.model}: a rollback is advised ({one.rollback}). Try it with credit-platform drill "
        f"rollback --model {one.model}{f' --to {one.rollback_to}' if one.rollback_to else ''}."
        for month in walked
        for one in month.models
        if one.rollback
    ]


def closing_lines(walked: list[WalkedMonth], n_alerts: int) -> list[str]:
    """What is left to do: months that could not be finished, alerts, and what a person is advised to decide."""
    failed = [month.month for month in walked if month.failures]
    lines = advice_lines(walked)
    if n_alerts:
        open_alerts = "1 alert is" if n_alerts == 1 else f"{n_alerts} alerts are"
        lines.append(f"{open_alerts} open: credit-platform alerts tells what and why.")
    if failed:
        lines.append(
            f"{len(failed)} of {len(walked)} months could not be finished: {', '.join(failed)}. Mend what is said "
            "above and run this again."
        )
    return lines


def walk_table(walked: list[WalkedMonth], cases: str) -> Table:
    """One line per month and model."""
    table = Table(title="Month by month")
    for column in ("month", "model", cases, "scored by", "action", "trained"):
        table.add_column(column, overflow="fold", no_wrap=column == "month")
    for month in walked:
        for one in month.models:
            scored = one.in_force if one.loans else ""
            action = one.action if one.action == one.state else f"{one.action} ({one.state})"
            trained = f"{one.trained} {one.decision}".strip()
            table.add_row(month.month, model_name(one.model), str(one.loans), scored, action, trained)
    return table
