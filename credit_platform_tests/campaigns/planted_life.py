"""One whole life of a generated book with a planted drift, run as a backfill runs it, without the pages.

What must be noticed of which drift stands in the campaign itself.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from datetime import date
from io import StringIO
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl
from rich.console import Console
from typing_extensions import override

from credit_platform.automation.jobs import MONITOR_MONTH, SCORE_MONTH
from credit_platform.checks.judgements_features import DARK_SOURCE_CHECK, NULL_SHARE_CHECK
from credit_platform.checks.judgements_sources import VOLUME_CHECK
from credit_platform.checks.label_gates import MATURITY_CHECK
from credit_platform.cli.book import Book
from credit_platform.cli.run.backfill import Backfill
from credit_platform.cli.run.runs import Runner, RunOutcome
from credit_platform.lake.governance.promotions import PromotionLog, PromotionRecord
from credit_platform.lake.layout import Layout
from credit_platform.lake.raw.raw_book import write_book
from credit_platform.months import add_months, parse_month
from credit_platform.portfolios.drift import Drift, DriftKind
from credit_platform.portfolios.loans.generator.book import BookSpec
from credit_platform.portfolios.loans.portfolio import LOANS
from credit_platform.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from credit_platform.lake.tables.monthly import Lake

MODELS = ("scorecard", "gradient_boosting")
# With the shipped windows: first training 2020-12, live scores from 2021-01, live outcomes from 2021-07.
BOOK = BookSpec(first_month=date(2019, 1, 1), n_months=54, cases_per_month=500)
FIRST_LIVE_OUTCOME = date(2021, 7, 1)
# Three cohorts scored live have their outcome by then, so early reads of the ranking have something to be held against.
START = date(2021, 10, 1)
# What decides; the pages, the history and the rivalry of the models decide nothing here.
_DECIDING: Mapping[str, tuple[str, ...]] = {
    SCORE_MONTH: ("stability", "estimate", "early_reads"),
    MONITOR_MONTH: ("performance", "estimate_backtest", "action"),
}
# Of these the customers of the months before the drift are not those of the undrifted book.
_OTHER_PEOPLE = {DriftKind.COVARIATE, DriftKind.LABEL, DriftKind.SEASONAL, DriftKind.VOLUME}
# What says that a delivery is not as it was.
WATCHED_CHECKS = (
    ("monitoring/data_quality", VOLUME_CHECK),
    ("gold/feature_store", DARK_SOURCE_CHECK),
    ("gold/feature_store", NULL_SHARE_CHECK),
    ("gold/label_store", MATURITY_CHECK),
)
_BUILT = ("bronze", "silver", "gold", "quarantine", "sources")


class _LeanRunner(Runner):
    """Runs of scoring and monitoring hold only the assets that decide."""

    @override
    def run(
        self,
        job: str,
        first: date,
        last: date,
        *,
        assets: Iterable[str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> RunOutcome:
        if assets is None and job in _DECIDING:
            assets = [f"monitoring/{model}/{part}" for model in MODELS for part in _DECIDING[job]]
            assets += [f"prediction/{model}" for model in MODELS if job == SCORE_MONTH]
        return super().run(job, first, last, assets=assets, tags=tags)


@dataclass
class PlantedLife:
    """A book with its drift, its folders, and the months its backfill could not finish."""

    root: Path
    spec: BookSpec
    failed: dict[tuple[str, date], str] = field(default_factory=dict)
    # Per check the months it was judged in, and whether it was red there.
    checks: dict[str, dict[date, bool]] = field(default_factory=dict)

    @property
    def book(self) -> Book:
        """The book under the shipped policy, but for Evidently's pages, which decide nothing."""
        return Book.of(
            Settings(
                data_dir=self.root / "data",
                raw_dir=self.root / "raw",
                first_month=self.spec.first_month,
                last_month=self.spec.last_month,
                is_book_known=True,
                policy_dir=self.root / "policy",
                automation="stopped",
                policy=LOANS.load_policy(self.root / "policy"),
            )
        )

    @property
    def lake(self) -> Lake:
        return self.book.lake

    def live(self, *, first: date | None = None, last: date | None = None) -> None:
        """Run the months from `first` to `last`, as a rule all of them."""
        from credit_platform.code_location import build_definitions

        book = self.book
        repository = build_definitions(LOANS, book.settings).get_repository_def()
        with dg.DagsterInstance.ephemeral() as instance:
            backfill = Backfill(book, _LeanRunner(repository, LOANS, instance, Console(file=StringIO()), "campaign"))
            backfill.everything(first or self.spec.first_month, last or self.spec.last_month)
            for table, check in WATCHED_CHECKS:
                self.checks[check] = self.checks.get(check, {}) | _red_months(instance, table, check)
        self.failed = backfill.failed

    def draw(self) -> None:
        """Draw what people read, which a life leaves out."""
        from credit_platform.code_location import build_definitions

        repository = build_definitions(LOANS, self.book.settings).get_repository_def()
        months = self.lake.months(f"monitoring/{MODELS[0]}/action")
        with dg.DagsterInstance.ephemeral() as instance:
            runner = Runner(repository, LOANS, instance, Console(file=StringIO()), "campaign")
            assert runner.run(MONITOR_MONTH, months[0], months[-1], assets=["monitoring/history"]).success

    def branch(self, root: Path, spec: BookSpec, *, until: date) -> PlantedLife:
        """A book that is like this one before the drift and goes on as `spec` says; this one has lived until `until`.

        Nothing is built for it after `until`; where other people apply, nothing is built at all, as they used the
        channels before.
        """
        is_same = not any(drift.kind in _OTHER_PEOPLE for drift in spec.drifts)
        left_out = () if is_same else _BUILT
        shutil.copytree(self.root / "data", root / "data", ignore=shutil.ignore_patterns(".*", *left_out))
        assert self.lake.months("prediction/scorecard")[-1] == until
        return planted_book(root, spec)

    def table(self, model: str, part: str) -> pl.DataFrame:
        """All months of one monitoring table of a model."""
        name = f"monitoring/{model}/{part}"
        return self.lake.scan(name, self.lake.months(name)).collect()

    def promotions(self, model: str) -> list[PromotionRecord]:
        """Versions in the order in which they went into production."""
        records = PromotionLog(self.lake.layout).records()
        return [record for record in records if record.model == model and record.promoted]


