"""Gates of cleaned rows: how many were set aside, and whether every case is known from its start by an id of its own.

They warn where something is odd and stop the month where most of it would be lost. Gates of a delivery are in `gates`,
those of labels in `label_gates`.
"""

from collections.abc import Mapping, Sequence
from datetime import date

import dagster as dg
import polars as pl

from credit_platform.checks.monthly import monthly_check
from credit_platform.errors import PolicyError
from credit_platform.lake.tables.monthly import Lake
from credit_platform.monitoring.data_quality.first_seen import LateCohort, late_cohorts
from credit_platform.partitions import MonthlyAxis
from credit_platform.policy.data_quality import CheckPolicy, SetAsideLimits
from credit_platform.portfolios.cleaning_rules import cleaning_rules
from credit_platform.portfolios.portfolio import MonthResult, Portfolio
from credit_platform.portfolios.source import Source
from credit_platform.schemas.personal_data import has_personal_data
from credit_platform.texts import description_of

SET_ASIDE_CHECK = "few_rows_are_set_aside"
KNOWN_CHECK = "cases_are_known_from_their_start"
_SHOWN = 5


def case_gates(portfolio: Portfolio, axis: MonthlyAxis, policy: CheckPolicy) -> list[dg.AssetChecksDefinition]:
    """The gate of every silver table, and that of the cases.

    Raises:
        PolicyError: a limit is set for a table or rule that there is not.
    """
    rules = cleaning_rules(portfolio)
    known = {
        "tables": {table.split("/")[1] for table in rules},
        "rules": {rule.name for table in rules.values() for rule in table},
    }
    for kind, names in known.items():
        for name in getattr(policy.set_aside, kind):
            if name not in names:
                key = f"checks.set_aside.{kind}.{name}"
                raise PolicyError(file="data_quality", key=key, reason="is none; DATA_DICTIONARY.md lists them all")
    return [
        *(_set_aside_check(source, axis, policy) for source in portfolio.sources),
        _known_check(portfolio, axis, policy),
    ]


def _set_aside_check(source: Source, axis: MonthlyAxis, policy: CheckPolicy) -> dg.AssetChecksDefinition:
    limits = policy.set_aside

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        stored = [month for month in months if lake.has(f"quarantine/{source.table}", month)]
        counts = lake.scan(f"silver/{source.table}", months).group_by("snapshot_month").len()
        set_aside = lake.scan(f"quarantine/{source.table}", stored) if stored else None
        rows = dict(counts.collect().iter_rows())
        by_rule: dict[date, dict[str, int]] = {}
        if set_aside is not None:
            for month, rule, n in set_aside.group_by("snapshot_month", "rule").len().collect().iter_rows():
                by_rule.setdefault(month, {})[rule] = n
        return {
            month: _set_aside_result(month, source.table, rows.get(month, 0), by_rule.get(month, {}), limits)
            for month in months
        }

    return monthly_check(
        f"silver/{source.table}",
        SET_ASIDE_CHECK,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=True,
        policy=policy,
        description=description_of(__file__, SET_ASIDE_CHECK, limits=limits, table=source.table),
    )


def _set_aside_result(
    month: date, table: str, n_sound: int, by_rule: Mapping[str, int], limits: SetAsideLimits
) -> MonthResult:
    n_aside = sum(by_rule.values())
    n_rows = n_sound + n_aside
    own = {rule: n for rule, n in by_rule.items() if rule in limits.rules}
    shares = {rule: (n / n_rows, limits.rules[rule]) for rule, n in own.items()}
    if n_rows:
        shares["all other rules" if own else "all rules"] = (
            (n_aside - sum(own.values())) / n_rows,
            limits.tables.get(table, limits),
        )
    beyond = [limit for share, limit in shares.values() if share and share >= limit.warn_from]
    is_blocked = any(share and share >= limit.block_from for share, limit in shares.values())
    most = sorted(by_rule.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]
    named = ", ".join(f"{rule} {n:,}" for rule, n in most)
    said = f"{n_aside:,} of {n_rows:,} rows are set aside ({n_aside / n_rows:.1%}): {named}" if n_aside else ""
    limit = min(beyond, key=lambda one: one.block_from, default=limits)
    effect = f"; from {limit.block_from:.0%} on nothing is built on the month" if beyond else ""
    return MonthResult(
        passed=not beyond,
        description=f"{month:%Y-%m}: {said or 'no row is set aside'}{effect}.",
        metadata={
            "rows": n_rows,
            "rows_set_aside": n_aside,
            "share_set_aside": n_aside / n_rows if n_rows else 0.0,
            **{f"set aside: {rule}": n for rule, n in sorted(by_rule.items())},
        },
        is_warning=not is_blocked,
    )


