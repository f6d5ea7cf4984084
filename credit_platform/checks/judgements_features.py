"""Judgements about the features of a month: how many cells are empty, and whether a source still covers new loans.

They warn and never block. What is usual is told by monitoring.data_quality_bands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.checks.monthly import judgement, monthly_check
from credit_platform.errors import NoVersionInForceError
from credit_platform.lake.governance.promotions import PromotionLog, version_in_force
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.bands import Coverage, coverage_by_month, empty_limit
from credit_platform.monitoring.data_quality.unknown_ids import Stranger, strangers
from credit_platform.months import add_months
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy, NullShareBand
from credit_platform.policy.model_config import ModelConfig
from credit_platform.portfolios.portfolio import MonthResult, Portfolio, Words
from credit_platform.portfolios.source import Source
from credit_platform.statistics.reference import Reference
from credit_platform.texts import description_of

NULL_SHARE_CHECK = "features_are_as_complete_as_in_training"
DARK_SOURCE_CHECK = "no_source_goes_dark"
FEATURE_STORE = "gold/feature_store"


def null_share_check(
    portfolio: Portfolio, axis: MonthlyAxis, models: Sequence[str], policy: CheckPolicy
) -> dg.AssetChecksDefinition:
    """Warns when a feature is empty for more cases than in training, or than in earlier months before any training."""
    band, features = policy.null_share, portfolio.features
    judged = (*features.numeric, *features.categorical, *(mean for group in features.evidence for mean in group.means))

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        first = add_months(months[0], -band.median_months)
        known = [month for month in lake.months(FEATURE_STORE) if first <= month <= months[-1]]
        shares = null_shares(lake, judged, known)
        training = _TrainingShares(lake, models)
        return {
            month: _null_result(month, judged, shares, training.of(month), band, words=portfolio.words)
            for month in months
        }

    return judgement(FEATURE_STORE, NULL_SHARE_CHECK, evaluate, axis, policy, words=portfolio.words)


def lost_source_check(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy
) -> dg.AssetChecksDefinition:
    """Warns while a source does not cover the new cases as it did; stops a month that a required one hardly covers."""
    flags = portfolio.features.source_flags

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        known = [month for month in lake.months(FEATURE_STORE) if month <= months[-1]]
        covered = (
            lake.scan(FEATURE_STORE, known)
            .group_by("snapshot_month")
            .agg(pl.len().alias("n_cases"), *(pl.col(flag).mean() for flag in flags.values()))
            .sort("snapshot_month")
            .collect()
        )
        judged = {
            source: coverage_by_month(
                dict(covered.select("snapshot_month", flag).iter_rows()), min_of_usual=policy.coverage.min_of_usual
            )
            for source, flag in flags.items()
        }
        shares = {row["snapshot_month"]: row for row in covered.iter_rows(named=True)}
        floors = {
            month: strangers(shares[month], _Ids(lake, month), portfolio, config, policy.coverage)
            for month in months
            if month in shares
        }
        return {
            month: _coverage_result(
                month,
                shares[month]["n_cases"] if month in shares else 0,
                {source: by[month] for source, by in judged.items() if month in by},
                floors.get(month, []),
                portfolio.words.cases,
            )
            for month in months
        }

    return monthly_check(
        FEATURE_STORE,
        DARK_SOURCE_CHECK,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=True,
        policy=policy,
        description=description_of(
            __file__, DARK_SOURCE_CHECK, words=portfolio.words, min_covered=policy.coverage.min_covered
        ),
    )


@dataclass(frozen=True)
class _Ids:
    """Customers of a month's new cases that a source does not know, and all customers it knows by then."""

    lake: Lake
    month: date

    def __call__(self, source: Source) -> tuple[pl.Series, pl.Series]:
        customer, table = self.lake.layout.portfolio.cases.customer, f"silver/{source.table}"
        unknown = self.lake.scan(FEATURE_STORE, [self.month]).filter(~pl.col(source.flag or "")).select(customer)
        known = [month for month in self.lake.months(table) if month <= self.month]
        rows = self.lake.scan(table, known) if known else source.silver.create_empty(lazy=True)
        here, there = pl.collect_all([unknown, rows.select(pl.col(customer).unique())])
        return here[customer], there[customer]


