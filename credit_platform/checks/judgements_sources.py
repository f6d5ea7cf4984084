"""Judgements about what the sources delivered: volume, gaps between months, and whether a month is built in time.

They warn and never block. Gates of a delivery are in `gates`, coverage of new loans in `judgements_features`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.checks.monthly import judgement, monthly_run_check
from credit_platform.checks.reporting import checked_asset, first_materializations
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.bands import volume_of_median
from credit_platform.monitoring.data_quality.freshness import Freshness, judge_freshness
from credit_platform.months import add_months, month_range
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy, VolumeBand
from credit_platform.portfolios.portfolio import MonthResult, Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.texts import description_of

VOLUME_CHECK = "volume_is_like_earlier_months"
CONTIGUOUS_CHECK = "months_are_contiguous"
FRESHNESS_CHECK = "month_is_built_in_time"
DATA_QUALITY = "monitoring/data_quality"


def volume_check(portfolio: Portfolio, axis: MonthlyAxis, policy: CheckPolicy) -> dg.AssetChecksDefinition:
    """Warns when a silver table has far fewer or more rows than in the median of the earlier months."""
    band = policy.volume

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        return volume_results(portfolio, lake, months, band)

    return judgement(DATA_QUALITY, VOLUME_CHECK, evaluate, axis, policy, band=band, units=_units(portfolio))


def _units(portfolio: Portfolio) -> str:
    of_cases = [source.due.unit for source in portfolio.sources if source.due.unit != "rows"]
    return f"{of_cases[0]} for the {portfolio.words.book}, of rows for the others" if of_cases else "rows"


def volume_results(
    portfolio: Portfolio, lake: Lake, months: Sequence[date], band: VolumeBand
) -> dict[date, MonthResult]:
    """What the check says of each month, oldest first; a month with too few earlier ones passes and says so."""
    first = add_months(months[0], -band.median_months)
    volumes = {source.table: _volumes(lake, source, first, months[-1]) for source in portfolio.sources}
    return {month: _volume_result(month, volumes, band) for month in months}


def _volumes(lake: Lake, source: Source, first: date, last: date) -> dict[date, int]:
    """What came by month, counted as the book counts it."""
    table = f"silver/{source.table}"
    known = [month for month in lake.months(table) if first <= month <= last]
    counted = lake.scan(table, known).group_by("snapshot_month").agg(source.volume.cast(pl.Int64)) if known else None
    found = dict(counted.collect().iter_rows()) if counted is not None else {}
    return {month: found.get(month, 0) for month in known}


def _volume_result(month: date, volumes: Mapping[str, Mapping[date, int]], band: VolumeBand) -> MonthResult:
    beyond: list[str] = []
    is_judged = False
    metadata: dict[str, int | float | str] = {}
    first = add_months(month, -band.median_months)
    for name, by_month in volumes.items():
        volume = by_month.get(month, 0)
        earlier = [found for other, found in by_month.items() if first <= other < month]
        ratio = volume_of_median(volume, earlier) if len(earlier) >= band.min_months else None
        metadata[name] = volume
        if ratio is None:
            continue
        is_judged = True
        metadata[f"{name} of median"] = ratio
        if not band.min_of_median <= ratio <= band.max_of_median:
            beyond.append(f"{name} has {volume:,}, {ratio:.2f} times the median of {len(earlier)} earlier months")
    like = "every table has as much as in earlier months" if is_judged else "too few earlier months to compare with"
    said = "; ".join(beyond) or like
    return MonthResult(passed=not beyond, description=f"{month:%Y-%m}: {said}.", metadata=metadata)


def contiguous_check(portfolio: Portfolio, axis: MonthlyAxis, policy: CheckPolicy) -> dg.AssetChecksDefinition:
    """Warns when a silver table lacks a month between the book's first and this one."""

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        tables = [f"silver/{source.table}" for source in portfolio.sources]
        known = {table: set(lake.months(table)) for table in tables}
        return {month: _contiguous_result(month, axis.first_snapshot, known) for month in months}

    return judgement(DATA_QUALITY, CONTIGUOUS_CHECK, evaluate, axis, policy)


def _contiguous_result(month: date, first: date, known: Mapping[str, set[date]]) -> MonthResult:
    wanted = month_range(first, month)
    missing = {table: [earlier for earlier in wanted if earlier not in months] for table, months in known.items()}
    gaps = sorted({gap for months in missing.values() for gap in months})
    named = "; ".join(
        f"{table} lacks {', '.join(f'{gap:%Y-%m}' for gap in months)}" for table, months in missing.items() if months
    )
    return MonthResult(
        passed=not gaps,
        description=f"{month:%Y-%m}: {named or f'all {len(wanted)} months since {first:%Y-%m} are there'}.",
        metadata={"months_wanted": len(wanted), "months_missing": len(gaps)},
    )


def freshness_check(axis: MonthlyAxis, policy: CheckPolicy) -> dg.AssetChecksDefinition:
    """Warns when a month was first built later than policy allows, or is not built although it should be.

    A freshness policy of Dagster's own looks at the latest materialization of any month, so that building an old month
    again would make the asset fresh, and is evaluated by the daemon alone; this is evaluated with the month.
    """
    limit = policy.freshness.hours_after_month_begin

    def evaluate_run(
        context: dg.AssetCheckExecutionContext, _lake: Lake, months: Sequence[date]
    ) -> dict[date, MonthResult]:
        since, built = first_materializations(context.instance, checked_asset(context), months)
        return {month: _freshness_result(judge_freshness(month, built.get(month), since, limit)) for month in months}

    return monthly_run_check(
        DATA_QUALITY,
        FRESHNESS_CHECK,
        evaluate_run,
        axis=axis.snapshot_months,
        is_blocking=False,
        policy=policy,
        description=description_of(__file__, FRESHNESS_CHECK, limit=limit),
    )


def _freshness_result(found: Freshness) -> MonthResult:
    metadata: dict[str, int | float | str] = {"limit_hours": found.limit_hours, "is_history": found.is_history}
    if found.hours is not None:
        metadata |= {"hours_after_month_begin": found.hours}
    return MonthResult(passed=found.passed, description=found.description, metadata=metadata)