def _known_check(portfolio: Portfolio, axis: MonthlyAxis, policy: CheckPolicy) -> dg.AssetChecksDefinition:
    cases, block_from = portfolio.cases, policy.late_cases.block_from
    rules = cases.start.rules if cases.start else ()

    def evaluate(lake: Lake, months: Sequence[date]) -> dict[date, MonthResult]:
        known = [month for month in lake.months(cases.table) if axis.first_snapshot <= month <= months[-1]]
        late = late_cohorts(lake.scan(cases.table, known), cases, months=months, built=known)
        ids = _ids_by_rule(lake.scan(cases.table, months), [rule.name for rule in rules], cases.key)
        return {
            month: _known_result(
                month, portfolio, {name: by.get(month, []) for name, by in ids.items()}, late[month], block_from
            )
            for month in months
        }

    return monthly_check(
        cases.table,
        KNOWN_CHECK,
        evaluate,
        axis=axis.snapshot_months,
        is_blocking=True,
        policy=policy,
        description=description_of(
            __file__, KNOWN_CHECK, noun=cases.noun, cases=portfolio.words.cases, block_from=block_from
        ),
    )


def _ids_by_rule(rows: pl.LazyFrame, rules: Sequence[str], key: str) -> dict[str, dict[date, list[str]]]:
    """Ids of the rows that note a rule, by rule and month."""
    found: dict[str, dict[date, list[str]]] = {rule: {} for rule in rules}
    if not rules:
        return found
    noted = rows.filter(pl.col("repairs").list.len() > 0).explode("repairs").filter(pl.col("repairs").is_in(rules))
    by_rule = noted.group_by("repairs", "snapshot_month").agg(pl.col(key).sort()).collect()
    for rule, month, ids in by_rule.iter_rows():
        found[rule][month] = ids
    return found


def _known_result(
    month: date, portfolio: Portfolio, noted: Mapping[str, Sequence[str]], late: Sequence[LateCohort], block_from: float
) -> MonthResult:
    words = portfolio.words
    is_personal = any(has_personal_data(column) for column in portfolio.case_source.bronze.columns().values())

    def named(ids: Sequence[str], n: int) -> str:
        shown = ids[:_SHOWN]
        more = f" and {n - len(shown):,} more" if n > len(shown) else ""
        return "" if is_personal else f" ({', '.join(shown)}{more})"

    faults = [
        *(f"{len(ids):,} {words.cases} noted as {rule}{named(ids, len(ids))}" for rule, ids in noted.items() if ids),
        *(
            f"{one.n_late:,} of the {one.n_cases:,} {words.cases} of {one.cohort:%Y-%m} are first seen now, after "
            f"their start{named(one.examples, one.n_late)}"
            for one in late
        ),
    ]
    return MonthResult(
        passed=not faults,
        description=f"{month:%Y-%m}: {'; '.join(faults) or f'every {words.case} is known from its start'}.",
        metadata={
            "first_seen_late": sum(one.n_late for one in late),
            "largest_late_share": max((one.share for one in late), default=0.0),
            **{name: len(ids) for name, ids in noted.items()},
        },
        is_warning=not any(one.share > block_from for one in late),
    )