def null_shares(lake: Lake, judged: Sequence[str], months: Sequence[date]) -> dict[date, dict[str, float]]:
    """Share of empty cells by month and feature, with the number of cases under `n_written`.

    Raises:
        MissingMonthsError: a month has no file.
    """
    shares = (
        lake.scan(FEATURE_STORE, months)
        .group_by("snapshot_month")
        .agg(pl.len().alias("n_written"), pl.col(judged).null_count() / pl.len())
        .collect()
    )
    return {row.pop("snapshot_month"): row for row in shares.iter_rows(named=True)}


class _TrainingShares:
    """Share of empty cells by feature in the training of the version in force, each version read once."""

    def __init__(self, lake: Lake, models: Sequence[str]) -> None:
        self._versions, self._models = lake.versions, models
        self._records = PromotionLog(lake.layout).records()
        self._read: dict[tuple[str, str], dict[str, float]] = {}

    def of(self, month: date) -> Mapping[str, float]:
        """The shares, the larger one where models differ; none before any training."""
        shares: dict[str, float] = {}
        for model in self._models:
            try:
                version, _ = version_in_force(self._records, model, month)
            except NoVersionInForceError:
                continue
            for feature, share in self._shares(model, version).items():
                shares[feature] = max(share, shares.get(feature, 0.0))
        return shares

    def _shares(self, model: str, version: str) -> dict[str, float]:
        if (model, version) not in self._read:
            reference = Reference.from_json(self._versions.read(model, version).files["reference.json"])
            # The last bin of every feature holds the missing values.
            self._read[model, version] = {
                bins.name: bins.counts[-1] / sum(bins.counts) for bins in reference.features if sum(bins.counts)
            }
        return self._read[model, version]


def _null_result(
    month: date,
    judged: Sequence[str],
    shares: Mapping[date, Mapping[str, float]],
    training: Mapping[str, float],
    band: NullShareBand,
    *,
    words: Words,
) -> MonthResult:
    now = shares.get(month)
    if not now:
        said, counted = f"no {words.case} was {words.written}", f"n_{words.cases}"
        return MonthResult(passed=True, description=f"{month:%Y-%m}: {said}.", metadata={counted: 0})
    usual = _usual_shares(month, judged, shares, band) | dict(training)
    n_cases = int(now["n_written"])
    beyond = {
        feature: (now[feature], usual[feature])
        for feature in judged
        if feature in usual
        and now[feature]
        > empty_limit(usual[feature], n_cases, max_excess=band.max_excess, standard_errors=band.standard_errors)
    }
    against = "training" if training else "earlier months"
    named = [f"{name} {share:.1%} (usual {was:.1%})" for name, (share, was) in sorted(beyond.items())]
    said = f"more empty cells than in {against}: {', '.join(named[:5])}" if named else f"as complete as in {against}"
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    if not usual:
        said = "nothing to compare with yet"
    return MonthResult(
        passed=not beyond,
        description=f"{month:%Y-%m}: {said}{more}.",
        metadata={
            f"n_{words.cases}": n_cases,
            "features_with_more_empty_cells": len(beyond),
            "largest_excess": max((share - was for share, was in beyond.values()), default=0.0),
            **{f"empty: {feature}": now[feature] for feature in judged if now[feature] > 0},
        },
    )


def _usual_shares(
    month: date, judged: Sequence[str], shares: Mapping[date, Mapping[str, float]], band: NullShareBand
) -> dict[str, float]:
    first = add_months(month, -band.median_months)
    earlier = [found for other, found in shares.items() if first <= other < month]
    if len(earlier) < band.min_months:
        return {}
    medians = pl.DataFrame(earlier).median().row(0, named=True)
    return {feature: medians[feature] for feature in judged}


def _coverage_result(
    month: date, n_cases: int, covered: Mapping[str, Coverage], floors: Sequence[Stranger], cases: str
) -> MonthResult:
    dark = {source: found for source, found in covered.items() if found.is_dark}
    said = "; ".join(
        f"{source} covers {found.share:.1%} of {n_cases:,} new {cases}, usually {found.usual or 0:.1%}"
        for source, found in sorted(dark.items())
    )
    said = "; ".join([*(one.said for one in floors), *([said] if said else [])])
    return MonthResult(
        passed=not dark and not floors,
        description=f"{month:%Y-%m}: {said or f'every source covers the {n_cases:,} new {cases} as usual'}.",
        metadata={
            f"n_{cases}": n_cases,
            "dark_sources": ", ".join(sorted(dark)) or "none",
            **{f"covered by {source}": found.share for source, found in sorted(covered.items())},
        },
        is_warning=not any(one.is_required for one in floors),
    )
