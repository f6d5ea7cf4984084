"""The story of a book, read from its tables and its audit log.

What a story is stands in `lab.scenarios.life_story`; printing it belongs to `demo_story` and `simulate`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from credit_platform.checks.judgements_sources import volume_results
from credit_platform.cli.book import Book
from credit_platform.lab.scenarios.detections import Delivered, Detector, ModelRecord, Sign, delivery_signs, model_signs
from credit_platform.lab.scenarios.life_story import ModelStory, Version, tell_model
from credit_platform.lab.scenarios.scenario import Scenario, tell_scenario
from credit_platform.lake.governance.promotions import PromotionLog, model_periods
from credit_platform.lake.raw.receipts import read_receipts
from credit_platform.months import add_months, month_range
from credit_platform.policy.load import Policy
from credit_platform.portfolios.loans.generator.book import BookSpec, months_of

_TABLES = ("performance", "stability", "estimate", "estimate_backtest", "early_reads", "action")


@dataclass(frozen=True)
class BookStory:
    """The stories of a book's models and what was seen of its deliveries."""

    first_month: date
    last_month: date
    models: tuple[ModelStory, ...]
    deliveries: tuple[Sign, ...]

    @property
    def signs(self) -> list[Sign]:
        """Everything that raised, of all models and sources."""
        return [*self.deliveries, *(sign for model in self.models for sign in model.signs)]


def read_story(book: Book) -> BookStory:
    """Read the story of everything that is stored; models without a table have no story."""
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
        stories.append(tell_model(record, versions, model_signs(record, book.settings.policy.monitoring)))
    deliveries = [*delivery_signs(_delivered(book, last)), *_volume_signs(book, last)]
    return BookStory(
        book.axis.first_snapshot, last, tuple(stories), tuple(sorted(deliveries, key=lambda sign: sign.month))
    )


def _record(book: Book, model: str) -> ModelRecord:
    frames = {}
    for table in _TABLES:
        name = f"monitoring/{model}/{table}"
        months = book.lake.months(name)
        empty = book.lake.layout.tables.of_models[table].create_empty() if not months else None
        frames[table] = empty if empty is not None else book.lake.scan(name, months).collect()
    return ModelRecord(model=model, **frames)


def _delivered(book: Book, last: date) -> list[Delivered]:
    months = month_range(book.axis.first_snapshot, last)
    return [
        Delivered(source, month, receipt.rows, receipt.failures)
        for source in (each.name for each in book.settings.portfolio.sources)
        for month, receipt in read_receipts(book.lake.layout, source, months).items()
    ]


def _volume_signs(book: Book, last: date) -> list[Sign]:
    """A sign for every built month whose tables are of another size than before."""
    months = [month for month in book.lake.months(book.settings.portfolio.cases.table) if month <= last]
    if not months:
        return []
    results = volume_results(book.settings.portfolio, book.lake, months, book.settings.policy.data.checks.volume)
    return [Sign(Detector.DELIVERY, month, r.description) for month, r in results.items() if not r.passed]


def judge(book: Book, spec: BookSpec, *, name: str, seen: Sequence[Sign] = (), mishaps: Sequence[str] = ()) -> Scenario:
    """Hold a finished book against what was planted in it.

    Args:
        book: The book.
        spec: What it was generated from.
        name: Name of the scenario.
        seen: Signs of tables that have been made again since: what was seen is not unseen by a correction.
        mishaps: What went wrong with its life.
    """
    story = read_story(book)
    stories: list[ModelStory] = [
        replace(told, signs=_together((*story.deliveries, *told.signs), seen, told.model)) for told in story.models
    ]
    return tell_scenario(
        name=name,
        drifts=spec.drifts,
        months=(spec.first_month, spec.last_month),
        watched_from=min(book.axis.first_training, spec.last_month),
        size=(spec.loans_per_month, spec.seed),
        stories=stories,
        deliveries=story.deliveries,
        floors={told.model: auc_floors(book.settings.policy, told.model) for told in stories},
        unbuilt=_unbuilt(book, spec),
        mishaps=mishaps,
    )


def _together(now: Sequence[Sign], before: Sequence[Sign], model: str) -> tuple[Sign, ...]:
    """The signs there are, and of those seen before the ones about a month, detector and model that has none now."""
    told = {(sign.detector, sign.month) for sign in now}
    gone = [s for s in before if s.model in {None, model} and (s.detector, s.month) not in told]
    return tuple(sorted((*now, *gone), key=lambda sign: sign.month))


def auc_floors(policy: Policy, model: str) -> tuple[float, ...]:
    """The thresholds of the ROC-AUC of a model, the milder first."""
    threshold = policy.monitoring.metrics_for(model)["roc_auc"]
    floors = (threshold.data_science_threshold, threshold.business_threshold)
    return tuple(floor for floor in floors if floor is not None)


def _unbuilt(book: Book, spec: BookSpec) -> dict[date, str]:
    built = set(book.lake.months("gold/feature_store"))
    return {month: "its features were not built" for month in months_of(spec) if month not in built}
