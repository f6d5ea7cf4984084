"""Training by a person: the first versions of a book, or a model as of a month.

Training that is due, or that an action asks for, belongs to `backfill` and the sensor; what a version needs to go into
production is decided in `scoring.governance.promotion`.
"""

from dataclasses import dataclass
from datetime import date

from rich.console import Console
from rich.markup import escape

from credit_platform.automation.jobs import TRAIN_MODELS
from credit_platform.cli.book import Book, newest_delivered, newest_in_loan_file
from credit_platform.cli.instance import open_instance
from credit_platform.cli.run.backfill import trained_models
from credit_platform.cli.run.runs import Runner
from credit_platform.cli.run.summary import run_backfill
from credit_platform.errors import SettingsError, WindowError
from credit_platform.lake.governance.audit import AuditLog, AuditRecord
from credit_platform.months import months_between
from credit_platform.scoring.training.windows import windows_for


@dataclass(frozen=True)
class Trained:
    """A version that a training made, and what was decided about it."""

    model: str
    version: str
    decision: str
    reasons: tuple[str, ...]


def newest_built(book: Book) -> date | None:
    """The newest month of which every silver table has a file; None where nothing is built."""
    months = [set(book.lake.months(f"silver/{source.table}")) for source in book.settings.portfolio.sources]
    return max(set.intersection(*months), default=None)


def is_untrained(book: Book) -> bool:
    """Whether some model has no version that was ever in force, nor one that waits for a person to put it there."""
    return not set(book.settings.policy.model.models) <= trained_models(book)


def too_short_to_train(book: Book) -> WindowError | None:
    """What is missing for the first training; None where enough is delivered.

    Raises:
        SourceError: there is no usable loan file.
    """
    newest, first, last = newest_delivered(book), book.axis.first_training, book.axis.last
    n_missing = months_between(newest, first)
    if n_missing <= 0:
        return None
    wishes = [] if newest_in_loan_file(book) >= first else [f"deliver the months to {first:%Y-%m}"]
    if last is not None and last < first:
        wishes.append(f"let the book go on: credit-platform init --last-month {first:%Y-%m} (or --open-ended)")
    fix = ", and ".join(wishes)
    return WindowError(
        as_of=newest,
        reason=(
            f"the first training is possible in {first:%Y-%m}, and the newest delivered month of the book is "
            f"{newest:%Y-%m}, so {n_missing} {'month is' if n_missing == 1 else 'months are'} missing"
        ),
        fix=f"{fix[0].upper()}{fix[1:]}. See credit-platform timeline",
    )


def require_months_to_learn_from(book: Book, n_months: int) -> None:
    """Refuse a training that may learn from fewer months than policy has it learn from; of more, it takes its own.

    Raises:
        SettingsError: it may learn from fewer.
    """
    needed = len(windows_for(book.axis.first_training, book.settings.policy.model).train)
    if n_months < needed:
        raise SettingsError(
            name="--months",
            reason=f"{n_months} months, and policy has models learn from {needed}",
            fix=f"Say --months {needed}, or set windows in model_config.yaml (credit-platform policy shows them).",
        )


def train_first(book: Book, console: Console) -> int:
    """Build the book up to its first training, train every model, score the months before; the exit code.

    Raises:
        WindowError: fewer months are delivered than the first training needs.
        SourceError: there is no usable loan file.
    """
    too_short = too_short_to_train(book)
    if too_short is not None:
        raise too_short
    last = book.axis.first_training
    book.require(book.axis.first_snapshot, last)
    return run_backfill(book, console, first=book.axis.first_snapshot, last=last, job=None, command="train")


def train_by_hand(book: Book, console: Console, models: list[str], as_of: date) -> int:
    """Train models as of a month, say what became of each version; 1 when a training failed.

    Raises:
        SettingsError: the month does not lie in the book.
        WindowError: no training window fits before it.
    """
    if as_of < book.axis.first_training:
        raise WindowError(
            as_of=as_of,
            reason="the cohorts a version needs have no known outcome by then",
            fix=f"The first training is possible in {book.axis.first_training:%Y-%m}; see credit-platform timeline",
        )
    book.require(as_of, as_of)
    before = len(AuditLog(book.lake.layout).records())
    repository = book.repository()
    with open_instance(book.settings) as instance:
        runner = Runner(repository, book.settings.portfolio, instance, console, "train")
        outcome = runner.run(TRAIN_MODELS, as_of, as_of, assets=[f"model/{model}" for model in models])
    for trained in trained_in(AuditLog(book.lake.layout).records()[before:]):
        console.print(
            f"{trained.model}: version {trained.version} {trained.decision}. {' '.join(trained.reasons)}",
            soft_wrap=True,
            markup=False,
        )
    if not outcome.success:
        console.print(
            f"[red]Training as of {outcome.span} failed[/]: {escape('; '.join(outcome.problems))}\n"
            "The versions in force stay in force.",
            soft_wrap=True,
        )
        return 1
    if before == len(AuditLog(book.lake.layout).records()):
        console.print("The same cohorts gave the versions that are stored already; nothing new was decided.")
    return 0


def trained_in(records: list[AuditRecord]) -> list[Trained]:
    """The last decision about every version that these records speak of."""
    found = {
        record.entry.model_version: Trained(
            record.entry.model, record.entry.model_version, record.entry.action.replace("_", " "), record.entry.reasons
        )
        for record in records
    }
    return list(found.values())
