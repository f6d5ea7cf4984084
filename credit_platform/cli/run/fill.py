"""Filling the gaps of a book: building, training, scoring and monitoring only what is not there or failed.

Which months of which table are missing is said in `missing`, how a month is run in `backfill`. Months that are there
are not run again, also where they look back on one that was filled.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rich.console import Console
from rich.table import Table

from credit_platform.assets.models.training import is_triggered
from credit_platform.automation.jobs import BUILD_MONTH, MONITOR_MONTH, SCORE_MONTH, TRAIN_MODELS
from credit_platform.cli.book import Book
from credit_platform.cli.printing import folding_table
from credit_platform.cli.run.backfill import JOBS, WAITING, Backfill, waits_for_a_person
from credit_platform.cli.run.missing import TableCoverage, table_months
from credit_platform.cli.run.restatement import spans
from credit_platform.cli.run.summary import run_backfill
from credit_platform.cli.run.undecided import decide_scored_months
from credit_platform.cli.run.unfinished import is_trained_since, models_in_force
from credit_platform.lake.governance.promotions import PromotionLog
from credit_platform.months import add_months, month_range

_WHY = "the months were missing"
_NO_VERSION = "no version is in force that could score: the first training comes first (train_models)"
_AFTER_BUILDING = (SCORE_MONTH, MONITOR_MONTH, TRAIN_MODELS)

Plan = Mapping[str, Sequence[date]]


@dataclass(frozen=True)
class Extent:
    """What is to be filled: the months from `first` to `last` (None: to the newest missing), of one job or of all."""

    first: date
    last: date | None
    job: str | None = None

    def plan(self, tables: Iterable[TableCoverage]) -> dict[str, list[date]]:
        """The months of every job in which a table of it is missing, in order; jobs without one are left out."""
        months: dict[str, set[date]] = {job: set() for job in JOBS if self.job in {None, job}}
        for table in tables:
            if table.job in months:
                months[table.job] |= {m for m in table.missing if self.first <= m and (not self.last or m <= self.last)}
        return {job: sorted(found) for job, found in months.items() if found}


def ranges(months: Iterable[date]) -> list[tuple[date, date]]:
    """Months as the fewest ranges without a gap, in order."""
    found: list[tuple[date, date]] = []
    for month in sorted(set(months)):
        if found and month_range(found[-1][1], month)[1:] == [month]:
            found[-1] = (found[-1][0], month)
        else:
            found.append((month, month))
    return found


@dataclass
class Filling:
    """One filling under way."""

    backfill: Backfill
    extent: Extent
    plan: Plan

    @property
    def _book(self) -> Book:
        return self.backfill.book

    def carry_out(self) -> None:
        """Build what is missing in ranges, then walk the months; what is missing afterwards is among the failed."""
        self.backfill.runner.chains_itself = self.extent.job is None
        for first, last in ranges([*self._looked_back_on(), *self.plan.get(BUILD_MONTH, ())]):
            self.backfill.ranges(BUILD_MONTH, first, last, _WHY)
        self._walk()
        for job, months in self.extent.plan(table_months(self._book)).items():
            for month in months:
                self.backfill.failed.setdefault((job, month), "still missing; see the runs of the month in the UI")

    def _looked_back_on(self) -> list[date]:
        """Months before the first to be built that were never built, as a backfill of a range builds them too."""
        asked = self.plan.get(BUILD_MONTH)
        before = month_range(self._book.axis.first_snapshot, add_months(asked[0], -1)) if asked else []
        unbuilt = [month for month in before if not self.backfill.is_built(month)]
        if unbuilt:
            self.backfill.runner.console.print(f"Also building {spans(unbuilt)}: later months look back on them.")
        return unbuilt

    def _walk(self) -> None:
        """Score, monitor and train month by month; until there is a version, months wait for the first training."""
        waiting: dict[str, list[date]] = {SCORE_MONTH: [], MONITOR_MONTH: []}
        trainings = self.plan.get(TRAIN_MODELS, ())
        for month in sorted({month for job in _AFTER_BUILDING for month in self.plan.get(job, ())}):
            is_first = month in trainings and not self._in_force
            if is_first:
                self._train(month)
            for job, months in waiting.items():
                months.extend({month}.intersection(self.plan.get(job, ())))
                if self._in_force:
                    self._run(job, months)
                    months.clear()
            if not is_first:
                self._train(month)
        if trainings and waits_for_a_person(self._book):
            self.backfill.runner.console.print(WAITING, soft_wrap=True)
        self.backfill.failed.update({(job, month): _NO_VERSION for job, months in waiting.items() for month in months})

    @property
    def _in_force(self) -> list[str]:
        return models_in_force(self._book, PromotionLog(self._book.lake.layout).records())

    def _run(self, job: str, months: Sequence[date]) -> None:
        """Score or monitor some months; what they would need and is not there is said of the others."""
        lacking = {month: self._lacking(job, month) for month in months}
        self.backfill.failed.update({(job, month): why for month, why in lacking.items() if why})
        for first, last in ranges(month for month, why in lacking.items() if not why):
            self.backfill.ranges(job, first, last, _WHY)

    def _lacking(self, job: str, month: date) -> str:
        """Why a month cannot be scored or monitored; empty where it can."""
        lake, cohort = self._book.lake, add_months(month, -self._book.settings.policy.model.label.lag_months)
        table = "gold/feature_store" if job == SCORE_MONTH else "gold/label_store"
        if not lake.has(table, month):
            return f"{table} has no such month: build it first (build_month)"
        if job == MONITOR_MONTH and not all(lake.has(f"prediction/{model}", cohort) for model in self._in_force):
            return f"the cohort of {cohort:%Y-%m} is not scored: score it first (score_month)"
        return ""

    def _train(self, month: date) -> None:
        """Train the models whose training is missing, and those for which the month's new action asks."""
        if self.extent.job not in {None, TRAIN_MODELS}:
            return
        records = PromotionLog(self._book.lake.layout).records()
        models = [m for m in self._book.settings.policy.model.models if not is_trained_since(records, m, month)]
        if month not in self.plan.get(TRAIN_MODELS, ()):
            models = [model for model in models if is_triggered(self._book.lake, model, month)]
        self.backfill.train(models, month, f"the training of {month:%Y-%m} is due and missing")