def planted(root: Path, kind: DriftKind | None, *, seed: int, n_months: int, strength: float = 0.7) -> PlantedLife:
    """Write the book of one drift, nothing built; without a kind the book that does not drift."""
    return planted_book(root, spec_of(kind, seed=seed, n_months=n_months, strength=strength))


def spec_of(kind: DriftKind | None, *, seed: int, n_months: int, strength: float = 0.7) -> BookSpec:
    """The campaign's book with one drift from `START` on."""
    drifts = () if kind is None else (Drift(kind, START, strength),)
    return replace(BOOK, seed=seed, n_months=n_months, drifts=drifts)


def months_from_start(n: int) -> int:
    """The length of a book that ends `n` months after the drift's first."""
    return BOOK.months.index(START) + 1 + n


def planted_book(root: Path, spec: BookSpec) -> PlantedLife:
    """Write the raw files of a book and the policy of its life, nothing built."""
    (root / "policy").mkdir(parents=True)
    (root / "policy" / "monitoring_thresholds.yaml").write_text("evidently: {pages: none}\ncharts: {png: none}\n")
    layout = Layout.of(root / "data", root / "raw", LOANS)
    write_book(layout, spec, on_month=lambda: None)
    return PlantedLife(root, spec)


def _red_months(instance: dg.DagsterInstance, table: str, check: str) -> dict[date, bool]:
    key = dg.AssetCheckKey(dg.AssetKey(table.split("/")), check)
    infos = instance.event_log_storage.get_asset_check_partition_info([key])
    return {
        parse_month(info.partition_key): info.latest_execution_status.value == "FAILED"
        for info in infos
        if info.partition_key
    }


def outcome_of(cohort: date) -> date:
    """The month in which the outcome of a cohort is known."""
    return add_months(cohort, 6)
