"""Labels: making them, and whether they can be trusted.

When a case is bad is written in the book's folder; what stops a month, in `checks.label_gates`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from credit_platform.automation.jobs import BUILD_MONTH
from credit_platform.checks.contracts import MonthVerdict
from credit_platform.checks.judgements import bad_rate_results
from credit_platform.checks.label_gates import maturity_results
from credit_platform.cli.book import Book
from credit_platform.errors import TableError
from credit_platform.facades.ingestion import DataQualityChecker
from credit_platform.facades.runs import run_months
from credit_platform.policy.model_config import LabelPolicy
from credit_platform.portfolios.portfolio import MonthResult

STORE = "gold/label_store"


@dataclass(frozen=True)
class ChurnLabeler:
    """From what a case did afterwards to its label, on any book."""

    book: Book

    @property
    def definition(self) -> LabelPolicy:
        """When a case is bad, as policy says."""
        return self.book.settings.policy.model.label

    def known_in(self, cohort: date) -> date:
        """The month in which the labels of a cohort are known; before it none is made."""
        return self.definition.known_in(cohort)

    def create(self, first: date, last: date) -> pl.DataFrame:
        """Make the labels that become known in a range of months, also again after late rows; all of these months.

        Raises:
            SettingsError: the range does not lie in the book.
            TableError: a step or a check failed; says which and why.
        """
        months = run_months(self.book, BUILD_MONTH, first, last, [STORE, "gold/unlabelled"])
        return self.book.lake.scan(STORE, months).collect()

    def labels(self, cohorts: Sequence[date]) -> pl.DataFrame:
        """The labels of some cohorts; none of a cohort whose outcome is not known. Raises TableError."""
        stored = set(self.book.lake.months(STORE))
        months = sorted({self.known_in(cohort) for cohort in cohorts} & stored)
        if not months:
            return self.book.lake.layout.tables[STORE].create_empty()
        return self.book.lake.scan(STORE, months).filter(pl.col("cohort").is_in(list(cohorts))).collect()


@dataclass(frozen=True)
class LabelQualityChecker:
    """Whether labels meet their contract, are mature, are there once, and as often bad as usual."""

    book: Book

    def check(self, months: Sequence[date]) -> dict[date, MonthVerdict]:
        """Months of `gold/label_store` against their contract. Raises as `DataQualityChecker.check`."""
        return DataQualityChecker(self.book).check(STORE, months)

    def maturity(self, months: Sequence[date]) -> dict[date, MonthResult]:
        """What the gate `labels_are_mature` says of each month. Raises MissingMonthsError."""
        policy = self.book.settings.policy
        return maturity_results(self.book.lake, months, self.book.axis, policy.model.label, policy.data.checks)

    def band(self, months: Sequence[date]) -> dict[date, MonthResult]:
        """What `bad_rate_stays_in_its_band` says of each month, the rate and the band in `metadata`.

        Raises:
            MissingMonthsError: no month of labels is built.
        """
        return bad_rate_results(self.book.lake, months, self.book.settings.policy.data.checks.bad_rate)

    def duplicates(self, months: Sequence[date]) -> pl.DataFrame:
        """The cases with more than one label in these months: the case, `cohort`, `n`. Raises MissingMonthsError."""
        key = [self.book.settings.portfolio.cases.key, "cohort"]
        counted = self.book.lake.scan(STORE, months).group_by(key).agg(n=pl.len())
        return counted.filter(pl.col("n") > 1).sort(key).collect()

    def bad_rates(self, months: Sequence[date]) -> pl.DataFrame:
        """One row per month with labels: `snapshot_month, n, n_bad, bad_rate`. Raises MissingMonthsError."""
        labels = self.book.lake.scan(STORE, months)
        by_month = labels.group_by("snapshot_month").agg(n=pl.len(), n_bad=pl.col("label").cast(pl.Int64).sum())
        return by_month.with_columns(bad_rate=pl.col("n_bad") / pl.col("n")).sort("snapshot_month").collect()

    def require_consistent(self, months: Sequence[date]) -> None:
        """Refuse months in which a label is not mature, is there twice, or breaks its contract.

        Raises:
            TableError: names each such month, and the cohort or the case.
            MissingMonthsError: a month was never built.
        """
        faults = {month: found.description for month, found in self.check(months).items() if not found.passed}
        for month, found in self.maturity(months).items():
            if not found.passed:
                faults[month] = f"{faults.get(month, '')} {found.description}{self._immature(month)}".strip()
        twice = self.duplicates(months)
        reasons = [
            *faults.values(),
            *([f"{twice.height} cases have two labels, e.g. {twice.row(0)}"] if len(twice) else []),
        ]
        if reasons:
            raise TableError(
                table=STORE,
                months=sorted(faults) or months,
                reason=" ".join(reasons).removesuffix("."),
                fix="Make these months again: credit-platform backfill --job build_month --from ... --to ...",
            )

    def _immature(self, month: date) -> str:
        """The cohorts of a month's labels that are not known in it, as a sentence; empty where there is none."""
        label = self.book.settings.policy.model.label
        cohorts = self.book.lake.scan(STORE, [month]).select(pl.col("cohort").unique().sort()).collect()["cohort"]
        early = [cohort for cohort in cohorts if label.known_in(cohort) != month]
        said = ", ".join(f"{cohort:%Y-%m} (known in {label.known_in(cohort):%Y-%m})" for cohort in early)
        return f" Not known in this month: {said}." if early else ""
