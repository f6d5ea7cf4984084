"""The history of a book's models, read from its tables and its audit log.

Its parts are defined in `lab.scenarios.life_story`; printing it belongs to `demo` and `simulate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from credit_platform.checks.judgements_sources import volume_results
from credit_platform.cli.book import Book
from credit_platform.lab.scenarios.detections import (
    DeliveredMonth,
    Detection,
    Detector,
    ModelRecord,
    delivery_detections,
    model_detections,
)
from credit_platform.lab.scenarios.life_story import ModelStory, Version, build_story
from credit_platform.lab.scenarios.scenario import Scenario, build_scenario
from credit_platform.lake.governance.promotions import PromotionLog, model_periods
from credit_platform.lake.models.model_store import ModelStore
from credit_platform.lake.raw.delivery_log import read_receipts
from credit_platform.months import add_months, month_range
from credit_platform.policy.load import Policy
from credit_platform.portfolios.generator import GeneratedBook
from credit_platform.schemas.early_warning import EarlyPerformance

_TABLES = ("performance", "stability", "estimate", "estimate_backtest", "early_reads", "action")


@dataclass(frozen=True)
class BookStory:
    """The histories of a book's models and what was detected in its deliveries."""

    first_month: date
    last_month: date
    models: tuple[ModelStory, ...]
    deliveries: tuple[Detection, ...]

    @property
    def detections(self) -> list[Detection]:
        """Everything that was detected, of all models and sources."""
        return [*self.deliveries, *(found for model in self.models for found in model.detections)]


def read_story(book: Book) -> BookStory:
    """Read the history of everything that is stored; models without a promoted version have none."""
    last = book.axis.last or max(
        book.lake.months(f"bronze/{book.settings.portfolio.case_source.name}"), default=book.axis.first_snapshot
    )
    records = PromotionLog(book.lake.layout).records()
    as_of = {(r.model, r.model_version): r.as_of for r in records}
    stories = []
    for model in book.settings.policy.model.models:
        periods_in_force = model_periods(records, model)
        if not periods_in_force:
            continue
        versions = [
            Version(
                name=period.version,
                as_of=as_of[model, period.version],
                first=period.first,
                last=add_months(periods_in_force[place + 1].first, -1) if place + 1 < len(periods_in_force) else None,
            )
            for place, period in enumerate(periods_in_force)
        ]
        record = _record(book, model)
        stories.append(build_story(record, versions, model_detections(record, book.settings.policy.monitoring)))
    deliveries = [*delivery_detections(_delivered(book, last)), *_volume_detections(book, last)]
    deliveries.sort(key=lambda found: found.month)
    return BookStory(book.axis.first_snapshot, last, tuple(stories), tuple(deliveries))


def _record(book: Book, model: str) -> ModelRecord:
    frames = {}
    for table in _TABLES:
        name = f"monitoring/{model}/{table}"
        months = book.lake.months(name)
        # A book that reads nothing before the label has no table of early performance.
        schema = book.lake.layout.tables.of_models.get(table, EarlyPerformance)
        frames[table] = book.lake.scan(name, months).collect() if months else schema.create_empty()
    return ModelRecord(model=model, cases=book.settings.portfolio.words.cases, **frames)


def _delivered(book: Book, last: date) -> list[DeliveredMonth]:
    months = month_range(book.axis.first_snapshot, last)
    return [
        DeliveredMonth(source.name, month, receipt.rows, receipt.failures)
        for source in book.settings.portfolio.sources
        for month, receipt in read_receipts(book.lake.layout, source.name, months).items()
        # Standing facts hold until others are delivered, so a month without any lacks nothing.
        if source.date or source.link or receipt.rows or receipt.failures
    ]


def _volume_detections(book: Book, last: date) -> list[Detection]:
    """A detection for every built month whose tables are of another size than before."""
    months = [month for month in book.lake.months(book.settings.portfolio.cases.table) if month <= last]
    if not months:
        return []
    results = volume_results(book.settings.portfolio, book.lake, months, book.settings.policy.data.checks.volume)
    return [Detection(Detector.DELIVERY, month, r.description) for month, r in results.items() if not r.passed]


def judge(
    book: Book, made: GeneratedBook, *, name: str, seen: Sequence[Detection] = (), mishaps: Sequence[str] = ()
) -> Scenario:
    """Compare what was detected in a finished book with its ground truth.

    Args:
        book: The book.
        made: What was generated for it.
        name: Name of the scenario.
        seen: Detections in tables that have been made again since: a correction does not undo them.
        mishaps: What failed in running it.
    """
    story, policy = read_story(book), book.settings.policy
    stories: list[ModelStory] = [
        replace(one, detections=_together((*story.deliveries, *one.detections), seen, one.model))
        for one in story.models
    ]
    return build_scenario(
        name=name,
        book=made,
        portfolio=book.settings.portfolio,
        lag_months=policy.model.label.lag_months,
        watched_from=min(book.axis.first_training, made.months[-1]),
        stories=stories,
        deliveries=story.deliveries,
        floors={one.model: auc_floors(policy, one.model) for one in stories},
        unbuilt=_unbuilt(book, made),
        mishaps=[*mishaps, *_misjudged_sources(book, made)],
    )


def _misjudged_sources(book: Book, made: GeneratedBook) -> list[str]:
    """Versions whose availability gate did not see the leak, or saw one where there is none.

    A leak shows in who has rows, so only once cohorts without a label apply: before that it cannot be seen.
    """
    policy, store = book.settings.policy.model, ModelStore(book.lake.layout)
    shows_from = add_months(made.months[-1], 1 - policy.label.lag_months)
    stored = [book.lake.versions.read(model, name) for model in policy.models for name in store.versions(model)]
    found = list[str]()
    for version in stored:
        failed = [source for source, gate in version.metadata.availability.items() if gate.status == "failed"]
        if made.has_leak and version.as_of >= shows_from and not failed:
            found.append(f"{version.model} {version.version}: no source was judged to be selected by customer")
        if failed and not made.has_leak:
            found.append(f"{version.model} {version.version}: {', '.join(failed)} judged to be selected by customer")
    return found


def _together(now: Sequence[Detection], before: Sequence[Detection], model: str) -> tuple[Detection, ...]:
    """The detections there are, and those seen before about a month, detector and model that has none now."""
    known = {(found.detector, found.month) for found in now}
    gone = [one for one in before if one.model in {None, model} and (one.detector, one.month) not in known]
    return tuple(sorted((*now, *gone), key=lambda found: found.month))


def auc_floors(policy: Policy, model: str) -> tuple[float, ...]:
    """The thresholds of the ROC-AUC of a model, the milder first."""
    threshold = policy.monitoring.metrics_for(model)["roc_auc"]
    floors = (threshold.data_science_threshold, threshold.business_threshold)
    return tuple(floor for floor in floors if floor is not None)


def _unbuilt(book: Book, made: GeneratedBook) -> dict[date, str]:
    built = set(book.lake.months("gold/feature_store"))
    return {month: "its features were not built" for month in made.months if month not in built}