def run_missing(book: Book, console: Console, extent: Extent, *, is_replacing: bool = False) -> int:
    """Say what is missing, fill it, say what is still missing and why; 1 where anything is.

    Raises:
        SettingsError: the range does not lie in the book.
        AuditError: the audit log was tampered with.
    """
    book.require(extent.first, extent.last or extent.first)
    if extent.job in {None, SCORE_MONTH}:
        decide_scored_months(book, console, "backfill", extent.first, extent.last)
    before = table_months(book)
    plan = extent.plan(before)
    if not plan:
        console.print("Nothing is missing in these months.")
        return 0
    console.print(plan_table(plan))
    code = run_backfill(
        book,
        console,
        first=extent.first,
        last=extent.last or max(month for months in plan.values() for month in months),
        job=extent.job,
        is_replacing=is_replacing,
        carry_out=lambda backfill: Filling(backfill, extent, plan).carry_out(),
    )
    built = plan.get(BUILD_MONTH, ())
    later = sorted({month for table in before if table.job == BUILD_MONTH for month in table.present})
    if built and later and later[-1] > built[0]:
        console.print(
            f"Months after {built[0]:%Y-%m} that were there already look back on it and were not built again. To do "
            f"so: credit-platform backfill --from {built[0]:%Y-%m} --to {later[-1]:%Y-%m}",
            soft_wrap=True,
        )
    return code


def plan_table(plan: Plan) -> Table:
    """The months that each job will fill."""
    rows = ((job, str(len(plan[job])), spans(plan[job])) for job in (BUILD_MONTH, *_AFTER_BUILDING) if job in plan)
    return folding_table("To do", "job", "months", "which", rows=rows)
