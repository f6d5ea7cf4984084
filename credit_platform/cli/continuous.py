"""The verb `continuous`: the book walked month by month as production lives it, from the newest built month on.

Each month is built, scored, measured, acted on and, where due or asked for, trained before the next is looked at, so
that nothing of a later month can leak into an earlier one. How one month is run belongs to `backfill`; rolling back is
a person's decision and only advised here.
"""

import json
from dataclasses import asdict, dataclass
from datetime import date

from rich.console import Console
from rich.table import Table

from credit_platform.assets.drift_page import NEWEST_MONTH_TAG
from credit_platform.automation.jobs import TRAIN_MODELS
from credit_platform.cli.alerts import desk_of
from credit_platform.cli.backfill import Backfill
from credit_platform.cli.book import Book, newest_delivered
from credit_platform.cli.instance import open_instance
from credit_platform.cli.runs import Runner
from credit_platform.cli.summary import failures_table
from credit_platform.cli.training import newest_built
from credit_platform.definitions import build_definitions
from credit_platform.lake.promotions import PromotionLog, incumbent
from credit_platform.lending.months import add_months, month_key, month_range


@dataclass(frozen=True)
class ModelMonth:
    """What happened to one model in one month.

    `in_force` is the version that scored the month, `trained` the one made in it and `decision` what became of that;
    `rollback` is the advice of the month's action, empty where there is none.
    """

    model: str
    in_force: str
    loans: int
    action: str
    state: str
    trained: str
    decision: str
    rollback: str


@dataclass(frozen=True)
class WalkedMonth:
    """One month of the walk: what each model did, and what could not be done."""

    month: str
    models: tuple[ModelMonth, ...]
    failures: tuple[str, ...]


def months_to_walk(book: Book, n_months: int | None) -> list[date]:
    """The months after the newest built one that the loan file holds, at most `n_months`.

    Raises:
        SourceError: there is no usable loan file.
    """
    built = newest_built(book)
    first = add_months(built, 1) if built else book.axis.first_snapshot
    return month_range(first, newest_delivered(book))[:n_months]


def walk(book: Book, console: Console, months: list[date]) -> list[WalkedMonth]:
    """Run months one after the other, each to its end; a month that fails does not stop the next."""
    repository = build_definitions(book.settings).get_repository_def()
    walked: list[WalkedMonth] = []
    with open_instance(book.settings) as instance:
        for month in months:
            runner = Runner(repository, instance, console, "continuous", {NEWEST_MONTH_TAG: month_key(month)})
            backfill = Backfill(book, runner)
            backfill.everything(month, month)
            desk_of(book).catch_up()
            walked.append(told_of(book, month, backfill))
            if backfill.failed:
                console.print(failures_table(backfill))
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
    return ModelMonth(
        model=model,
        in_force=incumbent(records, model, month) or "",
        loans=0 if scored is None else scored.height,
        action=str(action.get("action", "")),
        state=str(action.get("state", "")),
        trained=made[-1].model_version if made else "",
        decision=("promoted" if made[-1].promoted else "not promoted") if made else "",
        rollback=_rollback_advice(book, model, month),
    )


def _rollback_advice(book: Book, model: str, month: date) -> str:
    """The advice in the month's action report, where it advises anything."""
    alias = book.settings.policy.model.models[model].alias
    report = book.lake.layout.report(f"actions/{alias}_action_{month:%Y_%m_%d}.json")
    if not report.is_file():
        return ""
    advice = json.loads(report.read_text(encoding="utf-8"))["rollback"]
    return "" if advice["within"] in {"none", "unknown"} else f"{advice['within']}: {advice['why']}"


def run_continuous(book: Book, console: Console, *, n_months: int | None, is_json: bool = False) -> int:
    """Walk, print one line per month and model, say what a person should decide; 1 where a month failed."""
    months = months_to_walk(book, n_months)
    if not months:
        console.print(
            "Nothing to walk: the newest delivered month is built. Deliver the next, or extend the book (init)."
        )
        return 0
    walked = walk(book, Console(quiet=True) if is_json else console, months)
    if is_json:
        print(json.dumps([asdict(month) for month in walked], indent=1))
    else:
        console.print(walk_table(walked))
        for line in advice_lines(walked):
            console.print(line, soft_wrap=True)
    return 1 if any(month.failures for month in walked) else 0


def advice_lines(walked: list[WalkedMonth]) -> list[str]:
    """What a person is advised to decide, and how to try it first."""
    return [
        f"{month.month}, {one.model}: a rollback is advised ({one.rollback}). Try it with credit-platform drill "
        f"rollback --model {one.model}."
        for month in walked
        for one in month.models
        if one.rollback
    ]


def walk_table(walked: list[WalkedMonth]) -> Table:
    """One line per month and model."""
    table = Table(title="Month by month")
    for column in ("month", "model", "loans", "scored by", "action", "state", "trained", "decision"):
        table.add_column(column, overflow="fold")
    for month in walked:
        for one in month.models:
            scored = one.in_force if one.loans else ""
            table.add_row(
                month.month, one.model, str(one.loans), scored, one.action, one.state, one.trained, one.decision
            )
    return table
