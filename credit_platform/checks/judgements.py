"""Judgement checks: what a person should look at although every row meets its contract.

They warn and never block. Here are gaps, the bad rate of a cohort, and the book's own checks; what these look at, and
what is said of it, is written in the book's folder. Whether labels are mature is a gate and is in `label_gates`,
contracts of rows are in `contracts`, the other checks in `judgements_*` by what they look at.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.checks.judgements_availability import availability_check
from credit_platform.checks.judgements_features import lost_source_check, null_share_check
from credit_platform.checks.judgements_sources import contiguous_check, freshness_check, volume_check
from credit_platform.checks.monthly import SHIPPED, judgement, monthly_check
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.bands import bad_rate_band
from credit_platform.months import add_months, month_range
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import BadRateBand, CheckPolicy
from credit_platform.policy.model_config import LabelPolicy, ModelConfig
from credit_platform.portfolios.portfolio import BookCheck, MonthResult, Portfolio
from credit_platform.texts import description_of

BAD_RATE_CHECK = "bad_rate_stays_in_its_band"
_LABELS = "gold/label_store"
HISTORY_CHECK = "history_is_complete"


def judgement_checks(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy
) -> list[dg.AssetChecksDefinition]:
    """Every judgement there is."""
    return [
        *history_check(portfolio, axis, config, policy),
        null_share_check(portfolio, axis, list(config.models), policy),
        lost_source_check(portfolio, axis, config, policy),
        bad_rate_check(portfolio, axis, policy),
        availability_check(portfolio, axis, config, policy),
        volume_check(portfolio, axis, policy),
        contiguous_check(portfolio, axis, policy),
        freshness_check(axis, policy),
    ]


def history_check(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy = SHIPPED
) -> list[dg.AssetChecksDefinition]:
    """Warns when a month's features were built while a month they look back on was missing; none without histories.

    The month's own rows are right then, but histories are shorter than they could be; a month is not held back for the
    fault of another.
    """
    groups = portfolio.features.evidence
    if not groups:
        return []
    longest = {group: config.features.history_months(group.name) for group in groups}
    names = " and ".join(group.name for group in groups)

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        known = [(set(lake.months(group.table)), n - 1) for group, n in longest.items()]
        return {month: _history_result(month, axis.first_snapshot, known) for month in months}

    store, reach = "gold/feature_store", {"names": names, "n_months": max(longest.values())}
    return [judgement(store, HISTORY_CHECK, evaluate, axis, policy, **reach)]


def _history_result(month: date, first: date, known: Sequence[tuple[set[date], int]]) -> MonthResult:
    reach = max(back for _, back in known)
    wanted = month_range(max(first, add_months(month, -reach)), month)
    missing = [
        f"{earlier:%Y-%m}"
        for earlier in wanted
        if any(earlier not in months and earlier >= add_months(month, -back) for months, back in known)
    ]
    said = f"lacks {', '.join(missing)} of" if missing else "has all"
    return MonthResult(
        passed=not missing,
        description=f"{month:%Y-%m}: the history {said} {len(wanted)} months.",
        metadata={"months_wanted": len(wanted), "months_missing": len(missing)},
    )


def book_checks(
    portfolio: Portfolio, axis: MonthlyAxis, config: ModelConfig, policy: CheckPolicy
) -> list[dg.AssetChecksDefinition]:
    """One check per month for every check the book declares; they warn and never block."""
    return [_book_check(check, axis, config.label, policy) for check in portfolio.checks]


def _book_check(
    check: BookCheck, axis: MonthlyAxis, label: LabelPolicy, policy: CheckPolicy
) -> dg.AssetChecksDefinition:
    def evaluate(lake: Lake, months: Sequence[date]) -> Mapping[date, MonthResult]:
        return check.evaluate(lake.scan(check.table, months), months, label)

    return monthly_check(
        check.table,
        check.name,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=False,
        policy=policy,
        description=check.description(label),
    )


def bad_rate_check(portfolio: Portfolio, axis: MonthlyAxis, policy: CheckPolicy) -> dg.AssetChecksDefinition:
    """Warns when a cohort's bad rate lies outside what the cohorts before it and chance explain."""
    band = policy.bad_rate

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        return bad_rate_results(lake, months, band)

    has_vintages = any(table.name == "vintages" for table in portfolio.tables)
    text = "vintages_to_compare" if has_vintages else "labels_to_compare"
    look = description_of(__file__, text, words=portfolio.words)
    return judgement(_LABELS, BAD_RATE_CHECK, evaluate, axis, policy, band=band, look=look)


def bad_rate_results(lake: Lake, months: Sequence[date], band: BadRateBand) -> dict[date, MonthResult]:
    """What the judgement says of some months of gold/label_store, with `bad_rate` and the band among its numbers.

    Raises:
        MissingMonthsError: no month before the last has a file.
    """
    first = add_months(months[0], -band.mean_months)
    known = [month for month in lake.months(_LABELS) if first <= month <= months[-1]]
    counted = (
        lake.scan(_LABELS, known)
        .group_by("snapshot_month")
        .agg(n_bad=pl.col("label").cast(pl.Int64).sum(), n=pl.len())
        .collect()
    )
    outcomes = {month: (n_bad, n) for month, n_bad, n in counted.iter_rows()}
    cases = lake.layout.portfolio.words.cases
    return {month: _bad_rate_result(month, outcomes, band, cases) for month in months}


def _bad_rate_result(
    month: date, outcomes: Mapping[date, tuple[int, int]], policy: BadRateBand, cases: str
) -> MonthResult:
    n_bad, n = outcomes.get(month, (0, 0))
    if not n:
        return MonthResult(
            passed=True, description=f"{month:%Y-%m}: no cohort has matured.", metadata={f"n_{cases}": 0}
        )
    first = add_months(month, -policy.mean_months)
    earlier = [found for other, found in sorted(outcomes.items()) if first <= other < month]
    band = bad_rate_band(n, earlier, standard_errors=policy.standard_errors)
    rate = n_bad / n
    counts: dict[str, int | float | str] = {f"n_{cases}": n, "bad_rate": rate}
    if band is None or band.n_months < policy.min_months:
        said = f"{rate:.1%} of {n:,} {cases} are bad; too few earlier cohorts to compare with"
        return MonthResult(passed=True, description=f"{month:%Y-%m}: {said}.", metadata=counts)
    passed = band.holds(rate)
    return MonthResult(
        passed=passed,
        description=(
            f"{month:%Y-%m}: {rate:.1%} of {n:,} {cases} are bad, {'within' if passed else 'outside'} "
            f"{band.low:.1%} to {band.high:.1%}, as the {band.n_months} cohorts before it have {band.mean:.1%}."
        ),
        metadata=counts | {"band_low": band.low, "band_high": band.high, "earlier_mean": band.mean},
    )
