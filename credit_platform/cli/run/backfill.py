"""Backfill: everything a range of months can have, in the order in which it becomes possible.

Tables are built in ranges; from the first training on months are walked one by one, because each may change the version
that scores the next. Executing a run belongs to `runs`.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

from credit_platform.assets.models.retrain_claim import RETRAIN_TAG, retrain_key
from credit_platform.assets.models.training import is_triggered
from credit_platform.automation.jobs import BUILD_MONTH, MONITOR_MONTH, SCORE_MONTH, TRAIN_MODELS, WHY
from credit_platform.cli.book import Book
from credit_platform.cli.run.runs import Runner, RunOutcome
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.months import add_months, month_key, month_range
from credit_platform.scoring.training.windows import is_training_due

_ASKED_FOR = "the months were asked for"
JOBS = (BUILD_MONTH, SCORE_MONTH, MONITOR_MONTH, TRAIN_MODELS)
WAITING = (
    "No month is scored yet: promotion.auto_promote is off, and a person puts the first version of each model in "
    "force. See credit-platform models, then credit-platform promote, then run this again."
)


def trained_models(book: Book) -> set[str]:
    """The models with a version that was ever in force, or one that waits for a person where policy asks for one."""
    is_automatic = book.settings.policy.model.promotion.auto_promote
    records = PromotionLog(book.lake.layout).records()
    return {record.model for record in records if record.promoted or not is_automatic}


def waits_for_a_person(book: Book) -> bool:
    """Whether policy leaves promotion to people, and for some model nobody has decided yet."""
    config = book.settings.policy.model
    promoted = {record.model for record in PromotionLog(book.lake.layout).records() if record.promoted}
    return not config.promotion.auto_promote and not set(config.models) <= promoted


@dataclass
class Backfill:
    """One backfill under way: the book, the runner, and the months each job could not finish.

    Months of `given_up` are not built beside others: they were tried a moment ago, and their delivery was refused.
    """

    book: Book
    runner: Runner
    failed: dict[tuple[str, date], str] = field(default_factory=dict)
    given_up: Collection[date] = ()

    def everything(self, first: date, last: date) -> None:
        """Build every table of the range, then train, score and monitor month by month."""
        self.runner.chains_itself = True
        self.build(first, last)
        axis = self.book.axis
        is_anything_built = any(self._can_be_scored(month) for month in month_range(first, last))
        if last < axis.first_training or not is_anything_built:
            return
        is_untrained = not set(self._models) <= trained_models(self.book)
        start = axis.first_training if is_untrained else max(first, axis.first_scoring)
        for month in month_range(start, last):
            if month == axis.first_training:
                self._first_training(month)
            elif month > axis.first_training:
                self._one_month(month)

    def build(self, first: date, last: date) -> None:
        """Build bronze, silver and gold, with the earlier months they look back on if these were never built."""
        history = month_range(self.book.axis.first_snapshot, add_months(first, -1))
        unbuilt = [month for month in history if not self.is_built(month) and month not in self.given_up]
        if unbuilt:
            self.runner.console.print(
                f"Also building {unbuilt[0]:%Y-%m}..{add_months(first, -1):%Y-%m}: later months look back on them."
            )
        self.ranges(BUILD_MONTH, min([first, *unbuilt]), last)

    def ranges(self, job: str, first: date, last: date, why: str = _ASKED_FOR) -> None:
        """Run a job over a range; where months fail, run the others around them at once and remember the failed."""
        outcome = self.runner.run(job, first, last, tags={WHY: why})
        if outcome.success:
            return
        if first == last or outcome.is_source_unusable:
            self.failed.update({(job, month): _reason(outcome) for month in month_range(first, last)})
            return
        bad = [month for month in outcome.failed_months if first <= month <= last]
        for piece_first, piece_last in _pieces(first, last, bad):
            self.ranges(job, piece_first, piece_last, f"again in parts, as run {outcome.run_id[:8]} failed")

    def one_job(self, job: str, first: date, last: date) -> None:
        """Run one job for the months of the range it can have."""
        axis = self.book.axis
        begins = {
            BUILD_MONTH: axis.first_snapshot,
            SCORE_MONTH: axis.first_scoring,
            MONITOR_MONTH: axis.first_outcome,
            TRAIN_MODELS: axis.first_training,
        }[job]
        if last < begins:
            self.failed[job, last] = f"{job} begins with {begins:%Y-%m}; see `credit-platform timeline`"
            return
        if job == BUILD_MONTH:
            self.build(first, last)
        else:
            self.ranges(job, max(first, begins), last)

    @property
    def _models(self) -> list[str]:
        return list(self.book.settings.policy.model.models)

    def _can_be_scored(self, month: date) -> bool:
        """Whether the month has features: new loans are scored also where the outcomes of old ones did not arrive."""
        return (BUILD_MONTH, month) not in self.failed or self.book.lake.has("gold/feature_store", month)

    def is_built(self, month: date) -> bool:
        """Whether every silver table has the month."""
        return all(self.book.lake.has(f"silver/{each.table}", month) for each in self.book.settings.portfolio.sources)

    def _first_training(self, month: date) -> None:
        """Train the first versions, score the months before with them, read the outcomes that are already known."""
        axis = self.book.axis
        self.ranges(TRAIN_MODELS, month, month, f"the first training is due in {month:%Y-%m}")
        if (TRAIN_MODELS, month) in self.failed:
            return
        if waits_for_a_person(self.book):
            self.runner.console.print(WAITING, soft_wrap=True)
            return
        self.ranges(SCORE_MONTH, axis.first_scoring, month, "months up to the first training, by the first version")
        if axis.first_outcome <= month:
            self.ranges(MONITOR_MONTH, axis.first_outcome, month, "outcomes known by the first training")

    def _retrain_tags(self, models: Sequence[str], month: date) -> dict[str, str]:
        """What tells the sensor that the retraining an action asks for is being done here."""
        tags = {}
        for model in models:
            if is_triggered(self.book.lake, model, month):
                action = self.book.lake.scan(f"monitoring/{model}/action", [month]).collect().row(0, named=True)
                key = retrain_key(model, month_key(month), action["model_version"])
                tags[RETRAIN_TAG.format(model=model)] = key
        return tags

    def _one_month(self, month: date) -> None:
        """Score, monitor, and train the models that are due or whose action asks for it."""
        axis, config = self.book.axis, self.book.settings.policy.model
        if not waits_for_a_person(self.book):
            self.ranges(SCORE_MONTH, month, month, f"{month:%Y-%m} is built")
            if month >= axis.first_outcome:
                self.ranges(MONITOR_MONTH, month, month, f"{month:%Y-%m} is scored")
        is_due = is_training_due(month, axis.first_training, config)
        self.train(
            [model for model in self._models if is_due or is_triggered(self.book.lake, model, month)],
            month,
            "training is due by the calendar" if is_due else f"action retrain in {month:%Y-%m}",
        )

    def train(self, models: Sequence[str], month: date, why: str) -> None:
        """Train some models as of a month; nothing where there are none."""
        if not models:
            return
        outcome = self.runner.run(
            TRAIN_MODELS,
            month,
            month,
            assets=[f"model/{model}" for model in models],
            tags=self._retrain_tags(models, month) | {WHY: why},
        )
        if not outcome.success:
            self.failed[TRAIN_MODELS, month] = _reason(outcome)


def _pieces(first: date, last: date, bad: Sequence[date]) -> list[tuple[date, date]]:
    """The ranges to try again: around and at the months a check named, or the two halves when nobody knows which."""
    months = month_range(first, last)
    if bad and len(bad) < len(months):
        pieces: list[tuple[date, date]] = []
        for month in months:
            is_bad = month in bad
            if not is_bad and pieces and pieces[-1][1] not in bad:
                pieces[-1] = (pieces[-1][0], month)
            else:
                pieces.append((month, month))
        return pieces
    middle = len(months) // 2
    return [(months[0], months[middle - 1]), (months[middle], months[-1])]


def _reason(outcome: RunOutcome) -> str:
    return "; ".join(outcome.problems) or f"see run {outcome.run_id} in the UI"
